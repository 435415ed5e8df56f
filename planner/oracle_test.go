package planner

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
)

// oracle knows what happened to a world as facts, not as digests, and answers by
// the rules, each read off their definition: no memo, no order of evaluation.
type oracle struct {
	inputs  map[string][]string
	fact    map[string]map[string]bool // missing redefined divided drifted lost foreign disabled forced failed checks; of sources: moved absent error condemned
	edge    map[[2]string]string       // reader, input: "" never uses unknown other equal
	sources map[string]bool
	removed map[string]bool
}

func (o oracle) is(x, fact string) bool { return o.fact[x][fact] }

// some asks about x's inputs that are assets.
func (o oracle) some(x string, holds func(i string) bool) bool {
	return slices.ContainsFunc(o.inputs[x], func(i string) bool { return !o.sources[i] && holds(i) })
}

// A build is needed whatever the inputs come out as.
func (o oracle) certain(x string) bool {
	return o.is(x, "redefined") || o.is(x, "divided") || o.is(x, "drifted") || o.is(x, "lost") || o.is(x, "foreign") || o.is(x, "forced") ||
		slices.ContainsFunc(o.inputs[x], func(i string) bool { return o.sources[i] && o.is(i, "moved") }) ||
		o.some(x, func(i string) bool {
			e := o.edge[[2]string{x, i}]
			return e == "never" || e == "uses" || o.other(x, i) && !o.needs(i)
		})
}

// What was read of an input is no longer what there is, and not known to be equal.
func (o oracle) other(x, i string) bool {
	e := o.edge[[2]string{x, i}]
	return (e == "unknown" || e == "other") && !o.is(i, "missing")
}

// An input is, or will be, other than what was read of it.
func (o oracle) affects(x, i string) bool { return o.moves(i) || o.other(x, i) }

// Its content is expected to become other. Of a repair that is not expected.
func (o oracle) moves(x string) bool {
	return !o.is(x, "disabled") && (o.is(x, "missing") || o.is(x, "redefined") || o.is(x, "divided") || o.is(x, "forced") ||
		slices.ContainsFunc(o.inputs[x], func(i string) bool { return o.sources[i] && o.is(i, "moved") }) ||
		o.some(x, func(i string) bool {
			e := o.edge[[2]string{x, i}]
			return e == "never" || e == "uses" || o.affects(x, i)
		}))
}

func (o oracle) needs(x string) bool {
	return !o.is(x, "disabled") && (o.is(x, "missing") || o.certain(x) || o.some(x, func(i string) bool { return o.affects(x, i) }))
}

func (o oracle) cannot(x string) bool {
	return o.is(x, "foreign") ||
		slices.ContainsFunc(o.inputs[x], func(i string) bool { return o.is(i, "absent") || o.is(i, "error") || o.is(i, "condemned") }) ||
		o.some(x, func(i string) bool {
			return o.needs(i) && o.cannot(i) || o.is(i, "disabled") && (o.is(i, "missing") || o.is(i, "lost"))
		})
}

func (o oracle) builds(x string) bool { return o.needs(x) && !o.cannot(x) }

func (o oracle) action(x string) Action {
	switch {
	case o.is(x, "disabled"):
		return None
	case o.needs(x) && o.cannot(x):
		return Blocked
	case o.needs(x) && (o.is(x, "missing") || o.is(x, "lost")):
		return Create
	case o.needs(x):
		return Rebuild
	case o.is(x, "checks") || o.some(x, func(i string) bool { return o.edge[[2]string{x, i}] == "equal" && !o.is(i, "missing") }):
		return Revalidate
	}
	return None
}

// The inputs of which it depends whether a rebuild is needed: those that are to come
// out other or, for what is up to date, those that are built at all.
func (o oracle) conditions(x string) (on []string) {
	switch {
	case o.is(x, "disabled"), o.needs(x) && (o.cannot(x) || o.is(x, "missing") || o.certain(x)):
		return nil
	}
	for _, i := range o.inputs[x] {
		switch {
		case o.sources[i]:
		case o.needs(x) && o.builds(i) && o.affects(x, i), !o.needs(x) && o.builds(i),
			!o.needs(x) && !o.needs(i) && len(o.conditions(i)) > 0:
			on = append(on, i)
		}
	}
	return on
}

