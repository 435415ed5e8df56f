package planner

import (
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// What a view shows of a source is of one version. The view v shows a and b, both of raw.s;
// w shows d and, by way of the view u, e, both of raw.t.
func TestAViewShowsOneVersionOfASource(t *testing.T) {
	const (
		resting = "previous_failure: the last attempt failed: no rates; it is tried again by `assets retry b` or `assets apply`, or when its inputs, its definition or its checks change"
		arrived = "input_changed: source raw.s has a new version"
		failed  = "\n! b: " + resting + "; " + arrived
		held    = "\n! a: inputs_disagree: the view v would show it beside b, which cannot be built and reflects less of source raw.s; " + arrived
		moves   = "\n~ a: " + arrived
		beside  = "\n~ c: " + arrived
	)
	test(t, []rule{
		{"what it shows beside a failure waits for that", func(w *world) {
			w.arrive("raw.s")
			w.attempted("b")
		}, held + failed + beside + `
			! t: upstream_failed: a cannot be built
			! v: upstream_failed: a cannot be built; upstream_failed: b cannot be built`},
		{"a definition is no version of a source", func(w *world) {
			w.redefine("a")
			w.redefine("b")
			w.attempted("b")
		}, `
			~ a: definition_changed: its SQL changed
			! b: ` + resting + `; definition_changed: its SQL changed
			~ t: input_changed: a is rebuilt (if [a] changes)
			! v: upstream_failed: b cannot be built; input_changed: a is rebuilt`},
		{"its owner tolerates the input", func(w *world) {
			w.arrive("raw.s")
			w.attempted("b")
			w.asset("b").Failure.OnFailure = assets.UseLastGood
		}, moves + failed + beside + `
			~ t: input_changed: a is rebuilt (if [a] changes)
			~ v: input_changed: a is rebuilt; input_behind: b failed: its last good version is read (if [a] changes)`},
		{"it shows nothing yet", func(w *world) {
			w.arrive("raw.s")
			w.attempted("b")
			w.forget("v")
		}, moves + failed + beside + `
			~ t: input_changed: a is rebuilt (if [a] changes)
			! v: upstream_failed: b cannot be built; missing: not built yet`},
		{"a person asks for another attempt", func(w *world) {
			w.arrive("raw.s")
			w.attempted("b")
			w.Options.Retry = true
		}, moves + `
			~ b: ` + arrived + `; previous_failure: the last attempt failed: no rates` + beside + `
			~ t: input_changed: a is rebuilt (if [a] changes)
			~ v: input_changed: a is rebuilt; input_changed: b is rebuilt (if [a b] changes)`},
		{"by way of another view", func(w *world) {
			w.arrive("raw.t")
			w.attempted("d")
		}, `
			! d: previous_failure: the last attempt failed: no rates; it is tried again by ` + "`assets retry d` or `assets apply`" + `, or when its inputs, its definition or its checks change; input_changed: source raw.t has a new version
			! e: inputs_disagree: the view w would show it beside d, which cannot be built and reflects less of source raw.t; input_changed: source raw.t has a new version
			! u: upstream_failed: e cannot be built
			! w: upstream_failed: d cannot be built; upstream_failed: u cannot be built`},
		{"as many are built as it shows, whatever the limit", func(w *world) {
			w.arrive("raw.s")
			w.Project.MaxBuildsPerRun = 1
		}, moves + `
			~ b: ` + arrived + `
			… c: not_due: waits for the next run: one builds at most 1 (max_builds_per_run); ` + arrived + `
			… t: not_due: waits for the next run: one builds at most 1 (max_builds_per_run); input_changed: a is rebuilt
			~ v: input_changed: a is rebuilt; input_changed: b is rebuilt (if [a b] changes)`},
	}, "a < raw.s", "b < raw.s", "c < raw.s", "d < raw.t", "e < raw.t", "t < a", "view u < e", "view v < a b", "view w < u d")
}

// What is held back holds back others, from view to view.
func TestOneViewAfterAnotherHoldsBack(t *testing.T) {
	const arrived = "; input_changed: source raw.s has a new version"
	held := func(view, beside string) string {
		return "inputs_disagree: the view " + view + " would show it beside " + beside + ", which cannot be built and reflects less of source raw.s" + arrived
	}
	test(t, []rule{{"to the last", func(w *world) {
		w.arrive("raw.s")
		w.attempted("c")
	}, "\n! a: " + held("v", "b") + "\n! b: " + held("w", "c") +
		"\n! c: previous_failure: the last attempt failed: no rates; it is tried again by `assets retry c` or `assets apply`, or when its inputs, its definition or its checks change" + arrived + `
		~ d: input_changed: source raw.s has a new version
		! v: upstream_failed: a cannot be built; upstream_failed: b cannot be built
		! w: upstream_failed: b cannot be built; upstream_failed: c cannot be built`}},
		"a < raw.s", "b < raw.s", "c < raw.s", "d < raw.s", "view v < a b", "view w < b c")
}

// A view that cannot be made for another reason shows one version of a source all the same:
// what may lag is built with what may not. The view v shows a, b and c.
func TestWhatMayLagIsBuiltBesideWhatMayNot(t *testing.T) {
	const (
		arrived = "input_changed: source raw.s has a new version"
		failed  = "\n! c: previous_failure: the last attempt failed: no rates; it is tried again by `assets retry c` or `assets apply`, or when its inputs, its definition or its checks change; input_changed: source raw.t has a new version"
		later   = "not_due: not due until 2026-03-02 14:00 UTC, to be started by 2026-03-02 13:59 UTC; "
	)
	lags := func(w *world) {
		w.asset("a").Freshness = []assets.Freshness{{MaxLag: 0}}
		w.asset("b").Freshness = []assets.Freshness{{MaxLag: 5 * time.Hour}}
		w.asset("c").Freshness = []assets.Freshness{{MaxLag: 0}}
		w.arrive("raw.s")
		w.arrive("raw.t")
		w.attempted("c")
	}
	built := `
		~ a: ` + arrived + `
		~ up: ` + arrived + `
		~ b: input_changed: up is rebuilt (if [up] changes)` + failed + `
		! v: upstream_failed: c cannot be built; input_changed: a is rebuilt; input_changed: b is rebuilt`
	test(t, []rule{
		{"with what it needs", lags, built},
		{"whatever the limit", func(w *world) {
			lags(w)
			w.Project.MaxBuildsPerRun = 1
		}, built},
		{"whatever is asked for", func(w *world) {
			lags(w)
			w.Options.Targets = []assets.Name{assets.MustName("a")}
		}, `
			~ a: ` + arrived + `
			~ up: ` + arrived + `; needed_downstream: b needs it
			~ b: input_changed: up is rebuilt (if [up] changes)`},
		{"but not if the view may lag", func(w *world) {
			lags(w)
			w.asset("v").Freshness = []assets.Freshness{{MaxLag: 5 * time.Hour}}
		}, `
			~ a: ` + arrived + `
			… up: ` + later + arrived + `
			… b: ` + later + `input_behind: up is behind` + failed + `
			… v: ` + later + `input_changed: a is rebuilt; input_behind: b is behind; input_behind: c is behind`},
	}, "a < raw.s", "up < raw.s", "b < up", "c < raw.t", "view v < a b c")
}

// Why a table was held back is a cause of its breach.
func TestABreachNamesTheViewThatHoldsBack(t *testing.T) {
	w := newWorld("a < raw.s", "b < raw.s", "view v < a b")
	w.asset("a").Freshness = []assets.Freshness{{MaxLag: time.Minute}}
	w.plan(now.Add(-3 * time.Hour))
	w.arrive("raw.s")
	w.attempted("b")
	breaches := Ledger{Synced: now.Add(-3 * time.Hour)}.Breaches(w.Input)
	if len(breaches) != 1 || breaches[0].Cause != "the view v would show it beside b, which cannot be built and reflects less of source raw.s" {
		t.Errorf("%+v", breaches)
	}
}
