package planner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
)

// raw.a arrived an hour ago, at 9:00; it is 10:00. A build takes a minute.
func TestExplainSaysWhatPoliciesAskFor(t *testing.T) {
	for _, c := range []struct {
		name  string
		world func(*world)
		of    string
		want  string
	}{
		{"what is fresh needs no explanation", func(*world) {}, "staging.a", ""},
		{"its own policy", func(w *world) {
			w.arrive("raw.a")
			w.asset("staging.a").Freshness = []assets.Freshness{{MaxLag: 2 * time.Hour}}
			w.Project.Freshness = []assets.Freshness{{MaxLag: 24 * time.Hour}}
		}, "staging.a", `
raw.a 09:00
max_lag 2h of staging.a: raw.a 09:00, due 11:00, start 10:59
chain 1m0s`},
		{"a policy that it inherits, of a reader that needs the same", func(w *world) {
			w.arrive("raw.a")
			w.asset("mart.b").Freshness = []assets.Freshness{{MaxLag: 2 * time.Hour}}
		}, "staging.a", `
raw.a 09:00
max_lag 2h of mart.b: raw.a 09:00, due 11:00, start 10:59
chain 1m0s
for mart.b`},
		{"a reader that is changed needs it now", func(w *world) {
			w.arrive("raw.a")
			w.Project.Freshness = []assets.Freshness{{MaxLag: 24 * time.Hour}}
			w.redefine("mart.b")
		}, "staging.a", `
raw.a 09:00
max_lag 24h of : raw.a 09:00, due 09:00, start 08:59
chain 1m0s
for mart.b`},
		{"a reader without any policy is to be built at once", func(w *world) {
			w.arrive("raw.a")
			w.asset("staging.a").Freshness = []assets.Freshness{{MaxLag: 2 * time.Hour}}
		}, "staging.a", `
raw.a 09:00
max_lag 2h of staging.a: raw.a 09:00, due 11:00, start 10:59
chain 1m0s
for mart.b`},
		{"a policy about other sources asks for nothing", func(w *world) {
			w.arrive("raw.a")
			w.asset("staging.a").Freshness = []assets.Freshness{{Sources: []assets.Name{n("raw.z")}}}
			w.asset("mart.b").Freshness = []assets.Freshness{{MaxLag: 48 * time.Hour}}
		}, "staging.a", `
raw.a 09:00
max_lag 0s for [raw.z] of staging.a: nothing
chain 1m0s
for mart.b`},
		{"the tick of a schedule", func(w *world) {
			a := w.asset("staging.a")
			a.Schedule = assets.Schedule{Expr: "30 9 * * *"}
			w.State.Planned = map[Planned]time.Time{PlannedSchedule(a, ""): now.Add(-time.Hour)}
		}, "mart.b", `
staging.a ticked 09:30
max_lag 0s of : staging.a ticked 09:30, due 09:30, start 09:30
chain 2m0s`},
	} {
		w := newWorld("staging.a < raw.a", "mart.b < staging.a")
		w.State.Estimates = map[assets.Name]time.Duration{n("staging.a"): time.Minute, n("mart.b"): time.Minute}
		c.world(w)
		if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), explained(Explain(w.Input, n(c.of)))); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

// The policies that hold are those of the definition, looked up for each asset by itself.
func TestPoliciesOfAllAreThoseOfEach(t *testing.T) {
	w := layered(200)
	for i, name := range w.Graph.Order {
		w.Project.Assets[name].Enabled = i%11 != 5
		if i%7 == 3 {
			w.Project.Assets[name].Freshness = []assets.Freshness{{MaxLag: time.Duration(i) * time.Minute}}
		}
	}
	var below func(name assets.Name) map[assets.Name]bool
	below = func(name assets.Name) map[assets.Name]bool {
		all := map[assets.Name]bool{}
		for _, reader := range w.Graph.Nodes[name].Readers {
			if w.Project.Assets[reader].Enabled {
				all[reader] = true
				for further := range below(reader) {
					all[further] = true
				}
			}
		}
		return all
	}
	all := PoliciesOf(w.Input)
	for _, name := range w.Graph.Order {
		want := ownPolicies(w.Project.Assets[name])
		if want == nil {
			asking := below(name)
			for _, n := range w.Graph.Order {
				if asking[n] {
					want = append(want, ownPolicies(w.Project.Assets[n])...)
				}
			}
		}
		if want == nil {
			want = defaultPolicies(w.Project)
		}
		if diff := cmp.Diff(want, all[name]); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func explained(e Explanation) string {
	var lines []string
	what := func(u Unreflected) string {
		if u.Tick {
			return u.Source.String() + " ticked " + u.Arrived.Format("15:04")
		}
		return u.Source.String() + " " + u.Arrived.Format("15:04")
	}
	for _, u := range e.Unreflected {
		lines = append(lines, what(u))
	}
	for _, d := range e.Demands {
		asked := "nothing"
		if !d.Arrived.Arrived.IsZero() {
			asked = fmt.Sprintf("%s, due %s, start %s", what(d.Arrived), d.Due.Format("15:04"), d.StartBy.Format("15:04"))
		}
		of := ""
		if d.Of != (assets.Name{}) {
			of = d.Of.String()
		}
		lines = append(lines, fmt.Sprintf("%s of %s: %s", d.Policy, of, asked))
	}
	if e.Chain > 0 {
		lines = append(lines, "chain "+e.Chain.String())
	}
	if e.For != (assets.Name{}) {
		lines = append(lines, "for "+e.For.String())
	}
	return strings.Join(lines, "\n")
}
