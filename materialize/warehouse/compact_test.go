package warehouse_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// foreign are objects that other people may have put into the file, and what a reader
// finds in them.
const foreign = `
CREATE SCHEMA empty;
CREATE SCHEMA notes;
CREATE SEQUENCE notes.ids START 7;
CREATE TYPE notes.mood AS ENUM ('good', 'bad');
CREATE TABLE notes.entries (id BIGINT PRIMARY KEY DEFAULT nextval('notes.ids'), text VARCHAR NOT NULL UNIQUE, mood notes.mood, twice BIGINT GENERATED ALWAYS AS (id * 2) VIRTUAL, CHECK (length(text) > 0));
INSERT INTO notes.entries (text, mood) VALUES ('b', 'good'), ('a', 'bad'), ('c', NULL);
CREATE INDEX by_mood ON notes.entries (mood);
CREATE MACRO notes.shout(t) AS upper(t) || '!';
CREATE MACRO notes.first_of(n) AS TABLE SELECT * FROM notes.entries LIMIT n;
CREATE VIEW notes.loud AS SELECT notes.shout(text) AS t FROM notes.entries;
CREATE VIEW a_view AS SELECT * FROM notes.loud;
COMMENT ON TABLE notes.entries IS 'it''s "mine"';
COMMENT ON COLUMN notes.entries.text IS 'what was said';
COMMENT ON VIEW notes.loud IS 'loud';
CREATE TABLE notes.odd (m MAP(VARCHAR, INTEGER), l INTEGER[], h HUGEINT, i INTERVAL, b BLOB, z TIMESTAMPTZ, u UUID, s STRUCT(a INTEGER, b VARCHAR[]));
INSERT INTO notes.odd VALUES (MAP {'a': 1}, [3, NULL, 1], 170141183460469231731687303715884105727, INTERVAL 1 MONTH, '\xAA', '2026-01-01 00:00:00Z', '00000000-0000-0000-0000-000000000001', {'a': 1, 'b': ['x']});
CREATE TABLE gone (x INTEGER);
CREATE VIEW broken AS SELECT * FROM gone;
DROP TABLE gone;`

func execute(t *testing.T, path, statements string) {
	t.Helper()
	db := open(t, path)
	if err := db.Exec(ctx, "USE "+warehouse.Catalog+";"+statements); err != nil {
		t.Fatal(err)
	}
	closed(t, db)
}

// texts are the rows of queries, as a stranger reads them.
func texts(t *testing.T, path string, queries ...string) (out []string) {
	t.Helper()
	db, err := warehouse.Open(ctx, warehouse.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, db)
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Exec(ctx, "USE "+warehouse.Catalog); err != nil {
		t.Fatal(err)
	}
	for _, query := range queries {
		var text *string
		if err := c.QueryRow(ctx, "SELECT string_agg(r::VARCHAR, ' | ') FROM ("+query+") AS r").Scan(&text); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if text == nil {
			text = new(string)
		}
		out = append(out, *text)
	}
	return out
}

var foreignQueries = []string{
	"FROM notes.entries", "FROM a_view", "FROM notes.first_of(2)", "FROM notes.odd", "SELECT comment FROM duckdb_tables() WHERE table_name = 'entries'",
	"SELECT column_name, comment FROM duckdb_columns() WHERE comment IS NOT NULL ORDER BY ALL", "SELECT view_name, comment, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL",
	"SELECT index_name, sql FROM duckdb_indexes()", "SELECT schema_name FROM duckdb_schemas() WHERE database_name = '_wh' ORDER BY ALL",
	"SELECT sql FROM duckdb_sequences()", "SELECT constraint_text FROM duckdb_constraints() ORDER BY ALL", "FROM _assets.materializations", "FROM _assets.runs",
}

func TestCompactKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "w.duckdb")
	db := open(t, path)
	publish(t, db, publication(t, db, "R1", 3000))
	state, err := db.State(ctx)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, db)
	execute(t, path, foreign+"CREATE TABLE gone AS SELECT hash(range) AS h FROM range(200_000); CHECKPOINT; DROP TABLE gone")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.duckdb")
	if err := os.Symlink("w.duckdb", link); err != nil {
		t.Fatal(err)
	}
	want := texts(t, path, foreignQueries...)

	reader, err := warehouse.Open(ctx, warehouse.Options{Path: path, ReadOnly: true}) // it keeps the old file
	if err != nil {
		t.Fatal(err)
	}
	closed(t, reader)
	was, is, err := warehouse.Compact(ctx, warehouse.Options{Path: link})
	if err != nil {
		t.Fatal(err)
	}
	if was.Free == 0 || is.Free > 0 || is.File >= was.File {
		t.Errorf("sizes: %+v before, %+v after", was, is)
	}
	if diff := cmp.Diff(want, texts(t, path, foreignQueries...)); diff != "" {
		t.Errorf("what others find (-before +after):\n%s", diff)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the symbolic link became %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 || info.Size() != is.File {
		t.Errorf("the file: %v, %d bytes, %v", info.Mode(), info.Size(), err)
	}
	db = open(t, path)
	after, err := db.State(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(state, after, cmpopts.IgnoreFields(planner.State{}, "Found")); diff != "" {
		t.Errorf("state (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(state.Found[orders], after.Found[orders]); diff != "" {
		t.Errorf("found (-before +after):\n%s", diff)
	}
	publish(t, db, publication(t, db, "R9", 5)) // and it goes on
	closed(t, db)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// What DuckDB cannot copy as it is, it is not asked to: the file stays.
func TestCompactRefusesWhatWouldBeLost(t *testing.T) {
	for _, c := range []struct{ name, statements, want string }{
		{"macro in a column", "CREATE SCHEMA s; CREATE MACRO s.plus(a, b) AS a + b; CREATE TABLE s.t (x INTEGER DEFAULT s.plus(1, 2))", "by a macro"},
		// A table that refers to another one is copied if DuckDB happens to take that first.
		{"self-reference", "CREATE TABLE p (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES p (id)); INSERT INTO p VALUES (1, NULL); INSERT INTO p VALUES (2, 1)", "foreign keys"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "w.duckdb")
			db := open(t, path)
			publish(t, db, publication(t, db, "R1", 3))
			closed(t, db)
			execute(t, path, c.statements)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := warehouse.Compact(ctx, warehouse.Options{Path: path}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error: %v, want one that says %q", err, c.want)
			}
			after, err := os.ReadFile(path)
			if err != nil || string(before) != string(after) {
				t.Errorf("the file was changed (%v)", err)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("left behind: %v", entries)
			}
		})
	}
}
