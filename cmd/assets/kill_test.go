package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

var kills = flag.Int("kills", 100, "how often TestKill kills an apply")

// Of the rows of each delivery some are put aside.
const rowsOfDelivery, asideOfDelivery = 500, 10

// layersToKill is the depth of the project that TestKill runs.
const layersToKill = 8

// TestKill stops `apply` with SIGKILL at random moments, each time while it
// carries a new delivery of a source through a project. Whatever the moment:
//   - every published table equals what its record says, row count and hash;
//   - rows that were put aside are those of the delivery that is visible, and all of them;
//   - all published assets show one delivery: no half run is visible;
//   - a delivery whose apply ended well stays visible;
//   - the next apply publishes the newest delivery, leaves no orphan behind, and
//     after it there is nothing to do.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills an apply many times; left out with -short")
	}
	k := &killing{T: t, dir: t.TempDir()}
	k.write("project.hcl", k.project())
	k.deliver(0)
	began := time.Now()
	k.apply()
	whole := time.Since(began)

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d; an undisturbed apply takes %v", seed, whole)
	r := rand.New(rand.NewPCG(seed, 0))
	killed, shown := 0, 0 // shown: the newest delivery that must be visible
	for delivery := 1; killed < *kills; delivery++ {
		k.deliver(delivery)
		apply := k.command("apply", "-auto-approve")
		if err := apply.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- apply.Wait() }()
		select {
		case err := <-done:
			if err != nil {
				t.Fatal("apply failed:", err)
			}
			shown = delivery
		case <-time.After(time.Duration(r.Int64N(int64(whole)))):
			apply.Process.Kill()
			if err := <-done; err == nil {
				shown = delivery
			} else {
				killed++
			}
		}
		if seen := k.check(); seen < shown || seen > delivery {
			t.Fatalf("kill %d: delivery %d is visible; %d was published and %d is the newest", killed, seen, shown, delivery)
		} else {
			shown = seen
		}
		if delivery%5 > 0 {
			continue // let what is left behind pile up
		}
		k.apply()
		if seen := k.check(); seen != delivery {
			t.Fatalf("after a whole apply delivery %d is visible, not %d", seen, delivery)
		}
		shown = delivery
		k.checkOrphans()
		plan := k.command("plan", "-detailed-exitcode")
		if out, err := plan.CombinedOutput(); err != nil {
			t.Fatalf("plan after apply: %v\n%s", err, out)
		}
	}
}

type killing struct {
	*testing.T
	dir string
}

func (k *killing) write(path, text string) {
	k.Helper()
	// A delivery replaces the file in one step, as a careful supplier does.
	path = filepath.Join(k.dir, path)
	if err := os.WriteFile(path+".new", []byte(text), 0o666); err != nil {
		k.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		k.Fatal(err)
	}
}

// project is a source and layers of three assets, one of them a view at the end and
// one at the beginning that puts rows aside.
func (k *killing) project() string {
	var b strings.Builder
	b.WriteString("project \"kill\" {}\n\nsource \"raw.d\" {\n  files = \"d.csv\"\n}\n")
	for layer := range layersToKill {
		for i := range 3 {
			from := "raw.d"
			if layer > 0 {
				from = fmt.Sprintf("l%d.t%d", layer-1, (i+1)%3)
			}
			kind := ""
			if layer == layersToKill-1 && i == 0 {
				kind = "\n  materialize \"view\" {}"
			}
			if layer == 0 && i == 1 {
				kind = "\n  check \"expression\" {\n    expression = \"n % 50 <> 7\"\n    quarantine = true\n  }"
			}
			fmt.Fprintf(&b, "asset \"l%d.t%d\" {\n  sql = \"select delivery, n, n * %d as m from %s\"%s\n  check \"not_null\" { columns = [\"n\"] }\n}\n", layer, i, layer, from, kind)
		}
	}
	return b.String()
}

func (k *killing) deliver(n int) {
	k.Helper()
	rows := []string{"delivery,n"}
	for i := range rowsOfDelivery {
		rows = append(rows, fmt.Sprintf("%d,%d", n, i))
	}
	k.write("d.csv", strings.Join(rows, "\n")+"\n")
}

