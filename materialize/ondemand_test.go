package materialize_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// check runs the checks of all sources and assets on demand, and records what they found.
func (w *world) check() (materialize.Report, error) {
	w.Helper()
	p := w.plan()
	x := &materialize.Executor{DB: w.db, Graph: p.graph, State: p.state, Sources: p.looks, Parallelism: 1, Now: w.tick}
	report, err := x.Check(ctx, p.project, append(assets.SortedNames(p.project.Sources), p.graph.Order...))
	if err != nil {
		return report, err
	}
	return report, w.db.RecordAudits(ctx, report.Audits)
}

func found(judgements []planner.Judgement) (lines []string) {
	for _, j := range judgements {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", j.Of, j.Check, j.Status, j.Message)))
	}
	return lines
}

func TestChecksOnDemandFindWhatTheBuildFound(t *testing.T) {
	files := checkedSource()
	files["p.hcl"] = strings.Replace(files["p.hcl"], `asset "ids" { sql = "select id from raw.orders" }`, `
asset "ids" {
  sql = "select id from raw.orders"
  check "row_count" {
    min_change = "-10%"
    severity   = "warn"
  }
  check "relationships" {
    columns = ["id"]
    to      = "customers"
    severity = "warn"
  }
}
asset "shown" {
  sql = "select * from main.ids"
  materialize "view" {}
  check "expression" {
    expression = "id < 2"
    severity   = "warn"
  }
}`, 1)
	w := testWorld(t, files)
	report, err := w.check()
	if err != nil || len(report.Judgements) != 4 || len(report.Unpublished) != 2 {
		t.Fatalf("before anything is published: %q, %v, %v", found(report.Judgements), report.Unpublished, err)
	}
	w.csv("orders.csv", "id,customer", "1,1", "2,2", "5,1", "6,1")
	w.apply()
	w.csv("orders.csv", "id,customer", "1,1", "2,2", "5,1")
	w.apply()
	before, tables := w.rows("ids"), w.tables()
	report, err = w.check()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"raw.customers not_null(id) passed",
		"raw.orders unique(id) passed",
		"raw.orders row_count passed",
		"raw.orders relationships(customer) passed",
		"ids row_count warned 3 rows, 25% less than in the version before (4), and the change must be at least -10%",
		"ids relationships(id) warned 1 of 3 rows has a value in id that is no id of customers",
		"shown expression warned 2 of 3 rows have values for which this is false: id < 2",
	}
	if diff := cmp.Diff(want, found(report.Judgements)); diff != "" {
		t.Error(diff)
	}
	// Asked again it answers the same, and nothing was built.
	again, err := w.check()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, found(again.Judgements)); diff != "" {
		t.Errorf("asked again:\n%s", diff)
	}
	if diff := cmp.Diff(before, w.rows("ids")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(tables, w.tables()); diff != "" {
		t.Error(diff)
	}
	if n := len(w.history("occasion = 'check'")); n != 4+2*len(want) {
		t.Errorf("%d judgements in the history, want %d", n, 4+2*len(want))
	}
	wantNothingToDo(t, w)
}

// A verdict on demand counts as much as one of a run: the next plan knows it.
func TestAVerdictOnDemandBlocks(t *testing.T) {
	w := testWorld(t, checkedSource())
	w.apply()
	w.csv("orders.csv", "id,customer", "1,1", "1,2")
	p := w.plan()
	if diff := cmp.Diff([]string{"~ ids", "~ orders", "~ counted"}, actions(p.Plan)); diff != "" {
		t.Error(diff)
	}
	if _, err := w.check(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"! ids", "! orders", "! counted"}, actions(w.plan().Plan)); diff != "" {
		t.Error(diff)
	}
	// A plan that was made before knows it when it is carried out, and does not look again.
	state, err := w.db.State(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p.state = state
	result := w.carryOut(p)
	wantOutcomes(t, result, "ids failed", "orders failed", "counted skipped")
	if len(result.Sources) != 0 || result.Assets[0].Source.String() != "raw.orders" {
		t.Errorf("judged %v; ids was kept back by %q", result.Sources, result.Assets[0].Source)
	}
}

func TestASourceThatMovesDuringACheckIsNotJudged(t *testing.T) {
	w := testWorld(t, checkedSource())
	p := w.plan()
	w.csv("orders.csv", "id,customer", "9,1")
	x := &materialize.Executor{DB: w.db, Graph: p.graph, State: p.state, Sources: p.looks, Parallelism: 1, Now: w.tick}
	_, err := x.Check(ctx, p.project, assets.SortedNames(p.project.Sources))
	if err == nil || !strings.Contains(err.Error(), "source raw.orders changed while it was checked") {
		t.Errorf("err = %v", err)
	}
}

func TestChecksOfWhatCannotBeReadFail(t *testing.T) {
	w := testWorld(t, checkedSource())
	w.apply()
	w.write("p.hcl", strings.Replace(checkedSource()["p.hcl"], `files = "orders.csv"`, `files = "no*.csv"`, 1))
	report, err := w.check()
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, j := range report.Judgements {
		if j.Of.String() == "raw.orders" && j.Status == planner.CheckFailed && strings.Contains(j.Message, "source raw.orders cannot be read") {
			failed++
		}
	}
	if failed != 3 || len(report.Audits.Verdicts) != 1 {
		t.Errorf("%q", found(report.Judgements))
	}
}
