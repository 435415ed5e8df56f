package session

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// A log is written as version@hour; it is noon.
func TestMend(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	read := func(text string) (log []planner.Arrival) {
		for _, entry := range strings.Fields(text) {
			id, clock, _ := strings.Cut(entry, "@")
			at, err := time.Parse("15", clock)
			if err != nil {
				t.Fatal(err)
			}
			log = append(log, planner.Arrival{ID: assets.Digest(id), Arrived: time.Date(2026, 3, 1, at.Hour(), 0, 0, 0, time.UTC)})
		}
		return log
	}
	write := func(log []planner.Arrival) string {
		var entries []string
		for _, a := range log {
			entries = append(entries, string(a.ID)+"@"+a.Arrived.Format("15"))
		}
		return strings.Join(entries, " ")
	}
	for _, c := range []struct{ why, log, seen, want string }{
		{"nothing is to come", "a@08 b@12", "b@12", ""},
		{"the next one arrived by now", "a@08 b@20 c@11", "c@11", "a@08 b@11 c@11"},
		{"the next one is only seen", "a@08 b@20", "c@11", "a@08 b@11"},
		{"the next one is to come, too", "a@08 b@20", "c@21", "a@08 b@12"},
		{"the last one", "a@08 b@20 c@21", "c@21", "a@08 b@08 c@08"},
		{"the only one", "a@20", "a@20", "a@12"},
	} {
		log := read(c.log)
		seen := read(c.seen)[0]
		got := write(mend(log, planner.Observation{Version: planner.Version{ID: seen.ID, Arrived: seen.Arrived}}, noon))
		if got != c.want {
			t.Errorf("%s: %s became %q, want %q", c.why, c.log, got, c.want)
		}
		if write(log) != c.log {
			t.Errorf("%s: the log itself was changed", c.why)
		}
	}
}

// What was seen, but recorded by no run, while the clock was ahead arrived at the latest with
// what was seen after that: a plan made a moment later is the same.
func TestVersionsBeforeTheOneSeen(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	name, seen := assets.MustName("raw.s"), noon.Add(-time.Minute)
	for _, now := range []time.Time{noon, noon.Add(time.Second)} {
		in := planner.Input{Project: &assets.Project{}, Observed: map[assets.Name]planner.Observation{name: {
			Version: planner.Version{ID: "c", Arrived: seen},
			Before:  []planner.Arrival{{ID: "a", Arrived: noon.Add(2 * time.Hour)}, {ID: "b", Arrived: noon.Add(time.Hour)}},
		}}}
		withoutFuture(&in, now)
		for _, a := range in.Observed[name].Before {
			if !a.Arrived.Equal(seen) {
				t.Errorf("at %s %s is taken to have arrived at %s, want %s", now, a.ID, a.Arrived, seen)
			}
		}
	}
}