// happenings draws a graph and what happened to it: as a world, and as facts.
func happenings(t *rapid.T) (*world, oracle) {
	o := oracle{inputs: map[string][]string{}, fact: map[string]map[string]bool{}, edge: map[[2]string]string{}, sources: map[string]bool{}, removed: map[string]bool{}}
	var all, lines []string
	for i := range rapid.IntRange(1, 3).Draw(t, "sources") {
		s := fmt.Sprintf("raw.s%d", i)
		all, o.sources[s] = append(all, s), true
	}
	var built []string
	for i := range rapid.IntRange(1, 6).Draw(t, "assets") {
		// Names whose order is not the graph's.
		name := fmt.Sprintf("%s.a%d", rapid.SampledFrom([]string{"main", "mart", "staging"}).Draw(t, "schema"), i)
		name = assets.MustName(name).String()
		inputs := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 3, rapid.ID[string]).Draw(t, "inputs of "+name)
		line := name + " <"
		for _, in := range inputs {
			line += " " + in
		}
		if rapid.IntRange(0, 4).Draw(t, "view") == 0 {
			line = "view " + line
		}
		o.inputs[name], lines = inputs, append(lines, line)
		all, built = append(all, name), append(built, name)
	}
	w := newWorld(lines...)

	is := func(x, fact string, oneIn int) bool {
		if rapid.IntRange(1, oneIn).Draw(t, fact+" "+x) != oneIn {
			return false
		}
		if o.fact[x] == nil {
			o.fact[x] = map[string]bool{}
		}
		o.fact[x][fact] = true
		return true
	}
	for s := range o.sources {
		if w.Project.Sources[assets.MustName(s)] == nil {
			delete(o.sources, s) // nobody reads it
		}
	}
	for _, x := range built {
		for _, i := range o.inputs[x] {
			if !o.sources[i] {
				o.edge[[2]string{x, i}] = moveEdge(t, w, x, i)
			}
		}
	}
	for _, s := range all {
		switch {
		case !o.sources[s]:
		case is(s, "absent", 12):
			// What read it before has not seen it move.
			w.observe(s, func(v *Observation) { *v = Observation{Err: "no file matches"} })
		default:
			if is(s, "moved", 4) {
				w.arrive(s)
			}
			if is(s, "error", 8) {
				w.observe(s, func(v *Observation) { v.Err, v.Unreadable = "permission denied", true })
			}
			judged(t, w, s, is)
		}
	}
	for _, x := range built {
		if is(x, "redefined", 6) {
			w.redefine(x)
		}
		if is(x, "checks", 6) {
			w.asset(x).Checks = []assets.Check{{Kind: assets.RowCount}}
		}
		if w.asset(x).Kind == assets.Table && is(x, "divided", 10) {
			w.asset(x).Checks = append(w.asset(x).Checks, assets.Check{Kind: assets.NotNull, Columns: []string{"k"}, Quarantine: true, MaxShare: 1})
		}
		if is(x, "disabled", 8) {
			w.asset(x).Enabled = false
		}
		if is(x, "forced", 8) {
			w.Options.Replace = append(w.Options.Replace, assets.MustName(x))
		}
		if is(x, "failed", 6) {
			w.fails(x, "division by zero")
		}
		table := w.asset(x).Kind == assets.Table
		switch {
		case is(x, "missing", 6):
			w.forget(x)
			if is(x, "foreign", 4) {
				w.found(x, func(f *Found) { f.Kind = rapid.SampledFrom([]string{"view", "table"}).Draw(t, "foreign kind") })
			}
		case is(x, "foreign", 12):
			w.found(x, func(f *Found) { f.Kind = "table" })
			if !table {
				o.fact[x]["lost"] = true // the view's text was all there was
			}
		case is(x, "lost", 10):
			w.unfind(x)
		case table && is(x, "drifted", 8):
			w.found(x, func(f *Found) { f.Rows++ })
		}
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "removed") {
		old := fmt.Sprintf("old.r%d", i)
		w.declare(assets.MustName(old), assets.Table, names(rapid.SampledFrom(built).Draw(t, "read by "+old)))
		w.publish(assets.MustName(old))
		w.remove(old)
		o.removed[old] = true
	}
	return w, o
}

