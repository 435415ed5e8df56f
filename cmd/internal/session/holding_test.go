package session

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// While somebody has the warehouse open, its state is read there: the file is not
// opened a second time.
func TestTheStateOfAnOpenWarehouse(t *testing.T) {
	h := &holding{}
	ctx := t.Context()
	loads := 0
	load := func() (warehouse.Snapshot, error) {
		loads++
		return warehouse.Snapshot{}, errors.New("loaded")
	}
	_, release, err := h.acquire(ctx, warehouse.Options{Path: filepath.Join(t.TempDir(), "w.duckdb")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.snapshot(ctx, load); err != nil || loads > 0 {
		t.Errorf("loaded %d times: %v", loads, err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.snapshot(ctx, load); err == nil || loads != 1 {
		t.Errorf("loaded %d times: %v", loads, err)
	}
}
