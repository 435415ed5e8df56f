//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// A stranger that finds nothing must be one that would have: whatever is wrong with a
// warehouse that was right, it says so.
func TestTheStrangerFinds(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command; left out with -short")
	}
	command := link(t, "build")
	c := &chaos{options: options{Assets: command, Dir: t.TempDir(), Log: func(string, ...any) {}}}
	var err error
	if c.web, err = startWeb(); err != nil {
		t.Fatal(err)
	}
	defer c.web.close()
	if err := c.begin(); err != nil {
		t.Fatal(err)
	}
	defer c.endWorld()
	if len(c.report.Violations) > 0 {
		t.Fatal(c.report.Violations)
	}
	good, err := os.ReadFile(c.warehouse())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	ctx := context.Background()
	// of is the physical table of an asset.
	of := map[string]string{}
	for _, test := range []struct{ sql, finds string }{
		{"SELECT 1", ""},
		{"DELETE FROM {stg.events} WHERE id = 7", "stg.events has 2000 rows; its record says 2001"},
		{"UPDATE {stg.events} SET kind = 'x' WHERE id = 7", "stg.events differs in 2 rows"},
		{"UPDATE {stg.events} SET g = 0 WHERE id = 7", "stg.events shows generations 0 and 1 of events at once"},
		{"UPDATE {late.events} SET g = 2", "late.events was made from raw.events 2; its record has the version of raw.events 1"},
		{"UPDATE {mart.agreed} SET other_g = 0", "mart.agreed shows generations 0 and 1 of orders at once"},
		{"UPDATE {late.orders} SET slow_g = 0", "late.orders shows generations 0 and 1 of orders at once"},
		{"UPDATE {stg.orders} SET faulty = 1 WHERE id = 7", "stg.orders shows 1 rows that an error check forbids"},
		{"UPDATE {fan.f1} SET g = 2", "half a run: fan.f1 shows map[edit:1 orders:2] beside stg.orders with map[edit:1 orders:1]"},
		{"UPDATE {fan.f6} SET g = 2", "the view mart.board shows 2 generations of orders"},
		{"UPDATE {slow.orders} SET g = 0", "slow.orders was made from raw.orders 0; its record has the version of raw.orders 1"},
		{"DELETE FROM {quarantine stg.orders} WHERE id % 7 = 0", "what is put aside of stg.orders differs in"},
		{"DROP TABLE {fan.f0}", "fan.f0: its table"},
		{"DROP VIEW w.fan.f0", "fan.f0 is recorded as published and not visible"},
		{"CREATE VIEW w.mart.more AS SELECT 1 AS one", "mart.more is visible without a record"},
		{"DELETE FROM w._assets.current WHERE asset = 'fan.f0'", "fan.f0 is visible without a record"},
		{"UPDATE w._assets.current SET id = 'older' WHERE asset = 'fan.f0'", "half a run: the history says last of fan.f0"},
		{"DELETE FROM w._assets.runs", "is not recorded"},
		{`CREATE TABLE w._assets."fan.f0@old" AS SELECT 1 AS one`, "no record names the table fan.f0@old"},
		{"INSERT INTO w._assets.staged SELECT * FROM w._assets.current WHERE asset = 'fan.f0'", "still staged"},
	} {
		t.Run(test.sql, func(t *testing.T) {
			if err := os.WriteFile(path, good, 0o666); err != nil {
				t.Fatal(err)
			}
			tamper(t, path, test.sql, of)
			s, err := newStranger(ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			defer s.close()
			if err := s.look(ctx, question{Settled: true, All: true, Newest: c.newest}); err != nil {
				t.Fatal(err)
			}
			found := s.found.Violations
			if test.finds == "" && len(found) > 0 || !slices.ContainsFunc(append(found, ""), func(v string) bool { return strings.Contains(v, test.finds) }) {
				t.Errorf("it found %q, not %q", found, test.finds)
			}
		})
	}
}

// tamper changes a warehouse as a defect would. A name in braces is the physical table of
// an asset, or of what is put aside of it.
func tamper(t *testing.T, path, sql string, of map[string]string) {
	t.Helper()
	ctx := context.Background()
	db, err := warehouse.Memory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(ctx, "ATTACH "+warehouse.Literal(path)+" AS w (TYPE duckdb)"); err != nil {
		t.Fatal(err)
	}
	if len(of) == 0 {
		c, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		rows, err := c.Query(ctx, `SELECT asset, "table" FROM w._assets.current WHERE "table" IS NOT NULL
			UNION ALL SELECT 'quarantine ' || asset, (record->'quarantine')->>'table' FROM w._assets.current WHERE (record->'quarantine') IS NOT NULL`)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var asset, table string
			if err := rows.Scan(&asset, &table); err != nil {
				t.Fatal(err)
			}
			of[asset] = "w._assets." + warehouse.Ident(table)
		}
		rows.Close()
	}
	for asset, table := range of {
		sql = strings.ReplaceAll(sql, "{"+asset+"}", table)
	}
	if err := db.Exec(ctx, sql); err != nil {
		t.Fatal(err)
	}
}
