package view

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

func TestImpactText(t *testing.T) {
	doc := ImpactJSON{Name: n("raw.orders"), Column: "amount", Touched: []TouchedJSON{
		{Asset: n("staging.orders"), Kind: assets.Table, Steps: 1, Through: []assets.Name{n("raw.orders")}, Columns: []string{"amount"}},
		{Asset: n("mart.sales"), Kind: assets.Table, Steps: 2, Through: []assets.Name{n("staging.orders"), n("staging.refunds")}, Rows: true,
			Columns: []string{"revenue", "revenue_last_year", "margin_percent"}, Owner: "finance@example.com", Tags: []string{"money"},
			Freshness: []FreshnessJSON{{MaxLagSeconds: 3600}, {MaxLagSeconds: 90, At: "0 8 * * *"}}},
		{Asset: n("mart.first"), Kind: assets.View, Steps: 2, Through: []assets.Name{n("staging.orders")}, Rows: true},
	}, IfReordered: []assets.Name{n("mart.latest")}, Untouched: []assets.Name{n("mart.days")}, Checks: []LookingCheck{{n("mart.days"), "no_day_lost"}},
		Owners: []OwnerJSON{{"finance@example.com", []assets.Name{n("mart.sales")}}, {"", []assets.Name{n("staging.orders"), n("mart.first")}}}}
	var b bytes.Buffer
	ImpactText(&b, doc, Style{}, 70)
	want := `A change of raw.orders.amount touches 3 of the 5 assets made from
raw.orders.

ASSET           STEPS  THROUGH          WHAT MAY CHANGE
staging.orders      1  raw.orders       amount
mart.sales          2  staging.orders,  rows and counts; revenue,
                       staging.refunds  revenue_last_year,
                                        margin_percent
mart.first          2  staging.orders   rows and counts

OWNER                ASSET              FRESHNESS                             TAGS
finance@example.com  mart.sales         within 1h; within 1m30s at 0 8 * * *  money
nobody               staging.orders
                     mart.first (view)

A check looks at it:
  mart.days  no_day_lost

Touched only if rows come to lie in another order: mart.latest.

1 asset is not touched: mart.days.

1 owner: finance@example.com (1 asset); 2 assets without an owner.
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// A check counts if it names the column, or takes all of them.
func TestLookingChecks(t *testing.T) {
	query := func(label, sql string) assets.Check {
		return assets.Check{Kind: assets.Query, Label: label, SQL: assets.SQL{Text: sql}}
	}
	p := &assets.Project{Assets: map[assets.Name]*assets.Asset{n("a"): {}, n("b"): {Checks: []assets.Check{
		{Kind: assets.Relationships, Columns: []string{"a_id"}, To: n("a"), ToColumns: []string{"ID"}},
		{Kind: assets.NotNull, Columns: []string{"id"}},
		query("names", "select id from A"), query("star", "select * from a"), query("other", "select amount from a"), query("own", "select id from b"),
	}}, n("c"): {Checks: []assets.Check{query("no reader", "select id from a")}}}}
	g := &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{n("a"): {}, n("b"): {CheckInputs: []assets.Name{n("a")}}, n("c"): {}}}
	ids := func(column string) (list []string) {
		for _, c := range lookingChecks(p, g, n("a"), column) {
			list = append(list, c.Check)
		}
		return list
	}
	if diff := cmp.Diff([]string{"relationships(a_id)", "names", "star"}, ids("id")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"relationships(a_id)", "names", "star", "other"}, ids("")); diff != "" {
		t.Error(diff)
	}
}

func TestLagText(t *testing.T) {
	for d, want := range map[time.Duration]string{time.Hour: "1h", 90 * time.Minute: "1h30m", 45 * time.Second: "45s", 10 * time.Minute: "10m", 24 * time.Hour: "24h", 3661 * time.Second: "1h1m1s", 0: "0s"} {
		if got := lagText(d.Seconds()); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}
