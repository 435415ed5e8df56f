package planner

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// bind says what an asset's statement is known to mean: where its columns k and v
// come from, "raw.s.k a.v" each, and what decides its rows. What it reads follows.
func (w *world) bind(name, k, v, rows string) {
	node := w.node(name)
	b := &node.Bound
	b.Meaning, b.Rows, b.Order = "plan1-v1:1", "rows", "order"
	origins := func(list string) (out []lineage.Origin) {
		for _, word := range strings.Fields(list) {
			at := strings.LastIndex(word, ".")
			o := lineage.Origin{Input: assets.MustName(word[:at]), Column: word[at+1:], Via: lineage.Transformation}
			out = append(out, o)
			if !slices.Contains(b.Uses[o.Input], o.Column) {
				b.Uses[o.Input] = slices.Sorted(slices.Values(append(b.Uses[o.Input], o.Column)))
			}
		}
		return out
	}
	for _, input := range node.Inputs {
		b.Uses[input] = []string{}
	}
	b.Outputs = []lineage.Output{
		{Column: twoColumns()[0], Print: "k", From: origins(k)},
		{Column: twoColumns()[1], Print: "v", From: origins(v)},
	}
	b.RowsFrom = origins(rows)
	w.publish(assets.MustName(name))
}

// edit changes the definition of an asset in its columns k or v, its rows, or in
// nothing but its text.
func (w *world) edit(name string, what ...string) {
	w.redefine(name)
	b := &w.node(name).Bound
	b.Outputs = slices.Clone(b.Outputs) // the record has the old ones
	for _, what := range what {
		b.Meaning += "x"
		switch what {
		case "rows":
			b.Rows += "x"
		case "k":
			b.Outputs[0].Print += "x"
		case "v":
			b.Outputs[1].Print += "x"
		case "new":
			b.Outputs = append(b.Outputs, lineage.Output{Column: assets.Column{Name: "new", Type: "DATE"}, Print: "new"})
		}
	}
}

// chain is raw.s → a → b → c → d: b reads both columns of a and hands them on, c
// reads k of b, d reads k of c.
func chain() *world {
	w := newWorld("a < raw.s", "b < a", "c < b", "d < c")
	w.bind("a", "raw.s.k", "raw.s.v", "")
	w.bind("b", "main.a.k", "main.a.v", "")
	w.bind("c", "main.b.k", "main.b.k", "")
	w.bind("d", "main.c.k", "main.c.k", "main.c.k")
	return w
}

