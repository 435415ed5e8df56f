package warehouse

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

// What DuckDB says of a file that it cannot open becomes what a person can do about it, and
// stays of the class that it was.
func TestOpenErrorSaysWhatToDo(t *testing.T) {
	for _, c := range []struct{ says, warehouse, connection string }{
		{"IO Error: Trying to read a database file with version number 999, but we can only read versions between 64 and 68.",
			"the warehouse w.duckdb was written by a newer version of DuckDB than this program has. Upgrade assets", "w.duckdb was written by a newer version of DuckDB"},
		{"IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2 in block at location 0",
			"the warehouse w.duckdb is damaged. Put a backup in its place", "w.duckdb is damaged (IO Error"},
		{`IO Error: Could not read enough bytes from file "w.duckdb"`,
			"the warehouse w.duckdb is shorter than its contents", "w.duckdb is shorter than its contents"},
		{`IO Error: Cannot open file "w.duckdb": Permission denied`,
			"the warehouse w.duckdb may not be opened by this user: permission denied. Run it as the user", "w.duckdb may not be read by this user"},
	} {
		said := errors.New(c.says)
		err := openError("w.duckdb", said)
		if !strings.HasPrefix(err.Error(), c.warehouse) || !errors.Is(err, said) {
			t.Errorf("of a warehouse: %v, want %s…", err, c.warehouse)
		}
		err = Attachment{Type: "duckdb", At: "w.duckdb"}.attachError(said)
		if class, _ := ClassOf(err); !strings.HasPrefix(err.Error(), c.connection) || class != assets.IOError {
			t.Errorf("of a connection: %v (%s), want %s…", err, class, c.connection)
		}
	}
}

// Of a file without state tables there is nothing to look at, and nobody keeps it open.
func TestNothingKeepsABareFileOpen(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "w.duckdb")
	made, err := Memory(ctx)
	if err == nil {
		err = errors.Join(made.Exec(ctx, "ATTACH "+Literal(path)), made.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(ctx, Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if found, err := db.Examine(ctx, true); len(found) > 0 || err != nil {
		t.Error(found, err)
	}
	if g, err := db.Garbage(ctx, Keeping{}); len(g.Past)+len(g.Tables) > 0 || err != nil {
		t.Error(g, err)
	}
	if n := db.pool.Stats().InUse; n != 0 {
		t.Errorf("%d connections are in use", n)
	}
}
