package export

import (
	"fmt"
	"io"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// DOT writes g for Graphviz, left to right: sources as cylinders, tables as
// boxes, views as dashed boxes. With columns, each node is a table of them, and
// edges lead from column to column. What only decides about rows is not drawn: it
// would lead from nearly everywhere to nearly everything.
func DOT(w io.Writer, g Graph) error {
	var b strings.Builder
	b.WriteString("digraph lineage {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n")
	if g.Columns == nil {
		dotNodes(&b, g)
	} else {
		dotTables(&b, g)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func dotNodes(b *strings.Builder, g Graph) {
	for _, n := range g.Nodes {
		shape := "shape=box"
		switch n.Kind {
		case "source":
			shape = "shape=cylinder"
		case string(assets.View):
			shape = "shape=box, style=dashed"
		}
		fmt.Fprintf(b, "  %s [%s];\n", dotID(n.Name.String()), shape)
	}
	for _, e := range g.Edges {
		fmt.Fprintf(b, "  %s -> %s;\n", dotID(e.From.String()), dotID(e.To.String()))
	}
}

func dotTables(b *strings.Builder, g Graph) {
	for _, n := range g.Nodes {
		style := ""
		if n.Kind == string(assets.View) {
			style = ` style="dashed"`
		}
		fmt.Fprintf(b, "  %s [shape=plain, label=<<table border=\"1\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"4\"%s>", dotID(n.Name.String()), style)
		fmt.Fprintf(b, `<tr><td align="left"><b>%s</b></td><td align="right"><i>%s</i></td></tr>`, dotText(n.Name.String()), n.Kind)
		for j, c := range n.Columns {
			if j == 0 {
				b.WriteString("<hr/>") // Graphviz allows it only between rows
			}
			// One port at each side, so that edges neither begin nor end in the middle.
			fmt.Fprintf(b, `<tr><td align="left" port="i%d">%s</td><td align="right" port="o%d">%s</td></tr>`,
				j+1, dotText(c.Name), j+1, dotText(c.Type))
		}
		b.WriteString("</table>>];\n")
	}
	strands := g.strands()
	for _, e := range g.Edges {
		from, to := dotID(e.From.String()), dotID(e.To.String())
		for _, s := range strands[e] {
			fmt.Fprintf(b, "  %s:o%d:e -> %s:i%d:w;\n", from, s.from, to, s.to)
		}
		if len(strands[e]) == 0 { // only rows come from there, or nobody knows what
			fmt.Fprintf(b, "  %s -> %s [style=dotted];\n", from, to)
		}
	}
}

// dotID quotes text. A quoted identifier ends at an unescaped quote; as a label
// it would also give backslashes and line breaks a meaning.
func dotID(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

// dotText is text inside of an HTML-like label, which must not be empty there and
// has no control characters.
func dotText(text string) string {
	if text == "" {
		return " "
	}
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "<br/>").Replace(printable(text))
}

// printable is text without control characters but line breaks: XML has no way to
// write them.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return '\ufffd'
		}
		return r
	}, text)
}
