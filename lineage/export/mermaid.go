package export

import (
	"fmt"
	"io"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// Mermaid writes g as a flowchart that Markdown renderers show, left to right:
// sources as cylinders, tables as boxes, views as stadiums. With columns, each
// node is a box of its columns, and arrows lead from column to column; a dotted
// arrow leads from node to node where no value does. Its identifiers are numbers,
// as words such as "end" and dots have a meaning in Mermaid. Renderers refuse more
// than 500 arrows unless they are told otherwise: of a large project, show a part.
func Mermaid(w io.Writer, g Graph) error {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	ids := make(map[assets.Name]string, len(g.Nodes))
	for i, n := range g.Nodes {
		ids[n.Name] = fmt.Sprintf("n%d", i+1)
	}
	strands := g.strands()
	for _, n := range g.Nodes {
		mermaidNode(&b, ids[n.Name], n)
	}
	for _, e := range g.Edges {
		from, to := ids[e.From], ids[e.To]
		for _, s := range strands[e] {
			fmt.Fprintf(&b, "  %sc%d --> %sc%d\n", from, s.from, to, s.to)
		}
		switch {
		case g.Columns == nil:
			fmt.Fprintf(&b, "  %s --> %s\n", from, to)
		case len(strands[e]) == 0:
			fmt.Fprintf(&b, "  %s -.-> %s\n", from, to)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mermaidNode writes a node: as a subgraph of its columns, or, as Mermaid draws no
// empty one, in its kind's shape.
func mermaidNode(b *strings.Builder, id string, n Node) {
	if len(n.Columns) > 0 {
		fmt.Fprintf(b, "  subgraph %s [%s]\n", id, mermaidLabel(n.Name.String()+" ("+n.Kind+")"))
		for i, c := range n.Columns {
			fmt.Fprintf(b, "    %sc%d[%s]\n", id, i+1, mermaidLabel(c.Name))
		}
		b.WriteString("  end\n")
		return
	}
	left, right := "[", "]"
	switch n.Kind {
	case "source":
		left, right = "[(", ")]"
	case string(assets.View):
		left, right = "([", "])"
	}
	fmt.Fprintf(b, "  %s%s%s%s\n", id, left, mermaidLabel(n.Name.String()), right)
}

// mermaidLabel quotes text; Mermaid has entities instead of escapes, and reads
// HTML and Markdown in labels. A label must not be empty.
func mermaidLabel(text string) string {
	if text == "" {
		text = " "
	}
	return `"` + strings.NewReplacer(
		"#", "#35;", `"`, "#quot;", "&", "#amp;", "<", "#lt;", ">", "#gt;", "`", "#96;", "\n", "<br>",
	).Replace(printable(text)) + `"`
}
