package session

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

var ctx = context.Background()

const project = `
project "p" {}
source "raw.orders" { files = "orders.csv" }
asset "staging.orders" { sql = "select id, amount from raw.orders" }
asset "mart.total" { sql = "select sum(amount) as total from staging.orders" }
`

// directory holds a project that is ready to be built.
func directory(t *testing.T) string {
	dir := t.TempDir()
	write(t, dir, "project.hcl", project)
	write(t, dir, "orders.csv", "id,amount\n1,10\n2,20\n")
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) *Session {
	t.Helper()
	s, diags := Open(Options{Dir: dir, Now: time.Now})
	mustNot(t, diags)
	t.Cleanup(s.Close)
	return s
}

func mustNot(t *testing.T, diags hcl.Diagnostics) {
	t.Helper()
	if diags.HasErrors() {
		t.Fatal(diags)
	}
}

// apply brings the project in dir up to date and returns the plan it carried out.
func apply(t *testing.T, dir string) planner.Plan {
	t.Helper()
	s := open(t, dir)
	_, plan, diags := s.Plan(ctx, Narrow{})
	mustNot(t, diags)
	if plan.Work() {
		_, diags = s.Apply(ctx, plan)
		mustNot(t, diags)
	}
	return plan
}

func total(t *testing.T, dir string) string {
	t.Helper()
	result, diags := open(t, dir).Query(ctx, "select total::varchar from mart.total", false)
	mustNot(t, diags)
	defer result.Close()
	if !result.Next() {
		t.Fatal("no row", result.Err())
	}
	values, err := result.Values()
	if err != nil {
		t.Fatal(err)
	}
	return values[0].(string)
}

// What is in .assets saves time and nothing else.
func TestCachesMayBeDeletedOrBroken(t *testing.T) {
	dir := directory(t)
	apply(t, dir)
	caches, err := filepath.Glob(filepath.Join(dir, ".assets", "*"))
	if err != nil || len(caches) < 4 {
		t.Fatal("expected caches of files, observations, state and compiled statements:", caches, err)
	}
	for _, cache := range caches {
		for _, damage := range []func(string) error{
			os.RemoveAll,
			func(path string) error { return os.WriteFile(path, []byte("{}\x00 not what it was"), 0o666) },
		} {
			if err := damage(cache); err != nil {
				t.Fatal(err)
			}
			if plan := apply(t, dir); plan.Work() {
				t.Errorf("after damage to %s there is something to do: %+v", filepath.Base(cache), plan.Steps)
			}
		}
	}
	if got := total(t, dir); got != "30" {
		t.Errorf("total is %s, not 30", got)
	}
}

// A plan with warm caches opens neither the warehouse nor an instance to sniff with.
func TestWarmCachesLeaveDuckDBAlone(t *testing.T) {
	dir := directory(t)
	apply(t, dir)
	held, err := warehouse.Open(ctx, warehouse.Options{Path: filepath.Join(dir, "warehouse.duckdb")})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	s := open(t, dir)
	_, plan, diags := s.Plan(ctx, Narrow{})
	mustNot(t, diags)
	if plan.Work() || s.memory.db != nil {
		t.Errorf("work %v, sniffed %v", plan.Work(), s.memory.db != nil)
	}
}

// A crash leaves a write-ahead log; what it holds can be read without writing.
func TestQueryReadsAWarehouseThatCrashed(t *testing.T) {
	dir := directory(t)
	apply(t, dir)
	path := filepath.Join(dir, "warehouse.duckdb")
	db, err := warehouse.Open(ctx, warehouse.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(ctx, "CREATE OR REPLACE VIEW _wh.mart.total AS SELECT 31 AS total"); err != nil {
		t.Fatal(err)
	}
	crashed := directory(t)
	for _, suffix := range []string{"", ".wal"} {
		text, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		write(t, crashed, "warehouse.duckdb"+suffix, string(text))
	}
	if got := total(t, crashed); got != "31" {
		t.Errorf("total is %s: the log was not read", got)
	}
}

// A plan that another run overtook is refused when it is carried out.
func TestApplyRefusesWhatMovedMeanwhile(t *testing.T) {
	dir := directory(t)
	slow := open(t, dir)
	_, plan, diags := slow.Plan(ctx, Narrow{})
	mustNot(t, diags)
	apply(t, dir)
	if _, diags = slow.Apply(ctx, plan); !strings.Contains(diags.Error(), "The plan is out of date") {
		t.Error(diags)
	}
}

// An observation that no run has recorded keeps the moment it was first made.
func TestArrivalIsOfTheFirstLook(t *testing.T) {
	dir := directory(t)
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "orders.csv"), old, old); err != nil {
		t.Fatal(err)
	}
	first := open(t, dir)
	mustNot(t, first.Compile(ctx))
	second := open(t, dir)
	mustNot(t, second.Compile(ctx))
	name := assets.MustName("raw.orders")
	if a, b := first.Looks[name].Arrived, second.Looks[name].Arrived; !a.Equal(b) || a.After(old.Add(time.Second)) {
		t.Errorf("arrived %s at the first look, %s at the second, written %s", a, b, old)
	}
	apply(t, dir)
	third := open(t, dir)
	mustNot(t, third.Compile(ctx))
	if a, b := first.Looks[name].Arrived, third.Looks[name].Arrived; !a.Equal(b) {
		t.Errorf("arrived %s before the run, %s after it", a, b)
	}
}

