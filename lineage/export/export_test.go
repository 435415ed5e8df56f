package export

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

var update = flag.Bool("update", false, "write testdata anew")

// shop is raw.orders → staging.orders → mart.sales (a view), which also reads end
// and raw.orders; mart.lost reads a source that was never seen.
func shop() (*assets.Project, *lineage.Graph) {
	n := assets.MustName
	orders := []assets.Column{{Name: "id", Type: "BIGINT"}, {Name: "amount", Type: "DECIMAL(12,2)"}, {Name: "state", Type: "VARCHAR"}}
	end := []assets.Column{{Name: "day", Type: "DATE"}}
	from := func(name, column string, via lineage.Via) lineage.Origin {
		return lineage.Origin{Input: n(name), Column: column, Via: via}
	}
	staging := lineage.Bound{
		Outputs: []lineage.Output{
			{Column: orders[0], From: []lineage.Origin{from("raw.orders", "id", lineage.Identity)}},
			{Column: orders[1], From: []lineage.Origin{from("raw.orders", "amount", lineage.Transformation), from("raw.orders", "state", lineage.Conditional)}},
		},
		RowsFrom: []lineage.Origin{from("raw.orders", "state", lineage.Filter)},
	}
	sales := lineage.Bound{
		Outputs: []lineage.Output{
			{Column: assets.Column{Name: "total", Type: "DECIMAL(38,2)"}, From: []lineage.Origin{from("staging.orders", "amount", lineage.Aggregation)}},
			{Column: assets.Column{Name: `it's <b>"1"</b> & \ #2`, Type: "INTEGER"}},
			{Column: assets.Column{Name: "first", Type: "BIGINT"}, From: []lineage.Origin{from("raw.orders", "id", lineage.Aggregation)}},
		},
		RowsFrom: []lineage.Origin{from("end", "day", lineage.Join), from("staging.orders", "id", lineage.Join|lineage.Filter)},
	}
	p := &assets.Project{
		Name:    "shop",
		Sources: map[assets.Name]*assets.Source{n("raw.orders"): {Owner: "sales", Tags: []string{"daily"}}, n("end"): {}, n("raw.lost"): {}},
		Assets: map[assets.Name]*assets.Asset{
			n("staging.orders"): {Kind: assets.Table, Description: "Orders </script><!-- as they come", Columns: []assets.DeclaredColumn{{Name: "ID", Description: "The order"}}},
			n("mart.sales"):     {Kind: assets.View},
			n("mart.lost"):      {Kind: assets.Table},
		},
	}
	g := &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{
		n("raw.orders"):     {Columns: orders, Readers: []assets.Name{n("mart.sales"), n("staging.orders")}},
		n("end"):            {Columns: end},
		n("raw.lost"):       {Unbound: "No file of it was ever seen."},
		n("staging.orders"): {Inputs: []assets.Name{n("raw.orders")}, Columns: staging.Columns(), Bound: staging},
		n("mart.sales"):     {Inputs: []assets.Name{n("end"), n("raw.orders"), n("staging.orders")}, Columns: sales.Columns(), Bound: sales},
		n("mart.lost"):      {Inputs: []assets.Name{n("raw.lost")}, Unbound: "It reads raw.lost, of which no file was ever seen."},
	}}
	return p, g
}

// formats are all writers, by the ending of their files.
var formats = map[string]func(io.Writer, Graph) error{
	"json": JSON, "dot": DOT, "mmd": Mermaid, "svg": SVG, "png": PNG, "html": HTML,
}

