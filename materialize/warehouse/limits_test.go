package warehouse_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// sorted needs about 300 MB: it does not fit into the limits of these tests.
const sorted = `CREATE OR REPLACE TABLE _wh.main.sorted AS
	SELECT i, hash(i) AS h, i::VARCHAR || repeat('x', 40) AS s FROM range(3000000) t(i) ORDER BY h`

func limited(t *testing.T, l warehouse.Limits) *warehouse.DB {
	t.Helper()
	db, err := warehouse.Open(context.Background(), warehouse.Options{Path: filepath.Join(t.TempDir(), "w.duckdb"), Limits: l})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestWhatDoesNotFitIntoMemoryIsPutOnDisk(t *testing.T) {
	ctx := context.Background()
	temp := filepath.Join(t.TempDir(), "not", "there", "yet")
	db := limited(t, warehouse.Limits{MemoryLimit: "128MB", Threads: 2, TempDirectory: temp})
	if err := db.Exec(ctx, sorted); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(temp); err != nil {
		t.Error("nothing was put on disk:", err)
	}
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var n int
	if err := c.QueryRow(ctx, "SELECT count(*) FROM (SELECT h, lag(h) OVER (ORDER BY rowid) AS before FROM _wh.main.sorted) WHERE before > h").Scan(&n); err != nil || n != 0 {
		t.Error("what came back from the disk is not in order:", n, err)
	}
}

func TestALimitThatIsReachedIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, statement, setting, text string
		limits                         warehouse.Limits
	}{
		{"memory", "SELECT list(i::VARCHAR || repeat('x', 40)) FROM range(5000000) t(i)", "memory_limit", "raise memory_limit in the project's duckdb block",
			warehouse.Limits{MemoryLimit: "60MB", TempDirectory: t.TempDir()}},
		{"disk", sorted, "max_temp_directory_size", "raise it or memory_limit in the project's duckdb block",
			warehouse.Limits{MemoryLimit: "60MB", TempDirectory: t.TempDir(), MaxTempDirectorySize: "5MB"}},
		{"directory", sorted, "temp_directory", "name another temp_directory",
			warehouse.Limits{MemoryLimit: "60MB", TempDirectory: filepath.Join(file, "below")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := limited(t, c.limits)
			err := warehouse.Limited(db.Exec(context.Background(), c.statement))
			var limit *warehouse.LimitError
			if !errors.As(err, &limit) || limit.Setting != c.setting || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "\n") {
				t.Fatal(err)
			}
			if warehouse.Limited(err) != err {
				t.Error("an error is explained twice")
			}
			if err := db.Exec(context.Background(), "SELECT 1"); err != nil {
				t.Error("the instance is of no use any more:", err)
			}
		})
	}
	if err := errors.New("Binder Error: no such column"); warehouse.Limited(err) != err {
		t.Error("another error is taken for a limit's")
	}
}

func TestTheTempDirectoryMustBeOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := warehouse.Open(context.Background(), warehouse.Options{Path: filepath.Join(t.TempDir(), "w.duckdb"), Limits: warehouse.Limits{TempDirectory: file}})
	if err == nil || !strings.Contains(err.Error(), "is not a directory") {
		t.Fatal(err)
	}
}

// For small builds a statement gets one thread; afterwards as many as were set, not all cores.
func TestThreadsComeBackAsTheyWereSet(t *testing.T) {
	ctx := context.Background()
	db := limited(t, warehouse.Limits{Threads: 3})
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := errors.Join(db.Exec(ctx, "SET threads=1"), db.AllThreads(ctx)); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := c.QueryRow(ctx, "SELECT current_setting('threads')").Scan(&n); err != nil || n != 3 {
		t.Error(n, err)
	}
}

// When its context ends a statement is interrupted, whatever it is at, and the connection can be
// used again. Each of these would go on for hours.
func TestAStatementEndsWithItsContext(t *testing.T) {
	db := limited(t, warehouse.Limits{})
	for name, statement := range map[string]string{
		"join":      "SELECT sum(hash(a.i + b.i)) FROM range(100000000) a(i), range(1000000) b(i)",
		"recursion": "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n > 0) SELECT count(*) FROM r",
		"table":     "CREATE TABLE _wh.main.big AS SELECT i FROM range(1000000000000) t(i) WHERE hash(i) = 7",
		"window":    "SELECT max(s) FROM (SELECT sum(i) OVER (ORDER BY hash(i)) AS s FROM range(1000000000000) t(i) WHERE hash(i) % 1000000 = 7)",
		"string":    "SELECT count(*) FROM range(1000000000000) t(i) WHERE regexp_matches(i::VARCHAR, '^(1|2)*3$')",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := db.Conn(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			if err := c.Exec(ctx, statement); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			if err := c.Exec(context.Background(), "SELECT 1"); err != nil {
				t.Error("the connection is of no use any more:", err)
			}
		})
	}
}
