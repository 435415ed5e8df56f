package warehouse_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// healthy makes a warehouse with a published table of ten rows, its old version, and a
// breach that ended.
func healthy(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "w.duckdb")
	db := open(t, path)
	for i, run := range []string{"R1", "R2"} {
		p := publication(t, db, run, 10)
		m := &p.Records[0]
		c, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var rows int64
		var sums string
		if err := c.QueryRow(ctx, warehouse.HashQuery(warehouse.TableRef(m.Table), m.Made.Columns)).Scan(&rows, &sums); err != nil {
			t.Fatal(err)
		}
		c.Close()
		m.Made.ID = warehouse.ContentDigest(m.Made.Columns, rows, sums)
		if i > 0 {
			m.Previous = "staging.orders@R1"
		}
		due := moment.Add(time.Duration(i) * time.Hour)
		p.Breaches = []planner.Breach{{Name: orders, Policy: "max_lag 1h", Due: due, Ended: due.Add(time.Minute), BehindSince: due.Add(-time.Hour), Run: run}}
		publish(t, db, p)
	}
	closed(t, db)
	return path
}

func examined(t *testing.T, path string, contents bool) []warehouse.Finding {
	t.Helper()
	db, err := warehouse.Open(ctx, warehouse.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, db)
	found, err := db.Examine(ctx, contents)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func codes(found []warehouse.Finding) (codes []string) {
	for _, f := range found {
		codes = append(codes, f.Code)
	}
	return codes
}

func TestExamine(t *testing.T) {
	for _, c := range []struct {
		name, harm string
		quick      []string // what a look at the catalog finds
		contents   []string // what a look at the contents finds, too
	}{
		{name: "nothing is wrong"},
		{"view dropped", "DROP VIEW staging.orders", []string{warehouse.ViewMissing}, nil},
		{"view altered", "CREATE OR REPLACE VIEW staging.orders AS SELECT 1 AS id", []string{warehouse.ViewAltered}, nil},
		{"table dropped", `DROP TABLE _assets."staging.orders@R2"`, []string{warehouse.TableMissing}, nil},
		{"column added", `ALTER TABLE _assets."staging.orders@R2" ADD COLUMN x INTEGER`, []string{warehouse.ColumnsAltered}, nil},
		{"row deleted", `DELETE FROM _assets."staging.orders@R2" WHERE id = 3`, []string{warehouse.RowsAltered}, nil},
		{"row altered", `UPDATE _assets."staging.orders@R2" SET id = 99 WHERE id = 3`, nil, []string{warehouse.ContentAltered}},
		{"orphan", `CREATE TABLE _assets."mart.sales@R3" AS SELECT 1 AS a`, []string{warehouse.Orphan}, nil},
		{"record lost", "DELETE FROM _assets.current", []string{warehouse.Unrecorded, warehouse.Orphan, warehouse.Orphan}, nil},
		{"record unreadable", "UPDATE _assets.current SET record = '{'", []string{warehouse.BadRecord, warehouse.Unrecorded, warehouse.Orphan, warehouse.Orphan}, nil},
		{"two records", "INSERT INTO _assets.current FROM _assets.current", []string{warehouse.BadRecord}, nil},
		{"history lost", "DELETE FROM _assets.materializations", []string{warehouse.BadRecord}, nil},
		{"history goes on", "INSERT INTO _assets.materializations SELECT * REPLACE ('R3' AS id) FROM _assets.current", []string{warehouse.BadRecord}, nil},
		{"staged without a table", "INSERT INTO _assets.staged SELECT * REPLACE (replace(record, '@R2', '@R4') AS record) FROM _assets.current", []string{warehouse.TableMissing}, nil},
		{"breach twice", "INSERT INTO _assets.breaches FROM _assets.breaches", []string{warehouse.BadLedger}, nil},
		{"breaches going on", "UPDATE _assets.breaches SET ended = NULL", []string{warehouse.BadLedger}, nil},
		{"breach backwards", "UPDATE _assets.breaches SET ended = due - INTERVAL 1 DAY", []string{warehouse.BadLedger}, nil},
		{"somebody's own view and table", "CREATE VIEW mine AS SELECT 1; CREATE TABLE _assets.mine AS SELECT 1 AS a", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := healthy(t)
			if c.harm != "" {
				execute(t, path, c.harm)
			}
			if diff := cmp.Diff(c.quick, codes(examined(t, path, false))); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if c.contents == nil {
				c.contents = c.quick
			}
			if diff := cmp.Diff(c.contents, codes(examined(t, path, true))); diff != "" {
				t.Errorf("found with contents (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDropOrphansDropsNothingElse(t *testing.T) {
	path := healthy(t)
	execute(t, path, `CREATE TABLE _assets."mart.sales@R3" AS SELECT 1 AS a; CREATE TABLE _assets.mine AS SELECT 1 AS a`)
	db := open(t, path)
	dropped, err := db.DropOrphans(ctx)
	if err != nil || len(dropped) != 1 || dropped[0].Table != "mart.sales@R3" {
		t.Fatalf("dropped: %v, %v", dropped, err)
	}
	closed(t, db)
	if left := examined(t, path, true); len(left) > 0 {
		t.Errorf("found afterwards: %v", left)
	}
	if got := texts(t, path, "SELECT table_name FROM duckdb_tables() WHERE contains(table_name, '@') ORDER BY ALL", "FROM _assets.mine"); fmt.Sprint(got) != "[{'table_name': staging.orders@R1} | {'table_name': staging.orders@R2} {'a': 1}]" {
		t.Errorf("tables: %v", got)
	}
}

// Files of older releases are examined, collected, compacted, backed up and restored.
func TestOlderVersionsAreKeptInHouse(t *testing.T) {
	of := map[int]func(*testing.T) string{1: ofVersion1, 2: ofVersion2, 3: healthy}
	for version, create := range of {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			path := create(t)
			if version < 3 { // the fixture's only row is no BIGINT, and its digest is made up
				recordView(t, path)
			}
			if found := examined(t, path, version == 3); len(found) > 0 {
				t.Errorf("found: %v", found)
			}
			o := warehouse.Options{Path: path}
			db, err := warehouse.Open(ctx, warehouse.Options{Path: path, ReadOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Garbage(ctx, keepAll()); err != nil {
				t.Errorf("what would go: %v", err)
			}
			closed(t, db)
			backup := filepath.Join(t.TempDir(), "backup")
			if _, _, err := warehouse.Backup(ctx, o, backup); err != nil {
				t.Fatal(err)
			}
			if _, _, err := warehouse.Compact(ctx, o); err != nil {
				t.Fatal(err)
			}
			if got := texts(t, path, "SELECT value FROM _assets.meta"); got[0] != fmt.Sprintf("{'value': %d}", version) {
				t.Errorf("state version %v after copying, not %d", got, version)
			}
			db = open(t, path) // migrates
			before, err := db.State(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Collect(ctx, keepAll()); err != nil {
				t.Fatal(err)
			}
			after, err := db.State(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("state (-before +after):\n%s", diff)
			}
			closed(t, db)
			// The fixtures' digests are made up: only version 3 is whole in its contents.
			if _, err := warehouse.Restore(ctx, o, backup, warehouse.Restoring{Now: moment, Force: version < 3}); err != nil {
				t.Fatal(err)
			}
			if got := texts(t, path, "SELECT value FROM _assets.meta"); got[0] != fmt.Sprintf("{'value': %d}", version) {
				t.Errorf("state version %v after restoring, not %d", got, version)
			}
			db = open(t, path)
			if now, newest := db.Version(); now != newest {
				t.Errorf("state version %d when it was opened for writing", now)
			}
		})
	}
}

func keepAll() warehouse.Keeping {
	return warehouse.Keeping{Retention: assets.DefaultRetention(), Now: moment}
}

// ofVersion2 writes a warehouse as the release with state version 2 left it: what
// version 3 added is not there yet.
func ofVersion2(t *testing.T) string {
	t.Helper()
	path := ofVersion1(t)
	closed(t, open(t, path))
	execute(t, path, "DROP TABLE _assets.planned; DROP TABLE _assets.breaches; UPDATE _assets.meta SET value = '2'")
	return path
}

// recordView has the record of the fixture name the view that DuckDB made of it.
func recordView(t *testing.T, path string) {
	t.Helper()
	db, err := warehouse.Memory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Exec(ctx, "ATTACH "+warehouse.Literal(path)+` AS old; USE old;
		UPDATE _assets.current SET record = json_merge_patch(record, json_object('view', (SELECT sql FROM duckdb_views() WHERE database_name = 'old' AND view_name = 'orders')));
		USE memory; DETACH old`)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, db)
}