// TestFormats compares with files that people have looked at. Look at them again
// after -update.
func TestFormats(t *testing.T) {
	p, g := shop()
	for ending, format := range formats {
		for _, c := range []struct {
			name    string
			columns bool
		}{{"nodes", false}, {"columns", true}} {
			t.Run(ending+"/"+c.name, func(t *testing.T) {
				got := write(t, format, Of(p, g, nil, c.columns))
				if again := write(t, format, Of(p, g, nil, c.columns)); again != got {
					t.Error("the same graph gave other bytes")
				}
				path := filepath.Join("testdata", c.name+"."+ending)
				if ending == "html" {
					got, path = pageJSON(t, got), path+".json" // the rest of it stands in page/
				}
				if *update {
					if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if ending == "png" {
					comparePictures(t, string(want), got)
				} else if diff := cmp.Diff(string(want), got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// comparePictures compares what is seen: the same picture may be packed in other
// bytes, and its softest pixels differ, with another Go or processor.
func comparePictures(t *testing.T, want, got string) {
	t.Helper()
	a, b := decode(t, want), decode(t, got)
	if a.Bounds() != b.Bounds() {
		t.Fatalf("the picture is %v, want %v", b.Bounds(), a.Bounds())
	}
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			r1, g1, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			for _, d := range []int{int(r1) - int(r2), int(g1) - int(g2), int(b1) - int(b2)} {
				if d > 0x400 || d < -0x400 {
					t.Fatalf("the picture differs at %d, %d", x, y)
				}
			}
		}
	}
}

func decode(t *testing.T, text string) image.Image {
	t.Helper()
	img, err := png.Decode(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestOfASelectionKeepsTheEdgesWithin(t *testing.T) {
	p, g := shop()
	n := assets.MustName
	some := []assets.Name{n("staging.orders"), n("mart.sales"), n("no.such"), n("mart.sales")}
	got := Of(p, g, some, true)
	var nodes []assets.Name
	for _, node := range got.Nodes {
		nodes = append(nodes, node.Name)
	}
	if diff := cmp.Diff([]assets.Name{n("mart.sales"), n("staging.orders")}, nodes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Edge{{n("staging.orders"), n("mart.sales")}}, got.Edges); diff != "" {
		t.Error(diff)
	}
	if first := got.Columns[2]; first.Column != "first" || first.From[0].Name != n("raw.orders") {
		t.Errorf("%v has lost an origin that is not shown", first)
	}
	for ending, format := range formats {
		write(t, format, got)
		empty := write(t, format, Of(p, g, []assets.Name{n("no.such")}, true))
		if ending == "json" && strings.Contains(empty, "null") {
			t.Errorf("an empty selection is empty lists, not null: %s", empty)
		}
	}
}

// A name as it is declared needs no escape, a column's does; the writers must hold for any.
func TestEscapes(t *testing.T) {
	g := Graph{Nodes: []Node{{Name: assets.Name{Schema: `a"b\`, Table: "c#<d>&`\ne"}, Kind: "table"}}}
	withColumns := g
	withColumns.Columns = []Column{}
	withColumns.Nodes = []Node{{Name: assets.Name{Table: "t"}, Kind: "table", Columns: []assets.Column{{Name: "</td>&\x01\n"}, {Name: ""}}}}
	for _, c := range []struct {
		write func(io.Writer, Graph) error
		g     Graph
		want  string
	}{
		{DOT, g, `"a\"b\\.c#<d>&` + "`" + `\ne" [shape=box];`},
		{DOT, withColumns, `port="i1">&lt;/td&gt;&amp;` + "\ufffd" + `<br/></td>`},
		{DOT, withColumns, `port="i2"> </td>`},
		{Mermaid, g, `n1["a#quot;b\.c#35;#lt;d#gt;#amp;#96;<br>e"]`},
		{Mermaid, withColumns, `n1c1["#lt;/td#gt;#amp;` + "\ufffd" + `<br>"]`},
		{Mermaid, withColumns, `n1c2[" "]`},
		{SVG, g, `>a&#34;b\.c#&lt;d&gt;&amp;` + "` e</text>"},
	} {
		if got := write(t, c.write, c.g); !strings.Contains(got, c.want) {
			t.Errorf("got %s, want in it %s", got, c.want)
		}
	}
}

// Whatever texts there are, an SVG is XML and a page ends no element early.
func TestAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, g := shop()
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"</script>", "<!--<script>", "\u2028", "]]>", "\x00"})).Draw(t, "text")
		name := assets.MustName("staging.orders")
		p.Assets[name].Owner, p.Assets[name].Tags = text, []string{text}
		g.Nodes[name].Columns[0].Name = text
		g.Nodes[name].Bound.Outputs[0].Name = text
		graph := Of(p, g, nil, true)

		d := xml.NewDecoder(strings.NewReader(write(t, SVG, graph)))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal("the SVG is no XML: ", err)
			}
		}
		page := write(t, HTML, graph)
		if scripts, comments := strings.Count(page, "</script"), strings.Count(page, "<!--"); scripts != 2 || comments != 0 {
			t.Fatalf("the page has %d ends of scripts and %d comments", scripts, comments)
		}
		var read pageData
		if err := json.Unmarshal([]byte(pageJSON(t, page)), &read); err != nil {
			t.Fatal(err)
		}
		if got := read.Nodes[slices.IndexFunc(read.Nodes, func(n pageNode) bool { return n.Name == name })].Owner; got != strings.ToValidUTF8(text, "\ufffd") {
			t.Fatalf("%q came out as %q", text, got)
		}
	})
}

// Whatever order the selection comes in, the same is written, and every edge of
// the JSON stands between nodes of it.
func TestOrderDoesNotMatter(t *testing.T) {
	p, g := shop()
	all := assets.SortedNames(g.Nodes)
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.Permutation(all).Draw(t, "names")[:rapid.IntRange(1, len(all)).Draw(t, "n")]
		columns := rapid.Bool().Draw(t, "columns")
		sorted := slices.SortedFunc(slices.Values(some), assets.Name.Compare)
		for ending, format := range formats {
			if ending == "png" {
				continue // too slow for hundreds of them; it draws what SVG draws
			}
			if a, b := write(t, format, Of(p, g, some, columns)), write(t, format, Of(p, g, sorted, columns)); a != b {
				t.Fatalf("%s\n%s", a, b)
			}
		}
		var read Graph
		if err := json.Unmarshal([]byte(write(t, JSON, Of(p, g, some, columns))), &read); err != nil {
			t.Fatal(err)
		}
		for _, e := range read.Edges {
			if !slices.Contains(some, e.From) || !slices.Contains(some, e.To) || !slices.Contains(g.Nodes[e.To].Inputs, e.From) {
				t.Fatalf("edge %v", e)
			}
		}
		for _, c := range read.Columns {
			if !slices.Contains(some, c.Asset) || p.Assets[c.Asset] == nil || g.Nodes[c.Asset].Unbound != "" {
				t.Fatalf("column %v", c)
			}
		}
	})
}

// Secrets are gone from every format, before anything is cut short or drawn.
func TestCleaned(t *testing.T) {
	p, g := shop()
	const secret = "hunter22"
	long := strings.Repeat("x", longest-4) + secret // cut in its middle, it would be found no more
	name := assets.MustName("staging.orders")
	*p.Assets[name] = assets.Asset{Kind: assets.Table, Owner: secret, Description: secret, Tags: []string{secret},
		Columns: []assets.DeclaredColumn{{Name: long, Description: secret}}}
	p.Sources[assets.MustName("raw.lost")].Owner, p.Name = secret, secret
	named := assets.MustName("raw." + secret)
	p.Sources[named], g.Nodes[named] = &assets.Source{}, &lineage.Node{}
	g.Nodes[name].Inputs = append(g.Nodes[name].Inputs, named)
	g.Nodes[name].Bound.Outputs[0].Column = assets.Column{Name: long, Type: secret}
	g.Nodes[name].Bound.Outputs[0].From[0].Column = long
	g.Nodes[name].Bound.RowsFrom[0].Column = long
	g.Nodes[name].Columns = g.Nodes[name].Bound.Columns()
	g.Nodes[assets.MustName("mart.lost")].Unbound = secret
	graph := Of(p, g, nil, true)
	before := write(t, JSON, graph)
	clean := graph.Cleaned(func(text string) string { return strings.ReplaceAll(text, secret, "…") })
	for ending, format := range formats {
		if got := write(t, format, clean); strings.Contains(got, "hunt") {
			t.Errorf("%s tells the secret: %s", ending, got)
		}
	}
	if write(t, JSON, graph) != before {
		t.Error("what was cleaned changed itself")
	}
}

func write(t interface{ Fatal(...any) }, format func(io.Writer, Graph) error, g Graph) string {
	var b bytes.Buffer
	if err := format(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// pageJSON is the data of a page, to be read by people.
func pageJSON(t interface{ Fatal(...any) }, page string) string {
	_, rest, found := strings.Cut(page, `<script type="application/json" id="data">`)
	text, _, end := strings.Cut(rest, "</script>")
	if !found || !end {
		t.Fatal("the page has no data")
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}
