package view

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

func n(s string) assets.Name { return assets.MustName(s) }

func ref(s string) *assets.Name { name := n(s); return &name }

func step(name string, action planner.Action, reasons ...planner.Reason) planner.Step {
	return planner.Step{Key: planner.Key{Asset: n(name)}, Action: action, Reasons: reasons}
}

func examplePlan() planner.Plan {
	conditional := step("mart.sales", planner.Rebuild,
		planner.Reason{Code: planner.InputBehind, Message: "staging.orders is rebuilt", Input: ref("staging.orders")},
		planner.Reason{Code: planner.DefinitionChanged, Message: "its definition changed"})
	conditional.ConditionalOn = []assets.Name{n("staging.orders"), n("staging.rates")}
	return planner.Plan{
		At: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC),
		Steps: []planner.Step{
			step("staging.orders", planner.Rebuild, planner.Reason{Code: planner.InputChanged, Message: "raw.orders changed", Input: ref("raw.orders"), Columns: []string{"id"}}),
			step("staging.rates", planner.Create, planner.Reason{Code: planner.Missing, Message: "never built"}),
			conditional,
			step("mart.same", planner.Revalidate, planner.Reason{Code: planner.Unaffected, Message: "no column it uses changed"}),
			step("mart.calm", planner.None),
			step("mart.taken", planner.Blocked, planner.Reason{Code: planner.Unmanaged, Message: "a table of that name was made by someone else"}),
			step("mart.old", planner.Drop, planner.Reason{Code: planner.Removed, Message: "no longer in the project"}),
		},
	}
}

func TestPlanTextSaysWhatAndWhy(t *testing.T) {
	var b bytes.Buffer
	PlanText(&b, examplePlan(), planner.Options{}, Style{})
	want := `Actions are indicated with these symbols:
  + create      build what is not there
  ~ rebuild     build anew, publish if the checks pass
  = revalidate  build nothing: record that it is up to date, run checks that changed
  - drop        remove from the warehouse
  ! blocked     cannot be built now

assets will perform the following actions:

  ~ staging.orders  raw.orders changed
  + staging.rates   never built
  ~ mart.sales      if staging.orders or staging.rates changes; its definition changed
  = mart.same       no column it uses changed
  ! mart.taken      blocked: a table of that name was made by someone else
  - mart.old        no longer in the project

Plan: 1 to create, 2 to rebuild, 1 to revalidate, 1 to drop, 1 blocked; 1 unchanged.
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestPlanTextWithTargetsCountsOnlyThem(t *testing.T) {
	for _, c := range []struct {
		options planner.Options
		want    []string
	}{
		{planner.Options{Targets: []assets.Name{n("mart.calm")}}, []string{"Restricted to mart.calm and what it needs.\n", "; 1 unchanged.\n"}},
		{planner.Options{Targets: []assets.Name{n("mart.old"), n("mart.same")}}, []string{"to mart.old and mart.same and what they need.\n", "; 0 unchanged (1 more not targeted).\n"}},
		{planner.Options{Targets: []assets.Name{n("mart.old")}, Destroy: true}, []string{"to mart.old and what is made from it.\n"}},
	} {
		var b bytes.Buffer
		PlanText(&b, examplePlan(), c.options, Style{})
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%q is missing in:\n%s", want, b.String())
			}
		}
	}
}

func TestPlanTextOfNothingToDo(t *testing.T) {
	up := planner.Plan{}
	for range 14 {
		up.Steps = append(up.Steps, step("a", planner.None))
	}
	for _, c := range []struct {
		plan    planner.Plan
		options planner.Options
		want    string
	}{
		{up, planner.Options{}, "Nothing to do: all 14 assets are up to date.\n"},
		{planner.Plan{Steps: up.Steps[:1]}, planner.Options{}, "Nothing to do: the only asset is up to date.\n"},
		{planner.Plan{}, planner.Options{}, "Nothing to do: the project declares no assets.\n"},
		{planner.Plan{}, planner.Options{Destroy: true}, "Nothing to do: nothing is published.\n"},
	} {
		var b bytes.Buffer
		PlanText(&b, c.plan, c.options, Style{})
		if b.String() != c.want {
			t.Errorf("got %q, want %q", b.String(), c.want)
		}
	}
}

func TestPlanTextColoursOnlyWhenAsked(t *testing.T) {
	var plain, coloured bytes.Buffer
	PlanText(&plain, examplePlan(), planner.Options{}, NewStyle(false))
	PlanText(&coloured, examplePlan(), planner.Options{}, NewStyle(true))
	if strings.Contains(plain.String(), "\x1b") {
		t.Error("a plain plan holds escape sequences")
	}
	if !strings.Contains(coloured.String(), "\x1b[32m+\x1b[0m") {
		t.Error("a coloured plan does not show what it creates in green")
	}
}

func TestPlanJSON(t *testing.T) {
	plan := examplePlan()
	plan.Steps = []planner.Step{plan.Steps[2], plan.Steps[4]}
	plan.Steps[1].Estimate = 1500 * time.Millisecond
	plan.NextWake = plan.At.Add(time.Hour)
	var b bytes.Buffer
	if err := JSONLine(&b, NewPlanJSON("shop", plan, []DiagnosticJSON{})); err != nil {
		t.Fatal(err)
	}
	want := `{"format_version":"1.0","at":"2026-11-23T08:00:00Z","project":"shop","environment":"prod","actions":[` +
		`{"asset":"mart.sales","action":"rebuild","reasons":[{"code":"input_behind","message":"staging.orders is rebuilt","input":"staging.orders"},` +
		`{"code":"definition_changed","message":"its definition changed"}],"conditional_on":["staging.orders","staging.rates"]},` +
		`{"asset":"mart.calm","action":"none","reasons":[],"estimate_seconds":1.5}],` +
		`"summary":{"create":0,"rebuild":1,"revalidate":0,"drop":0,"wait":0,"blocked":0,"unchanged":1},` +
		`"next_wake":"2026-11-23T09:00:00Z","diagnostics":[]}` + "\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}
