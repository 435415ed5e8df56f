package lineage

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
)

var n = assets.MustName

// out is an output computed from input columns.
func out(name string, from ...Origin) Output {
	return Output{Column: assets.Column{Name: name, Type: "INTEGER"}, From: from}
}

func of(input, column string) Origin {
	return Origin{Input: n(input), Column: column, Via: Identity}
}

// shopGraph is raw → orders → {totals, names, counted}; totals, names → mixed;
// asleep is disabled.
func shopGraph() (*assets.Project, *Graph) {
	p := &assets.Project{Sources: map[assets.Name]*assets.Source{n("raw"): {}}, Assets: map[assets.Name]*assets.Asset{}}
	g := &Graph{Nodes: map[assets.Name]*Node{n("raw"): {Name: n("raw"), Columns: []assets.Column{{Name: "id"}, {Name: "Amount"}, {Name: "who"}}}}}
	add := func(name string, bound Bound) {
		node := &Node{Name: n(name), Inputs: assets.SortedNames(bound.Uses), Bound: bound, Columns: bound.Columns()}
		for _, input := range node.Inputs {
			g.Nodes[input].Readers = append(g.Nodes[input].Readers, n(name))
		}
		g.Nodes[n(name)] = node
		g.Order = append(g.Order, n(name))
		p.Assets[n(name)] = &assets.Asset{Name: n(name), Enabled: name != "asleep"}
	}
	uses := func(columns ...string) map[assets.Name][]string {
		return map[assets.Name][]string{n("orders"): columns}
	}
	add("orders", Bound{Outputs: []Output{out("id", of("raw", "id")), out("amount", of("raw", "Amount")), out("who", of("raw", "who"))},
		Uses: map[assets.Name][]string{n("raw"): {"Amount", "id", "who"}}})
	add("asleep", Bound{Outputs: []Output{out("amount", of("orders", "amount"))}, Uses: uses("amount")})
	add("counted", Bound{Outputs: []Output{out("rows")}, Uses: uses()})
	add("names", Bound{Outputs: []Output{out("who", of("orders", "who"))}, RowsFrom: []Origin{of("orders", "who")}, Uses: uses("who")})
	add("totals", Bound{Outputs: []Output{out("total", of("orders", "amount"))}, Uses: uses("amount")})
	add("mixed", Bound{Outputs: []Output{out("total", of("totals", "total")), out("name", of("names", "who")), out("one")},
		Uses: map[assets.Name][]string{n("totals"): {"total"}, n("names"): {"who"}}})
	return p, g
}