// judged draws what is known of the checks of a source. Only a verdict on the
// version there is, by the checks there are and with what they looked at as it is,
// says anything; and then only one that failed.
func judged(t *rapid.T, w *world, source string, is func(x, fact string, oneIn int) bool) {
	if is(source, "condemned", 6) {
		w.judge(source, CheckFailed)
		return
	}
	name := assets.MustName(source)
	switch rapid.SampledFrom([]string{"", "", "", "passed", "warned", "of before", "other checks", "looked elsewhere", "no checks"}).Draw(t, "verdict on "+source) {
	case "passed":
		w.judge(source, CheckPassed)
	case "warned":
		w.judge(source, CheckWarned)
	case "of before":
		w.judge(source, CheckFailed)
		v := w.State.Verdicts[name]
		v.Version = "file:0"
		w.State.Verdicts[name] = v
	case "other checks":
		w.judge(source, CheckFailed)
		w.Project.Sources[name].Checks[0].Severity = assets.Warn
	case "looked elsewhere":
		w.judge(source, CheckFailed)
		v := w.State.Verdicts[name]
		v.Looked = map[assets.Name]assets.Digest{assets.MustName("raw.gone"): "file:1"}
		w.State.Verdicts[name] = v
	case "no checks":
		w.judge(source, CheckFailed)
		w.Project.Sources[name].Checks = nil
	}
}

// moveEdge draws what happened to an input since its reader read it.
func moveEdge(t *rapid.T, w *world, reader, input string) string {
	edge := rapid.SampledFrom([]string{"", "", "", "", "", "never", "uses", "unknown", "other", "equal"}).Draw(t, "edge "+reader+" "+input)
	name := assets.MustName(input)
	if edge == "equal" && w.asset(input).Kind == assets.View {
		edge = "other" // of a view there is only its version to compare
	}
	w.last(reader, func(m *Materialization) {
		r := m.Reads[name]
		switch edge {
		case "never":
			delete(m.Reads, name)
			return
		case "uses":
			r.Columns = []string{"k"}
		case "unknown":
			r.Version, r.Projection = "rows:0", "rows0:kv"
		case "other":
			r.Version, r.Projection = "rows:0", "rows:0"
		case "equal":
			r.Version = "rows:0"
		}
		m.Reads[name] = r
	})
	return edge
}

func TestMakeAgreesWithTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, o := happenings(t)
		p := Make(w.Input)
		for _, s := range p.Steps {
			name := s.Asset.String()
			if o.removed[name] {
				if s.Action != Drop {
					t.Fatalf("%s is %s\n%s", name, s.Action, dump(p))
				}
				continue
			}
			if want := o.action(name); s.Action != want {
				t.Fatalf("%s is to be %s, and the plan says\n%s", name, want, dump(p))
			}
			want := names(o.conditions(name)...)
			slices.SortFunc(want, assets.Name.Compare)
			if !slices.Equal(s.ConditionalOn, want) {
				t.Fatalf("%s depends on %v, and the plan says\n%s", name, want, dump(p))
			}
		}
		if len(p.Steps) != len(o.inputs)+len(o.removed) {
			t.Fatalf("%d steps", len(p.Steps))
		}
	})
}

func TestPlansAreWellFormed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, o := happenings(t)
		p := Make(w.Input)
		wellFormed(t, w, p)
		w.Options = Options{Destroy: true, Targets: someOf(t, o)}
		wellFormed(t, w, Make(w.Input))
	})
}

func wellFormed(t *rapid.T, w *world, p Plan) {
	done := map[assets.Name]bool{}
	drops := false
	for _, s := range p.Steps {
		if (s.Action == None) != (len(s.Reasons) == 0) {
			t.Fatalf("%s is %s for %d reasons", s.Asset, s.Action, len(s.Reasons))
		}
		for _, r := range s.Reasons {
			if r.Code == "" || r.Message == "" {
				t.Fatalf("%s: reason %+v", s.Asset, r)
			}
		}
		if drops && s.Action != Drop && s.Action != Blocked {
			t.Fatalf("%s after a drop\n%s", s.Asset, dump(p))
		}
		if s.Action == Drop {
			drops = true
			for input := range w.State.Last[s.Key].Reads {
				if done[input] && w.State.Found[input].Kind != "" && p.Index()[Key{Asset: input}].Action == Drop {
					t.Fatalf("%s is dropped before its reader %s", input, s.Asset)
				}
			}
		} else if node := w.Graph.Nodes[s.Asset]; node != nil && !w.Options.Destroy {
			for _, input := range node.Inputs {
				if w.Project.Assets[input] != nil && !done[input] {
					t.Fatalf("%s before its input %s\n%s", s.Asset, input, dump(p))
				}
			}
		}
		done[s.Asset] = true
	}
	if again := Make(w.Input); !cmp.Equal(p, again) || text(t, p) != text(t, again) {
		t.Fatalf("the same input gave another plan: %s", cmp.Diff(p, again))
	}
}