func TestWhatAnEditChanges(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world)
		want   string
	}{
		{"nothing but its text", func(w *world) { w.edit("a") }, ``},
		{"a column that b hands on and c does not read", func(w *world) { w.edit("a", "v") }, `
			~ a: definition_changed: its SQL changed
			~ b: input_changed: a is rebuilt (if [a] changes)
			= c: unaffected: not rebuilt: reads none of the changed columns (v) of b (if [b] changes)`},
		{"a column that all read", func(w *world) { w.edit("a", "k") }, `
			~ a: definition_changed: its SQL changed
			~ b: input_changed: a is rebuilt (if [a] changes)
			~ c: input_changed: b is rebuilt (if [b] changes)
			~ d: input_changed: c is rebuilt (if [c] changes)`},
		{"a column that nobody reads", func(w *world) { w.edit("a", "new") }, `
			~ a: definition_changed: its SQL changed
			= b: unaffected: not rebuilt: reads none of the changed columns (new) of a (if [a] changes)`},
		{"the set of rows: everybody sees that", func(w *world) { w.edit("a", "rows") }, `
			~ a: definition_changed: its SQL changed
			~ b: input_changed: a is rebuilt (if [a] changes)
			~ c: input_changed: b is rebuilt (if [b] changes)
			~ d: input_changed: c is rebuilt (if [c] changes)`},
		{"nothing of what is read, and new data too: data may change anything", func(w *world) { w.edit("a", "new"); w.arrive("raw.s") }, `
			~ a: definition_changed: its SQL changed; input_changed: source raw.s has a new version
			~ b: input_changed: a is rebuilt (if [a] changes)
			~ c: input_changed: b is rebuilt (if [b] changes)
			~ d: input_changed: c is rebuilt (if [c] changes)`},
		{"… and a repair, which is expected to restore what there was", func(w *world) { w.edit("a", "new"); w.unfind("a") }, `
			+ a: definition_changed: its SQL changed; drifted: its table and the view it is published as were dropped
			= b: unaffected: not rebuilt: reads none of the changed columns (new) of a (if [a] changes)`},
		{"a function of the moment: what it yields is not in its definition", func(w *world) {
			w.node("a").Bound.Volatile = []string{"random"}
			w.publish(assets.MustName("a"))
			w.edit("a", "new")
		}, `
			~ a: definition_changed: its SQL changed
			~ b: input_changed: a is rebuilt (if [a] changes)
			~ c: input_changed: b is rebuilt (if [b] changes)
			~ d: input_changed: c is rebuilt (if [c] changes)`},
		{"a function of the moment, and nothing but its text", func(w *world) {
			w.node("d").Bound.Volatile = []string{"now"}
			w.publish(assets.MustName("d"))
			w.edit("d")
		}, `
			~ d: definition_changed: its SQL changed`},
		{"its reader was edited, too, and reads another column now", func(w *world) {
			w.edit("a", "v")
			w.bind("c", "main.b.v", "main.b.v", "")
			w.edit("c", "k")
		}, `
			~ a: definition_changed: its SQL changed
			~ b: input_changed: a is rebuilt (if [a] changes)
			~ c: definition_changed: its SQL changed; input_changed: b is rebuilt
			~ d: input_changed: c is rebuilt (if [c] changes)`},
		{"the same text pairs columns in another way", func(w *world) {
			w.edit("b", "v")
			w.asset("b").SQL.Text = "select 1"
			w.node("b").Bound.Syntax = "ast-v1:1"
		}, `
			~ b: definition_changed: its SQL means something else with the columns that its inputs have now
			= c: unaffected: not rebuilt: reads none of the changed columns (v) of b (if [b] changes)`},
		{"the order of rows, which nobody reads", func(w *world) { w.edit("a", "order"); w.node("a").Bound.Order += "x" }, `
			~ a: definition_changed: its SQL changed
			= b: unaffected: not rebuilt: nothing that it reads of a changes (if [a] changes)`},
		{"… and which its reader reads", func(w *world) {
			w.node("b").Bound.Uses[assets.MustName("a")] = []string{lineage.RowOrder, "k", "v"}
			w.publish(assets.MustName("b"))
			w.edit("a", "order")
			w.node("a").Bound.Order += "x"
		}, `
			~ a: definition_changed: its SQL changed
			~ b: input_changed: a is rebuilt (if [a] changes)
			~ c: input_changed: b is rebuilt (if [b] changes)
			~ d: input_changed: c is rebuilt (if [c] changes)`},
		{"somebody begins to depend on the order of rows: that builds nothing else", func(w *world) {
			w.node("b").Bound.Uses = map[assets.Name][]string{assets.MustName("a"): {lineage.RowOrder, "k", "v"}}
		}, ``},
		{"a new DuckDB: fingerprints say nothing, the text is the same", func(w *world) { w.node("a").Bound.Meaning = "plan1-v2:7"; w.node("a").Bound.Syntax = "ast-v2:7" }, ``},
		{"more is known of what it does not use", func(w *world) { w.node("b").Bound.Uses[assets.MustName("a")] = []string{"k"} }, ``},
		{"an input is only named where it makes no difference", func(w *world) {
			delete(w.node("d").Bound.Uses, assets.MustName("c"))
			w.last("d", func(m *Materialization) { m.Reads = nil })
		}, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := chain()
			c.change(w)
			want := strings.ReplaceAll(strings.TrimSpace(c.want), "\t", "")
			if got := strings.TrimSpace(dump(Make(w.Input))); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// What is left alone behind what is not rebuilt has to be looked at again if that
// is built after all; what a narrowed plan does not build needs nothing of that.
func TestWhatWaitsBehindAPrediction(t *testing.T) {
	conditions := func(w *world) string {
		var lines []string
		for _, s := range Make(w.Input).Steps {
			lines = append(lines, fmt.Sprintf("%s%s%v", s.Action.Symbol(), s.Asset, s.ConditionalOn))
		}
		return strings.Join(lines, " ")
	}
	w := chain()
	w.edit("a", "new")
	if got, want := conditions(w), "~a[] =b[a]  c[b]  d[c]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.Options.Targets = names("a")
	if got, want := conditions(w), "~a[]  b[]  c[]  d[]"; got != want {
		t.Errorf("with the target a: got %s, want %s", got, want)
	}
	w.Options.Targets = names("b")
	if got, want := conditions(w), " a[]  b[]  c[]  d[]"; got != want {
		t.Errorf("with the target b, which does not need a: got %s, want %s", got, want)
	}
	w.Options.Targets = names("a", "b")
	if got, want := conditions(w), "~a[] =b[a]  c[]  d[]"; got != want {
		t.Errorf("with the targets a and b: got %s, want %s", got, want)
	}
}

// The oracle: a change reaches a column, or the rows, of an asset if there is a way
// to it from something that was edited. Ways are followed one by one.
func TestOnlyWhatAnEditReachesIsBuilt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 7).Draw(t, "assets")
		name := func(i int) string { return fmt.Sprintf("main.a%d", i) }
		type place struct {
			asset  int
			column string // k, v, or rows
		}
		ways := map[place][]place{}
		scans := make([]map[int][]string, n) // columns read, by input
		var lines []string
		for i := range n {
			line := name(i) + " < raw.s"
			scans[i] = map[int][]string{}
			if i > 0 {
				for _, input := range rapid.SliceOfNDistinct(rapid.IntRange(0, i-1), 1, 2, rapid.ID[int]).Draw(t, "inputs") {
					line += " " + name(input)
					scans[i][input] = nil
				}
			}
			lines = append(lines, line)
		}
		w := newWorld(lines...)
		for i := range n {
			var lists [3]string
			for at, to := range []string{"k", "v", "rows"} {
				for input := range i {
					if _, reads := scans[i][input]; !reads {
						continue
					}
					for _, column := range []string{"k", "v"} {
						if rapid.IntRange(0, 2).Draw(t, "way") == 0 {
							lists[at] += fmt.Sprintf(" %s.%s", name(input), column)
							ways[place{input, column}] = append(ways[place{input, column}], place{i, to})
							scans[i][input] = append(scans[i][input], column)
						}
					}
					ways[place{input, "rows"}] = append(ways[place{input, "rows"}], place{i, "rows"})
				}
			}
			ways[place{i, "rows"}] = append(ways[place{i, "rows"}], place{i, "k"}, place{i, "v"})
			w.bind(name(i), lists[0], lists[1], lists[2])
		}
		edited, reached := map[int]bool{}, map[place]bool{}
		var follow func(place)
		follow = func(p place) {
			if !reached[p] {
				reached[p] = true
				for _, next := range ways[p] {
					follow(next)
				}
			}
		}
		for range rapid.IntRange(1, 2).Draw(t, "edits") {
			i, what := rapid.IntRange(0, n-1).Draw(t, "edited"), rapid.SampledFrom([]string{"k", "v", "rows"}).Draw(t, "what")
			w.edit(name(i), what)
			edited[i] = true
			follow(place{i, what})
		}

		var want, got []string
		builds, may := map[int]bool{}, map[int]bool{} // may: left alone, unless what is above it is built after all
		for i := range n {
			action, on := None, []int{}
			var untouched, waiting bool
			for input := range i {
				columns, reads := scans[i][input]
				if !reads {
					continue
				}
				touched := reached[place{input, "rows"}] || slices.ContainsFunc(columns, func(c string) bool { return reached[place{input, c}] })
				switch {
				case builds[input] && touched:
					action = Rebuild
					on = append(on, input)
				case builds[input]:
					untouched = true
				case may[input]:
					waiting = true
				}
			}
			switch {
			case edited[i]:
				action, on = Rebuild, nil
			case action == Rebuild:
			case untouched:
				action = Revalidate
			}
			builds[i] = action == Rebuild
			may[i] = !builds[i] && (untouched || waiting)
			line := fmt.Sprintf("%s%s", action.Symbol(), name(i))
			if action == Rebuild {
				line += fmt.Sprint(on)
			}
			if may[i] {
				line += " unless"
			}
			want = append(want, line)
		}
		for _, s := range Make(w.Input).Steps {
			line := s.Action.Symbol() + s.Asset.Schema + "." + s.Asset.Table
			if s.Action == Rebuild {
				on := []int{}
				for _, input := range s.ConditionalOn {
					on = append(on, int(input.Table[1]-'0'))
				}
				line += fmt.Sprint(on)
			}
			if s.Action != Rebuild && len(s.ConditionalOn) > 0 {
				line += " unless"
			}
			got = append(got, line)
		}
		slices.SortFunc(got, func(a, b string) int { return strings.Compare(a[1:], b[1:]) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-oracle +plan):\n%s", diff)
		}
	})
}
