package warehouse_test

import (
	"errors"
	"os"
	"testing"

	"github.com/gofrs/flock"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Two that copy the same old file would each put what they have into its place, and the
// second over what was published since the first.
func TestOneReplacesAtATime(t *testing.T) {
	path := healthy(t)
	backup := backupOf(t, path)
	o := warehouse.Options{Path: path}
	compact := func() error {
		_, _, err := warehouse.Compact(ctx, o)
		return err
	}
	restore := func() error {
		_, err := warehouse.Restore(ctx, o, backup, warehouse.Restoring{Now: moment})
		return err
	}
	other := flock.New(path + ".replacing")
	if ours, err := other.TryLock(); !ours || err != nil {
		t.Fatal(ours, err)
	}
	for name, do := range map[string]func() error{"compact": compact, "restore": restore} {
		var locked *warehouse.LockedError
		if err := do(); !errors.As(err, &locked) {
			t.Errorf("%s beside another that replaces the file: %v", name, err)
		}
	}
	if err := other.Close(); err != nil { // as a kill does: the name stays
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{"compact": compact, "restore": restore} {
		if err := do(); err != nil {
			t.Errorf("%s after another was killed: %v", name, err)
		}
		if _, err := os.Stat(other.Path()); err == nil {
			t.Errorf("%s left %s behind", name, other.Path())
		}
	}
}
