//go:build linux

package warehouse_test

import (
	"os"
	"syscall"
	"testing"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// What root compacts or restores is to be opened by whom it belongs to.
func TestReplacedFilesKeepTheirOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs the right to give files away")
	}
	path := healthy(t)
	backup := backupOf(t, path)
	const nobody = 65534
	if err := os.Chown(path, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, replace := range map[string]func() error{
		"compact": func() error {
			_, _, err := warehouse.Compact(ctx, warehouse.Options{Path: path})
			return err
		},
		"restore": func() error {
			_, err := warehouse.Restore(ctx, warehouse.Options{Path: path}, backup, warehouse.Restoring{Now: moment})
			return err
		},
	} {
		if err := replace(); err != nil {
			t.Fatal(name, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if s := info.Sys().(*syscall.Stat_t); s.Uid != nobody || s.Gid != nobody || info.Mode().Perm() != 0o600 {
			t.Errorf("after %s the file is of user %d, group %d, mode %v", name, s.Uid, s.Gid, info.Mode())
		}
	}
}
