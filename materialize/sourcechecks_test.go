package materialize_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// checkedSource has two sources with checks; two assets read the first one.
func checkedSource() map[string]string {
	return map[string]string{
		"orders.csv":    "id,customer\n1,1\n2,2\n",
		"customers.csv": "id\n1\n2\n",
		"p.hcl": `
source "raw.orders" {
  files = "orders.csv"
  column "id" {
    check "unique" {}
  }
  check "row_count" { min_change = "-50%" }
  check "relationships" {
    columns    = ["customer"]
    to         = "raw.customers"
    to_columns = ["id"]
  }
}
source "raw.customers" {
  files = "customers.csv"
  check "not_null" {
    columns  = ["id"]
    severity = "warn"
  }
}
asset "orders" { sql = "select id, customer from raw.orders" }
asset "ids" { sql = "select id from raw.orders" }
asset "counted" { sql = "select count(*) as n from ids" }
asset "customers" { sql = "select id from raw.customers" }
`,
	}
}

// history lists what the warehouse keeps of checks, oldest first.
func (w *world) history(where string) []string {
	w.Helper()
	rows, err := w.query("SELECT asset || ' ' || check_name || ' ' || status || ' ' || occasion FROM _wh._assets.checks WHERE " + where + " ORDER BY rowid")
	if err != nil {
		w.Fatal(err)
	}
	return rows
}

func TestASourceIsJudgedOnceAndBeforeAnythingReadsIt(t *testing.T) {
	w := testWorld(t, checkedSource())
	result := w.apply()
	wantOutcomes(t, result, "customers built", "ids built", "orders built", "counted built")
	want := []string{"raw.orders relationships(customer) passed delivery", "raw.orders row_count passed delivery", "raw.orders unique(id) passed delivery"}
	got := w.history("asset = 'raw.orders'")
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(got))); diff != "" {
		t.Errorf("two assets read raw.orders:\n%s", diff)
	}
	if len(result.Sources) != 2 {
		t.Errorf("%d sources judged, want 2", len(result.Sources))
	}

	// A new delivery is judged anew, an old one is not.
	w.csv("orders.csv", "id,customer", "1,1", "2,2", "3,2")
	if result = w.apply(); len(result.Sources) != 1 || result.Sources[0].Source.String() != "raw.orders" {
		t.Errorf("judged %v, want raw.orders alone", result.Sources)
	}
	wantNothingToDo(t, w)
}

func TestADeliveryThatFailsIsNotReadByAnything(t *testing.T) {
	w := testWorld(t, checkedSource())
	w.apply()
	w.csv("orders.csv", "id,customer", "1,1", "1,2")
	w.csv("customers.csv", "id", "1", "2", "3")
	result := w.apply()
	wantOutcomes(t, result, "customers built", "ids failed", "orders failed", "counted skipped")
	for _, a := range result.Assets[1:3] {
		if want := "source raw.orders fails its check unique(id): 1 duplicate row for id"; a.Message != want {
			t.Errorf("%s: %q, want %q", a.Asset, a.Message, want)
		}
	}
	wantRows(t, w, "ids", "{'id': 1}", "{'id': 2}")

	p := w.plan()
	if diff := cmp.Diff([]string{"! ids", "! orders", "! counted"}, actions(p.Plan)); diff != "" {
		t.Errorf("the next plan:\n%s", diff)
	}
	// The state that the run returned says the same as what it left in the warehouse.
	if diff := cmp.Diff(p.state.Verdicts, result.State.Verdicts); diff != "" {
		t.Errorf("verdicts read back (-) and returned (+):\n%s", diff)
	}

	// It is compared with the last version that was let in: no rows after two are too few.
	w.csv("orders.csv", "id,customer")
	if result = w.apply(); !strings.Contains(result.Assets[0].Message, "0 rows, 100% less than in the version before (2)") {
		t.Errorf("message = %q", result.Assets[0].Message)
	}
	w.csv("orders.csv", "id,customer", "7,1")
	wantOutcomes(t, w.apply(), "ids built", "orders built", "counted built")
}

func TestAVerdictHoldsAsLongAsWhatItLookedAt(t *testing.T) {
	w := testWorld(t, checkedSource())
	w.apply()
	w.csv("orders.csv", "id,customer", "1,1", "2,9")
	wantOutcomes(t, w.apply(), "ids failed", "orders failed", "counted skipped")
	// The customer is delivered late: the same orders are fine now.
	w.csv("customers.csv", "id", "1", "2", "9")
	wantOutcomes(t, w.apply(), "customers built", "ids unchanged", "orders built", "counted revalidated")
	wantNothingToDo(t, w)
}

