package view

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

func TestDiffText(t *testing.T) {
	edited := AssetDiffJSON{
		Asset: n("mart.sales"), Diff: "--- a\n+++ b\n@@ -1,1 +1,1 @@\n-old\n+new\n", edited: true, both: true,
		Columns: []lineage.ColumnVerdict{
			{Name: "day", Verdict: lineage.Same, Was: "DATE", Is: "DATE"}, {Name: "total", Verdict: lineage.Recomputed, Was: "DOUBLE", Is: "DOUBLE"},
			{Name: "n", Verdict: lineage.Retyped, Was: "INTEGER", Is: "BIGINT"}, {Name: "extra", Verdict: lineage.New, Is: "DATE"}, {Name: "gone", Verdict: lineage.Removed, Was: "DATE"},
		},
		Order:     true,
		Touched:   []TouchedByJSON{{Asset: n("mart.best"), Columns: []string{"n", "total"}}, {Asset: n("mart.list"), Rows: true}},
		Untouched: []assets.Name{n("mart.days"), n("mart.shops")},
		step:      step("mart.sales", planner.Rebuild, planner.Reason{Message: "its SQL changed"}),
	}
	other := AssetDiffJSON{Asset: n("mart.best"), step: step("mart.best", planner.Rebuild, planner.Reason{Message: "asked for by -replace"})}
	var b bytes.Buffer
	DiffText(&b, DiffJSON{Assets: []AssetDiffJSON{edited, other}}, Style{}, 60)
	want := `~ mart.sales  its SQL changed
--- a
+++ b
@@ -1,1 +1,1 @@
-old
+new

  ~ total  computed differently
  ~ n      INTEGER → BIGINT
  + extra  new, DATE
  - gone   removed
  1 column computed as before; the same rows, perhaps in another order.
  Touches mart.best (n, total), mart.list (rows).
  Does not touch mart.days, mart.shops.

Built again by the same definition:
  ~ mart.best  asked for by -replace
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestDiffSaysWhyNobodyCanTell(t *testing.T) {
	known := lineage.Bound{Meaning: "m1:a"}
	for _, c := range []struct {
		was  lineage.Bound
		node lineage.Node
		want string
	}{
		{known, lineage.Node{Bound: known}, ""},
		{known, lineage.Node{Unbound: "source raw was never observed"}, "source raw was never observed"},
		{known, lineage.Node{Bound: lineage.Bound{Meaning: "m1:b", Volatile: []string{"now", "random"}}}, "its value depends on the moment it is built (now, random)"},
		{lineage.Bound{Meaning: "m0:a"}, lineage.Node{Bound: known}, "it was built by DuckDB v1"},
		{known, lineage.Node{}, "DuckDB does not show how it is computed"},
	} {
		if got := untold(planner.Definition{Bound: c.was, Engine: "v1"}, &c.node); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// A secret that was kept out of the record is not told by the project's text either.
func TestDiffNeverShowsSensitiveSQL(t *testing.T) {
	in, _ := shop()
	key := planner.Key{Asset: n("mart.sales")}
	for _, c := range []struct {
		name      string
		was       string
		sensitive bool
	}{{"now", "select 1", true}, {"then", "", false}, {"both", "", true}} {
		last := in.State.Last[key]
		last.Definition.SQL = c.was
		in.State.Last[key] = last
		asset := in.Project.Assets[n("mart.sales")]
		asset.Enabled, asset.SQL = true, assets.SQL{Text: "select 'hunter2'", Sensitive: c.sensitive}
		d := diffAsset(in, step("mart.sales", planner.Rebuild, planner.Reason{Code: planner.DefinitionChanged, Message: "its SQL changed"}))
		var b bytes.Buffer
		DiffText(&b, DiffJSON{Assets: []AssetDiffJSON{d}}, Style{}, 0)
		if !d.Hidden || d.Diff != "" || !strings.Contains(b.String(), "not shown") || strings.Contains(b.String(), "hunter2") {
			t.Errorf("%s: %s", c.name, b.String())
		}
	}
}