func text(t *rapid.T, p Plan) string {
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func someOf(t *rapid.T, o oracle) []assets.Name {
	var all []string
	for name := range o.inputs {
		all = append(all, name)
	}
	for name := range o.removed {
		all = append(all, name)
	}
	slices.Sort(all)
	return names(rapid.SliceOfN(rapid.SampledFrom(all), 0, 3).Draw(t, "targets")...)
}

// After a plan without blocked assets was carried out there is nothing left to
// do. What is blocked only because of an input that then comes out equal can be
// built by a later plan; that ends, too, with nothing but blocked assets.
func TestAPlanCarriedOutLeavesNothingToDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, o := happenings(t)
		w.Options = Options{} // what is asked for would be asked for again
		var plans []Plan
		for {
			p := Make(w.Input)
			plans = append(plans, p)
			if !p.Work() {
				return
			}
			if len(plans) > 1 && plans[0].Summary().Blocked == 0 || len(plans) > len(o.inputs)+1 {
				t.Fatalf("first:\n%s\nthen:\n%s", dump(plans[0]), dump(p))
			}
			w.carryOut(p)
		}
	})
}

// carryOut does as the plan says; everything comes out with equal content.
func (w *world) carryOut(p Plan) {
	for _, s := range p.Steps {
		switch s.Action {
		case Create, Rebuild, Revalidate:
			w.publish(s.Asset)
			delete(w.State.Failed, s.Key)
		case Drop:
			delete(w.State.Last, s.Key)
			delete(w.State.Found, s.Asset)
		}
	}
}

// Targets leave steps out and change none; what a kept build needs is kept.
func TestTargetsArePartOfTheWholePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, o := happenings(t)
		whole := Make(w.Input)
		index := whole.Index()
		w.Options.Targets = someOf(t, o)
		part := Make(w.Input)
		wellFormed(t, w, part)
		if len(w.Options.Targets) == 0 {
			if !cmp.Equal(whole, part) {
				t.Fatal(cmp.Diff(whole, part))
			}
			return
		}
		kept := part.Index()
		for _, s := range part.Steps {
			full := *index[s.Key]
			if s.Action == None {
				if slices.Contains(w.Options.Targets, s.Asset) && full.Action != None {
					t.Fatalf("target %s is left out\n%s", s.Asset, dump(whole))
				}
				if left := slices.Contains(part.Outside, s.Asset); left != (full.Action != None) {
					t.Fatalf("%s: left out %v", s.Asset, left)
				}
				continue
			}
			reasons := slices.DeleteFunc(slices.Clone(s.Reasons), func(r Reason) bool { return r.Code == NeededDownstream && s.Action != Drop })
			// What is up to date does not wait for an input that is left out.
			waits := slices.DeleteFunc(slices.Clone(full.ConditionalOn), func(on assets.Name) bool {
				return s.Action == Revalidate && !slices.Contains(s.ConditionalOn, on)
			})
			if s.Action != full.Action || !cmp.Equal(reasons, full.Reasons) || !slices.Equal(s.ConditionalOn, waits) {
				t.Fatalf("%s: %v, and in the whole plan %v", s.Asset, s, full)
			}
			if s.Action != Create && s.Action != Rebuild {
				continue
			}
			for _, input := range w.Graph.Nodes[s.Asset].Inputs {
				if f, ok := index[Key{Asset: input}]; ok && (f.Action == Create || f.Action == Rebuild) && kept[Key{Asset: input}].Action != f.Action {
					t.Fatalf("%s is built without %s", s.Asset, input)
				}
			}
		}
	})
}
