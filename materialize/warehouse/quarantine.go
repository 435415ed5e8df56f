package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// Quarantined tells what is put aside of one asset's published version.
type Quarantined struct {
	Asset assets.Name
	Rows  int64
	// Checks count the rows that violate each check, most first; a row may violate several.
	Checks []CheckCount
	// Since is when the oldest of the rows were first put aside, and Run by what run.
	Since time.Time
	Run   string
}

// CheckCount is how many rows violate a check.
type CheckCount struct {
	Check string `json:"check"`
	Rows  int64  `json:"rows"`
}

// Quarantine tells what is put aside, by name: also of assets that can put rows
// aside and have none.
func (db *DB) Quarantine(ctx context.Context) ([]Quarantined, error) {
	if db.bare {
		return nil, nil
	}
	state, err := db.State(ctx)
	if err != nil {
		return nil, err
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var out []Quarantined
	for _, name := range assets.SortedNames(state.Found) {
		m := state.Last[planner.Key{Asset: name}]
		if m.Quarantine == nil || state.Found[planner.QuarantineName(name)].View != m.Quarantine.View {
			continue // it was dropped, or replaced by something of somebody else
		}
		q := Quarantined{Asset: name}
		if err := c.quarantined(ctx, &q, m.Quarantine.Table); err != nil {
			return nil, fmt.Errorf("read what is put aside of %s: %w", name, err)
		}
		out = append(out, q)
	}
	return out, nil
}

// quarantined reads a table of rows that were put aside, whose first columns are
// the checks, the run and the time, under whatever names.
func (c *Conn) quarantined(ctx context.Context, q *Quarantined, table string) error {
	from := " FROM (SELECT #1 AS checks, #2 AS run, #3 AS at FROM " + TableRef(table) + ")"
	var since *time.Time
	var run *string
	if err := c.QueryRow(ctx, "SELECT count(*), min(at), arg_min(run, at)"+from).Scan(&q.Rows, &since, &run); err != nil || q.Rows == 0 {
		return err
	}
	q.Since, q.Run = since.UTC(), *run
	return c.each(ctx, "SELECT id, count(*) FROM (SELECT unnest(checks) AS id"+from+") GROUP BY 1 ORDER BY 2 DESC, 1", func(scan func(...any) error) error {
		var check CheckCount
		err := scan(&check.Check, &check.Rows)
		q.Checks = append(q.Checks, check)
		return err
	})
}

// Purge deletes the rows that are put aside of an asset, in one statement. What is
// published stays, and so do the records of how many there were.
func (db *DB) Purge(ctx context.Context, name assets.Name) error {
	state, err := db.State(ctx)
	if err != nil {
		return err
	}
	m := state.Last[planner.Key{Asset: name}]
	if m.Quarantine == nil || state.Found[planner.QuarantineName(name)].View != m.Quarantine.View {
		return fmt.Errorf("nothing of %s is put aside", name)
	}
	if err := db.Exec(ctx, "DELETE FROM "+TableRef(m.Quarantine.Table)); err != nil {
		return err
	}
	return db.Checkpoint(ctx)
}
