package materialize_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

func TestAFailedCheckKeepsTheLastGoodVersion(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	w.csv("data/orders.csv", "id,customer,amount,note", "1,ann,10,a", "1,bob,99,b")
	result := w.apply()
	wantOutcomes(t, result, "staging.orders failed", "mart.customers skipped", "mart.notes skipped", "mart.big_spenders skipped")
	if result.Status != "failed" || !strings.Contains(result.Assets[0].Message, "unique(id)") {
		t.Errorf("status %q, message %q: want failed, naming the check", result.Status, result.Assets[0].Message)
	}
	wantRows(t, w, "mart.customers", "{'customer': ann, 'spent': 40}", "{'customer': bob, 'spent': 20}")

	w.csv("data/orders.csv", "id,customer,amount,note", "1,ann,10,a", "2,bob,99,b")
	wantOutcomes(t, w.apply(), "staging.orders built", "mart.customers built", "mart.notes built", "mart.big_spenders built")
	wantNothingToDo(t, w)
}

func TestAChangedCheckAuditsWhatIsPublished(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	with := strings.Replace(shop()["shop.hcl"], `check "unique"`, `check "row_count" { min = 3 }
  check "unique"`, 1)
	w.write("shop.hcl", with)
	wantOutcomes(t, w.apply(), "staging.orders revalidated")
	wantNothingToDo(t, w)

	w.write("shop.hcl", strings.Replace(with, "min = 3", "min = 4", 1))
	result := w.apply()
	wantOutcomes(t, result, "staging.orders failed")
	if !strings.Contains(result.Assets[0].Message, "row_count") {
		t.Errorf("message = %q", result.Assets[0].Message)
	}
}

// The checks of this project look at several assets.
func references() map[string]string {
	return map[string]string{
		"customers.csv": "id\n1\n2\n",
		"orders.csv":    "id,customer\n1,1\n2,2\n",
		"p.hcl": `
source "raw.customers" {
  files = "customers.csv"
}
source "raw.orders" {
  files = "orders.csv"
}
asset "customers" {
  sql = "select id from raw.customers"
  check "sql" {
    sql = "select c.id from customers c left join orders o on o.customer = c.id where o.id is null"
    severity = "warn"
  }
}
asset "orders" {
  sql = "select id, customer from raw.orders"
  check "relationships" {
    columns = ["customer"]
    to = "customers"
    to_columns = ["id"]
  }
}
asset "per_customer" {
  sql = "select customer, count(*) as n from orders group by all"
}
asset "shown" {
  sql = "select * from main.per_customer"
  materialize "view" {}
  check "row_count" { max = 3 }
}
`,
	}
}

func TestChecksOfSeveralAssetsSeeWhatWouldBeVisible(t *testing.T) {
	w := testWorld(t, references())
	w.apply()

	// Both sides of a reference move at once.
	w.csv("customers.csv", "id", "1", "3")
	w.csv("orders.csv", "id,customer", "1,1", "2,3")
	wantOutcomes(t, w.apply(), "customers built", "orders built", "per_customer built", "shown built")

	// Only the referenced side moves, and takes away what orders refer to: it is withheld.
	w.csv("customers.csv", "id", "1")
	result := w.apply()
	wantOutcomes(t, result, "customers failed")
	if !strings.Contains(result.Assets[0].Message, "orders would fail") {
		t.Errorf("message = %q", result.Assets[0].Message)
	}
	wantRows(t, w, "customers", "{'id': 1}", "{'id': 3}")

	// The referring side is new and wrong: it and what was made from it are withheld.
	w.csv("customers.csv", "id", "1", "3")
	w.csv("orders.csv", "id,customer", "1,1", "2,9")
	wantOutcomes(t, w.apply(), "orders failed", "per_customer skipped", "shown skipped")
	wantRows(t, w, "per_customer", "{'customer': 1, 'n': 1}", "{'customer': 3, 'n': 1}")
}

func TestACheckOfAViewWithholdsWhatItShows(t *testing.T) {
	w := testWorld(t, references())
	w.apply()
	w.csv("customers.csv", "id", "1", "2", "3", "4")
	w.csv("orders.csv", "id,customer", "1,1", "2,2", "3,3", "4,4")
	wantOutcomes(t, w.apply(), "customers built", "orders built", "per_customer failed", "shown failed")
	wantRows(t, w, "shown", "{'customer': 1, 'n': 1}", "{'customer': 2, 'n': 1}")
}

