package planner

import (
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

// What a published record read stays known as long as it is read, with all that it was
// made from, and no longer.
func TestEarlierVersionsAreKeptWhileTheyAreRead(t *testing.T) {
	w := newWorld("a < raw.s", "b < a", "c < b")
	rebuild := func(name string) {
		before := w.State
		last := map[Key]Materialization{}
		for k, m := range w.State.Last {
			last[k] = m
		}
		w.State.Last = last
		n := assets.MustName(name)
		version := w.State.Last[Key{Asset: n}].Made.ID + "x"
		w.publish(n)
		w.last(name, func(m *Materialization) { m.Made.ID = version })
		w.State.KeepEarlier(before)
	}
	held := func(want ...string) {
		t.Helper()
		if len(w.State.Earlier) != len(want) {
			t.Errorf("%d earlier versions, want %v", len(w.State.Earlier), want)
		}
		for _, made := range want {
			if _, ok := w.State.Earlier[Made{assets.MustName(made[:1]), assets.Digest(made[2:])}]; !ok {
				t.Errorf("%s is not kept", made)
			}
		}
	}
	held()
	rebuild("a")
	held("a rows:1")
	rebuild("a")
	held("a rows:1")
	rebuild("b") // c still reads the old b, which was made from the first a
	held("b rows:1", "a rows:1")
	rebuild("c")
	held()
	if missing := w.State.Unread(); len(missing) > 0 {
		t.Errorf("%v are read and not known", missing)
	}
}
