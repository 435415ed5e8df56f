package materialize_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/planner"
)

// beside prepares a run of the named assets of p, to go on beside others.
func (w *world) beside(p planned, shared *materialize.Shared, names ...string) func(context.Context) (materialize.Result, error) {
	plan := p.Plan
	plan.Steps = slices.DeleteFunc(slices.Clone(plan.Steps), func(s planner.Step) bool { return !slices.Contains(names, s.Asset.String()) })
	looks := maps.Clone(p.looks) // a run changes what it looks at again
	x := &materialize.Executor{
		DB: w.db, Graph: p.graph, State: shared.State(), Sources: looks, Parallelism: 2, Shared: shared, Now: time.Now, Emit: w.onEvent,
		Relook: func(_ context.Context, names []assets.Name) (map[assets.Name]observe.Look, error) { return looks, nil },
	}
	return func(ctx context.Context) (materialize.Result, error) { return x.Apply(ctx, p.project, plan) }
}

// A quick part of a project is published while the build of another one goes on for
// longer than anybody would wait, whose table, of which nothing is recorded yet, is left alone.
func TestAQuickRunIsPublishedBesideALongOne(t *testing.T) {
	w := testWorld(t, map[string]string{"p.hcl": `
asset "big" { sql = "select i from range(1000000) t(i)" }
asset "long" { sql = "select sum(hash(a.i + b.i)) as s from big a cross join big b" }
asset "quick" { sql = "select 1 as x" }
`})
	p := w.plan()
	shared := materialize.NewShared(p.state, 2)
	long, quick := w.beside(p, shared, "big", "long"), w.beside(p, shared, "quick")
	until, stop := context.WithCancel(ctx)
	ended := make(chan error)
	go func() {
		_, err := long(until)
		ended <- err
	}()
	for range 3 {
		if result, err := quick(ctx); err != nil || result.Failed > 0 {
			t.Fatal(result, err)
		}
	}
	if got := w.rows("quick"); len(got) != 1 {
		t.Fatal(got)
	}
	select {
	case err := <-ended:
		t.Fatal("the long run is over:", err)
	default:
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, published := shared.State().Last[planner.Key{Asset: assets.MustName("quick")}]; !published {
		t.Error("the shared state does not know what was published")
	}
}

// A pool binds all runs together: of its assets no more are built at once than it has slots,
// whichever runs they are of.
func TestAPoolBindsRunsTogether(t *testing.T) {
	const runs, slots = 4, 2
	var hcl strings.Builder
	fmt.Fprintf(&hcl, "pool \"heavy\" { slots = %d }\n", slots)
	for i := range runs {
		for _, name := range []string{"a", "b", "c"} {
			fmt.Fprintf(&hcl, "asset \"%s%d\" {\n  sql = \"select sum(hash(i)) as s from range(300000) t(i)\"\n  pools = [\"heavy\"]\n}\n", name, i)
		}
		fmt.Fprintf(&hcl, "asset \"free%d\" { sql = \"select sum(s) as s from (from a%[1]d union all from b%[1]d union all from c%[1]d)\" }\n", i)
	}
	w := testWorld(t, map[string]string{"p.hcl": hcl.String()})
	var mu sync.Mutex // events come from all runs
	taken, most, built := 0, 0, 0
	w.onEvent = func(e materialize.Event) {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasPrefix(e.Asset.Table, "free") {
			return
		}
		switch e.Type {
		case materialize.AssetStarted:
			taken++
			most = max(most, taken)
		case materialize.AssetFinished:
			taken--
			built++
		}
	}
	p := w.plan()
	shared := materialize.NewShared(p.state, 8)
	var all sync.WaitGroup
	for i := range runs {
		run := w.beside(p, shared, fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i), fmt.Sprintf("c%d", i), fmt.Sprintf("free%d", i))
		all.Go(func() {
			if result, err := run(ctx); err != nil || result.Built != 4 {
				t.Error(result.Assets, err)
			}
		})
	}
	all.Wait()
	if built != 3*runs || most > slots || taken != 0 {
		t.Errorf("%d were built, at most %d at once, %d slots are not given back", built, most, taken)
	}
}

