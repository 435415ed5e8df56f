package warehouse

import (
	"context"
	"fmt"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// Current returns the record of what is published under a name; false if nothing is.
func (db *DB) Current(ctx context.Context, name assets.Name) (planner.Materialization, bool, error) {
	return db.one(ctx, "SELECT record FROM "+Catalog+"._assets.current WHERE environment = ? AND asset = ? ORDER BY id DESC LIMIT 1", Environment, name.String())
}

// Published counts the names that are published.
func (db *DB) Published(ctx context.Context) (n int, err error) {
	if db.bare {
		return 0, nil
	}
	err = db.pool.QueryRowContext(ctx, "SELECT count(DISTINCT asset) FROM "+Catalog+"._assets.current WHERE environment = '"+Environment+"'").Scan(&n)
	return n, err
}

// RecordOfTable returns the record with which a physical table was published;
// false if there is none any more.
func (db *DB) RecordOfTable(ctx context.Context, table string) (planner.Materialization, bool, error) {
	return db.one(ctx, "SELECT record FROM "+Catalog+`._assets.materializations WHERE environment = ? AND "table" = ? ORDER BY id LIMIT 1`, Environment, table)
}

// one reads at most one record.
func (db *DB) one(ctx context.Context, query string, args ...any) (m planner.Materialization, found bool, err error) {
	if db.bare {
		return m, false, nil
	}
	rows, err := db.pool.QueryContext(ctx, query, args...)
	if err != nil {
		return m, false, err
	}
	records, err := scanRecords(rows)
	if err != nil || len(records) == 0 {
		return m, false, err
	}
	return records[0], true, nil
}

// CompareVersions compares the published version of an asset with the previous
// one, as [Conn.Compare] does.
func (db *DB) CompareVersions(ctx context.Context, m planner.Materialization, key []string, limit int) (Comparison, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return Comparison{}, err
	}
	defer c.Close()
	for _, table := range []string{m.Previous, m.Table} {
		var there bool
		if err := c.QueryRow(ctx, "SELECT count(*) > 0 FROM duckdb_tables() WHERE database_name = '"+Catalog+"' AND schema_name = '_assets' AND table_name = ?", table).Scan(&there); err != nil {
			return Comparison{}, err
		}
		if !there {
			return Comparison{}, fmt.Errorf("the table _assets.%s was dropped by someone else", Ident(table))
		}
	}
	return c.Compare(ctx, TableRef(m.Previous), TableRef(m.Table), key, limit)
}
