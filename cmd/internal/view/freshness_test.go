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

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) *time.Time { t := noon.Add(d); return &t }

func TestPoliciesInTheWordsOfATable(t *testing.T) {
	self, other := n("mart.x"), n("mart.report")
	hour, day := FreshnessJSON{MaxLagSeconds: 3600}, FreshnessJSON{MaxLagSeconds: 6 * 3600, At: "0 8 * * *", Timezone: "Europe/Paris"}
	for _, c := range []struct {
		want   string
		policy []PolicyJSON
	}{
		{"", nil}, // it left the project
		{"none", []PolicyJSON{{}}},
		{"1h", []PolicyJSON{{FreshnessJSON: hour, Of: &self}}},
		{"6h at 0 8 * * *", []PolicyJSON{{FreshnessJSON: day, Of: &self}}},
		{"@daily", []PolicyJSON{{FreshnessJSON: FreshnessJSON{At: "@daily"}, Of: &self}}},
		{"1h of mart.report, 1 more", []PolicyJSON{{FreshnessJSON: hour, Of: &other}, {FreshnessJSON: day, Of: &other}}},
		{"6h of mart.report", []PolicyJSON{{FreshnessJSON: day, Of: &other}}},
		{"1h by default", []PolicyJSON{{FreshnessJSON: hour, Default: true}}},
	} {
		if got := (AssetStatusJSON{Asset: self, Policy: c.policy}).policy(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestDueAndNextBuild(t *testing.T) {
	for _, c := range []struct {
		due  *time.Time
		want string
	}{{nil, ""}, {after(42 * time.Minute), "in 42m"}, {after(0), "overdue 0s"}, {after(-3 * time.Hour), "overdue 3h"}} {
		if got := dueText(c.due, noon); got != c.want {
			t.Errorf("due %v: %q, want %q", c.due, got, c.want)
		}
	}
	for _, c := range []struct {
		step  planner.Step
		retry time.Duration // from now; 0: never
		want  string
	}{
		{planner.Step{Action: planner.None}, 0, ""},
		{planner.Step{Action: planner.Rebuild}, 0, "now"},
		{planner.Step{Action: planner.Create}, 0, "now"},
		{planner.Step{Action: planner.Wait}, 0, "waits for a policy"},
		{planner.Step{Action: planner.Wait, StartBy: *after(12 * time.Minute)}, 0, "in 12m"},
		{planner.Step{Action: planner.Wait, StartBy: noon}, 0, "in the next run"},
		{planner.Step{Action: planner.Wait, State: planner.StateFailed, StartBy: *after(12 * time.Minute)}, 0, "blocked"},
		{planner.Step{Action: planner.Wait, State: planner.StateFailed, StartBy: *after(12 * time.Minute)}, 5 * time.Minute, "in 12m"},
		{planner.Step{Action: planner.Wait, State: planner.StateFailed, StartBy: *after(12 * time.Minute)}, time.Hour, "again in 1h"},
		{planner.Step{Action: planner.Blocked}, 0, "blocked"},
		{planner.Step{Action: planner.Blocked, State: planner.StateFailed}, 5 * time.Minute, "again in 5m"},
	} {
		var retry time.Time
		if c.retry != 0 {
			retry = noon.Add(c.retry)
		}
		if got := nextBuild(c.step, retry, noon); got != c.want {
			t.Errorf("%s from %s: %q, want %q", c.step.Action, c.step.StartBy, got, c.want)
		}
	}
}

func TestStatusIsWorstFirstAndFitsTheTerminal(t *testing.T) {
	state := map[string]struct {
		state planner.AssetState
		due   time.Duration
	}{
		"fresh": {planner.StateFresh, 0}, "b.behind": {planner.StateBehind, time.Hour}, "a.behind": {planner.StateBehind, time.Hour}, "z.behind": {planner.StateBehind, time.Minute},
		"stale": {planner.StateStale, -time.Hour}, "missing": {planner.StateMissing, 0}, "failed": {planner.StateFailed, 0}, "changed": {planner.StateChanged, 0},
	}
	in := planner.Input{Project: &assets.Project{Assets: map[assets.Name]*assets.Asset{}, Freshness: []assets.Freshness{{MaxLag: time.Hour}}}, Graph: &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{}}, Now: noon, State: planner.State{Last: map[planner.Key]planner.Materialization{}}}
	var plan planner.Plan
	var selected []assets.Name
	for name, s := range state {
		step := step(name, planner.Wait)
		step.State = s.state
		if s.due != 0 {
			step.Due, step.BehindSince = noon.Add(s.due), noon.Add(s.due-time.Hour)
		}
		plan.Steps, selected = append(plan.Steps, step), append(selected, n(name))
		in.Graph.Order, in.Graph.Nodes[step.Asset] = append(in.Graph.Order, step.Asset), &lineage.Node{}
		in.Project.Assets[step.Asset] = &assets.Asset{Name: step.Asset, Enabled: true}
		in.State.Last[step.Key] = planner.Materialization{Table: "t", Rows: 1234567, Began: noon.Add(-time.Hour), Ended: noon.Add(-time.Hour)}
	}
	doc := NewStatus(in, plan, selected, nil)
	var order []string
	for _, a := range doc.Assets {
		order = append(order, strings.TrimPrefix(a.Asset.String(), "main."))
	}
	if diff := cmp.Diff("failed missing changed stale z.behind a.behind b.behind fresh", strings.Join(order, " ")); diff != "" {
		t.Error(diff)
	}
	for width, want := range map[int]string{
		0:   "ASSET     STATE    LAG  DATA UNTIL (UTC)  DUE         NEXT BUILD          POLICY         BUILT        ROWS    TOOK  CHECKS",
		118: "ASSET     STATE    LAG  DATA UNTIL (UTC)  DUE         NEXT BUILD          POLICY         BUILT        ROWS  CHECKS",
		80:  "ASSET     STATE    LAG  DUE         NEXT BUILD          POLICY         CHECKS",
		70:  "ASSET     STATE    LAG  DUE         NEXT BUILD          CHECKS",
	} {
		var b bytes.Buffer
		StatusText(&b, doc, noon, Style{}, width)
		header, _, _ := strings.Cut(b.String(), "\n")
		if diff := cmp.Diff(want, header); diff != "" {
			t.Errorf("on %d columns:\n%s", width, diff)
		}
	}
}

func TestSourcesSaySinceWhenSomethingIsWrong(t *testing.T) {
	for _, c := range []struct {
		source SourceStatusJSON
		want   string
	}{
		{SourceStatusJSON{}, ""},
		{SourceStatusJSON{LateSince: after(-3 * time.Hour), maxAge: 26 * time.Hour}, "late since 2026-03-02 09:00 UTC (3h ago): a delivery is promised every 26h"},
		{SourceStatusJSON{Error: "no such file", ErrorSince: after(0)}, "cannot be observed: no such file"},
		{SourceStatusJSON{Error: "no such file", ErrorSince: after(-2 * time.Minute)}, "cannot be observed since 2026-03-02 11:58 UTC (2m ago): no such file"},
	} {
		if got := c.source.trouble(noon); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestWhatWaitsSaysUntilWhen(t *testing.T) {
	wait := func(due, startBy time.Duration) planner.Step {
		s := step("mart.x", planner.Wait, planner.Reason{Code: planner.NotDue, Message: "the planner's words"}, planner.Reason{Code: planner.InputBehind, Message: "staging.a is behind"})
		if due != 0 {
			s.Due = noon.Add(due)
		}
		if startBy != 0 {
			s.StartBy = noon.Add(startBy)
		}
		return s
	}
	for _, c := range []struct {
		step planner.Step
		now  time.Time
		want string
	}{
		{wait(42*time.Minute, 42*time.Minute), noon, "not due until 2026-03-02 12:42 UTC (in 42m): staging.a is behind"},
		{wait(42*time.Minute, 42*time.Minute-time.Second), noon, "not due until 2026-03-02 12:42 UTC (in 42m): staging.a is behind"},
		{wait(42*time.Minute, 30*time.Minute), noon, "not due until 2026-03-02 12:42 UTC (in 42m), starts 2026-03-02 12:30 UTC (in 30m): staging.a is behind"},
		{wait(42*time.Minute, 42*time.Minute), time.Time{}, "not due until 2026-03-02 12:42 UTC: staging.a is behind"},
		{wait(0, 0), noon, "the planner's words; staging.a is behind"},
		{wait(0, -time.Hour), noon, "the planner's words; staging.a is behind"},
	} {
		if got := Why(c.step, c.now); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestThePlanSaysWhatIsBuiltNext(t *testing.T) {
	first, second := step("mart.first", planner.Wait), step("mart.second", planner.Wait)
	first.StartBy, second.StartBy = noon.Add(12*time.Minute), noon.Add(time.Hour)
	var b bytes.Buffer
	PlanText(&b, planner.Plan{At: noon, Steps: []planner.Step{second, first, step("mart.never", planner.Wait)}}, planner.Options{}, Style{})
	if want := "3 waiting; 0 unchanged.\nNext: mart.first at 2026-03-02 12:12 UTC (in 12m). `assets apply -all` builds what waits now.\n"; !strings.HasSuffix(b.String(), want) {
		t.Errorf("want at the end %q:\n%s", want, b.String())
	}
}

func TestDemandsSayWhoAsksForWhatAndWhen(t *testing.T) {
	self, other := n("mart.x"), n("mart.report")
	arrived := &UnreflectedJSON{Source: n("raw.orders"), Arrived: noon.Add(-time.Hour)}
	hour := FreshnessJSON{MaxLagSeconds: 3600}
	for _, c := range []struct {
		demand  DemandJSON
		several bool
		want    string
	}{
		{DemandJSON{PolicyJSON: PolicyJSON{FreshnessJSON: hour, Of: &self}, AsksFor: arrived, Due: after(0)}, false, "Its own max_lag 1h: due 2026-03-02 12:00 UTC (overdue 0s)."},
		{DemandJSON{PolicyJSON: PolicyJSON{FreshnessJSON: hour, Of: &other}, AsksFor: arrived, Due: after(42 * time.Minute)}, true, "max_lag 1h of mart.report, which is made from it: due 2026-03-02 12:42 UTC (in 42m), for raw.orders."},
		{DemandJSON{PolicyJSON: PolicyJSON{FreshnessJSON: hour, Default: true}}, false, "The project's default max_lag 1h: it asks for nothing now."},
		{DemandJSON{AsksFor: arrived, Due: after(-time.Hour)}, false, "No policy is declared for it, so nothing may lag: due 2026-03-02 11:00 UTC (overdue 1h)."},
		{DemandJSON{PolicyJSON: PolicyJSON{FreshnessJSON: FreshnessJSON{At: "0 8 * * *", Timezone: "Asia/Tokyo"}, Of: &self}, AsksFor: arrived, Due: after(11 * time.Hour)}, false,
			"Its own max_lag 0s at 0 8 * * * Asia/Tokyo: due 2026-03-03 08:00 Asia/Tokyo (2026-03-02 23:00 UTC, in 11h)."},
		{DemandJSON{PolicyJSON: PolicyJSON{FreshnessJSON: FreshnessJSON{At: "0 0 29 2 *"}, Of: &self}, AsksFor: arrived}, false, "Its own max_lag 0s at 0 0 29 2 * : it never ticks again, so it asks for nothing."},
	} {
		if got := c.demand.text(self, c.several, noon); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
