package planner

import (
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

// Assets that left the project, on raw.s → a → b → c with a view v of b.
func TestRemoved(t *testing.T) {
	test(t, []rule{
		{"readers go before what they read", func(w *world) { w.remove("a"); w.remove("b"); w.remove("c"); w.remove("v") }, `
			- c: removed: no longer in the project
			- v: removed: no longer in the project
			- b: removed: no longer in the project
			- a: removed: no longer in the project`},
		{"drops come last", func(w *world) { w.remove("c"); w.arrive("raw.s") }, `
			~ a: input_changed: source raw.s has a new version
			~ b: input_changed: a is rebuilt (if [a] changes)
			~ v: input_changed: b is rebuilt (if [b] changes)
			- c: removed: no longer in the project`},
		{"a disabled asset stays", func(w *world) { w.asset("c").Enabled = false }, ``},
		{"its name is now a source", func(w *world) {
			w.remove("c")
			w.Project.Sources[assets.MustName("c")] = &assets.Source{}
		}, `
			- c: removed: no longer in the project`},
		{"someone put a table in place of its view", func(w *world) {
			w.remove("c")
			w.found("c", func(f *Found) { f.Kind = "table" })
		}, `
			! c: unmanaged: the warehouse has a table of this name that this project did not make: rename or drop it; removed: no longer in the project`},
		{"what is published of it is gone already", func(w *world) { w.remove("c"); w.unfind("c") }, `
			- c: removed: no longer in the project`},
		{"with targets, only the targeted", func(w *world) { w.remove("c"); w.remove("v"); w.Options.Targets = names("v") }, `
			- v: removed: no longer in the project`},
		{"a table that read it stands by itself", func(w *world) { w.drops("b", "c", "v"); w.asset("c").Enabled = false }, `
			~ v: definition_changed: its SQL changed
			- b: removed: no longer in the project`},
		{"a view that read it has to be made anew first", func(w *world) { w.drops("b", "c", "v"); w.asset("v").Enabled = false }, `
			~ c: definition_changed: its SQL changed
			! b: needed_downstream: the published view v reads it; removed: no longer in the project`},
		{"… also if that is outside the targets", func(w *world) { w.drops("b", "c", "v"); w.Options.Targets = names("b") }, `
			! b: needed_downstream: the published view v reads it; removed: no longer in the project`},
	}, "a < raw.s", "b < a", "c < b", "view v < b")
}

// drops removes an asset whose readers now read something else.
func (w *world) drops(name string, readers ...string) {
	w.remove(name)
	for _, r := range readers {
		w.redefine(r)
		w.node(r).Inputs = names("raw.s")
		w.node(r).Bound.Uses = map[assets.Name][]string{assets.MustName("raw.s"): {"k", "v"}}
		w.last(r, func(m *Materialization) { // as if it had read both
			reads := map[assets.Name]Read{assets.MustName("raw.s"): {Version: "file:1"}}
			for k, v := range m.Reads {
				reads[k] = v
			}
			m.Reads = reads
		})
	}
}

func TestDestroy(t *testing.T) {
	destroy := func(w *world, targets ...string) { w.Options = Options{Destroy: true, Targets: names(targets...)} }
	test(t, []rule{
		{"everything published goes, what left the project too", func(w *world) { destroy(w); w.remove("c"); w.forget("v") }, `
			- c: removed: everything is destroyed
			- b: removed: everything is destroyed
			- a: removed: everything is destroyed`},
		{"nothing is published", func(w *world) {
			destroy(w)
			for _, n := range []string{"a", "b", "c", "v"} {
				w.forget(n)
			}
		}, ``},
		{"targets take their readers along", func(w *world) { destroy(w, "b") }, `
			- c: removed: reads b, which is destroyed
			- v: removed: reads b, which is destroyed
			- b: removed: asked for by -target`},
		{"a target that is not published", func(w *world) { destroy(w, "c"); w.forget("c") }, ``},
		{"disabled or not", func(w *world) { destroy(w, "c"); w.asset("c").Enabled = false }, `
			- c: removed: asked for by -target`},
		{"what is not ours stays, and what it stands in for", func(w *world) {
			destroy(w, "c")
			w.found("c", func(f *Found) { f.Kind = "table" })
		}, `
			! c: unmanaged: the warehouse has a table of this name that this project did not make: rename or drop it; removed: asked for by -target`},
		{"a project that does not compile", func(w *world) { destroy(w, "c"); w.Graph = nil }, `
			- c: removed: asked for by -target`},
	}, "a < raw.s", "b < a", "c < b", "view v < b")
}

// Targets, on raw.s → a → b → c and raw.s → d, with a view v of a and d.
func TestTargets(t *testing.T) {
	target := func(w *world, targets ...string) { w.Options.Targets = names(targets...) }
	test(t, []rule{
		{"the ancestors that need a build come along", func(w *world) { target(w, "c"); w.arrive("raw.s"); w.asset("v").Enabled = false }, `
			~ a: input_changed: source raw.s has a new version; needed_downstream: b needs it
			~ b: input_changed: a is rebuilt; needed_downstream: c needs it (if [a] changes)
			~ c: input_changed: b is rebuilt (if [b] changes)`},
		{"others do not", func(w *world) { target(w, "c"); w.redefine("c"); w.redefine("d") }, `
			~ c: definition_changed: its SQL changed`},
		{"nor do readers", func(w *world) { target(w, "b"); w.redefine("b") }, `
			~ b: definition_changed: its SQL changed`},
		{"published views of what is built do, and what these need", func(w *world) { target(w, "a"); w.arrive("raw.s") }, `
			~ a: input_changed: source raw.s has a new version
			~ d: input_changed: source raw.s has a new version; needed_downstream: v needs it
			~ v: input_changed: a is rebuilt; input_changed: d is rebuilt (if [a d] changes)`},
		{"a view that was never published does not", func(w *world) { target(w, "a"); w.redefine("a"); w.forget("v") }, `
			~ a: definition_changed: its SQL changed`},
		{"several, of which one needs another", func(w *world) { target(w, "b", "a"); w.redefine("a"); w.asset("v").Enabled = false }, `
			~ a: definition_changed: its SQL changed
			~ b: input_changed: a is rebuilt (if [a] changes)`},
		{"a target that is blocked shows by what", func(w *world) {
			target(w, "c")
			w.redefine("a")
			w.observe("raw.s", func(o *Observation) { o.Err, o.Unreadable = "gone", true })
			w.redefine("d")
		}, `
			! a: upstream_failed: source raw.s cannot be read: gone; definition_changed: its SQL changed; needed_downstream: b needs it
			! b: upstream_failed: a cannot be built; needed_downstream: c needs it
			! c: upstream_failed: b cannot be built`},
		{"a disabled target", func(w *world) { target(w, "b"); w.redefine("a"); w.asset("b").Enabled = false }, ``},
		{"a target of no project", func(w *world) { target(w, "no.such"); w.redefine("a") }, ``},
	}, "a < raw.s", "b < a", "c < b", "d < raw.s", "view v < a d")

	w := newWorld("a < raw.s", "b < a", "z < raw.s", "d < raw.s")
	w.redefine("z")
	w.redefine("d")
	target(w, "b")
	if p := Make(w.Input); len(p.Outside) != 2 || p.Outside[0].String() != "d" || p.Outside[1].String() != "z" || p.Changes() {
		t.Errorf("left out: %v", p.Outside)
	}
}