// Many runs at once, again and again: each publishes what it built, the state in
// memory is that of the file, and no table is left over or missing.
func TestRunsBesideOneAnother(t *testing.T) {
	const chains, rounds = 6, 8
	files := map[string]string{}
	var hcl strings.Builder
	for i := range chains {
		fmt.Fprintf(&hcl, "source \"raw.s%d\" {\n  files = \"s%[1]d.csv\"\n  check \"row_count\" { min = 1 }\n}\n", i)
		fmt.Fprintf(&hcl, "asset \"a%d\" {\n  sql = \"select n, n * 2 as m from raw.s%[1]d\"\n  check \"expression\" {\n    expression = \"n %% 5 <> 3\"\n    quarantine = true\n  }\n}\n", i)
		fmt.Fprintf(&hcl, "asset \"b%d\" { sql = \"select sum(m) as m from a%[1]d\" }\n", i)
		fmt.Fprintf(&hcl, "asset \"v%d\" {\n  sql = \"select * from main.b%[1]d\"\n  materialize \"view\" {}\n}\n", i)
	}
	files["p.hcl"] = hcl.String()
	for i := range chains {
		files[fmt.Sprintf("s%d.csv", i)] = "n\n0\n"
	}
	w := testWorld(t, files)
	for round := range rounds {
		for i := range chains {
			w.csv(fmt.Sprintf("s%d.csv", i), "n", numbers(0, 10+10*round)...)
		}
		p := w.plan()
		shared := materialize.NewShared(p.state, 3)
		var all sync.WaitGroup
		for i := range chains {
			run := w.beside(p, shared, fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i), fmt.Sprintf("v%d", i))
			all.Go(func() {
				if result, err := run(ctx); err != nil || result.Failed+result.Skipped > 0 {
					t.Error(round, result.Assets, err)
				}
			})
		}
		all.Wait()
		state, err := w.db.State(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := shared.State(); got.Serial != state.Serial || !cmp.Equal(got.Found, state.Found) || !cmp.Equal(keysOf(got.Last), keysOf(state.Last)) {
			t.Fatalf("the state in memory is not that of the file: %s", cmp.Diff(got.Found, state.Found))
		}
		named := map[string]bool{}
		for _, m := range state.Last {
			for _, table := range m.Tables() {
				named[table] = true
			}
		}
		for _, table := range w.tables() {
			if !named[table] {
				t.Errorf("round %d: no record names %s", round, table)
			}
			delete(named, table)
		}
		if len(named) > 0 {
			t.Errorf("round %d: there is no %v", round, slices.Sorted(maps.Keys(named)))
		}
		if p := w.plan(); p.Work() {
			t.Fatal(actions(p.Plan))
		}
	}
}

func keysOf(records map[planner.Key]planner.Materialization) map[assets.Name]string {
	ids := map[assets.Name]string{}
	for key, m := range records {
		ids[key.Asset] = m.ID
	}
	return ids
}

// DuckDB has all cores again as soon as a run wants them, also beside one that does not.
func TestABigRunBesideASmallOneHasAllCores(t *testing.T) {
	w := testWorld(t, map[string]string{"p.hcl": `
asset "huge" { sql = "select i from range(1000001) t(i)" }
asset "many" { sql = "select i from range(1000000) t(i)" }
asset "long" { sql = "select sum(hash(a.i + b.i)) as s from many a cross join many b" }
`})
	threads := func() string {
		all, err := w.query("SELECT current_setting('threads')::VARCHAR")
		if err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	cores := threads()
	p := w.plan()
	shared := materialize.NewShared(p.state, 2)
	if _, err := w.beside(p, shared, "huge", "many")(ctx); err != nil {
		t.Fatal(err)
	}
	if got := threads(); got != "1" {
		t.Fatalf("%s threads for what was small as far as anybody knew", got)
	}
	w.options.Replace = []assets.Name{assets.MustName("huge")}
	p = w.plan()
	started := make(chan struct{})
	w.onEvent = func(e materialize.Event) {
		if e.Type == materialize.AssetStarted && e.Asset == assets.MustName("long") {
			close(started)
		}
	}
	until, stop := context.WithCancel(ctx)
	long, ended := w.beside(p, shared, "long"), make(chan error)
	go func() {
		_, err := long(until)
		ended <- err
	}()
	<-started
	if _, err := w.beside(p, shared, "huge")(ctx); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := threads(); cores != "1" && got != cores {
		t.Errorf("%s threads, not %s", got, cores)
	}
}

// Of two runs that looked at a source again, what the later look saw is the newest,
// whichever run ends first.
func TestTheLaterLookStaysTheNewest(t *testing.T) {
	w := testWorld(t, map[string]string{"orders.csv": "id\n1\n", "p.hcl": `
source "raw.orders" { files = "orders.csv" }
asset "orders" { sql = "select id from raw.orders" }
`})
	p := w.plan()
	source := assets.MustName("raw.orders")
	shared := materialize.NewShared(p.state, 2)
	first := p.looks[source].Observation
	for i, seen := range []struct {
		id    assets.Digest
		after time.Duration
	}{{"third", 3 * time.Minute}, {"second", 2 * time.Minute}, {"fourth", 4 * time.Minute}} {
		o := first
		o.ID, o.At, o.Arrived = seen.id, first.At.Add(seen.after), first.At.Add(seen.after)
		if err := shared.Observe(ctx, w.db, []planner.Observation{o}); err != nil {
			t.Fatal(err)
		}
		want := []assets.Digest{"third", "third", "fourth"}[i]
		recorded, err := w.db.Observations(ctx)
		if err != nil || recorded[source].ID != want {
			t.Errorf("after %s the newest is %s, %v, want %s", seen.id, recorded[source].ID, err, want)
		}
		if log := shared.State().Arrivals[source]; log[len(log)-1].ID != want {
			t.Errorf("after %s the log of the state ends with %s, want %s", seen.id, log[len(log)-1].ID, want)
		}
	}
}
