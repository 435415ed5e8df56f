package export

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// colours are those of pictures, as light as paper. A kind has one of its own, but
// stands there as a word, too.
var (
	kindColours = map[string]string{"source": "#2e7d5b", "table": "#2f6fb3", "view": "#8053b0"}
	paper       = "#ffffff"
	ink         = "#1d2733"
	softInk     = "#6b7785"
	border      = "#c8d0d9"
	line        = "#7d93ab"
	faintLine   = "#d5dce4"
)

// SVG writes g as a picture for browsers and documents.
func SVG(w io.Writer, g Graph) error {
	p, err := newPicture(g)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n",
		p.width, p.height, p.width, p.height)
	fmt.Fprintf(&b, "<title>%s</title>\n", xmlText(g.title()))
	fmt.Fprintf(&b, `<style>
text { font: %gpx Go, Helvetica, Arial, sans-serif; fill: %s }
.name { font-weight: bold }
.note { font-size: %gpx; fill: %s }
.line { fill: none; stroke: %s; stroke-width: 1.4 }
.faint { stroke: %s; stroke-dasharray: 4 3 }
</style>
`, textSize, ink, noteSize, softInk, line, faintLine)
	fmt.Fprintf(&b, "<rect width=\"100%%\" height=\"100%%\" fill=\"%s\"/>\n", paper)
	for _, c := range p.curves {
		class := "line"
		if c.faint {
			class = "line faint"
		}
		fmt.Fprintf(&b, "<path class=\"%s\" d=\"%s\"/>\n", class, svgPath(c.points))
	}
	for _, c := range p.cards {
		svgCard(&b, c)
	}
	b.WriteString("</svg>\n")
	_, err = io.WriteString(w, b.String())
	return err
}

// title says what a picture shows.
func (g Graph) title() string {
	if g.Project == "" {
		return "Lineage"
	}
	return "Lineage of " + g.Project
}

func svgCard(b *strings.Builder, c card) {
	name := c.node.Name.String()
	fmt.Fprintf(b, "<g transform=\"translate(%.1f %.1f)\"><title>%s</title>\n", c.x, c.y, xmlText(c.node.Kind+" "+name))
	fmt.Fprintf(b, "<rect width=\"%.1f\" height=\"%.1f\" rx=\"4\" fill=\"%s\" stroke=\"%s\"/>\n", c.w, c.h, paper, border)
	fmt.Fprintf(b, "<rect width=\"4\" height=\"%.1f\" fill=\"%s\"/>\n", c.h, kindColours[c.node.Kind])
	fmt.Fprintf(b, "<text class=\"name\" x=\"%g\" y=\"17\">%s</text>\n", padding, xmlText(short(name)))
	fmt.Fprintf(b, "<text class=\"note\" x=\"%g\" y=\"31\">%s</text>\n", padding, xmlText(c.node.Kind))
	for i, column := range c.node.Columns {
		y := headSize + rowSize*float64(i)
		fmt.Fprintf(b, "<path d=\"M4 %gH%.1f\" stroke=\"%s\"/>\n", y, c.w, faintLine)
		fmt.Fprintf(b, "<text x=\"%g\" y=\"%g\">%s</text>", padding, y+14, xmlText(short(column.Name)))
		fmt.Fprintf(b, "<text class=\"note\" text-anchor=\"end\" x=\"%.1f\" y=\"%g\">%s</text>\n", c.w-padding, y+14, xmlText(short(column.Type)))
	}
	b.WriteString("</g>\n")
}

// svgPath is a curve that is level at each of its points.
func svgPath(points []spot) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%.1f %.1f", points[0].x, points[0].y)
	for i := 1; i < len(points); i++ {
		from, to := points[i-1], points[i]
		half := (from.x + to.x) / 2
		fmt.Fprintf(&b, "C%.1f %.1f %.1f %.1f %.1f %.1f", half, from.y, half, to.y, to.x, to.y)
	}
	return b.String()
}

func xmlText(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(printable(text))); err != nil {
		return "" // a strings.Builder takes everything
	}
	return b.String()
}
