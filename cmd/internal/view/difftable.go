package view

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/materialize/check/unit"
)

const (
	mostDiffRows    = 20
	mostDiffColumns = 12
	widestDiff      = 40 // characters of a value
)

// diffTable writes pairs of rows, one a line: "~" before rows that differ, with
// both values where they do; "-" before rows that are missing; "+" before those
// that nobody expected.
func diffTable(w io.Writer, d *unit.Diff, style Style) {
	columns := diffColumns(d)
	shown := d.Rows[:min(len(d.Rows), mostDiffRows)]
	t := table{style: style}
	header := []string{"  "}
	for _, c := range columns {
		header = append(header, d.Columns[c])
	}
	t.add(header...)
	kinds := map[string]bool{}
	for _, p := range shown {
		kind, cells := diffCells(p, columns)
		kinds[kind] = true
		t.add(append([]string{"  " + kind}, cells...)...)
	}
	t.paint = func(row, column int, text string) string {
		p := shown[row-1]
		switch {
		case p.Got == nil:
			return style.Red(text)
		case p.Expected == nil:
			return style.Green(text)
		case column == 0:
			return style.Yellow(text)
		case p.Expected[columns[column-1]] == p.Got[columns[column-1]]:
			return text
		}
		before, _ := beside(p.Expected[columns[column-1]], p.Got[columns[column-1]])
		return style.Red(text[:len(before)]) + arrow + style.Green(text[len(before)+len(arrow):])
	}
	t.write(w)
	if more := len(d.Rows) - len(shown); more > 0 {
		fmt.Fprintf(w, "  %s\n", style.Dim(fmt.Sprintf("… and %s", Count(more, "more row"))))
	}
	if more := len(d.Columns) - len(columns); more > 0 {
		fmt.Fprintf(w, "  %s\n", style.Dim(Count(more, "column")+" not shown"))
	}
	fmt.Fprintf(w, "\n  %s\n", style.Dim(diffLegend(kinds)))
}

const arrow = " → "

func diffLegend(kinds map[string]bool) string {
	var parts []string
	for _, k := range []struct{ kind, means string }{{"~", "expected → came"}, {"-", "expected, did not come"}, {"+", "came, not expected"}} {
		if kinds[k.kind] {
			parts = append(parts, k.kind+" "+k.means)
		}
	}
	return strings.Join(parts, "   ")
}

// diffColumns are the places of the columns to show: all, or if there are very
// many those in which something differs before others.
func diffColumns(d *unit.Diff) []int {
	var differing, others []int
	for i := range d.Columns {
		if slices.ContainsFunc(d.Rows, func(p unit.Pair) bool { return p.Expected != nil && p.Got != nil && p.Expected[i] != p.Got[i] }) {
			differing = append(differing, i)
		} else {
			others = append(others, i)
		}
	}
	shown := append(differing, others...)
	shown = shown[:min(len(shown), max(mostDiffColumns, len(differing)))]
	slices.Sort(shown)
	return shown
}

func diffCells(p unit.Pair, columns []int) (kind string, cells []string) {
	for _, c := range columns {
		switch {
		case p.Got == nil:
			kind, cells = "-", append(cells, clip(diffCell(p.Expected[c]), widestDiff))
		case p.Expected == nil:
			kind, cells = "+", append(cells, clip(diffCell(p.Got[c]), widestDiff))
		case p.Expected[c] == p.Got[c]:
			kind, cells = "~", append(cells, clip(diffCell(p.Got[c]), widestDiff))
		default:
			before, after := beside(p.Expected[c], p.Got[c])
			kind, cells = "~", append(cells, before+arrow+after)
		}
	}
	if len(columns) == 0 { // only the number of rows is compared
		kind = "+"
		if p.Got == nil {
			kind = "-"
		}
		cells = append(cells, "(a row)")
	}
	return kind, cells
}

// beside is how two values that differ are shown: of long ones what follows on
// their common beginning.
func beside(a, b unit.Cell) (string, string) {
	x, y := []rune(diffCell(a)), []rune(diffCell(b))
	if max(len(x), len(y)) >= widestDiff {
		const keep = 5 // characters before the first difference
		n := 0
		for n < len(x) && n < len(y) && x[n] == y[n] {
			n++
		}
		if n > 2*keep {
			x, y = append([]rune("…"), x[n-keep:]...), append([]rune("…"), y[n-keep:]...)
		}
	}
	return clip(string(x), widestDiff), clip(string(y), widestDiff)
}

var visible = strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`, "\x1b", `\e`)

// diffCell is a value such that two that differ look different.
func diffCell(c unit.Cell) string {
	text := visible.Replace(c.String())
	if !c.Null && (text == "" || text == "NULL" || strings.TrimSpace(text) != text) {
		return "'" + text + "'"
	}
	return text
}
