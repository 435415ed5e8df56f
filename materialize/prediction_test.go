package materialize_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// orders is a chain in which mart.best is two steps below what is edited, shown is
// a view of it, and mart.discounts reads another column.
func orders(staging string) map[string]string {
	return map[string]string{
		"data/orders.csv": "id,amount,discount\n1,10,1\n2,20,0\n3,30,2\n",
		"p.hcl": `
source "raw.orders" { files = "data/orders.csv" }
asset "staging.orders" { sql = "` + staging + `" }
asset "mart.totals" { sql = "select sum(amount)::integer as total from staging.orders" }
asset "mart.best" { sql = "select total + 1 as best from mart.totals" }
asset "shown" {
  sql = "select best from mart.best"
  materialize "view" {}
}
asset "mart.discounts" { sql = "select sum(discount)::integer as discount from staging.orders" }
`,
	}
}

// deceive makes the planner believe that a definition is what it was in the columns
// that are not named: it is told so by a record.
func (w *world) deceive(name string, but ...string) planned {
	p := w.plan()
	key := planner.Key{Asset: assets.MustName(name)}
	last, is := p.state.Last[key], p.graph.Nodes[key.Asset].Bound
	last.Definition.Bound.Rows = is.Rows
	last.Definition.Bound.Outputs = slices.Clone(is.Outputs)
	for i, o := range is.Outputs {
		if slices.Contains(but, o.Name) {
			last.Definition.Bound.Outputs[i].Print = "before"
		}
	}
	p.state.Last[key] = last
	observed := map[assets.Name]planner.Observation{}
	for name, look := range p.looks {
		observed[name] = look.Observation
	}
	p.Plan = planner.Make(planner.Input{Project: p.project, Graph: p.graph, State: p.state, Observed: observed, Now: w.now, Options: w.options})
	return p
}

func TestAWrongPredictionIsMadeGoodInTheSameRun(t *testing.T) {
	w := testWorld(t, orders("select id, amount, discount from raw.orders"))
	w.apply()
	w.lay(orders("select id, amount * 2 as amount, discount + 1 as discount from raw.orders"))
	p := w.deceive("staging.orders", "discount")
	if got, want := strings.Join(actions(p.Plan), ", "), "~ staging.orders, ~ mart.discounts, = mart.totals"; got != want {
		t.Fatalf("the plan is %s, want %s: it must not know better", got, want)
	}
	wantOutcomes(t, w.carryOut(p), "staging.orders built", "mart.discounts built", "mart.totals built", "mart.best built", "shown built")
	wantRows(t, w, "shown", "{'best': 121}")
	wantNothingToDo(t, w)
	for _, e := range w.events {
		if e.Done > e.Total {
			t.Errorf("%d of %d are done: %+v", e.Done, e.Total, e)
		}
	}
}

func TestARightPredictionLeavesWhatIsBelowAlone(t *testing.T) {
	w := testWorld(t, orders("select id, amount, discount from raw.orders"))
	w.apply()
	before := w.tables()
	w.lay(orders("select id, amount, discount + 1 as discount from raw.orders"))
	wantOutcomes(t, w.apply(), "staging.orders built", "mart.discounts built", "mart.totals revalidated")
	for _, e := range w.events {
		if name := e.Asset.String(); name == "mart.best" || name == "shown" {
			t.Errorf("nobody asked about %s: %+v", name, e)
		}
	}
	if last := w.events[len(w.events)-1]; last.Done != 3 || last.Total != 3 {
		t.Errorf("%d of %d are done, not 3 of 3", last.Done, last.Total)
	}
	for _, table := range before {
		if strings.HasPrefix(table, "mart.best@") && !slices.Contains(w.tables(), table) {
			t.Errorf("the table of mart.best was replaced")
		}
	}
	wantNothingToDo(t, w)
}

// What fails above leaves what was left out of the plan as it is, and says nothing of it.
func TestAFailureAboveLeavesWhatIsBelowAlone(t *testing.T) {
	w := testWorld(t, orders("select id, amount, discount from raw.orders"))
	w.apply()
	w.lay(orders("select id, amount, (discount || 'x')::integer as discount from raw.orders"))
	wantOutcomes(t, w.apply(), "staging.orders failed", "mart.discounts skipped", "mart.totals skipped")
	wantRows(t, w, "shown", "{'best': 61}")
}

// The same rows in another order are another version to who depends on the order,
// however far below.
func TestTheOrderOfRowsIsRead(t *testing.T) {
	files := func(order string) map[string]string {
		return map[string]string{
			"data/orders.csv": "id,amount\n1,10\n2,20\n3,5\n",
			"p.hcl": `
source "raw.orders" { files = "data/orders.csv" }
asset "staging.orders" { sql = "select id, amount from raw.orders order by ` + order + `" }
asset "staging.same" { sql = "select id, amount from staging.orders" }
asset "mart.first" { sql = "select id from staging.same limit 1" }
asset "mart.list" { sql = "select list(amount) as amounts from staging.same" }
asset "mart.sorted" { sql = "select string_agg(amount::varchar, ',' order by amount::varchar) as amounts from staging.same" }
asset "mart.total" { sql = "select sum(amount)::integer as total from staging.same" }
`,
		}
	}
	w := testWorld(t, files("id"))
	w.apply()
	wantRows(t, w, "mart.first", "{'id': 1}")
	w.lay(files("amount"))
	wantOutcomes(t, w.apply(), "staging.orders built", "staging.same built", "mart.first built", "mart.list built", "mart.sorted revalidated", "mart.total revalidated")
	wantRows(t, w, "mart.first", "{'id': 3}")
	wantRows(t, w, "mart.list", "{'amounts': [5, 10, 20]}")
	wantNothingToDo(t, w)
}

// Without such a reader the order is nobody's business.
func TestAnOrderNobodyReadsIsNoVersion(t *testing.T) {
	files := func(order string) map[string]string {
		return map[string]string{
			"data/orders.csv": "id,amount\n1,10\n2,20\n3,5\n",
			"p.hcl": `
source "raw.orders" { files = "data/orders.csv" }
asset "staging.orders" { sql = "select id, amount from raw.orders order by ` + order + `" }
asset "mart.total" { sql = "select sum(amount)::integer as total from staging.orders" }
`,
		}
	}
	w := testWorld(t, files("id"))
	w.apply()
	w.lay(files("amount"))
	wantOutcomes(t, w.apply(), "staging.orders unchanged", "mart.total revalidated")
	wantNothingToDo(t, w)
	if got := w.plan().graph.Nodes[assets.MustName("mart.total")].Bound.Uses[assets.MustName("staging.orders")]; slices.Contains(got, lineage.RowOrder) {
		t.Errorf("a sum of integers reads %q", got)
	}
}

// Columns in another order are another version of a table, though none of them
// changes: what reads them is recorded with it, so that no plan finds that later.
func TestAReaderIsRecordedWithTheNewVersionOfItsInput(t *testing.T) {
	w := testWorld(t, orders("select id, amount, discount from raw.orders"))
	w.apply()
	w.lay(orders("select amount, id, discount from raw.orders"))
	p := w.plan()
	if got, want := strings.Join(actions(p.Plan), ", "), "~ staging.orders"; got != want {
		t.Fatalf("the plan is %s, want %s", got, want)
	}
	result := w.carryOut(p)
	if result.Built != 1 || result.Unchanged != 2 {
		t.Errorf("%d built and %d unchanged, want 1 and 2: the readers are recorded", result.Built, result.Unchanged)
	}
	if again := w.plan(); again.Work() {
		t.Errorf("after apply there is still something to do:\n%s", explained(again.Plan))
	}
}
