package planner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
)

// promise is a project of one source and two assets, the last of which has policies.
// It was built from version 1 at midnight.
func promise(blocks ...assets.Freshness) *world {
	w := newWorld("staging.a < raw.s", "mart.b < staging.a")
	w.Project.Timezone = "Europe/Paris"
	w.Now = day(0, 0)
	w.State.Arrivals = map[assets.Name][]Arrival{assets.MustName("raw.s"): nil}
	w.delivers("1", w.Now)
	for _, name := range w.Graph.Order {
		w.publish(name)
		w.last(name.String(), func(m *Materialization) { m.Ended = w.Now })
	}
	w.asset("mart.b").Freshness = blocks
	w.plan(w.Now)
	return w
}

// day is a time on 29 March 2026, on which Paris has no hour between 2 and 3: UTC.
func day(hour, minute int) time.Time { return time.Date(2026, 3, 29, hour, minute, 0, 0, time.UTC) }

// plan says that all policies were planned with first at a moment.
func (w *world) plan(at time.Time) {
	w.State.Planned = map[Planned]time.Time{}
	for _, key := range PlannedPolicies(w.Project, w.Graph) {
		w.State.Planned[key] = at
	}
}

func (w *world) delivers(id assets.Digest, at time.Time) {
	name := assets.MustName("raw.s")
	w.State.Arrivals[name] = append(w.State.Arrivals[name], Arrival{id, at})
	w.observe("raw.s", func(o *Observation) { o.ID, o.Arrived = id, at })
}

// runs publishes assets at a moment, by a run that began then, too, and returns what
// it enters in the ledger.
func (w *world) runs(l *Ledger, began, at time.Time, built ...string) []Breach {
	before := w.Input
	before.Now = at
	w.State = w.State.copied()
	for _, name := range built {
		w.publish(assets.MustName(name))
		w.last(name, func(m *Materialization) { m.Made.ID += "x"; m.Digests, m.Ended = nil, at })
		delete(w.State.Failed, Key{Asset: assets.MustName(name)})
	}
	w.State.KeepEarlier(before.State)
	entered := l.Settle(before, w.State, "01RUN", began)
	*l = Ledger{Synced: at}
	for _, b := range entered {
		if b.Ended.IsZero() {
			l.Open = append(l.Open, b)
		}
	}
	return entered
}

func (s State) copied() State {
	last, failed := map[Key]Materialization{}, map[Key]Materialization{}
	for k, v := range s.Last {
		last[k] = v
	}
	for k, v := range s.Failed {
		failed[k] = v
	}
	s.Last, s.Failed = last, failed
	return s
}

