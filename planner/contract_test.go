package planner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// follows says of which input columns the outputs of an asset are made: "k < a.k".
func (w *world) follows(name string, lines ...string) {
	bound := &w.node(name).Bound
	for _, line := range lines {
		output, from, _ := strings.Cut(line, " < ")
		i := strings.LastIndex(from, ".")
		bound.Output(output).From = []lineage.Origin{{Input: assets.MustName(from[:i]), Column: from[i+1:], Via: lineage.Identity}}
	}
}

// dumpBroken writes one line for each broken promise.
func dumpBroken(changes []ContractChange) string {
	var lines []string
	for _, c := range changes {
		line := c.String() + ":"
		for _, r := range c.Readers {
			line += fmt.Sprintf(" %s (%s)", r.Asset, r.Owner)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// What a change of a's contract breaks. Below a: b of nobody reads its column v, and is read by c
// of finance and d of the same owner as a. e of finance reads only k of a.
func TestBrokenContracts(t *testing.T) {
	no, yes := false, true
	retype := func(w *world) {
		for _, name := range []string{"a", "b", "c"} {
			w.outputs(name, "k INTEGER", "v DOUBLE")
		}
		w.follows("b", "k < a.k", "v < a.v")
		w.redefine("a")
	}
	lose := func(w *world) {
		w.outputs("a", "k INTEGER")
		w.redefine("a")
		w.outputs("b", "k INTEGER")
		w.node("b").Bound.Uses = map[assets.Name][]string{assets.MustName("a"): {"k"}} // not the map that was recorded
		w.outputs("c", "k INTEGER")
		w.node("c").Bound.Uses = map[assets.Name][]string{assets.MustName("b"): {"k"}}
	}
	broken := func(w *world, name string) {
		w.node(name).Unbound = "asset " + name + " does not compile"
		w.node(name).Bound.Uses = nil
	}
	nullable := func(w *world) { w.asset("a").Columns = []assets.DeclaredColumn{{Name: "V", Nullable: &yes}} }
	for _, test := range []struct {
		name   string
		change func(w *world)
		want   string
	}{
		{"nothing", func(w *world) {}, ""},
		{"more is promised", func(w *world) {
			w.asset("a").Columns = append(w.asset("a").Columns, assets.DeclaredColumn{Name: "k", Nullable: &no})
		}, ""},
		{"less is promised, and it is as it was", func(w *world) { w.asset("a").Columns[0].Type = "" }, ""},
		{"another type", retype, "a changes v from VARCHAR to DOUBLE: c (finance)"},
		{"another type of the same owner's in another spelling", func(w *world) { retype(w); w.asset("c").Owner = "SALES" }, ""},
		{"another type, and no owner", func(w *world) { retype(w); w.asset("c").Owner = "" }, ""},
		{"another type, of an asset without an owner", func(w *world) { retype(w); w.asset("a").Owner = "" },
			"a changes v from VARCHAR to DOUBLE: c (finance) d (sales)"},
		{"another type, which is cast on the way", func(w *world) { retype(w); w.outputs("b", "k INTEGER", "v VARCHAR"); w.follows("b", "v < a.v") }, ""},
		{"another type, by one who filters by the column", func(w *world) {
			retype(w)
			w.follows("b", "v < a.k")
			w.asset("b").Owner = "ops"
		}, "a changes v from VARCHAR to DOUBLE: b (ops)"},
		{"another type, through what could not be followed", func(w *world) {
			retype(w)
			w.follows("b", "v < a.k")
			w.node("b").Bound.Assumed = true
		}, "a changes v from VARCHAR to DOUBLE: c (finance)"},
		{"another type of a column whose type was not promised", func(w *world) {
			retype(w)
			w.last("a", func(m *Materialization) { m.Definition.Contract[0].Type = "" })
		}, ""},
		{"another type, and a reader that was never built", func(w *world) { retype(w); w.forget("c") }, ""},
		{"another type, and a reader that is disabled", func(w *world) { retype(w); w.asset("c").Enabled = false }, ""},
		{"another type, with which a reader does not compile", func(w *world) {
			retype(w)
			w.asset("b").Owner = "ops"
			broken(w, "b")
		}, "a changes v from VARCHAR to DOUBLE: b (ops)"},
		{"it may be NULL", nullable, "a may now have NULL in v: c (finance)"},
		{"it is not declared any more", func(w *world) { w.asset("a").Columns = nil }, "a may now have NULL in v: c (finance)"},
		{"it may be NULL, and who takes it over promises that it is not", func(w *world) {
			nullable(w)
			w.asset("b").Columns = []assets.DeclaredColumn{{Name: "v", Nullable: &no}}
		}, ""},
		{"it is gone, and * has one column less", lose, "a no longer has v: c (finance)"},
		{"it is gone, and a reader had been told", func(w *world) { lose(w); w.redefine("c") }, ""},
		{"it is gone, and a reader does not compile", func(w *world) {
			lose(w)
			w.asset("b").Owner = "ops"
			broken(w, "b")
		}, "a no longer has v: b (ops)"},
		{"a itself does not compile", func(w *world) { lose(w); broken(w, "a") }, ""},
		{"a was never published", func(w *world) { retype(w); w.forget("a") }, ""},
		{"it is disabled", func(w *world) { nullable(w); w.asset("a").Enabled = false }, ""},
		{"it is not a target", func(w *world) { retype(w); w.Options.Targets = names("z") }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld("a < raw.s", "b < a", "c < b", "d < b", "e < a", "z < raw.s")
			for name, owner := range map[string]string{"a": "sales", "c": "finance", "d": "sales", "e": "finance"} {
				w.asset(name).Owner = owner
			}
			w.asset("a").Columns = []assets.DeclaredColumn{{Name: "v", Type: "text", Nullable: &no}}
			w.follows("b", "k < a.k", "v < a.v")
			w.uses("e", "a", "k")
			w.last("e", func(m *Materialization) { m.Definition.Bound = w.node("e").Bound })
			w.last("a", func(m *Materialization) { m.Definition.Contract = ContractOf(w.asset("a"), twoColumns()) })
			test.change(w)
			if got := dumpBroken(Make(w.Input).Broken); got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}
