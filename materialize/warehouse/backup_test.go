package warehouse_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func backupOf(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "backup.duckdb")
	size, found, err := warehouse.Backup(ctx, warehouse.Options{Path: path}, to)
	if err != nil || len(found) > 0 {
		t.Fatal(found, err)
	}
	if info, err := os.Stat(to); err != nil || info.Size() != size {
		t.Fatalf("the backup: %v, %v, not %d bytes", info, err, size)
	}
	return to
}

func TestRestoreGivesBackWhatWasBackedUp(t *testing.T) {
	path := healthy(t)
	want := texts(t, path, "FROM staging.orders", "FROM _assets.materializations")
	backup := backupOf(t, path)
	db := open(t, path)
	publish(t, db, publication(t, db, "R9", 4))
	closed(t, db)
	newer := texts(t, path, "FROM staging.orders")

	o := warehouse.Options{Path: path}
	var lost *warehouse.LostRunsError
	if _, err := warehouse.Restore(ctx, o, backup, warehouse.Restoring{Now: moment}); !errors.As(err, &lost) || lost.Runs != 1 || lost.Latest.ID != "R9" {
		t.Fatalf("over a later run: %v", err)
	}
	done, err := warehouse.Restore(ctx, o, backup, warehouse.Restoring{Now: moment, Force: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, texts(t, path, "FROM staging.orders", "FROM _assets.materializations")); diff != "" {
		t.Errorf("restored (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(newer, texts(t, done.Replaced, "FROM staging.orders")); diff != "" {
		t.Errorf("what was replaced (-want +got):\n%s", diff)
	}
	if done.Latest.ID != "R2" || !strings.HasSuffix(done.Replaced, "w.duckdb.replaced-20260301T120000Z") {
		t.Errorf("done: %+v", done)
	}
	// Twice in a second nothing is written over.
	again, err := warehouse.Restore(ctx, o, backup, warehouse.Restoring{Now: moment})
	if err != nil || again.Replaced != done.Replaced+"-2" {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	if diff := cmp.Diff(newer, texts(t, done.Replaced, "FROM staging.orders")); diff != "" {
		t.Errorf("what was replaced first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[:1], texts(t, path, "FROM staging.orders")); diff != "" {
		t.Errorf("after the second time (-want +got):\n%s", diff)
	}
}

// A warehouse that cannot be opened is what backups are for.
func TestRestoreReplacesWhatIsBroken(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"no file":  os.Remove,
		"cut off":  func(path string) error { return os.Truncate(path, 20_000) },
		"no table": func(path string) error { return os.WriteFile(path, []byte("not a database"), 0o666) },
		"log of another": func(path string) error {
			return errors.Join(os.Truncate(path, 20_000), os.WriteFile(path+".wal", []byte("of another"), 0o666))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := healthy(t)
			want := texts(t, path, "FROM staging.orders")
			backup := backupOf(t, path)
			if err := harm(path); err != nil {
				t.Fatal(err)
			}
			done, err := warehouse.Restore(ctx, warehouse.Options{Path: path}, backup, warehouse.Restoring{Now: moment})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, texts(t, path, "FROM staging.orders")); diff != "" {
				t.Errorf("restored (-want +got):\n%s", diff)
			}
			if _, err := os.Stat(done.Replaced); (err == nil) == (done.Replaced == "") {
				t.Errorf("what was replaced: %q, %v", done.Replaced, err)
			}
		})
	}
}

func TestRestoreRefusesWhatIsNotWhole(t *testing.T) {
	for _, c := range []struct {
		name string
		harm func(t *testing.T, backup string)
		want string
	}{
		{"altered", func(t *testing.T, backup string) {
			execute(t, backup, `UPDATE _assets."staging.orders@R2" SET id = 99 WHERE id = 3`)
		}, "not whole"},
		{"cut off", func(t *testing.T, backup string) {
			if err := os.Truncate(backup, 20_000); err != nil {
				t.Fatal(err)
			}
		}, "cut off"},
		{"a log beside it", func(t *testing.T, backup string) {
			if err := os.WriteFile(backup+".wal", []byte("x"), 0o666); err != nil {
				t.Fatal(err)
			}
		}, "write-ahead log"},
		{"newer", func(t *testing.T, backup string) {
			execute(t, backup, "UPDATE _assets.meta SET value = '99' WHERE key = 'state_version'")
		}, "newer release"},
		{"somebody's database", func(t *testing.T, backup string) { execute(t, backup, "DROP SCHEMA _assets CASCADE") }, "no warehouse of assets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := healthy(t)
			backup := backupOf(t, path)
			c.harm(t, backup)
			if _, err := warehouse.Restore(ctx, warehouse.Options{Path: path}, backup, warehouse.Restoring{Now: moment}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error: %v, want one that says %q", err, c.want)
			}
			if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
				t.Errorf("beside the warehouse: %v, %v", entries, err)
			}
			if found := examined(t, path, true); len(found) > 0 {
				t.Errorf("the warehouse: %v", found)
			}
		})
	}
}

// What is wrong with the warehouse is told when it is backed up, and does not come as a
// surprise when the backup is needed.
func TestBackupTellsWhatIsWrong(t *testing.T) {
	path := healthy(t)
	execute(t, path, `DELETE FROM _assets."staging.orders@R2" WHERE id = 3`)
	_, found, err := warehouse.Backup(ctx, warehouse.Options{Path: path}, filepath.Join(t.TempDir(), "b"))
	if err != nil || len(found) != 1 || found[0].Code != warehouse.RowsAltered {
		t.Errorf("found %v, %v", found, err)
	}
	if _, _, err := warehouse.Backup(ctx, warehouse.Options{Path: path}, path); err == nil || !strings.Contains(err.Error(), "the warehouse itself") {
		t.Errorf("onto itself: %v", err)
	}
}