func TestAWarningOfASourceIsRecordedAndKeepsNothingBack(t *testing.T) {
	w := testWorld(t, checkedSource())
	w.csv("customers.csv", "id", "1", "2", `""`)
	wantOutcomes(t, w.apply(), "customers built", "ids built", "orders built", "counted built")
	if got := w.history("status = 'warned'"); len(got) != 1 || got[0] != "raw.customers not_null(id) warned delivery" {
		t.Errorf("history = %q", got)
	}
}

// What was judged while the file was being written is judged again, and the
// verdict that is kept is on what was read.
func TestASourceThatMovesWhileItIsJudgedIsJudgedAgain(t *testing.T) {
	for _, test := range []struct{ name, before, after string }{
		{"a good delivery after a bad one", "1,1\n1,2\n", "5,1\n6,2\n"},
		{"a bad delivery after a good one", "5,1\n6,2\n", "1,1\n1,2\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := testWorld(t, checkedSource())
			w.apply()
			w.write("orders.csv", "id,customer\n"+test.before)
			var once sync.Once
			w.onEvent = func(e materialize.Event) {
				if e.Type == materialize.AssetFinished && e.Asset.String() == "ids" {
					once.Do(func() { w.write("orders.csv", "id,customer\n"+test.after) })
				}
			}
			result := w.apply()
			w.onEvent = nil
			bad := strings.HasPrefix(test.after, "1,1")
			if verdict := result.State.Verdicts[assets.MustName("raw.orders")]; verdict.Accepted() == bad {
				t.Errorf("accepted: %t", verdict.Accepted())
			}
			if bad {
				wantOutcomes(t, result, "ids failed", "orders failed", "counted skipped")
				wantRows(t, w, "ids", "{'id': 1}", "{'id': 2}")
			} else {
				wantRows(t, w, "ids", "{'id': 5}", "{'id': 6}")
				wantNothingToDo(t, w)
			}
		})
	}
}

func TestASourceThatCannotBeReadIsNotJudged(t *testing.T) {
	w := testWorld(t, checkedSource())
	p := w.plan()
	if err := os.Remove(filepath.Join(w.dir, "orders.csv")); err != nil {
		t.Fatal(err)
	}
	result := w.carryOut(p)
	if len(result.Sources) != 1 || result.State.Verdicts[assets.MustName("raw.orders")].Version != "" {
		t.Errorf("judged: %v", result.Sources)
	}
}

// Without a verdict so far, a source is compared with what was last built from it.
func TestASchemaIsComparedWithWhatWasBuiltFrom(t *testing.T) {
	files := checkedSource()
	files["p.hcl"] = "source \"raw.orders\" { files = \"orders.csv\" }\nasset \"ids\" { sql = \"select id from raw.orders\" }\n"
	w := testWorld(t, files)
	p := w.plan()
	var seen []planner.Observation
	for _, look := range p.looks {
		seen = append(seen, look.Observation)
	}
	if err := w.db.Observe(ctx, seen); err != nil {
		t.Fatal(err)
	}
	w.carryOut(p)
	w.write("p.hcl", "source \"raw.orders\" {\n  files = \"orders.csv\"\n  check \"schema\" {}\n}\nasset \"ids\" { sql = \"select id from raw.orders\" }\n")
	w.csv("orders.csv", "id", "1")
	result := w.apply()
	if len(result.Assets) != 1 || !strings.Contains(result.Assets[0].Message, "fails its check schema: columns are not what they were. gone: customer") {
		t.Errorf("%+v", result.Assets)
	}
}

func TestAChangedCheckOfASourceAsksAgain(t *testing.T) {
	w := testWorld(t, checkedSource())
	w.apply()
	w.csv("orders.csv", "id,customer", "1,1", "1,2")
	w.apply()
	w.write("p.hcl", strings.Replace(checkedSource()["p.hcl"], `check "unique" {}`, `check "unique" { severity = "warn" }`, 1))
	wantOutcomes(t, w.apply(), "ids built", "orders built", "counted revalidated")
}

