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

// Of the log of a source what is older than anything that was read is cut off.
func TestTrimArrivals(t *testing.T) {
	log := func(ids ...assets.Digest) (log []Arrival) {
		for _, id := range ids {
			log = append(log, Arrival{ID: id, Arrived: now})
		}
		return log
	}
	for _, c := range []struct {
		name string
		read map[string]assets.Digest // of raw.s, by a and b
		log  []Arrival
		want int // how many are left
	}{
		{"the newest was read", map[string]assets.Digest{"a": "3", "b": "3"}, log("1", "2", "3"), 1},
		{"one is behind", map[string]assets.Digest{"a": "3", "b": "2"}, log("1", "2", "3"), 2},
		{"a version that came again counts where it came last", map[string]assets.Digest{"a": "1", "b": "1"}, log("1", "2", "1"), 1},
		{"a version that is in no log reflects nothing", map[string]assets.Digest{"a": "3", "b": "gone"}, log("1", "2", "3"), 3},
		{"nobody read it", nil, log("1", "2", "3"), 1},
	} {
		w := newWorld("a < raw.s", "b < raw.s")
		source := assets.MustName("raw.s")
		for _, name := range []string{"a", "b"} {
			w.last(name, func(m *Materialization) {
				m.Reads = map[assets.Name]Read{}
				if id := c.read[name]; id != "" {
					m.Reads[source] = Read{Version: id}
				}
			})
		}
		w.State.Arrivals = map[assets.Name][]Arrival{source: c.log}
		w.State.TrimArrivals()
		if got := w.State.Arrivals[source]; len(got) != c.want || got[len(got)-1] != c.log[len(c.log)-1] {
			t.Errorf("%s: %v is left", c.name, got)
		}
	}
}