func entries(list []Breach) string {
	var lines []string
	for _, b := range list {
		until := "…"
		if !b.Ended.IsZero() {
			until = b.Ended.Format("15:04")
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s–%s behind %s since %s: %s", b.Name, b.Policy, b.Due.Format("15:04"), until, b.Source, b.BehindSince.Format("15:04"), b.Cause))
	}
	return strings.Join(lines, "\n")
}

var (
	both   = []string{"staging.a", "mart.b"}
	hourly = assets.Freshness{MaxLag: time.Hour}
)

// What a run that begins at 12:00 and is published at 12:05 enters.
func TestWhatARunEnters(t *testing.T) {
	for _, c := range []struct {
		name    string
		blocks  []assets.Freshness
		happens func(w *world)
		want    string
	}{
		{"nothing arrived", []assets.Freshness{hourly}, func(w *world) {}, ""},
		{"built in time", []assets.Freshness{hourly}, func(w *world) { w.delivers("2", day(11, 30)) }, ""},
		{
			"nothing was running", []assets.Freshness{hourly},
			func(w *world) { w.delivers("2", day(7, 0)); w.delivers("3", day(9, 0)) },
			"mart.b max_lag 1h: 08:00–12:05 behind raw.s since 07:00: no run built it before the one that began at 2026-03-29 12:00 UTC",
		},
		{
			"the build took too long", []assets.Freshness{hourly}, func(w *world) { w.delivers("2", day(11, 2)) },
			"mart.b max_lag 1h: 12:02–12:05 behind raw.s since 11:02: the run that built it began at 2026-03-29 12:00 UTC and took until after it was due",
		},
		{
			"the policy came later than the version", []assets.Freshness{hourly},
			func(w *world) { w.delivers("2", day(7, 0)); w.plan(day(10, 0)) },
			"mart.b max_lag 1h: 11:00–12:05 behind raw.s since 10:00: no run built it before the one that began at 2026-03-29 12:00 UTC",
		},
		{
			"several blocks, one of them broken", []assets.Freshness{hourly, {MaxLag: 24 * time.Hour}, {MaxLag: 0, Sources: names("raw.other")}},
			func(w *world) { w.delivers("2", day(7, 0)) },
			"mart.b max_lag 1h: 08:00–12:05 behind raw.s since 07:00: no run built it before the one that began at 2026-03-29 12:00 UTC",
		},
		{
			"several missed ticks are one breach", []assets.Freshness{{MaxLag: 0, At: "0 * * * *"}}, func(w *world) { w.delivers("2", day(7, 20)) },
			"mart.b max_lag 0s at 0 * * * * Europe/Paris: 08:00–12:05 behind raw.s since 07:20: no run built it before the one that began at 2026-03-29 12:00 UTC",
		},
		{
			"a tick in the hour that the clocks skip", []assets.Freshness{{MaxLag: 0, At: "30 2 * * *"}}, func(w *world) { w.delivers("2", day(0, 20)) },
			"mart.b max_lag 0s at 30 2 * * * Europe/Paris: 01:00–12:05 behind raw.s since 00:20: no run built it before the one that began at 2026-03-29 12:00 UTC",
		},
		{
			"no tick came", []assets.Freshness{{MaxLag: time.Hour, At: "0 8 * * *"}}, func(w *world) { w.delivers("2", day(5, 1)) }, "",
		},
		{
			"the source went back", []assets.Freshness{hourly}, func(w *world) { w.delivers("2", day(7, 0)); w.delivers("1", day(9, 30)) },
			"mart.b max_lag 1h: 08:00–09:30 behind raw.s since 07:00: nothing built it until its source had again what it was built from",
		},
		{
			"it went back and on", []assets.Freshness{hourly},
			func(w *world) { w.delivers("2", day(7, 0)); w.delivers("1", day(9, 30)); w.delivers("2", day(10, 0)) },
			"mart.b max_lag 1h: 08:00–09:30 behind raw.s since 07:00: nothing built it until its source had again what it was built from\n" +
				"mart.b max_lag 1h: 11:00–12:05 behind raw.s since 10:00: no run built it before the one that began at 2026-03-29 12:00 UTC",
		},
		{
			"an input fails", []assets.Freshness{hourly},
			func(w *world) {
				w.delivers("2", day(7, 0))
				w.fails("staging.a", "division by zero\nin line 2")
				failed := w.State.Failed[Key{Asset: assets.MustName("staging.a")}]
				failed.Ended = day(7, 30)
				w.State.Failed[failed.Key] = failed
			},
			"mart.b max_lag 1h: 08:00–12:05 behind raw.s since 07:00: staging.a: the last attempt failed: division by zero",
		},
		{
			"a source cannot be read", []assets.Freshness{hourly},
			func(w *world) {
				w.delivers("2", day(7, 0))
				w.observe("raw.s", func(o *Observation) { o.Err, o.Unreadable = "the server is down. Start it", true })
			},
			"mart.b max_lag 1h: 08:00–12:05 behind raw.s since 07:00: source raw.s cannot be read: the server is down",
		},
		{"disabled", []assets.Freshness{hourly}, func(w *world) { w.delivers("2", day(7, 0)); w.asset("mart.b").Enabled = false }, ""},
		{"never built", []assets.Freshness{hourly}, func(w *world) { w.delivers("2", day(7, 0)); w.forget("mart.b") }, ""},
		{
			"the project's default", nil,
			func(w *world) {
				w.delivers("2", day(7, 0))
				w.Project.Freshness = []assets.Freshness{hourly}
				w.plan(day(0, 0))
			},
			"mart.b max_lag 1h: 08:00–12:05 behind raw.s since 07:00: no run built it before the one that began at 2026-03-29 12:00 UTC\n" +
				"staging.a max_lag 1h: 08:00–12:05 behind raw.s since 07:00: no run built it before the one that began at 2026-03-29 12:00 UTC",
		},
		{
			"the supplier was late, and is again", nil,
			func(w *world) {
				w.Project.Sources[assets.MustName("raw.s")].MaxAge = 4 * time.Hour
				w.plan(day(0, 0))
				w.delivers("2", day(7, 0))
			},
			"raw.s max_age 4h: 04:00–07:00 behind raw.s since 00:00: nothing was delivered since 2026-03-29 00:00 UTC\n" +
				"raw.s max_age 4h: 11:00–… behind raw.s since 07:00: nothing was delivered since 2026-03-29 07:00 UTC",
		},
		{
			"an equal delivery is one", nil,
			func(w *world) {
				w.Project.Sources[assets.MustName("raw.s")].MaxAge = 10 * time.Hour
				w.plan(day(0, 0))
				w.observe("raw.s", func(o *Observation) { o.Delivered = day(9, 0) })
			}, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := promise(c.blocks...)
			c.happens(w)
			if diff := cmp.Diff(c.want, entries(w.runs(&Ledger{}, day(12, 0), day(12, 5), both...))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A breach that outlasts runs is one entry, whatever is not reflected by then; its first
// cause stays, and another run ends it once.
func TestABreachOutlastsRuns(t *testing.T) {
	w, l := promise(hourly), &Ledger{Synced: day(0, 0)}
	for _, step := range []struct {
		happens func()
		at      time.Time
		built   []string
		want    string
	}{
		{func() { w.delivers("2", day(7, 0)) }, day(7, 30), nil, ""},
		{func() {}, day(9, 0), []string{"staging.a"}, "mart.b max_lag 1h: 08:00–… behind raw.s since 07:00: "},
		{
			func() { w.delivers("3", day(9, 10)); w.fails("mart.b", "out of memory") }, day(10, 0), nil,
			"mart.b max_lag 1h: 08:00–… behind raw.s since 07:00: mart.b: the last attempt failed: out of memory",
		},
		{func() {}, day(11, 0), both, "mart.b max_lag 1h: 08:00–11:00 behind raw.s since 07:00: mart.b: the last attempt failed: out of memory"},
		{func() {}, day(12, 0), both, ""},
	} {
		step.happens()
		if step.at.Equal(day(10, 0)) {
			failed := w.State.Failed[Key{Asset: assets.MustName("mart.b")}]
			failed.Ended = day(9, 30)
			w.State.Failed[failed.Key] = failed
		}
		if diff := cmp.Diff(step.want, entries(w.runs(l, step.at.Add(-time.Minute), step.at, step.built...))); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", step.at, diff)
		}
	}
}

// What turns out to be equal to what was read heals a breach without a build.
func TestEqualContentEndsABreach(t *testing.T) {
	w := promise(hourly)
	w.delivers("2", day(7, 0))
	before := w.Input
	before.Now = day(12, 5)
	w.State = w.State.copied()
	w.publish(assets.MustName("staging.a")) // its content is as before
	want := "mart.b max_lag 1h: 08:00–12:05 behind raw.s since 07:00: no run built it before the one that began at 2026-03-29 12:00 UTC"
	if diff := cmp.Diff(want, entries((Ledger{}).Settle(before, w.State, "01RUN", day(12, 0)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whoever withdraws a policy ends its breach.
func TestAPolicyIsWithdrawn(t *testing.T) {
	w, l := promise(hourly), &Ledger{Synced: day(0, 0)}
	w.delivers("2", day(7, 0))
	w.runs(l, day(9, 0), day(9, 0))
	w.asset("mart.b").Freshness = nil
	want := "mart.b max_lag 1h: 08:00–12:05 behind raw.s since 07:00: nothing built it while its policy, and what it is made from, were declared so"
	if diff := cmp.Diff(want, entries(w.runs(l, day(12, 0), day(12, 5)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A project that does not compile can be destroyed: that ends its breaches.
func TestDestroyingEndsABreach(t *testing.T) {
	w, l := promise(hourly), &Ledger{Synced: day(0, 0)}
	w.delivers("2", day(7, 0))
	w.runs(l, day(9, 0), day(9, 0))
	w.Now, w.Graph = day(12, 5), nil
	got := l.Settle(w.Input, State{}, "01RUN", day(12, 0))
	if len(got) != 1 || !got[0].Ended.Equal(day(12, 5)) {
		t.Errorf("entered %s", entries(got))
	}
}

// What was delivered again with equal content leaves no trace once something else
// arrives: nobody is blamed for a time in which that may have been.
func TestNobodyIsBlamedForWhatIsNotKnown(t *testing.T) {
	w, l := promise(), &Ledger{}
	w.Project.Sources[assets.MustName("raw.s")].MaxAge = 4 * time.Hour
	w.plan(day(0, 0))
	w.observe("raw.s", func(o *Observation) { o.Delivered = day(3, 0) })
	w.runs(l, day(6, 0), day(6, 0)) // not late: it was delivered at 3:00
	w.observe("raw.s", func(o *Observation) { o.Delivered = time.Time{} })
	w.delivers("2", day(9, 0))
	if got := entries(w.runs(l, day(12, 0), day(12, 0))); got != "" {
		t.Errorf("entered %s", got)
	}
}

func TestShares(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 0, 0, 0, paris)
	}
	a, b := assets.MustName("mart.a"), assets.MustName("mart.b")
	since := map[assets.Name]time.Time{a: at(2, 27, 0), b: at(4, 1, 0)}
	list := []Breach{
		{Name: a, Due: at(2, 28, 12), Ended: at(3, 1, 12)},
		{Name: a, Due: at(3, 10, 0), Ended: at(3, 12, 0)},
		{Name: a, Policy: "another", Due: at(3, 11, 0), Ended: at(3, 13, 0)}, // at the same time
		{Name: a, Due: at(4, 1, 6)},                                          // going on
		{Name: assets.MustName("mart.gone"), Due: at(3, 1, 0), Ended: at(3, 2, 0)},
	}
	var lines []string
	for _, s := range Shares(list, since, at(4, 1, 8), paris) {
		lines = append(lines, fmt.Sprintf("%s %s: %s of %s broken in %d, %.4f", s.Name, s.Month.Format("2006-01"), s.Broken, s.Counted, s.Breaches, s.Fresh()))
	}
	want := []string{
		"mart.a 2026-04: 2h0m0s of 8h0m0s broken in 1, 0.7500",
		"mart.a 2026-03: 84h0m0s of 743h0m0s broken in 3, 0.8869", // of 31 days less the hour that the clocks skip
		"mart.a 2026-02: 12h0m0s of 48h0m0s broken in 1, 0.7500",
		"mart.b 2026-04: 0s of 8h0m0s broken in 0, 1.0000",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A breach that goes on is one, also if the run that entered it had a clock that was ahead, so
// that the ledger goes on from an entry before it was due.
func TestABreachThatAClockAheadEnteredGoesOn(t *testing.T) {
	w := newWorld("a < raw.s")
	w.asset("a").Freshness = []assets.Freshness{{MaxLag: time.Minute}}
	w.plan(now.Add(-3 * time.Hour))
	w.observe("raw.s", func(o *Observation) { o.Version.ID, o.Arrived = "file:2", now.Add(-time.Hour+500*time.Nanosecond) })
	l := Ledger{Synced: now.Add(-2 * time.Hour)}
	for range 2 {
		breaches := l.Breaches(w.Input)
		if len(breaches) != 1 || !breaches[0].Ended.IsZero() {
			t.Fatalf("%+v", breaches)
		}
		breaches[0].Due = breaches[0].Due.Truncate(time.Microsecond) // as a warehouse keeps it
		l.Open = breaches
	}
}
