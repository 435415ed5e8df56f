package export

import (
	"fmt"
	"io"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// DOT writes g for Graphviz, left to right: sources as cylinders, tables as
// boxes, views as dashed boxes.
func DOT(w io.Writer, g Graph) error {
	var b strings.Builder
	b.WriteString("digraph lineage {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n")
	for _, n := range g.Nodes {
		shape := "shape=box"
		switch n.Kind {
		case "source":
			shape = "shape=cylinder"
		case string(assets.View):
			shape = "shape=box, style=dashed"
		}
		fmt.Fprintf(&b, "  %s [%s];\n", dotID(n.Name.String()), shape)
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "  %s -> %s;\n", dotID(e.From.String()), dotID(e.To.String()))
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// dotID quotes text. A quoted identifier ends at an unescaped quote; as a label
// it would also give backslashes and line breaks a meaning.
func dotID(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

// Mermaid writes g as a flowchart that Markdown renderers show, left to right:
// sources as cylinders, tables as boxes, views as stadiums. Its identifiers are
// numbers, as words such as "end" and dots have a meaning in Mermaid.
func Mermaid(w io.Writer, g Graph) error {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	ids := make(map[assets.Name]string, len(g.Nodes))
	for i, n := range g.Nodes {
		ids[n.Name] = fmt.Sprintf("n%d", i+1)
		left, right := "[", "]"
		switch n.Kind {
		case "source":
			left, right = "[(", ")]"
		case string(assets.View):
			left, right = "([", "])"
		}
		fmt.Fprintf(&b, "  %s%s%s%s\n", ids[n.Name], left, mermaidLabel(n.Name.String()), right)
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "  %s --> %s\n", ids[e.From], ids[e.To])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mermaidLabel quotes text; Mermaid has entities instead of escapes, and reads
// HTML and Markdown in labels.
func mermaidLabel(text string) string {
	return `"` + strings.NewReplacer(
		"#", "#35;", `"`, "#quot;", "&", "#amp;", "<", "#lt;", ">", "#gt;", "`", "#96;", "\n", "<br>",
	).Replace(text) + `"`
}
