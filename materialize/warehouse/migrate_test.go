package warehouse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// ofVersion1 writes a warehouse as the release with state version 1 left it.
func ofVersion1(t *testing.T) string {
	t.Helper()
	statements, err := os.ReadFile("testdata/state1.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "w.duckdb")
	db, err := warehouse.Memory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Exec(ctx, "ATTACH "+warehouse.Literal(path)+" AS old; USE old;"+string(statements)); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	closed(t, db)
	return path
}

var judged = []string{
	"M1 positive warned 2 -", "M1 row_count passed 0 3", "M2 row_count passed 0 1", "M3 row_count failed 1 0",
}

func judgements(t *testing.T, db *warehouse.DB) (lines []string) {
	t.Helper()
	list, err := db.Judgements(ctx, orders, 100)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		j := list[len(list)-1-i]
		value := "-"
		if j.Value != nil {
			value = fmt.Sprint(*j.Value)
		}
		lines = append(lines, fmt.Sprintf("M%s %s %s %d %s", j.Run[1:], j.Check, j.Status, j.Violations, value))
	}
	return lines
}

func TestAWarehouseOfVersion1IsMigrated(t *testing.T) {
	path := ofVersion1(t)
	for range 2 { // the second time there is nothing to migrate
		db := open(t, path)
		if diff := cmp.Diff(judged, judgements(t, db)); diff != "" {
			t.Errorf("what checks found (-want +got):\n%s", diff)
		}
		state, err := db.State(ctx)
		if err != nil || len(state.Last) != 1 || state.Found[orders].Rows != 1 || len(state.Verdicts) != 0 {
			t.Errorf("state: %+v, %v", state, err)
		}
		closed(t, db)
	}
	db := open(t, path)
	publish(t, db, publication(t, db, "R9", 4))
	verdict := planner.Verdict{Source: assets.MustName("raw.orders"), Version: "f1:1", Run: "R9", At: moment}
	if err := db.RecordAudits(ctx, warehouse.Audits{Verdicts: []planner.Verdict{verdict}}); err != nil {
		t.Fatal(err)
	}
	state, err := db.State(ctx)
	if err != nil || state.Found[orders].Rows != 4 || state.Verdicts[verdict.Source].Version != "f1:1" {
		t.Errorf("after a run: %+v, %v", state.Found, err)
	}
}

// A file that is opened for reading only stays as it is, and can be read.
func TestAWarehouseOfVersion1IsReadAsItIs(t *testing.T) {
	path := ofVersion1(t)
	db, err := warehouse.Open(ctx, warehouse.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	state, err := db.State(ctx)
	if err != nil || len(state.Last) != 1 || len(state.Verdicts) != 0 {
		t.Errorf("state: %+v, %v", state, err)
	}
	if got := judgements(t, db); got != nil {
		t.Errorf("there is no table of what checks found yet, and it says %q", got)
	}
	kept, err := db.Violations(ctx, orders)
	if err != nil || kept != nil {
		t.Errorf("violations: %v, %v", kept, err)
	}
	closed(t, db)
	db = open(t, path)
	if diff := cmp.Diff(judged, judgements(t, db)); diff != "" {
		t.Errorf("after it was opened for writing (-want +got):\n%s", diff)
	}
}

// A migration that fails changes nothing, not even half.
func TestAMigrationIsAllOrNothing(t *testing.T) {
	path := ofVersion1(t)
	raw, err := warehouse.Memory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Exec(ctx, "ATTACH "+warehouse.Literal(path)+" AS old; UPDATE old._assets.materializations SET record = '{' WHERE id = 'M2'; DETACH old"); err != nil {
		t.Fatal(err)
	}
	closed(t, raw)
	if db, err := warehouse.Open(ctx, warehouse.Options{Path: path}); err == nil {
		closed(t, db)
		t.Fatal("a record that cannot be read was migrated")
	}
	db, err := warehouse.Open(ctx, warehouse.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, db)
	var version string
	var tables int
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.QueryRow(ctx, "SELECT (SELECT value FROM _wh._assets.meta), count(*) FROM duckdb_tables() WHERE table_name IN ('checks', 'verdicts', 'violations')").Scan(&version, &tables); err != nil {
		t.Fatal(err)
	}
	if version != "1" || tables != 0 {
		t.Errorf("version %s, %d new tables", version, tables)
	}
}