func (k *killing) command(args ...string) *exec.Cmd {
	c := exec.Command("assets", append([]string{"-chdir=" + k.dir, "-lock-timeout=1m"}, args...)...)
	c.Env = append(os.Environ(), "NO_COLOR=1")
	return c
}

func (k *killing) apply() {
	k.Helper()
	if out, err := k.command("apply", "-auto-approve").CombinedOutput(); err != nil {
		k.Fatalf("apply: %v\n%s", err, out)
	}
}

// open reads the warehouse as a stranger would, with nothing but SQL.
func (k *killing) open() *warehouse.DB {
	k.Helper()
	db, err := warehouse.Open(context.Background(), warehouse.Options{Path: filepath.Join(k.dir, "warehouse.duckdb"), LockTimeout: time.Minute})
	if err != nil {
		k.Fatal("open after a kill:", err)
	}
	return db
}

// check compares what is visible with its records and returns the delivery shown.
func (k *killing) check() int {
	k.Helper()
	ctx := context.Background()
	db := k.open()
	defer db.Close()
	state, err := db.State(ctx)
	if err != nil {
		k.Fatal(err)
	}
	c, err := db.Conn(ctx)
	if err != nil {
		k.Fatal(err)
	}
	defer c.Close()
	if want := 3 * layersToKill; len(state.Last) != want {
		k.Fatalf("%d assets are recorded as published, not %d", len(state.Last), want)
	}
	deliveries := map[int]bool{}
	for key, m := range state.Last {
		published := warehouse.Catalog + "." + warehouse.NameRef(key.Asset)
		if m.Table != "" {
			var rows int64
			var sums string
			if err := c.QueryRow(ctx, warehouse.HashQuery(published, m.Made.Columns)).Scan(&rows, &sums); err != nil {
				k.Fatal(err)
			}
			if digest := warehouse.ContentDigest(m.Made.Columns, rows, sums); rows != m.Rows || digest != m.Made.ID {
				k.Errorf("%s has %d rows and content %s; its record says %d and %s", key.Asset, rows, digest, m.Rows, m.Made.ID)
			}
		}
		if aside := m.Quarantine; aside != nil {
			var rows, least, most int64
			if err := c.QueryRow(ctx, "SELECT count(*), min(delivery), max(delivery) FROM "+warehouse.Catalog+"."+warehouse.NameRef(planner.QuarantineName(key.Asset))).Scan(&rows, &least, &most); err != nil {
				k.Fatal(err)
			}
			if rows != asideOfDelivery || rows != aside.Rows || m.Rows+rows != rowsOfDelivery {
				k.Errorf("%s has %d rows and %d put aside; its record says %d of these", key.Asset, m.Rows, rows, aside.Rows)
			}
			deliveries[int(least)], deliveries[int(most)] = true, true
		}
		var least, most sql.NullInt64
		if err := c.QueryRow(ctx, "SELECT min(delivery), max(delivery) FROM "+published).Scan(&least, &most); err != nil {
			k.Fatal(err)
		}
		deliveries[int(least.Int64)], deliveries[int(most.Int64)] = true, true
	}
	if len(deliveries) != 1 {
		k.Fatalf("several deliveries are visible at once: %v", deliveries)
	}
	for d := range deliveries {
		return d
	}
	return -1
}

// checkOrphans finds physical tables that no record names.
func (k *killing) checkOrphans() {
	k.Helper()
	ctx := context.Background()
	db := k.open()
	defer db.Close()
	state, err := db.State(ctx)
	if err != nil {
		k.Fatal(err)
	}
	if staged, err := db.Staged(ctx); err != nil || len(staged) > 0 {
		k.Errorf("%d tables are still staged (%v)", len(staged), err)
	}
	named := map[string]bool{}
	for _, m := range state.Last {
		for _, table := range m.Tables() {
			named[table] = true
		}
	}
	orphans, err := db.Sweep(ctx, named)
	if err != nil {
		k.Fatal(err)
	}
	if len(orphans) > 0 {
		k.Errorf("no record names %v", orphans)
	}
	entries, err := os.ReadDir(k.dir)
	if err != nil {
		k.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".new") {
			k.Errorf("%s was left behind", e.Name())
		}
	}
}
