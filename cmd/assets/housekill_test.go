package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// TestKillHousekeeping stops `gc`, `gc -compact`, `backup` and `restore` with SIGKILL at
// random moments. Whatever the moment:
//   - the warehouse is healthy, contents included, and shows the delivery that it showed, or
//     after a restore that of the backup;
//   - a backup is whole or not there;
//   - the next apply publishes the newest delivery and leaves nothing behind.
func TestKillHousekeeping(t *testing.T) {
	if testing.Short() {
		t.Skip("kills commands many times; left out with -short")
	}
	k := &killing{T: t, dir: t.TempDir()}
	k.write("project.hcl", k.project())
	k.deliver(0)
	k.apply()
	backup := filepath.Join(k.dir, "kept.backup")
	if out, err := k.command("backup", "kept.backup").CombinedOutput(); err != nil {
		t.Fatalf("backup: %v\n%s", err, out)
	}
	commands := [][]string{{"gc"}, {"gc", "-compact"}, {"backup", "new.backup"}, {"restore", "kept.backup", "-force"}}
	whole := map[string]time.Duration{}
	for _, args := range commands {
		began := time.Now()
		if out, err := k.command(args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		whole[args[len(args)-1]] = time.Since(began)
		k.forget()
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d; undisturbed: %v", seed, whole)
	r := rand.New(rand.NewPCG(seed, 0))
	shown := 0
	for killed, delivery := 0, 1; killed < *kills/4; delivery++ {
		if delivery%5 == 0 {
			k.deliver(delivery)
			k.apply()
			if shown = k.check(); shown != delivery {
				t.Fatalf("after an apply delivery %d is visible, not %d", shown, delivery)
			}
			k.checkOrphans()
		}
		args := commands[r.IntN(len(commands))]
		c := k.command(args...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("%v failed: %v", args, err)
			}
		case <-time.After(time.Duration(r.Int64N(int64(whole[args[len(args)-1]])))):
			c.Process.Kill()
			if err := <-done; err != nil {
				killed++
			}
		}
		if out, err := k.command("doctor", "-verify").CombinedOutput(); err != nil {
			t.Fatalf("doctor after a kill of %v: %v\n%s", args, err, out)
		}
		seen := k.check()
		if seen != shown && (args[0] != "restore" || seen != 0) {
			t.Fatalf("kill %d, of %v: delivery %d is visible, not %d", killed, args, seen, shown)
		}
		shown = seen
		k.whole(backup)
		if path := filepath.Join(k.dir, "new.backup"); args[0] == "backup" {
			if _, err := os.Stat(path); err == nil {
				k.whole(path)
			}
		}
		k.forget()
	}
}

// TestCompactionBesideRuns replaces the file again and again while others want to write to
// it: no run may be lost with a file that has no name any more.
func TestCompactionBesideRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("runs many commands; left out with -short")
	}
	k := &killing{T: t, dir: t.TempDir()}
	k.write("project.hcl", k.project())
	k.deliver(0)
	k.apply()
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			if out, err := k.command("gc", "-compact").CombinedOutput(); err != nil {
				stopped <- fmt.Errorf("%w\n%s", err, out)
				return
			}
		}
	}()
	for delivery := 1; delivery <= 8; delivery++ {
		k.deliver(delivery)
		k.apply()
		if seen := k.check(); seen != delivery {
			t.Errorf("delivery %d is visible, and %d was published", seen, delivery)
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Error("gc -compact:", err)
	}
}

// whole reads a backup with all that is in it.
func (k *killing) whole(path string) {
	k.Helper()
	ctx := context.Background()
	db, err := warehouse.Open(ctx, warehouse.Options{Path: path, ReadOnly: true})
	if err != nil {
		k.Fatal("open a backup:", err)
	}
	defer db.Close()
	if found, err := db.Examine(ctx, true); err != nil || len(found) > 0 {
		k.Fatalf("a backup: %v, %v", found, err)
	}
}

// forget removes what backups and restores leave beside the warehouse.
func (k *killing) forget() {
	for _, pattern := range []string{"*.replaced-*", "new.backup*"} {
		paths, _ := filepath.Glob(filepath.Join(k.dir, pattern))
		for _, path := range paths {
			os.Remove(path)
		}
	}
}
