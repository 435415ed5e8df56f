package view

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

func whyColumn(doc WhyColumnJSON) string {
	var b bytes.Buffer
	WhyColumnText(&b, doc, Style{}, 70)
	return b.String()
}

func TestWhyColumnText(t *testing.T) {
	day := FromJSON{Name: n("staging.orders"), Column: "day", Via: []string{"IDENTITY"}}
	again := day
	again.Repeated = true
	day.From = []FromJSON{{Name: n("raw.orders"), Column: "at", Via: []string{"TRANSFORMATION"}}}
	doc := WhyColumnJSON{
		Name: n("mart.sales"), Kind: "asset", Column: "revenue", Type: "DOUBLE", Description: "What came in",
		From: []FromJSON{
			{Name: n("mart.days"), Column: "day", Via: []string{"CONDITIONAL", "WINDOW"}, From: []FromJSON{day}},
			again,
		},
		RowsFrom: []RowsJSON{
			{Name: n("mart.days"), Columns: []RowsFrom{{"day", []string{"JOIN", "GROUP_BY"}}, {"shop", []string{"JOIN"}}, {"open", []string{"FILTER"}}}},
			{Name: n("staging.orders")},
		},
		Checks: []ColumnCheck{
			{Check: "not_null(revenue)", Result: &planner.CheckResult{Check: "not_null(revenue)", Status: planner.CheckWarned, Violations: 3}},
			{Check: "expression(revenue)"},
		},
		Next: &ColumnNextJSON{Verdict: lineage.Recomputed, Rows: true, Inputs: []assets.Name{n("mart.days"), n("staging.orders")}},
		step: step("mart.sales", planner.Rebuild, planner.Reason{Message: "its SQL changed"}),
	}
	want := `mart.sales.revenue  DOUBLE
What came in

Its values come from
  mart.days.day         chooses between values, key of a window
    staging.orders.day  as it is
      raw.orders.at     computed from it
  staging.orders.day    as it is (explained above)

Which rows there are is decided by
  mart.days       joined on day, shop; grouped by day; filtered by open
  staging.orders  its rows

Checks on it
  check not_null(revenue) warned: 3 rows in violation
  check expression(revenue) has not run yet

In the next plan
  ~ mart.sales  its SQL changed
    Its values are computed differently.
    Which rows there are may change.
    What it is made from may change: mart.days, staging.orders.
`
	if diff := cmp.Diff(want, whyColumn(doc)); diff != "" {
		t.Error(diff)
	}
}

func TestWhyColumnOfWhatCannotBeTold(t *testing.T) {
	doc := WhyColumnJSON{Name: n("mart.sales"), Kind: "asset", Column: "revenue", Unbound: "source raw.orders was never observed",
		Next: &ColumnNextJSON{Verdict: lineage.Unknown, Rows: true}, step: step("mart.sales", planner.Blocked, planner.Reason{Message: "raw.orders was never seen"})}
	want := `mart.sales.revenue

Where its values come from is not known: source raw.orders was never observed.

In the next plan
  ! mart.sales  blocked: raw.orders was never seen
    Whether its values change cannot be told before they are built.
`
	if diff := cmp.Diff(want, whyColumn(doc)); diff != "" {
		t.Error(diff)
	}
}

func TestMentions(t *testing.T) {
	for _, c := range []struct {
		sql, name string
		want      bool
	}{
		{"revenue >= 0", "Revenue", true}, {"revenue_net >= 0", "revenue", false}, {"x.revenue", "revenue", true},
		{`"a.b" > 0`, "a.b", true}, {"a_b > 0", "a.b", false}, {"", "revenue", false},
	} {
		if got := mentions(c.sql, c.name); got != c.want {
			t.Errorf("%q in %q: %v", c.name, c.sql, got)
		}
	}
}
