package warehouse_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// What lies beside a warehouse lies beside the file itself, not beside a link to it.
func TestWarehouseBehindALink(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "disk", "real.duckdb"), filepath.Join(dir, "w.duckdb")
	if err := os.Mkdir(filepath.Dir(real), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("disk", "real.duckdb"), link); err != nil {
		t.Fatal(err)
	}
	closed(t, open(t, link)) // a link to where nothing is yet
	if info, err := os.Stat(real); err != nil || !info.Mode().IsRegular() {
		t.Fatalf("the file was not made where the link leads: %v", err)
	}
	if mark, err := warehouse.MarkOf(link); err != nil || !mark.Settled() {
		t.Errorf("without a log: %+v, %v", mark, err)
	}
	left := real + ".999999999.new"
	for _, path := range []string{real + ".wal", left} {
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if mark, err := warehouse.MarkOf(link); err != nil || mark.Settled() {
		t.Errorf("with a log beside the file: %+v, %v", mark, err)
	}
	if fresh := warehouse.Fresh(link); len(fresh) != 1 || filepath.Base(fresh[0]) != filepath.Base(left) {
		t.Errorf("left behind: %v", fresh)
	}
}