func TestImpactFollowsColumns(t *testing.T) {
	p, g := shopGraph()
	for _, c := range []struct {
		name   string
		origin string
		change Change
		want   []Touched
	}{
		{"a column that is summed", "raw", ColumnChange("AMOUNT"), []Touched{
			{n("orders"), 1, []assets.Name{n("raw")}, ColumnChange("amount"), []string{"amount"}, false},
			{n("totals"), 2, []assets.Name{n("orders")}, ColumnChange("total"), []string{"total"}, false},
			{n("mixed"), 3, []assets.Name{n("totals")}, ColumnChange("total"), []string{"total"}, false},
		}},
		{"a column that decides about rows", "orders", ColumnChange("who"), []Touched{
			{n("names"), 1, []assets.Name{n("orders")}, Everything, []string{"who"}, false},
			{n("mixed"), 2, []assets.Name{n("names")}, Everything, []string{"name"}, false},
		}},
		{"rows", "orders", Everything, []Touched{
			{n("counted"), 1, []assets.Name{n("orders")}, Everything, nil, false},
			{n("names"), 1, []assets.Name{n("orders")}, Everything, []string{"who"}, false},
			{n("totals"), 1, []assets.Name{n("orders")}, Everything, []string{"total"}, false},
			{n("mixed"), 2, []assets.Name{n("names"), n("totals")}, Everything, []string{"total", "name"}, false},
		}},
		{"a column that nobody reads", "orders", ColumnChange("id"), nil},
		{"nothing", "orders", Change{}, nil},
		{"what is not there", "nowhere", Everything, nil},
	} {
		if diff := cmp.Diff(c.want, g.Impact(p, n(c.origin), c.change)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// What depends on an order is listed apart.
func TestImpactThroughAnOrder(t *testing.T) {
	p, g := shopGraph()
	sorted := &g.Nodes[n("totals")].Bound
	sorted.Outputs = []Output{out("total", of("orders", "id"))}
	sorted.OrderFrom = []Origin{of("orders", "amount")}
	g.Nodes[n("mixed")].Bound.Uses[n("totals")] = []string{RowOrder, "total"}
	want := []Touched{{n("totals"), 1, []assets.Name{n("orders")}, Change{Order: true}, nil, true}, {n("mixed"), 2, []assets.Name{n("totals")}, Everything, nil, true}}
	if diff := cmp.Diff(want, g.Impact(p, n("orders"), ColumnChange("amount"))); diff != "" {
		t.Error(diff)
	}
}

// What could not be bound may depend on anything.
func TestImpactOfWhatIsNotBound(t *testing.T) {
	p, g := shopGraph()
	mixed := g.Nodes[n("mixed")]
	mixed.Bound, mixed.Unbound = Bound{}, "source raw was never observed"
	got := g.Impact(p, n("orders"), ColumnChange("amount"))
	want := []Touched{
		{n("totals"), 1, []assets.Name{n("orders")}, ColumnChange("total"), []string{"total"}, false},
		{n("mixed"), 2, []assets.Name{n("totals")}, Everything, nil, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A greater change touches no less, and nothing but what lies downstream.
func TestImpactGrowsWithTheChange(t *testing.T) {
	p, g := shopGraph()
	columns := []string{"id", "amount", "who"}
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.SliceOfDistinct(rapid.SampledFrom(columns), rapid.ID[string]).Draw(t, "columns")
		great := append(rapid.SliceOf(rapid.SampledFrom(columns)).Draw(t, "more"), small...)
		more := map[assets.Name]bool{}
		for _, touched := range g.Impact(p, n("orders"), ColumnChange(great...)) {
			more[touched.Name] = true
		}
		below := g.Downstream(n("orders"))
		for _, touched := range g.Impact(p, n("orders"), ColumnChange(small...)) {
			if !more[touched.Name] || !below[touched.Name] {
				t.Fatalf("%v touches %s, %v does not", small, touched.Name, great)
			}
		}
	})
}

func TestTrace(t *testing.T) {
	_, g := shopGraph()
	leaf := func(input, column string, from ...Trace) Trace {
		return Trace{Origin: of(input, column), Type: "INTEGER", From: from}
	}
	raw := Trace{Origin: of("raw", "Amount")}
	root := leaf("mixed", "total", leaf("totals", "total", leaf("orders", "amount", raw)))
	root.Via = 0
	if diff := cmp.Diff(root, g.Trace(n("mixed"), "TOTAL")); diff != "" {
		t.Error(diff)
	}
	if got := g.Trace(n("mixed"), "one"); got.From != nil || got.Type != "INTEGER" {
		t.Errorf("a constant comes from %v", got.From)
	}
	// What stands twice is explained once.
	mixed := &g.Nodes[n("mixed")].Bound.Outputs[2]
	mixed.From = []Origin{of("orders", "amount"), of("totals", "total")}
	got := g.Trace(n("mixed"), "one")
	if !got.From[1].From[0].Repeated || got.From[1].From[0].From != nil || got.From[0].Repeated {
		t.Errorf("%+v", got)
	}
	if got := g.Trace(n("nowhere"), "x"); got.From != nil {
		t.Error(got)
	}
}

func TestVerdicts(t *testing.T) {
	column := func(name, typ string, print Print) Output {
		return Output{Column: assets.Column{Name: name, Type: typ}, Print: print}
	}
	was := Bound{Meaning: "m1:a", Syntax: "s1:a", Outputs: []Output{
		column("same", "INTEGER", "1"), column("Other", "INTEGER", "2"), column("wider", "INTEGER", "3"), column("gone", "DATE", "4")}}
	is := Bound{Meaning: "m1:b", Syntax: "s1:b", Outputs: []Output{
		column("same", "INTEGER", "1"), column("other", "INTEGER", "9"), column("wider", "BIGINT", "3"), column("added", "DATE", "4")}}
	want := []ColumnVerdict{
		{"same", Same, "INTEGER", "INTEGER"}, {"other", Recomputed, "INTEGER", "INTEGER"}, {"wider", Retyped, "INTEGER", "BIGINT"},
		{"added", New, "", "DATE"}, {"gone", Removed, "DATE", ""},
	}
	if diff := cmp.Diff(want, Verdicts(was, is)); diff != "" {
		t.Error(diff)
	}
	for name, other := range map[string]Bound{
		"another engine":   {Meaning: "m2:b", Syntax: "s2:b", Outputs: is.Outputs},
		"not readable":     {Syntax: "s1:b", Outputs: is.Outputs},
		"a matter of luck": {Meaning: "m1:b", Syntax: "s1:b", Outputs: is.Outputs, Volatile: []string{"random"}},
	} {
		if got := Verdicts(was, other); got[0].Verdict != Unknown || got[2].Verdict != Retyped || got[3].Verdict != New {
			t.Errorf("%s: %v", name, got)
		}
	}
	lucky := Bound{Meaning: "m1:a", Syntax: "s1:a", Outputs: was.Outputs, Volatile: []string{"random"}}
	if got := Verdicts(lucky, lucky); got[0].Verdict != Same {
		t.Errorf("the same text: %v", got)
	}
}