// A source that cannot be observed says since when, however often it is looked at, also
// when it was never seen; and no longer once it was seen again.
func TestALookThatFailsSaysSinceWhenItDoes(t *testing.T) {
	dir := directory(t)
	write(t, dir, "more.hcl", `source "raw.never" { files = "never.csv" }`)
	clock := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	look := func(name string) planner.Observation {
		clock = clock.Add(time.Minute)
		s := open(t, dir)
		s.Now = func() time.Time { return clock }
		mustNot(t, s.look(ctx, false))
		return s.input(planner.Options{}).Observed[assets.MustName(name)]
	}
	if seen := look("raw.orders"); seen.Err != "" {
		t.Fatal(seen.Err)
	}
	if err := os.Rename(filepath.Join(dir, "orders.csv"), filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if seen := look("raw.orders"); seen.Err == "" || seen.ID == "" || seen.At.Format("15:04") != "08:02" {
			t.Errorf("cannot be seen since %s (%q), version %q", seen.At, seen.Err, seen.ID)
		}
		if never := look("raw.never"); never.Err == "" || never.ID != "" || never.At.Format("15:04") != "08:01" {
			t.Errorf("was never seen since %s (%q)", never.At, never.Err)
		}
	}
	write(t, dir, "orders.csv", "id,amount\n1,10\n")
	if seen := look("raw.orders"); seen.Err != "" || !seen.At.Equal(clock) {
		t.Errorf("seen at %s (%q)", seen.At, seen.Err)
	}
	if err := os.Remove(filepath.Join(dir, "orders.csv")); err != nil {
		t.Fatal(err)
	}
	if seen := look("raw.orders"); !seen.At.Equal(clock) {
		t.Errorf("it failed before, and has failed again since %s, not %s", clock, seen.At)
	}
}

// A run that was killed after it had published leaves old tables behind; an apply
// that finds nothing to do drops them.
func TestTidyDropsWhatAKilledRunLeft(t *testing.T) {
	dir := directory(t)
	apply(t, dir)
	path := filepath.Join(dir, "warehouse.duckdb")
	tables := func(statement string) (n int) {
		db, err := warehouse.Open(ctx, warehouse.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
		c, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.QueryRow(ctx, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '%@%'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := tables(`CREATE TABLE _wh._assets."mart.total@left" AS SELECT 1 AS x`); n != 3 {
		t.Fatal(n, "tables")
	}
	s := open(t, dir)
	s.Tidy(ctx)
	if n := tables("SELECT 1"); n != 3 {
		t.Error("without a run that was killed nothing is looked for, and there are", n, "tables")
	}
	s.begin()
	s.Tidy(ctx)
	if n := tables("SELECT 1"); n != 2 {
		t.Error("after tidying there are", n, "tables, not the 2 that are published")
	}
	if plan := apply(t, dir); plan.Work() {
		t.Error("tidying made work")
	}
}

// What fails after the publish, as on a full disk, is no failure of the run: the next one
// does it.
func TestARunThatCannotTidyUpIsPublished(t *testing.T) {
	dir := directory(t)
	s := open(t, dir)
	_, plan, diags := s.Plan(ctx, Narrow{})
	mustNot(t, diags)
	s.Emit = func(e materialize.Event) {
		if e.Type == materialize.RunPublished {
			s.hold.db.Close()
		}
	}
	result, diags := s.Apply(ctx, plan)
	mustNot(t, diags)
	if result.Status != "succeeded" || result.Untidy == nil {
		t.Error(result.Status, result.Untidy)
	}
	if got := total(t, dir); got != "30" {
		t.Error("the total is", got)
	}
	if _, err := os.Stat(s.cache(unfinished)); err != nil {
		t.Error("the next command does not know that there is something left to do:", err)
	}
	if plan := apply(t, dir); plan.Work() {
		t.Error("there is work left")
	}
}
