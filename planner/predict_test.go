package planner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
)

// mart.b, which is to lag an hour at most, is made from staging.a of raw.s; both
// together take 20 minutes. Something arrived at seven.
func TestBreachesThatAreToCome(t *testing.T) {
	running := func(since time.Time, of ...string) map[assets.Name]time.Time {
		all := map[assets.Name]time.Time{}
		for _, name := range of {
			all[assets.MustName(name)] = since
		}
		return all
	}
	for _, c := range []struct {
		name    string
		at      time.Time
		running map[assets.Name]time.Time
		happens func(w *world)
		want    string
	}{
		{"there is time enough", day(7, 30), nil, nil, ""},
		{"just", day(7, 41), nil, nil, ""},
		{"no longer", day(7, 43), nil, nil, "mart.b max_lag 1h: due 08:00, ready 08:03: "},
		{"it is being built in time", day(7, 55), running(day(7, 40), "staging.a", "mart.b"), nil, ""},
		{"the run began too late", day(7, 55), running(day(7, 50), "staging.a", "mart.b"), nil, "mart.b max_lag 1h: due 08:00, ready 08:10: "},
		{"it should have been ready", day(7, 59), running(day(7, 30), "staging.a", "mart.b"), nil, ""},
		{"what stands against it is told", day(7, 50), nil, func(w *world) {
			w.fails("mart.b", "out of memory")
			failed := w.State.Failed[Key{Asset: n("mart.b")}]
			failed.Ended = day(7, 45)
			w.State.Failed[failed.Key] = failed
		},
			"mart.b max_lag 1h: due 08:00, ready 08:10: mart.b: the last attempt failed: out of memory"},
		{"it has come", day(8, 0), nil, nil, ""},
		{"nothing was promised", day(7, 50), nil, func(w *world) { w.asset("mart.b").Freshness = nil }, ""},
		{"it was built", day(7, 50), nil, func(w *world) { w.publish(assets.MustName("staging.a")); w.publish(assets.MustName("mart.b")) }, ""},
	} {
		w := promise(hourly)
		w.State.Estimates = map[assets.Name]time.Duration{n("staging.a"): 15 * time.Minute, n("mart.b"): 5 * time.Minute}
		w.delivers("2", day(7, 0))
		if w.Now = c.at; c.happens != nil {
			c.happens(w)
		}
		var got []string
		coming, next := PredictBreaches(w.Input, c.running)
		for _, b := range coming {
			got = append(got, fmt.Sprintf("%s %s: due %s, ready %s: %s", b.Name, b.Policy, b.Due.Format("15:04"), b.Ready.Format("15:04"), b.Cause))
		}
		if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if !next.IsZero() { // it is foreseen at that moment, and not before
			for _, late := range []time.Duration{-time.Nanosecond, 0} {
				in := w.Input
				in.Now = next.Add(late)
				if coming, _ := PredictBreaches(in, c.running); len(coming) != 1+int(late) {
					t.Errorf("%s: at %s there are %d", c.name, in.Now, len(coming))
				}
			}
		}
		if wants := c.name == "there is time enough" || c.name == "just"; wants != !next.IsZero() {
			t.Errorf("%s: next at %s", c.name, next)
		}
		if open := Breaching(w.Input); (len(open) == 1) != (c.name == "it has come") {
			t.Errorf("%s: breaches that go on: %v", c.name, open)
		}
	}
}
