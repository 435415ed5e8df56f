package warehouse_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Ids tell when something was made, by a clock that may have been ahead. What came last is
// told by the order of the records, also in a copy.
func TestIdsFromTheTimeToCome(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.duckdb")
	o := warehouse.Options{Path: path}
	db := open(t, path)
	publish(t, db, publication(t, db, "R1", 1))
	publish(t, db, publication(t, db, "R9", 2)) // ahead
	if _, err := db.Sweep(ctx, map[string]bool{"staging.orders@R9": true}); err != nil {
		t.Fatal(err)
	}
	closed(t, db)
	backup := backupOf(t, path)
	db = open(t, path)
	right := publication(t, db, "R2", 3)
	right.Records[0].Previous = "staging.orders@R9"
	publish(t, db, right)
	closed(t, db)
	look := func() {
		t.Helper()
		if found := examined(t, path, false); len(found) > 0 {
			t.Errorf("found: %v", found)
		}
		db := open(t, path)
		defer closed(t, db)
		state, err := db.State(ctx)
		if err != nil || state.Serial != "R2" {
			t.Errorf("serial %q, %v, not of the last run", state.Serial, err)
		}
		if runs, err := db.Runs(ctx, 1); err != nil || runs[0].ID != "R2" {
			t.Errorf("the latest run: %v, %v", runs, err)
		}
	}
	look()
	if _, _, err := warehouse.Compact(ctx, o); err != nil {
		t.Fatal(err)
	}
	look()
	var lost *warehouse.LostRunsError
	if _, err := warehouse.Restore(ctx, o, backup, warehouse.Restoring{Now: moment}); !errors.As(err, &lost) || lost.Runs != 1 || lost.Latest.ID != "R2" {
		t.Errorf("restore over a later run: %v", err)
	}
}
