package daemon

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// drawn is a graph of assets written as "reader: input input", inputs first, and "|"
// before what its checks look at. A name that begins with v is a published view.
func drawn(lines ...string) *lineage.Graph {
	g := &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{}}
	for _, line := range lines {
		head, tail, _ := strings.Cut(line, ":")
		inputs, looked, _ := strings.Cut(tail, "|")
		n := &lineage.Node{Name: assets.MustName(head), Inputs: names(inputs), CheckInputs: names(looked)}
		g.Nodes[n.Name] = n
		g.Order = append(g.Order, n.Name)
		for _, input := range n.Inputs {
			g.Nodes[input].Readers = append(g.Nodes[input].Readers, n.Name)
		}
	}
	return g
}

func names(text string) (list []assets.Name) {
	for _, word := range strings.Fields(text) {
		list = append(list, assets.MustName(word))
	}
	return list
}

func set(text string) map[assets.Name]bool {
	s := map[assets.Name]bool{}
	for _, n := range names(text) {
		s[n] = true
	}
	return s
}

// planOf writes a plan as "~a", "+b", "=c", "?d" (nothing, unless an input turns out
// otherwise), "!e", "…f", "-g", each with an estimate in seconds after a comma.
func planOf(t *testing.T, text string) (p planner.Plan) {
	t.Helper()
	for _, word := range strings.Fields(text) {
		name, estimate, _ := strings.Cut(word, ",")
		symbol := []rune(name)[0]
		s := planner.Step{Key: planner.Key{Asset: assets.MustName(string([]rune(name)[1:]))}, Action: planner.Action(symbol)}
		if symbol == '?' {
			s.Action, s.ConditionalOn = planner.None, names("x")
		}
		if estimate != "" {
			d, err := time.ParseDuration(estimate)
			if err != nil {
				t.Fatal(err)
			}
			s.Estimate = d
		}
		p.Steps = append(p.Steps, s)
	}
	return p
}

func stepNames(steps []planner.Step) string {
	var list []string
	for _, s := range steps {
		list = append(list, s.Asset.String())
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestParts(t *testing.T) {
	published := func(assets.Name) bool { return true }
	isView := func(n assets.Name) bool { return strings.HasPrefix(n.Table, "v") }
	for _, c := range []struct {
		why           string
		graph         []string
		plan          string
		busy, resting string
		want          []string
	}{
		{"nothing to do", []string{"a:", "b: a"}, "!a …b -c", "", "", nil},
		{"a chain is one part", []string{"a:", "b: a", "c: b"}, "~a ~b ?c", "", "", []string{"a b c"}},
		{"what a waiting asset divides is two", []string{"a:", "b: a", "c: b"}, "~a …b =c", "", "", []string{"a", "c"}},
		{"an input that is not worked on joins nobody", []string{"a:", "b: a", "c: a"}, "~b ~c", "", "", []string{"b", "c"}},
		{"nor does one that may stay as it is alone begin anything", []string{"a:", "b: a"}, "?b", "", "", nil},
		{"a view is made anew with both that it shows", []string{"a:", "b:", "v: a b"}, "~a ~b", "", "", []string{"a b"}},
		{"through views", []string{"a:", "b:", "v1: a", "v2: v1 b"}, "~a ~b", "", "", []string{"a b"}},
		{"a table does not", []string{"a:", "b:", "t: a b"}, "~a ~b …t", "", "", []string{"a", "b"}},
		{"a check looks at another", []string{"a:", "b:|a"}, "~a ~b", "", "", []string{"a b"}},
		{"a check of what stays looks at both", []string{"a:", "b:", "c:|a b"}, "~a ~b", "", "", []string{"a b"}},
		{"what is worked on is left out, and what reads it", []string{"a:", "b: a", "c:"}, "~a ~b ~c", "a", "", []string{"c"}},
		{"and what it reads", []string{"a:", "b: a", "c:"}, "~a ~c", "b", "", []string{"c"}},
		{"and what shares a view with it", []string{"a:", "b:", "v: a b", "c:"}, "~b ~c", "a", "", []string{"c"}},
		{"and what a check sees together with it", []string{"a:", "b:", "c:|a b"}, "~b", "a", "", nil},
		{"what rests takes its readers along", []string{"a:", "b: a", "c: b", "d:"}, "~a ~b ~c ~d", "", "b", []string{"a", "d"}},
	} {
		var got []string
		for _, p := range parts(drawn(c.graph...), planOf(t, c.plan), published, isView, set(c.busy), set(c.resting)) {
			got = append(got, stepNames(p.steps))
		}
		slices.Sort(got)
		if !cmp.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		why   string
		plan  string
		slots int
		want  []string
	}{
		{"quick ones share a run", "~a,1s ~b,10ms ~c,1s", 8, []string{"a b c"}},
		{"long ones have their own", "~a,1m ~b,10ms ~c,1h", 8, []string{"b", "c", "a"}},
		{"nobody knows how long a first build takes", "+a +b,10ms", 8, []string{"b", "a"}},
		{"long ones are spread over what runs are left", "~a,1m ~b,2m ~c,3m ~d,4m ~e,10ms", 3, []string{"e", "b d", "a c"}},
		{"or wait", "~a,1m ~e,10ms", 1, []string{"e"}},
		{"no run is left", "~a,1m ~e,10ms", 0, nil},
	} {
		var lines []string
		plan := planOf(t, c.plan)
		for _, s := range plan.Steps {
			lines = append(lines, s.Asset.String()+":")
		}
		never := func(assets.Name) bool { return false }
		var got []string
		for _, steps := range share(parts(drawn(lines...), plan, never, never, nil, nil), c.slots) {
			got = append(got, stepNames(steps))
		}
		if !cmp.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}
