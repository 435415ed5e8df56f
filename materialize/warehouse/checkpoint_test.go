package warehouse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Whoever reads while the log is moved into the file sees all that was published: also the
// first rows in some order, for which DuckDB has ways of its own.
func TestReadsDuringCheckpoints(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "w.duckdb"))
	const limit = 5
	run := func(n int) {
		id, at := fmt.Sprintf("%026d", n), time.Now()
		publish(t, db, warehouse.Publication{Run: warehouse.Run{ID: id, Began: at, Ended: at, Status: warehouse.Succeeded}})
	}
	for n := range limit {
		run(n)
	}
	defer again(func() bool {
		runs, err := db.Runs(ctx, limit)
		if err != nil || len(runs) != limit {
			t.Errorf("%d of %d runs, %v", len(runs), limit, err)
		}
		return !t.Failed()
	})()
	for n := range 50 {
		run(limit + n)
		if err := db.Checkpoint(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// The numbers of rows change when others were deleted.
func TestReadsDuringCheckpointsAfterDeletes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds; left out with -short")
	}
	db := open(t, filepath.Join(t.TempDir(), "w.duckdb"))
	exec := func(statement string) {
		if err := db.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	const kept, each, limit = 25_000, 5_000, 5
	exec(fmt.Sprintf("CREATE TABLE _wh.t AS SELECT range AS id, 'a' || range AS a, 'b' || range AS b, 'c' || range AS c FROM range(%d)", kept))
	defer again(func() bool {
		c, err := db.Conn(ctx)
		if err != nil {
			t.Error(err)
			return false
		}
		defer c.Close()
		var rows int
		err = c.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM (SELECT * FROM _wh.t ORDER BY id DESC LIMIT %d) WHERE a = 'a' || id AND b = 'b' || id AND c = 'c' || id", limit)).Scan(&rows)
		if err != nil || rows != limit {
			t.Errorf("%d of %d rows, %v", rows, limit, err)
		}
		return !t.Failed()
	})()
	for n := range 80 {
		from := kept + n*each
		exec(fmt.Sprintf("DELETE FROM _wh.t WHERE id < %d", from-kept))
		exec(fmt.Sprintf("INSERT INTO _wh.t SELECT range, 'a' || range, 'b' || range, 'c' || range FROM range(%d, %d)", from, from+each))
		if err := db.Checkpoint(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// While anybody reads, the log stays where it is.
func TestNoCheckpointBesideAReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.duckdb")
	db := open(t, path)
	logged := func() bool {
		info, err := os.Stat(path + ".wal")
		return err == nil && info.Size() > 0
	}
	run := warehouse.Publication{Run: warehouse.Run{ID: "01", Began: time.Now(), Ended: time.Now(), Status: warehouse.Succeeded}}
	publish(t, db, run)
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, read := range []bool{true, false} {
		if !read {
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Checkpoint(ctx); err != nil {
			t.Fatal(err)
		}
		if logged() != read {
			t.Errorf("read: %t, there is a log: %t", read, logged())
		}
	}
}

// again does something over and over, three times at once, until it says that this is
// enough, or stop is called.
func again(do func() bool) (stop func()) {
	done := make(chan struct{})
	var going sync.WaitGroup
	for range 3 {
		going.Go(func() {
			for do() {
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	return func() {
		close(done)
		going.Wait()
	}
}
