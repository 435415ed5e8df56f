package export

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// shop is raw.orders → staging.orders → mart.sales (a view), which also reads end.
func shop() (*assets.Project, *lineage.Graph) {
	n := assets.MustName
	return &assets.Project{
			Sources: map[assets.Name]*assets.Source{n("raw.orders"): {}, n("end"): {}},
			Assets:  map[assets.Name]*assets.Asset{n("staging.orders"): {Kind: assets.Table}, n("mart.sales"): {Kind: assets.View}},
		}, &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{
			n("raw.orders"):     {},
			n("end"):            {},
			n("staging.orders"): {Inputs: []assets.Name{n("raw.orders")}},
			n("mart.sales"):     {Inputs: []assets.Name{n("end"), n("staging.orders")}},
		}}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		name  string
		write func(io.Writer, Graph) error
		want  string
	}{
		{"json", JSON, `{
  "format_version": "1.0",
  "nodes": [
    {
      "name": "end",
      "kind": "source"
    },
    {
      "name": "mart.sales",
      "kind": "view"
    },
    {
      "name": "raw.orders",
      "kind": "source"
    },
    {
      "name": "staging.orders",
      "kind": "table"
    }
  ],
  "edges": [
    {
      "from": "end",
      "to": "mart.sales"
    },
    {
      "from": "raw.orders",
      "to": "staging.orders"
    },
    {
      "from": "staging.orders",
      "to": "mart.sales"
    }
  ]
}
`},
		{"dot", DOT, `digraph lineage {
  rankdir=LR;
  node [fontname="sans-serif"];
  "end" [shape=cylinder];
  "mart.sales" [shape=box, style=dashed];
  "raw.orders" [shape=cylinder];
  "staging.orders" [shape=box];
  "end" -> "mart.sales";
  "raw.orders" -> "staging.orders";
  "staging.orders" -> "mart.sales";
}
`},
		{"mermaid", Mermaid, `flowchart LR
  n1[("end")]
  n2(["mart.sales"])
  n3[("raw.orders")]
  n4["staging.orders"]
  n1 --> n2
  n3 --> n4
  n4 --> n2
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, write(t, c.write, Of(project()))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func project() (*assets.Project, *lineage.Graph, []assets.Name) {
	p, g := shop()
	return p, g, nil
}

func TestOfASelectionKeepsTheEdgesWithin(t *testing.T) {
	p, g := shop()
	got := Of(p, g, []assets.Name{assets.MustName("staging.orders"), assets.MustName("mart.sales"), assets.MustName("no.such"), assets.MustName("mart.sales")})
	want := Graph{FormatVersion: "1.0", Nodes: []Node{
		{assets.MustName("mart.sales"), "view"}, {assets.MustName("staging.orders"), "table"},
	}, Edges: []Edge{{assets.MustName("staging.orders"), assets.MustName("mart.sales")}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := write(t, JSON, Of(p, g, []assets.Name{assets.MustName("no.such")})); !strings.Contains(got, `"nodes": []`) || !strings.Contains(got, `"edges": []`) {
		t.Errorf("an empty selection is empty lists, not null: %s", got)
	}
}

// A name as it is declared needs no escape; the writers must hold for any.
func TestEscapes(t *testing.T) {
	g := Graph{Nodes: []Node{{assets.Name{Schema: `a"b\`, Table: "c#<d>&`\ne"}, "table"}}}
	for _, c := range []struct {
		write func(io.Writer, Graph) error
		want  string
	}{
		{DOT, `"a\"b\\.c#<d>&` + "`" + `\ne" [shape=box];`},
		{Mermaid, `n1["a#quot;b\.c#35;#lt;d#gt;#amp;#96;<br>e"]`},
	} {
		if got := write(t, c.write, g); !strings.Contains(got, c.want) {
			t.Errorf("got %s, want in it %s", got, c.want)
		}
	}
}

// Whatever order the selection comes in, the same is written, and every edge of
// the JSON stands between nodes of it.
func TestOrderDoesNotMatter(t *testing.T) {
	p, g := shop()
	all := assets.SortedNames(g.Nodes)
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.Permutation(all).Draw(t, "names")[:rapid.IntRange(1, len(all)).Draw(t, "n")]
		sorted := slices.SortedFunc(slices.Values(some), assets.Name.Compare)
		for _, format := range []func(io.Writer, Graph) error{JSON, DOT, Mermaid} {
			if a, b := write(t, format, Of(p, g, some)), write(t, format, Of(p, g, sorted)); a != b {
				t.Fatalf("%s\n%s", a, b)
			}
		}
		var read Graph
		if err := json.Unmarshal([]byte(write(t, JSON, Of(p, g, some))), &read); err != nil {
			t.Fatal(err)
		}
		for _, e := range read.Edges {
			if !slices.Contains(some, e.From) || !slices.Contains(some, e.To) || !slices.Contains(g.Nodes[e.To].Inputs, e.From) {
				t.Fatalf("edge %v", e)
			}
		}
	})
}

func write(t interface{ Fatal(...any) }, format func(io.Writer, Graph) error, g Graph) string {
	var b strings.Builder
	if err := format(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
