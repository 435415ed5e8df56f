package warehouse

import (
	"context"
	"fmt"
	"slices"
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
	// CheckColumn is the column of the ids of the checks that a row violates.
	CheckColumn string

	table string // physical
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
		q := Quarantined{Asset: name, CheckColumn: planner.QuarantineColumnsOf(m.Made.Columns).Check, table: m.Quarantine.Table}
		if err := c.quarantined(ctx, &q); err != nil {
			return nil, fmt.Errorf("read what is put aside of %s: %w", name, err)
		}
		out = append(out, q)
	}
	return out, nil
}

// quarantined reads a table of rows that were put aside, whose first columns are
// the checks, the run and the time, under whatever names.
func (c *Conn) quarantined(ctx context.Context, q *Quarantined) error {
	from := " FROM (SELECT #1 AS checks, #2 AS run, #3 AS since FROM " + TableRef(q.table) + ")"
	var since *time.Time
	var run *string
	if err := c.QueryRow(ctx, "SELECT count(*), min(since), arg_min(run, since)"+from).Scan(&q.Rows, &since, &run); err != nil || q.Rows == 0 {
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

// Purge deletes what was seen to be put aside, of each asset in one statement. The
// published rows stay, and so do the records of how many there were. It is an error
// if one of the assets was published anew since it was looked at.
func (db *DB) Purge(ctx context.Context, seen []Quarantined) error {
	now, err := db.Quarantine(ctx)
	if err != nil {
		return err
	}
	for _, q := range seen {
		if !slices.ContainsFunc(now, func(n Quarantined) bool { return n.Asset == q.Asset && n.table == q.table }) {
			return fmt.Errorf("%s was published anew meanwhile, or is gone. Nothing was deleted: look at it again", q.Asset)
		}
	}
	for _, q := range seen {
		if err := db.Exec(ctx, "DELETE FROM "+TableRef(q.table)); err != nil {
			return fmt.Errorf("delete what is put aside of %s: %w", q.Asset, err)
		}
	}
	return db.Checkpoint(ctx)
}

// Export writes what is put aside of an asset to a Parquet file.
func (db *DB) Export(ctx context.Context, q Quarantined, path string) error {
	return db.Exec(ctx, "COPY (FROM "+TableRef(q.table)+") TO "+Literal(path)+" (FORMAT parquet)")
}

// QuarantineTexts calls row with each row that is put aside of an asset, as text.
func (db *DB) QuarantineTexts(ctx context.Context, q Quarantined, row func(string)) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.each(ctx, "SELECT t::VARCHAR FROM "+TableRef(q.table)+" AS t", func(scan func(...any) error) error {
		var text string
		err := scan(&text)
		row(text)
		return err
	})
}
