package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

const breachesTable = `
CREATE TABLE _assets.breaches (environment VARCHAR NOT NULL, name VARCHAR NOT NULL, policy VARCHAR NOT NULL,
	due TIMESTAMPTZ NOT NULL, ended TIMESTAMPTZ, -- NULL: it is going on
	behind_since TIMESTAMPTZ NOT NULL, source VARCHAR NOT NULL, cause VARCHAR NOT NULL, run VARCHAR NOT NULL);
`

// Breaches reads the whole ledger, in no order.
func (db *DB) Breaches(ctx context.Context) ([]planner.Breach, error) { return db.breaches(ctx, "") }

// Ledger reads what the next entry in the ledger of breaches goes on from, now: nothing
// that was entered while the clock was ahead counts that is still to come.
func (db *DB) Ledger(ctx context.Context, now time.Time) (l planner.Ledger, err error) {
	if l.Open, err = db.breaches(ctx, " AND ended IS NULL AND due <= "+Instant(now)); err != nil || db.bare {
		return l, err
	}
	var synced sql.NullTime
	err = db.pool.QueryRowContext(ctx, "SELECT max(ended) FROM "+Catalog+"._assets.runs WHERE environment = '"+Environment+"' AND ended <= "+Instant(now)).Scan(&synced)
	if synced.Valid {
		l.Synced = synced.Time.UTC()
	}
	return l, err
}

func (db *DB) breaches(ctx context.Context, which string) (list []planner.Breach, err error) {
	if db.bare || db.version < 3 {
		return nil, nil
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	err = c.each(ctx, "SELECT name, policy, due, ended, behind_since, source, cause, run FROM "+Catalog+"._assets.breaches WHERE environment = '"+Environment+"'"+which,
		func(scan func(...any) error) error {
			var name string
			var ended sql.NullTime
			var b planner.Breach
			if err := scan(&name, &b.Policy, &b.Due, &ended, &b.BehindSince, &b.Source, &b.Cause, &b.Run); err != nil {
				return err
			}
			var err error
			if b.Name, err = assets.ParseName(name); err != nil {
				return err
			}
			b.Due, b.BehindSince = b.Due.UTC(), b.BehindSince.UTC()
			if ended.Valid {
				b.Ended = ended.Time.UTC()
			}
			list = append(list, b)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read the breaches of freshness policies: %w", err)
	}
	return list, nil
}

// FirstBuilt says when each asset that was ever published was first built.
func (db *DB) FirstBuilt(ctx context.Context) (map[assets.Name]time.Time, error) {
	first := map[assets.Name]time.Time{}
	if db.bare {
		return first, nil
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return first, c.each(ctx, "SELECT asset, min(ended) FROM "+Catalog+"._assets.materializations WHERE environment = '"+Environment+"' AND status = 'published' GROUP BY asset",
		func(scan func(...any) error) error {
			var asset string
			var ended time.Time
			if err := scan(&asset, &ended); err != nil {
				return err
			}
			name, err := assets.ParseName(asset)
			first[name] = ended.UTC()
			return err
		})
}

// enterBreaches writes what a run that ended now enters in the ledger, in place of what was
// open and of what a clock that was ahead said of the same.
func (c *Conn) enterBreaches(ctx context.Context, now time.Time, list []planner.Breach) error {
	gone := "due > " + Instant(now)
	if len(list) > 0 { // else nothing was open either
		gone = "true"
	}
	names, policies, dues := make([]string, len(list)), make([]string, len(list)), make([]string, len(list))
	for i, b := range list {
		names[i], policies[i], dues[i] = b.Name.String(), b.Policy, b.Due.UTC().Format(instantLayout)
	}
	err := c.Exec(ctx, "DELETE FROM "+Catalog+"._assets.breaches WHERE environment = '"+Environment+"' AND (ended IS NULL AND "+gone+
		" OR (name, policy, due) IN (SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[]), unnest($3::VARCHAR[])::TIMESTAMPTZ))", names, policies, dues)
	if err != nil {
		return err
	}
	return c.appendRows("breaches", len(list), func(i int) ([]any, error) {
		b := list[i]
		row := []any{Environment, b.Name.String(), b.Policy, b.Due.UTC(), nil, b.BehindSince.UTC(), b.Source, b.Cause, b.Run}
		if !b.Ended.IsZero() {
			row[4] = b.Ended.UTC()
		}
		return row, nil
	})
}
