package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// fingerprinted gives the outputs of an asset prints and origins: k from k of its
// only input, v from v, unless prints say otherwise.
func (w *world) fingerprinted(name, meaning string, k, v lineage.Print) {
	node := w.Graph.Nodes[assets.MustName(name)]
	input := node.Inputs[0]
	node.Bound.Syntax, node.Bound.Meaning, node.Bound.Rows = assets.Digest("ast-v1:"+meaning), assets.Digest("m-v1:"+meaning), "r"
	node.Bound.Outputs = []lineage.Output{
		{Column: twoColumns()[0], Print: k, From: []lineage.Origin{{Input: input, Column: "k", Via: lineage.Identity}}},
		{Column: twoColumns()[1], Print: v, From: []lineage.Origin{{Input: input, Column: "v", Via: lineage.Identity}}},
	}
}

func effectsWorld() *world {
	w := newWorld("a < raw", "b < a", "c < b")
	for _, name := range []string{"a", "b", "c"} {
		w.fingerprinted(name, "1", "k1", "v1")
		w.publish(assets.MustName(name))
	}
	return w
}

func TestEffects(t *testing.T) {
	n := assets.MustName
	v := lineage.ColumnChange("v")
	for _, c := range []struct {
		name string
		do   func(*world)
		want map[assets.Name]lineage.Change // All
	}{
		{"nothing", func(*world) {}, map[assets.Name]lineage.Change{}},
		{"a column of a", func(w *world) { w.fingerprinted("a", "2", "k1", "v2") },
			map[assets.Name]lineage.Change{n("a"): v, n("b"): v, n("c"): v}},
		{"another text of the same meaning", func(w *world) {
			w.fingerprinted("a", "1", "k1", "v1")
			w.Graph.Nodes[n("a")].Bound.Syntax = "ast-v1:other"
			w.Project.Assets[n("a")].SQL.Text = "select 1 -- other"
		}, map[assets.Name]lineage.Change{}},
		{"another engine, the same text", func(w *world) {
			b := &w.Graph.Nodes[n("a")].Bound
			b.Syntax, b.Meaning = "ast-v2:9", "m-v2:9"
		}, map[assets.Name]lineage.Change{}},
		{"a new version of the source", func(w *world) {
			seen := w.Observed[n("raw")]
			seen.ID = "file:2"
			w.Observed[n("raw")] = seen
		}, map[assets.Name]lineage.Change{n("a"): lineage.Everything, n("b"): lineage.Everything, n("c"): lineage.Everything}},
		{"b is disabled", func(w *world) {
			w.fingerprinted("a", "2", "k1", "v2")
			w.Project.Assets[n("b")].Enabled = false
		}, map[assets.Name]lineage.Change{n("a"): v}},
		{"b was never built", func(w *world) { delete(w.State.Last, Key{Asset: n("b")}) },
			map[assets.Name]lineage.Change{n("b"): lineage.Everything, n("c"): lineage.Everything}},
		{"c read another version of b, but the same of what it uses", func(w *world) {
			last := w.State.Last[Key{Asset: n("b")}]
			last.Made.ID = "rows:2"
			w.State.Last[Key{Asset: n("b")}] = last
		}, map[assets.Name]lineage.Change{}},
		{"c read another version of b", func(w *world) {
			last := w.State.Last[Key{Asset: n("b")}]
			last.Made.ID, last.Digests = "rows:2", nil
			w.State.Last[Key{Asset: n("b")}] = last
		}, map[assets.Name]lineage.Change{n("c"): lineage.Everything}},
		{"the source was never seen", func(w *world) {
			w.fingerprinted("a", "2", "k1", "v2")
			w.Graph.Nodes[n("b")].Unbound, w.Graph.Nodes[n("b")].Bound = "source raw was never observed", lineage.Bound{}
		}, map[assets.Name]lineage.Change{n("a"): v, n("b"): lineage.Everything, n("c"): lineage.Everything}},
	} {
		w := effectsWorld()
		c.do(w)
		got := map[assets.Name]lineage.Change{}
		for name, effect := range Effects(w.Input) {
			if effect.All.Any() {
				got[name] = effect.All
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
