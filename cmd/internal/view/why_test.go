package view

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// shop is a project of raw.orders → staging.orders → mart.sales whose source moved.
func shop() (planner.Input, planner.Plan) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	raw, staging, mart := n("raw.orders"), n("staging.orders"), n("mart.sales")
	record := func(name, version string, reads map[assets.Name]planner.Read) planner.Materialization {
		return planner.Materialization{ID: "m", Key: planner.Key{Asset: n(name)}, Run: "R1", Status: planner.Published, Table: name + "@m", Rows: 99,
			Reads: reads, Made: planner.Version{ID: assets.Digest(version)}, Began: now.Add(-time.Hour), Ended: now.Add(-time.Hour + 120*time.Millisecond),
			Checks: []planner.CheckResult{{Check: "unique(id)", Kind: assets.Unique, Status: planner.CheckPassed}}}
	}
	in := planner.Input{
		Project: &assets.Project{Sources: map[assets.Name]*assets.Source{raw: {Name: raw}}, Assets: map[assets.Name]*assets.Asset{staging: {Name: staging, Kind: assets.Table}, mart: {Name: mart, Kind: assets.Table}}},
		Graph: &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{
			raw:     {Name: raw, Readers: []assets.Name{staging}},
			staging: {Name: staging, Inputs: []assets.Name{raw}, Readers: []assets.Name{mart}},
			mart:    {Name: mart, Inputs: []assets.Name{staging}},
		}, Order: []assets.Name{staging, mart}},
		State: planner.State{Last: map[planner.Key]planner.Materialization{
			{Asset: staging}: record("staging.orders", "v:aaaaaaaaaa", map[assets.Name]planner.Read{raw: {Version: "v:1111111111", Columns: []string{"amount", "id"}}}),
			{Asset: mart}:    record("mart.sales", "v:bbbbbbbbbb", map[assets.Name]planner.Read{staging: {Version: "v:aaaaaaaaaa", Columns: []string{"id"}}}),
		}, Found: map[assets.Name]planner.Found{staging: {Kind: "view"}, mart: {Kind: "view"}}},
		Observed: map[assets.Name]planner.Observation{raw: {Source: raw, Version: planner.Version{ID: "v:2222222222", Arrived: now.Add(-3 * time.Minute)}}},
		Now:      now,
	}
	conditional := step("mart.sales", planner.Rebuild, planner.Reason{Code: planner.InputBehind, Message: "staging.orders is rebuilt", Input: &staging})
	conditional.ConditionalOn = []assets.Name{staging}
	moved := step("staging.orders", planner.Rebuild, planner.Reason{Code: planner.InputChanged, Message: "raw.orders changed", Input: &raw})
	moved.State, conditional.State = planner.StateStale, planner.StateStale
	return in, planner.Plan{Steps: []planner.Step{moved, conditional}, Sources: map[assets.Name]planner.SourceState{raw: planner.SourceOK}}
}

func TestWhyWalksFromAnAssetToWhatMoved(t *testing.T) {
	in, plan := shop()
	var b bytes.Buffer
	WhyText(&b, NewWhy(in, plan, n("mart.sales")), Style{}, 0)
	want := `mart.sales is stale: something it is made from has moved.

  ~ mart.sales  if staging.orders changes
    ~ staging.orders  raw.orders changed
      * raw.orders  version 22222222, arrived 3m ago, was 11111111 when it was read

The visible version bbbbbbbb was recorded 59m ago (2026-11-23 07:00:00 UTC) by run R1: 99 rows in 0.12 s, from
  INPUT           VERSION   NOW       COLUMNS READ
  staging.orders  aaaaaaaa  the same  id
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWhyBreaksLinesBetweenColumns(t *testing.T) {
	in, plan := shop()
	doc := NewWhy(in, plan, n("mart.sales"))
	doc.Reads[0].Columns = []string{"customer_number", "delivered_at", "ordered_at"}
	var b bytes.Buffer
	WhyText(&b, doc, Style{}, 70)
	want := `  INPUT           VERSION   NOW       COLUMNS READ
  staging.orders  aaaaaaaa  the same  customer_number, delivered_at,
                                      ordered_at
`
	if !strings.HasSuffix(b.String(), want) {
		t.Errorf("got:\n%s\nwant at the end:\n%s", b.String(), want)
	}
}

func TestStatusIsByWhatThePlanWouldDo(t *testing.T) {
	in, plan := shop()
	selected := []assets.Name{n("raw.orders"), n("staging.orders"), n("mart.sales")}
	var b bytes.Buffer
	StatusText(&b, NewStatus(in, plan, selected, nil), in.Now, Style{}, 0)
	want := `ASSET           STATE  BUILT    ROWS    TOOK  CHECKS
mart.sales      stale  59m ago    99  0.12 s  1 passed
staging.orders  stale  59m ago    99  0.12 s  1 passed

SOURCE      VERSION   ARRIVED
raw.orders  22222222  3m ago

2 assets: 2 stale.
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestShowDescribesWhatIsPublished(t *testing.T) {
	in, _ := shop()
	var b bytes.Buffer
	ShowText(&b, NewShow(in, planner.Plan{}, []assets.Name{n("raw.orders"), n("mart.sales")}), in.Now, Style{})
	for _, want := range []string{"source raw.orders", "readers  staging.orders", "table mart.sales", "rows     99", "check unique(id) passed"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
}

func TestCheckTextShowsFailingRows(t *testing.T) {
	var b bytes.Buffer
	CheckText(&b, planner.CheckResult{Check: "unique(id)", Kind: assets.Unique, Status: planner.CheckFailed, Violations: 2,
		Columns: []string{"id", "n"}, Rows: [][]string{{"7", "2"}, {"12", "3"}}}, Style{})
	want := "  check unique(id) failed: 2 rows in violation\n     id  n\n     7   2\n     12  3\n"
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}