func TestDistributionOfASourceLooksBackAtItsDeliveries(t *testing.T) {
	files := checkedSource()
	files["p.hcl"] = `
source "raw.orders" {
  files = "orders.csv"
  check "distribution" {
    columns   = ["id"]
    statistic = "mean"
    last      = 2
    band      = 0.5
  }
}
asset "ids" { sql = "select id from raw.orders" }
`
	w := testWorld(t, files)
	for _, id := range []string{"10", "11", "12"} {
		w.csv("orders.csv", "id,customer", id+",1")
		wantOutcomes(t, w.apply(), "ids built")
	}
	w.csv("orders.csv", "id,customer", "100,1")
	result := w.apply()
	if !strings.Contains(result.Assets[0].Message, "was 11.5 on average in the last 2 versions") {
		t.Errorf("message = %q", result.Assets[0].Message)
	}
	// What failed is nothing to compare with.
	w.csv("orders.csv", "id,customer", "13,1")
	wantOutcomes(t, w.apply(), "ids built")
	values, err := w.query("SELECT value::VARCHAR FROM _wh._assets.checks ORDER BY rowid")
	if diff := cmp.Diff([]string{"10.0", "11.0", "12.0", "100.0", "13.0"}, values); err != nil || diff != "" {
		t.Errorf("history: %v\n%s", err, diff)
	}
}

// An error inside a check's SQL publishes nothing that depends on it.
func TestAnErrorInACheckOfASourcePublishesNothing(t *testing.T) {
	for _, check := range []string{
		"check \"expression\" {\n    severity = \"warn\"\n    expression = \"customer::INTEGER > 0\"\n  }",
		"check \"not_null\" {\n    columns = [\"id\"]\n    where = \"customer::INTEGER > 0\"\n  }",
		"check \"sql\" { sql = \"select id from raw.orders where customer::INTEGER > 0\" }",
		"check \"reconcile\" {\n    expression = \"count(*)\"\n    to = \"raw.orders\"\n    to_expression = \"sum(customer::INTEGER)\"\n  }",
	} {
		w := testWorld(t, map[string]string{"orders.csv": "id,customer\n1,x\n",
			"p.hcl": "source \"raw.orders\" {\n  files = \"orders.csv\"\n  " + check + "\n}\nasset \"ids\" { sql = \"select id from raw.orders\" }\n"})
		result := w.apply()
		wantOutcomes(t, result, "ids failed")
		if m := result.Assets[0].Message; !strings.Contains(m, "could not be run (p.hcl:") || !strings.Contains(m, "Conversion Error") {
			t.Errorf("%s: %q", check, m)
		}
		if _, err := w.tryRows("ids"); err == nil {
			t.Errorf("%s: ids is published", check)
		}
	}
}

func TestEveryJudgementLeavesARow(t *testing.T) {
	w := testWorld(t, references())
	w.apply()
	want := []string{
		"customers sql passed build", "orders relationships(customer) passed build", "shown row_count passed build",
	}
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(w.history("true")))); diff != "" {
		t.Errorf("a first build:\n%s", diff)
	}
	// Only the referenced side moves: it is withheld, and that leaves a row, too.
	w.csv("customers.csv", "id", "1")
	w.apply()
	got := w.history("occasion = 'withheld'")
	if diff := cmp.Diff([]string{"orders relationships(customer) failed withheld"}, got); diff != "" {
		t.Errorf("withheld:\n%s", diff)
	}
	// A changed check is one on what is published.
	w.csv("customers.csv", "id", "1", "2")
	w.apply()
	w.write("p.hcl", strings.Replace(references()["p.hcl"], "max = 3", "max = 4", 1))
	w.apply()
	got = w.history("occasion = 'revalidate' AND asset = 'shown'")
	if diff := cmp.Diff([]string{"shown row_count passed revalidate"}, got); diff != "" {
		t.Errorf("revalidated:\n%s", diff)
	}
	values, err := w.query("SELECT DISTINCT coalesce(value::VARCHAR, 'none') FROM _wh._assets.checks WHERE kind = 'row_count'")
	if err != nil || len(values) == 0 || values[0] == "none" {
		t.Errorf("values of row_count: %q, %v", values, err)
	}
}

func TestOnlyTheNewestResultKeepsItsRows(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	for i := range 3 {
		w.csv("data/orders.csv", "id,customer,amount,note", "1,ann,10,a", "1,bob,99,b", "1,bob,"+fmt.Sprint(i)+",b")
		w.apply()
	}
	kept, err := w.query("SELECT check_name || ' ' || rows FROM _wh._assets.violations")
	if diff := cmp.Diff([]string{`unique(id) [["1","3"]]`}, kept); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	judgements, err := w.db.Violations(ctx, assets.MustName("staging.orders"))
	if err != nil || len(judgements) != 1 || judgements[0].Status != planner.CheckFailed || len(judgements[0].Kept) != 1 {
		t.Errorf("%+v, %v", judgements, err)
	}
	w.csv("data/orders.csv", "id,customer,amount,note", "1,ann,10,a")
	w.apply()
	if kept, _ := w.query("SELECT check_name FROM _wh._assets.violations"); len(kept) != 0 {
		t.Errorf("kept of checks that pass: %q", kept)
	}
}
