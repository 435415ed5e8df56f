package view

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rivo/uniseg"
)

// table writes rows of text in aligned columns; the first row is the header.
// Columns in right are aligned to the right. Nothing trails a line.
type table struct {
	rows  [][]string
	right map[int]bool
	style Style
	// paint colours a cell after it was padded; nil: plain.
	paint func(row, column int, text string) string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// body writes all rows alike: there is no header.
func (t *table) body(w io.Writer) { t.lines(w, false) }

func (t *table) write(w io.Writer) { t.lines(w, true) }

// width is that of the longest line.
func (t *table) width() int {
	total := 0
	for i, width := range t.widths() {
		if i > 0 {
			total += len("  ")
		}
		total += width
	}
	return total
}

// fit leaves out columns, of which every row has a cell, until the lines are at most width
// wide: those with the headers in spare, in their order, and no others. 0 is any width.
func (t *table) fit(width int, spare ...string) {
	for _, header := range spare {
		if width <= 0 || t.width() <= width {
			return
		}
		at := slices.Index(t.rows[0], header)
		if at < 0 {
			continue
		}
		for r, row := range t.rows {
			t.rows[r] = slices.Delete(row, at, at+1)
		}
		right := map[int]bool{}
		for column := range t.right {
			if column < at {
				right[column] = t.right[column]
			} else if column > at {
				right[column-1] = t.right[column]
			}
		}
		t.right = right
	}
}

// widths are the columns of the terminal that each column takes.
func (t *table) widths() []int {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	return widths
}

func (t *table) lines(w io.Writer, header bool) {
	widths := t.widths()
	for r, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			text := pad(cell, widths[i])
			if t.right[i] {
				text = strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)) + cell
			}
			switch {
			case header && r == 0:
				text = t.style.Dim(text)
			case t.paint != nil:
				text = t.paint(r, i, text)
			}
			line.WriteString(text)
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
