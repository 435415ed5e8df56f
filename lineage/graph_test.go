package lineage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
)

// graphOf makes a graph from "reader: input input" lines; an input that no line
// defines is a source.
func graphOf(t *testing.T, lines ...string) (*assets.Project, *Graph) {
	t.Helper()
	p := &assets.Project{Sources: map[assets.Name]*assets.Source{}, Assets: map[assets.Name]*assets.Asset{}, Groups: map[string][]assets.Name{}}
	refs := map[assets.Name][]Ref{}
	for _, line := range lines {
		reader, inputs, _ := strings.Cut(line, ":")
		name := assets.MustName(reader)
		p.Assets[name] = &assets.Asset{Name: name, Kind: assets.Table}
		for _, input := range strings.Fields(inputs) {
			refs[name] = append(refs[name], Ref{Name: assets.MustName(input)})
		}
	}
	for _, list := range refs {
		for _, ref := range list {
			if p.Assets[ref.Name] == nil {
				p.Sources[ref.Name] = &assets.Source{Name: ref.Name}
			}
		}
	}
	g, diags := NewGraph(p, refs, nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p, g
}

func shop(t *testing.T) (*assets.Project, *Graph) {
	p, g := graphOf(t,
		"staging.orders: raw.orders", "staging.customers: raw.customers",
		"mart.sales: staging.orders staging.customers", "mart.customers: staging.customers", "summary: mart.sales",
		"staging.users_uk: raw.users", "staging.users_fr: raw.users")
	p.Groups["staging.users"] = []assets.Name{assets.MustName("staging.users_fr"), assets.MustName("staging.users_uk")}
	p.Assets[assets.MustName("mart.sales")].Tags = []string{"finance", "daily"}
	p.Assets[assets.MustName("mart.customers")].Tags = []string{"daily"}
	p.Assets[assets.MustName("mart.sales")].Owner = "ann@example.com"
	return p, g
}

func TestOrderIsByDistanceThenName(t *testing.T) {
	_, g := shop(t)
	want := "[staging.customers staging.orders staging.users_fr staging.users_uk mart.customers mart.sales summary]"
	if got := fmt.Sprint(g.Order); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSelect(t *testing.T) {
	p, g := shop(t)
	for _, test := range []struct{ selectors, want string }{
		{"mart.sales", "mart.sales"},
		{"MART.Sales", "mart.sales"},
		{"summary", "summary"},
		{"main.summary", "summary"},
		{"mart.*", "mart.customers mart.sales"},
		{"*.customers", "mart.customers staging.customers"},
		{"main.*", "summary"},
		{"{mart,staging}.c*", "mart.customers staging.customers"},
		{"tag:finance", "mart.sales"},
		{"tag:daily", "mart.customers mart.sales"},
		{"owner:ann@example.com", "mart.sales"},
		{"staging.users", "staging.users_fr staging.users_uk"},
		{"+mart.sales", "mart.sales staging.customers staging.orders"},
		{"mart.sales+", "summary mart.sales"},
		{"+mart.sales+", "summary mart.sales staging.customers staging.orders"},
		{"raw.users+", "staging.users_fr staging.users_uk"},
		{"raw.*+", "summary mart.customers mart.sales staging.customers staging.orders staging.users_fr staging.users_uk"},
		{"tag:finance+", "summary mart.sales"},
		{"mart.sales mart.sales", "mart.sales"},
		{"summary staging.orders", "summary staging.orders"},
		{"", ""},
		// what stands for nothing
		{"mart.sale", "error: no asset is called mart.sale. Did you mean mart.sales?"},
		{"marts.sales", "error: no asset is called marts.sales. Did you mean mart.sales?"},
		{"sales", "error: no asset is called sales. Did you mean mart.sales?"},
		{"staging.user", "error: no asset is called staging.user. Did you mean staging.users?"},
		{"zzz.qqqq", "error: no asset is called zzz.qqqq. `assets lineage` lists all assets"},
		{"no-name", "error: no asset is called \"no-name\". `assets lineage` lists all assets"},
		{"raw.orders", "error: raw.orders is a source: it is observed, not built. Write raw.orders+ for the assets made from it"},
		{"tag:finanse", `error: no asset has the tag "finanse". Did you mean finance?`},
		{"owner:bob@example.com", `error: no asset has the owner "bob@example.com". Did you mean ann@example.com?`},
		{"dev.*", "error: no asset matches dev.*"},
		{"mart.[", `error: "mart.[" is not a pattern: write it as in mart.* or *.orders`},
	} {
		found, err := Select(p, g, strings.Fields(test.selectors))
		var got []string
		for _, name := range found {
			got = append(got, name.String())
		}
		result := strings.Join(got, " ")
		if err != nil {
			result = "error: " + err.Error()
		}
		want := strings.Fields(test.want)
		if err == nil && !strings.HasPrefix(test.want, "error") {
			slices.SortFunc(want, func(a, b string) int { return assets.MustName(a).Compare(assets.MustName(b)) })
		}
		if result != strings.Join(want, " ") {
			t.Errorf("%s\n got %s\nwant %s", test.selectors, result, test.want)
		}
	}
}

func TestUpstreamAndDownstream(t *testing.T) {
	_, g := shop(t)
	up := assets.SortedNames(g.Upstream(assets.MustName("mart.sales")))
	if got := fmt.Sprint(up); got != "[mart.sales raw.customers raw.orders staging.customers staging.orders]" {
		t.Errorf("upstream %s", got)
	}
	down := assets.SortedNames(g.Downstream(assets.MustName("raw.customers"), assets.MustName("nobody")))
	if got := fmt.Sprint(down); got != "[summary mart.customers mart.sales raw.customers staging.customers]" {
		t.Errorf("downstream %s", got)
	}
}

// In any project, however tangled: inputs come before readers, what is left out
// of the order is in a cycle or above one, and a cycle is reported if and only if
// something is left out.
func TestOrderAndCycles(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(r, "assets")
		name := func(i int) assets.Name { return assets.Name{Schema: "m", Table: string(rune('a' + i))} }
		p := &assets.Project{Assets: map[assets.Name]*assets.Asset{}}
		refs := map[assets.Name][]Ref{}
		for i := range n {
			p.Assets[name(i)] = &assets.Asset{Name: name(i)}
			for _, j := range rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, min(n, 2), rapid.ID).Draw(r, "inputs") {
				if i != j {
					refs[name(i)] = append(refs[name(i)], Ref{Name: name(j)})
				}
			}
		}
		g, diags := NewGraph(p, refs, nil)
		place := map[assets.Name]int{}
		for i, name := range g.Order {
			place[name] = i + 1
		}
		inCycle := 0
		for i := range n {
			above := map[assets.Name]bool{}
			for _, ref := range refs[name(i)] {
				for up := range g.Upstream(ref.Name) {
					above[up] = true
				}
				if at := place[name(i)]; at > 0 && (place[ref.Name] == 0 || place[ref.Name] > at) {
					r.Fatalf("%s comes before its input %s", name(i), ref.Name)
				}
			}
			if above[name(i)] {
				inCycle++
				if place[name(i)] > 0 {
					r.Fatalf("%s is in a cycle and in the order", name(i))
				}
			}
		}
		if (inCycle > 0) != (len(g.Order) < n) || (inCycle > 0) != (len(diags) > 0) {
			r.Fatalf("%d in cycles, %d of %d in order, diagnostics %v", inCycle, len(g.Order), n, diags)
		}
		for _, d := range diags {
			if path := strings.Split(strings.TrimPrefix(d.Summary, "Cycle: "), " → "); path[0] != path[len(path)-1] || len(path) < 3 {
				r.Fatalf("no way round: %s", d.Summary)
			}
		}
	})
}

func TestNearest(t *testing.T) {
	have := []string{"amount", "account", "id", "customer_id", "Order_Date"}
	for _, test := range []struct{ want, near string }{
		{"amuont", "amount"}, {"acount", "account amount"}, {"custmer_id", "customer_id"}, {"order_dat", "Order_Date"}, {"ids", "id"}, {"zzz", ""}, {"", ""},
	} {
		if got := strings.Join(Nearest(test.want, have), " "); got != test.near {
			t.Errorf("near %q: %s, want %s", test.want, got, test.near)
		}
	}
}
