package planner

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
)

func at(clock string) time.Time {
	t, err := time.Parse("15:04", clock)
	if err != nil {
		panic(err)
	}
	return time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
}

// foreseen writes a forecast as lines.
func foreseen(f Forecast) (lines []string) {
	clock := func(t time.Time) string {
		if t.IsZero() {
			return "…"
		}
		return t.Format("15:04")
	}
	for _, b := range f.Builds {
		lines = append(lines, fmt.Sprintf("%s-%s %s: %s of %s", clock(b.Began), clock(b.Ended), b.Asset, b.Source, clock(b.Since)))
	}
	for _, b := range f.Breaches {
		lines = append(lines, fmt.Sprintf("breach %s-%s %s", clock(b.Due), clock(b.Ended), b.Asset))
	}
	return lines
}

func TestSimulate(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(w *world)
		arriving []Arriving
		want     []string
	}{
		{"nothing arrives", func(w *world) {}, nil, nil},
		{"what arrives is built when the policy below asks for it", func(w *world) {
			w.asset("b").Freshness = []assets.Freshness{{MaxLag: time.Hour}}
			w.State.Estimates = map[assets.Name]time.Duration{assets.MustName("a"): 10 * time.Minute, assets.MustName("b"): 5 * time.Minute}
		}, []Arriving{{assets.MustName("raw.s"), at("11:00")}}, []string{
			"11:45-12:00 a: raw.s of 11:00", "11:45-12:00 b: raw.s of 11:00"}},
		{"at a time of day", func(w *world) {
			w.asset("b").Freshness = []assets.Freshness{{MaxLag: 2 * time.Hour, At: "0 20 * * *"}}
			w.State.Estimates = map[assets.Name]time.Duration{assets.MustName("a"): 10 * time.Minute, assets.MustName("b"): 5 * time.Minute}
		}, []Arriving{{assets.MustName("raw.s"), at("11:00")}, {assets.MustName("raw.s"), at("17:00")}, {assets.MustName("raw.s"), at("19:00")}}, []string{
			"19:45-20:00 a: raw.s of 11:00", "19:45-20:00 b: raw.s of 11:00"}},
		{"a build that takes longer than may be", func(w *world) {
			w.asset("a").Freshness = []assets.Freshness{{MaxLag: 10 * time.Minute}}
			w.State.Estimates = map[assets.Name]time.Duration{assets.MustName("a"): 30 * time.Minute, assets.MustName("b"): 0}
		}, []Arriving{{assets.MustName("raw.s"), at("11:00")}}, []string{
			"11:00-11:30 a: raw.s of 11:00", "11:00-11:30 b: raw.s of 11:00", "breach 11:10-11:30 a"}},
		{"what arrives while it is built is built then", func(w *world) {
			w.State.Estimates = map[assets.Name]time.Duration{assets.MustName("a"): 30 * time.Minute, assets.MustName("b"): 0}
			w.asset("a").Freshness = []assets.Freshness{{}}
		}, []Arriving{{assets.MustName("raw.s"), at("11:00")}, {assets.MustName("raw.s"), at("11:10")}}, []string{
			"11:00-11:30 a: raw.s of 11:00", "11:00-11:30 b: raw.s of 11:00",
			"11:30-12:00 a: raw.s of 11:10", "11:30-12:00 b: raw.s of 11:10", "breach 11:00-12:00 a"}},
		{"a schedule", func(w *world) {
			w.asset("b").Schedule = assets.Schedule{Expr: "0 */6 * * *"}
			w.State.Estimates = map[assets.Name]time.Duration{}
			for n, m := range w.State.Last {
				m.Began = m.Ended
				w.State.Last[n] = m
			}
		}, nil, []string{
			"12:00-12:00 b: b.schedule of 12:00", "18:00-18:00 b: b.schedule of 18:00"}},
	} {
		w := newWorld("a < raw.s", "b < a")
		c.change(w)
		got := foreseen(Simulate(w.Input, c.arriving, at("23:00")))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// policies draws policies, schedules and estimates.
func policies(t *rapid.T, w *world) {
	w.State.Estimates, w.State.Planned = map[assets.Name]time.Duration{}, map[Planned]time.Time{}
	for _, n := range w.Graph.Order {
		a := w.Project.Assets[n]
		w.State.Estimates[n] = time.Duration(rapid.IntRange(0, 90).Draw(t, "estimate")) * time.Minute
		switch rapid.IntRange(0, 5).Draw(t, "policy of "+n.String()) {
		case 1:
			a.Freshness = []assets.Freshness{{MaxLag: time.Duration(rapid.IntRange(0, 8).Draw(t, "max_lag")) * time.Hour}}
		case 2:
			a.Freshness = []assets.Freshness{{MaxLag: time.Hour, At: "0 6,18 * * *", Timezone: "Europe/London"}}
		case 3:
			if a.Kind == assets.Table {
				a.Schedule = assets.Schedule{Expr: "30 */4 * * *"}
				w.State.Planned[PlannedSchedule(a, "")] = now
			}
		}
	}
}

func arrivals(t *rapid.T, w *world) (list []Arriving) {
	for _, name := range assets.SortedNames(w.Project.Sources) {
		for range rapid.IntRange(0, 4).Draw(t, "arrivals of "+name.String()) {
			list = append(list, Arriving{name, now.Add(time.Duration(rapid.IntRange(1, 24*60).Draw(t, "minute")) * time.Minute)})
		}
	}
	slices.SortStableFunc(list, func(a, b Arriving) int { return a.At.Compare(b.At) })
	return list
}

// mixed is a project of n assets, up to date, of which the last layers declare
// policies of all forms, and its sources' arrivals of a day: each every one to six hours.
func mixed(n int) (*world, []Arriving) {
	w := layered(n)
	random := rand.New(rand.NewPCG(3, 4))
	w.State.Estimates = map[assets.Name]time.Duration{}
	for i, name := range w.Graph.Order {
		w.State.Estimates[name] = time.Duration(random.IntN(120)) * time.Second
		if i < n/2 {
			continue // as those below ask for it
		}
		a := w.Project.Assets[name]
		switch random.IntN(6) {
		case 0:
			a.Freshness = []assets.Freshness{{MaxLag: time.Duration(1+random.IntN(12)) * time.Hour}}
		case 1:
			a.Freshness = []assets.Freshness{{MaxLag: 2 * time.Hour, At: fmt.Sprintf("0 %d * * MON-FRI", 6+random.IntN(4)), Timezone: "Europe/London"}}
		case 2:
			a.Schedule = assets.Schedule{Expr: "@daily"}
		case 3:
			a.Freshness = []assets.Freshness{{MaxLag: 24 * time.Hour}, {MaxLag: time.Hour, At: "0 12 * * *", Timezone: "America/New_York"}}
		}
	}
	w.Project.Freshness = []assets.Freshness{{MaxLag: 24 * time.Hour}}
	var list []Arriving
	for _, name := range assets.SortedNames(w.Project.Sources) {
		every := time.Duration(60+random.IntN(300)) * time.Minute
		for t := now.Add(every).Truncate(time.Minute); t.Before(now.Add(24 * time.Hour)); t = t.Add(every) {
			list = append(list, Arriving{name, t})
		}
	}
	slices.SortStableFunc(list, func(a, b Arriving) int { return a.At.Compare(b.At) })
	return w, list
}

// Building what policies ask for takes fewer builds than building whatever arrives,
// and keeps the same policies.
func TestPoliciesSaveBuilds(t *testing.T) {
	w, list := mixed(300)
	lazy := Simulate(w.Input, list, now.Add(24*time.Hour))
	eager := 0
	for _, n := range CountBuilds(Eager(w.Input), list, now.Add(24*time.Hour)) {
		eager += n
	}
	t.Logf("%d arrivals: %d builds as policies ask for, %d of whatever arrives: %.0f %% saved", len(list), len(lazy.Builds), eager,
		100*(1-float64(len(lazy.Builds))/float64(eager)))
	if len(lazy.Builds) == 0 || len(lazy.Builds) >= eager {
		t.Errorf("%d builds as policies ask for, %d of whatever arrives", len(lazy.Builds), eager)
	}
}

const simulatedAssets = 10_000

// A day of 10,000 assets.
func BenchmarkSimulateDay(b *testing.B) {
	w, list := mixed(simulatedAssets)
	for b.Loop() {
		f := Simulate(w.Input, list, now.Add(24*time.Hour))
		b.ReportMetric(float64(len(f.Builds)), "builds")
		b.ReportMetric(float64(len(list)), "arrivals")
	}
}
