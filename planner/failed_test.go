package planner

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// What failed rests as long as nothing that decides about it has moved, on
// raw.s → a → b, where a check of b looks at x, which is made from raw.t.
func TestWhatFailedRests(t *testing.T) {
	attempt := func(w *world) {
		w.redefine("b")
		n := assets.MustName("b")
		w.publishedAs("b", Failed)
		w.node("b").CheckInputs = names("x")
		m := w.State.Failed[Key{Asset: n}]
		m.Looked = map[assets.Name]assets.Digest{assets.MustName("x"): w.State.Last[Key{Asset: assets.MustName("x")}].Made.ID}
		w.State.Failed[Key{Asset: n}] = m
	}
	for _, c := range []struct {
		name   string
		change func(w *world)
		want   Action
	}{
		{"nothing moved", func(w *world) {}, Blocked},
		{"a person asks for it", func(w *world) { w.Options.Retry = true }, Rebuild},
		{"its definition is another", func(w *world) { w.redefine("b") }, Rebuild},
		{"it is to be a view", func(w *world) { w.asset("b").Kind = assets.View }, Rebuild},
		{"its checks are others", func(w *world) { w.asset("b").Checks = []assets.Check{{Kind: assets.RowCount}} }, Rebuild},
		{"an input has other content", func(w *world) { w.rebuilt("a", nil) }, Rebuild},
		{"an input is to be built first", func(w *world) { w.arrive("raw.s") }, Rebuild},
		{"what its check looks at has other content", func(w *world) { w.rebuilt("x", nil) }, Rebuild},
		{"what its check looks at is to be built", func(w *world) { w.arrive("raw.t") }, Blocked},
	} {
		w := newWorld("a < raw.s", "b < a", "x < raw.t")
		attempt(w)
		c.change(w)
		for _, s := range Make(w.Input).Steps {
			if s.Asset == assets.MustName("b") && s.Action != c.want {
				t.Errorf("%s: %s, want %s (%v)", c.name, s.Action, c.want, s.Reasons)
			}
		}
	}
}

// A failure that says when the attempt may be made again rests until then, and the plan wakes
// for it: of a build, and of checks on what is published. If the clock was set back nobody
// waits for longer than was meant.
func TestWhatFailedRestsUntilItsTime(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world)
	}{
		{"a build", func(w *world) { w.redefine("a"); w.publishedAs("a", Failed) }},
		{"checks of what is published", func(w *world) {
			w.asset("a").Checks = []assets.Check{{Kind: assets.RowCount}}
			w.publishedAs("a", Failed)
		}},
	} {
		w := newWorld("a < raw.s")
		c.change(w)
		key := Key{Asset: assets.MustName("a")}
		m := w.State.Failed[key]
		m.Ended, m.Retry, m.Tried, m.FailedSince = now, now.Add(10*time.Minute), 3, now.Add(-time.Hour)
		w.State.Failed[key] = m
		for _, at := range []struct {
			after   time.Duration
			blocked bool
		}{{0, true}, {10*time.Minute - time.Second, true}, {10 * time.Minute, false}, {-30 * time.Second, true}, {-2 * time.Minute, false}} {
			w.Now = now.Add(at.after)
			p := Make(w.Input)
			if got := p.Steps[0].Action == Blocked; got != at.blocked {
				t.Errorf("%s, %v after it failed: %s", c.name, at.after, p.Steps[0].Action)
			}
			if at.blocked && !p.NextWake.Equal(m.Retry) {
				t.Errorf("%s, %v after it failed the plan wakes at %v, want %v", c.name, at.after, p.NextWake, m.Retry)
			}
			if want := "3 attempts failed since 2026-03-02 09:00 UTC; the last attempt failed"; at.blocked && !strings.HasPrefix(p.Steps[0].Reasons[0].Message, want) {
				t.Errorf("%s: %q, want %q", c.name, p.Steps[0].Reasons[0].Message, want)
			}
		}
	}
}

// publishedAs records an attempt of an asset as it is now, with this outcome.
func (w *world) publishedAs(name string, status Status) {
	n := assets.MustName(name)
	before, found := w.State.Last[Key{Asset: n}], w.State.Found[n]
	w.publish(n)
	m := w.State.Last[Key{Asset: n}]
	m.Status = status
	w.State.Failed[Key{Asset: n}], w.State.Last[Key{Asset: n}], w.State.Found[n] = m, before, found
}
