package planner

import (
	"testing"

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

// publishedAs records an attempt of an asset as it is now, with this outcome.
func (w *world) publishedAs(name string, status Status) {
	n := assets.MustName(name)
	before, found := w.State.Last[Key{Asset: n}], w.State.Found[n]
	w.publish(n)
	m := w.State.Last[Key{Asset: n}]
	m.Status = status
	w.State.Failed[Key{Asset: n}], w.State.Last[Key{Asset: n}], w.State.Found[n] = m, before, found
}
