package warehouse_test

import (
	"fmt"
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
	done := make(chan struct{})
	var readers sync.WaitGroup
	defer readers.Wait()
	defer close(done)
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if runs, err := db.Runs(ctx, limit); err != nil || len(runs) != limit {
					t.Errorf("%d of %d runs, %v", len(runs), limit, err)
					return
				}
			}
		})
	}
	for n := range 50 {
		run(limit + n)
		if err := db.Checkpoint(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