func TestChecksCanBeChangedWhileASourceIsAway(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	if err := os.Remove(filepath.Join(w.dir, "data/orders.csv")); err != nil {
		t.Fatal(err)
	}
	w.write("shop.hcl", strings.Replace(shop()["shop.hcl"], `check "unique"`, `check "row_count" { min = 3 }
  check "unique"`, 1))
	wantOutcomes(t, w.apply(), "staging.orders revalidated")
	wantNothingToDo(t, w)
}

// statuses lists the recorded results of an asset's checks, as "check status".
func (w *world) statuses(name string) []string {
	w.Helper()
	state, err := w.db.State(ctx)
	if err != nil {
		w.Fatal(err)
	}
	var out []string
	for _, c := range state.Last[planner.Key{Asset: assets.MustName(name)}].Checks {
		out = append(out, c.Check+" "+string(c.Status))
	}
	return out
}

func TestAChangedReferenceIsCheckedOnWhatIsPublished(t *testing.T) {
	files := references()
	check := files["p.hcl"]
	files["p.hcl"] = strings.Replace(check, `to = "customers"`, `to = "customers"
    severity = "warn"`, 1)
	files["orders.csv"] = "id,customer\n1,1\n2,9\n"
	w := testWorld(t, files)
	w.apply()
	if got := w.statuses("orders"); !cmp.Equal(got, []string{"relationships(customer) warned"}) {
		t.Errorf("checks = %v", got)
	}
	w.write("p.hcl", check)
	result := w.apply()
	wantOutcomes(t, result, "orders failed")
	if !strings.Contains(result.Assets[0].Message, "relationships(customer)") {
		t.Errorf("message = %q", result.Assets[0].Message)
	}
}

func TestResultsOfReferencesAreKeptWhateverMoves(t *testing.T) {
	files := references()
	files["p.hcl"] = strings.Replace(files["p.hcl"], `to = "customers"`, `to = "customers"
    severity = "warn"`, 1)
	w := testWorld(t, files)
	w.apply()
	w.options = planner.Options{Replace: []assets.Name{assets.MustName("orders")}}
	w.apply() // built, and found unchanged
	w.options = planner.Options{}
	if got := w.statuses("orders"); !cmp.Equal(got, []string{"relationships(customer) passed"}) {
		t.Errorf("after a forced rebuild: checks = %v", got)
	}
	w.csv("customers.csv", "id", "1")
	wantOutcomes(t, w.apply(), "customers built", "orders revalidated")
	if got := w.statuses("orders"); !cmp.Equal(got, []string{"relationships(customer) warned"}) {
		t.Errorf("after the other side moved: checks = %v", got)
	}
	wantNothingToDo(t, w)
}

func TestAChangedSourceIsLookedAtByChecks(t *testing.T) {
	w := testWorld(t, map[string]string{"x.csv": "id\n1\n", "p.hcl": `
source "raw.x" {
  files = "x.csv"
}
asset "b" {
  sql = "select 1 as id"
  check "sql" { sql = "from b anti join raw.x using (id)" }
}`})
	w.apply()
	wantNothingToDo(t, w)
	w.csv("x.csv", "id", "1", "2")
	wantOutcomes(t, w.apply(), "b revalidated")
	wantNothingToDo(t, w)
	w.csv("x.csv", "id", "7")
	wantOutcomes(t, w.apply(), "b failed")
}

func TestSecretsAreTakenOutBeforeRowsAreCut(t *testing.T) {
	secret := strings.Repeat("TOPSECRET", 10)
	w := testWorld(t, map[string]string{"p.hcl": `
asset "a" {
  sql = "select '` + secret + `' as token, 1 as id"
  check "expression" { expression = "id > 1" }
}`})
	w.redact = func(text string) string { return strings.ReplaceAll(text, secret, "(sensitive)") }
	result := w.apply()
	if rows := fmt.Sprint(result.Assets[0].Record.Checks); !strings.Contains(rows, "(sensitive)") || strings.Contains(rows, "TOP") {
		t.Errorf("results show %s", rows)
	}
}
