package materialize_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/materialize"
)

// Whoever traces a run is told what was done for what, and what came of it.
func TestPhases(t *testing.T) {
	w := testWorld(t, map[string]string{
		"orders.csv": "id,amount\n1,100\n2,-1\n",
		"shop.hcl": `
source "raw.orders" {
  files = "orders.csv"
  check "row_count" { min = 1 }
}
asset "staging.orders" { sql = "select id, amount from raw.orders" }
asset "mart.bad" {
  sql = "select id, amount from staging.orders"
  column "amount" {
    check "expression" { expression = "amount > 0" }
  }
}
asset "mart.broken" { sql = "select error('no') as x from staging.orders" }
asset "mart.skipped" { sql = "select id from mart.bad" }
asset "mart.shown" {
  sql = "select id from staging.orders"
  materialize "view" {}
  check "unique" { columns = ["id"] }
}
`})
	var mu sync.Mutex
	var told []string
	w.id = materialize.NewID(w.now)
	w.trace = func(p materialize.Phase) {
		mu.Lock()
		defer mu.Unlock()
		line := fmt.Sprint(p.Kind)
		for _, name := range []fmt.Stringer{p.Asset, p.Source} {
			if text := name.String(); text != "" {
				line += " " + text
			}
		}
		for _, c := range p.Checks {
			line += fmt.Sprint(" ", c.Check, " ", c.Status)
		}
		if p.Err != nil {
			line += " with an error"
		}
		if p.Ended.Before(p.Began) {
			t.Errorf("%s ends before it begins", line)
		}
		if p.Kind != materialize.WritePhase { // how many tables are written at once is a matter of luck
			told = append(told, line)
		}
	}
	result := w.apply()
	if result.Run != w.id {
		t.Errorf("the run is %s, not %s", result.Run, w.id)
	}
	want := []string{
		"check mart.bad expression(amount) failed", "check mart.shown unique(id) passed", "check raw.orders row_count passed",
		"check staging.orders", "publish", "stage mart.bad", "stage mart.broken with an error", "stage mart.shown", "stage staging.orders",
	}
	slices.Sort(told)
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}
