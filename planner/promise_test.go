package planner

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
)

// mart.b is built from staging.a; each takes as long as the test says.
func TestPoliciesThatCannotBePromised(t *testing.T) {
	lag := func(d time.Duration) []assets.Freshness { return []assets.Freshness{{MaxLag: d}} }
	ticks := func(d time.Duration, at string) []assets.Freshness {
		return []assets.Freshness{{MaxLag: d, At: at}}
	}
	for _, c := range []struct {
		name     string
		a, b     time.Duration
		of       map[string][]assets.Freshness // "" is the project
		disabled string
		want     string
	}{
		{"nothing is promised", time.Hour, time.Hour, nil, "", ""},
		{"half of max_lag is enough", 10 * time.Minute, 20 * time.Minute, map[string][]assets.Freshness{"mart.b": lag(time.Hour)}, "", ""},
		{"more is not", 10 * time.Minute, 21 * time.Minute, map[string][]assets.Freshness{"mart.b": lag(time.Hour)}, "", "mart.b max_lag 1h takes 31m"},
		{"it is told where it is declared", 31 * time.Minute, time.Hour, map[string][]assets.Freshness{"staging.a": lag(time.Hour), "mart.b": lag(4 * time.Hour)}, "", "staging.a max_lag 1h takes 31m"},
		{"what is inherited is told of the heir", time.Hour, time.Minute, map[string][]assets.Freshness{"mart.b": lag(time.Hour)}, "", "mart.b max_lag 1h takes 1h1m"},
		{"the default", time.Minute, time.Hour, map[string][]assets.Freshness{"": lag(time.Hour)}, "", "mart.b max_lag 1h takes 1h1m"},
		{"the default is not for what is covered", time.Hour, time.Minute, map[string][]assets.Freshness{"": lag(time.Hour), "mart.b": lag(8 * time.Hour)}, "", ""},
		{"a tick a day leaves all of max_lag", 0, time.Hour, map[string][]assets.Freshness{"mart.b": ticks(time.Hour, "@daily")}, "", ""},
		{"but no more", 0, 61 * time.Minute, map[string][]assets.Freshness{"mart.b": ticks(time.Hour, "@daily")}, "", "mart.b max_lag 1h at @daily takes 1h1m"},
		{"ticks closer than builds are like every moment", 0, 40 * time.Minute, map[string][]assets.Freshness{"mart.b": ticks(time.Hour, "*/30 * * * *")}, "", "mart.b max_lag 1h at */30 * * * * takes 40m"},
		{"as soon as possible is always kept", time.Hour, time.Hour, map[string][]assets.Freshness{"mart.b": lag(0)}, "", ""},
		{"what is disabled takes no time", time.Hour, time.Minute, map[string][]assets.Freshness{"mart.b": lag(time.Hour)}, "staging.a", ""},
	} {
		w := newWorld("staging.a < raw.a", "mart.b < staging.a")
		w.State.Estimates = map[assets.Name]time.Duration{n("staging.a"): c.a, n("mart.b"): c.b}
		for name, freshness := range c.of {
			if name == "" {
				w.Project.Freshness = freshness
			} else {
				w.asset(name).Freshness = freshness
			}
		}
		if c.disabled != "" {
			w.asset(c.disabled).Enabled = false
		}
		var got []string
		for _, u := range Unpromised(w.Input) {
			got = append(got, fmt.Sprintf("%s %s takes %s", u.Asset, u.Policy, duration(u.Chain)))
		}
		if diff := cmp.Diff(c.want, strings.Join(got, "; ")); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

func TestASourceIsLateFromMaxAgeAfterItsLastDelivery(t *testing.T) {
	w := newWorld("staging.a < raw.a")
	if from := LateFrom(w.Input, n("raw.a")); !from.IsZero() {
		t.Errorf("late from %s without a promise", from)
	}
	w.Project.Sources[n("raw.a")].MaxAge = 26 * time.Hour
	if from := LateFrom(w.Input, n("raw.a")); !from.Equal(now.Add(24 * time.Hour)) {
		t.Errorf("late from %s", from)
	}
	w.observe("raw.a", func(o *Observation) { o.Delivered = now }) // the same content again
	if from := LateFrom(w.Input, n("raw.a")); !from.Equal(now.Add(26 * time.Hour)) {
		t.Errorf("late from %s after another delivery", from)
	}
}

func n(name string) assets.Name { return assets.MustName(name) }
