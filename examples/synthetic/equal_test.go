//go:build unix

package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/examples/synthetic/project"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// What the program publishes is, cell by cell, what the same SQL makes by hand.
func TestPublishedEqualsBareLoop(t *testing.T) {
	options := project.Options{Tables: 80, Rows: 200, Seed: 7}
	dir := t.TempDir()
	if err := project.Write(dir, options); err != nil {
		t.Fatal(err)
	}
	tables := project.Tables(options)
	if err := bareLoop(dir, tables, ""); err != nil {
		t.Fatal(err)
	}
	if _, output := assets(t, dir, "apply", "-auto-approve"); !strings.Contains(output, "0 failed") {
		t.Fatalf("apply says:\n%s", output)
	}

	ctx := context.Background()
	db, err := warehouse.Memory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for file, catalog := range map[string]string{"bare.duckdb": "bare", "warehouse.duckdb": "ours"} {
		if err := conn.Exec(ctx, "ATTACH "+warehouse.Literal(filepath.Join(dir, file))+" AS "+catalog+" (READ_ONLY)"); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range tables {
		if table.Layer == 0 {
			continue
		}
		var rows, differing int
		query := "SELECT (SELECT count(*) FROM bare." + table.Name + "), count(*) FROM (" +
			"(FROM bare." + table.Name + " EXCEPT ALL FROM ours." + table.Name + ") UNION ALL (FROM ours." + table.Name + " EXCEPT ALL FROM bare." + table.Name + "))"
		if err := conn.QueryRow(ctx, query).Scan(&rows, &differing); err != nil {
			t.Fatal(err)
		}
		if rows == 0 || differing > 0 {
			t.Errorf("%s: %d of %d rows differ", table.Name, differing, rows)
		}
	}
	if _, output := assets(t, dir, "plan", "-detailed-exitcode"); !strings.Contains(output, "Nothing to do") {
		t.Errorf("a second plan is not empty:\n%s", output)
	}
}
