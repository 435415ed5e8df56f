package planner

import (
	"testing"
	"time"
)

// max_builds_per_run, on raw.s → a → b and raw.t → c → d: what does not fit waits, and
// so does what would be built from it.
func TestMaxBuildsPerRun(t *testing.T) {
	test(t, []rule{
		{"no more than may be", func(w *world) {
			w.Project.MaxBuildsPerRun = 2
			w.redefine("b")
			w.redefine("d")
		}, `
			~ b: definition_changed: its SQL changed
			~ d: definition_changed: its SQL changed`},
		{"one of two", func(w *world) {
			w.Project.MaxBuildsPerRun = 1
			w.redefine("b")
			w.redefine("d")
		}, `
			~ b: definition_changed: its SQL changed
			… d: not_due: waits for the next run: one builds at most 1 (max_builds_per_run); definition_changed: its SQL changed`},
		{"what is due first goes first", func(w *world) {
			w.Project.MaxBuildsPerRun = 1
			w.arrive("raw.s")
			w.observe("raw.t", func(o *Observation) { o.Version.ID, o.Arrived = "file:2", now.Add(-90*time.Minute) })
			w.forget("b")
			w.forget("d")
		}, `
			… a: not_due: waits for the next run: one builds at most 1 (max_builds_per_run); input_changed: source raw.s has a new version
			… b: not_due: waits for the next run: one builds at most 1 (max_builds_per_run); missing: not built yet
			~ c: input_changed: source raw.t has a new version
			… d: not_due: waits for the next run: one builds at most 1 (max_builds_per_run); missing: not built yet`},
		{"with all that it needs, as far as that fits", func(w *world) {
			w.Project.MaxBuildsPerRun = 3
			w.arrive("raw.s")
			w.arrive("raw.t")
		}, `
			~ a: input_changed: source raw.s has a new version
			~ b: input_changed: a is rebuilt (if [a] changes)
			~ c: input_changed: source raw.t has a new version
			… d: not_due: waits for the next run: one builds at most 3 (max_builds_per_run); input_changed: c is rebuilt`},
		{"a reader of what waits is told nothing of a build", func(w *world) {
			*w = *chain()
			w.Project.MaxBuildsPerRun = 1
			w.edit("a", "new")
			w.declare(names("z")[0], "table", names("raw.s"))
			w.forget("z")
			w.arrive("raw.s")
			w.observe("raw.s", func(o *Observation) { o.Version.ID = "file:1" })
		}, `
			~ a: definition_changed: its SQL changed
			= b: unaffected: not rebuilt: reads none of the changed columns (new) of a (if [a] changes)
			… z: not_due: waits for the next run: one builds at most 1 (max_builds_per_run); missing: not built yet`},
	}, "a < raw.s", "b < a", "c < raw.t", "d < c")
}
