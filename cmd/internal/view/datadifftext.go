package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/rivo/uniseg"
)

// DataDiffText writes how two versions differ for people, in lines of at most
// width columns; 0: of what reads well.
func DataDiffText(w io.Writer, doc DataDiffJSON, style Style, width int) {
	width = cmp.Or(width, readable)
	fmt.Fprintf(w, "%s\n\n", wrap(doc.heading(), width))
	r := doc.Rows
	t := table{style: style, right: map[int]bool{0: true, 1: true, 2: true, 3: true, 4: true, 5: true}}
	t.add("  BEFORE", "NOW", "ADDED", "REMOVED", "CHANGED", "UNCHANGED")
	changed := humanize.Comma(r.Changed)
	if len(doc.Key) == 0 {
		changed = "-"
	}
	t.add(humanize.Comma(r.Before), humanize.Comma(r.Now), humanize.Comma(r.Added), humanize.Comma(r.Removed), changed, humanize.Comma(r.Unchanged))
	t.write(w)
	writeColumnCounts(w, doc, style)
	for _, kind := range []struct {
		title string
		n     int64
		rows  []RowPairJSON
	}{{"Changed", r.Changed, doc.ChangedRows}, {"Added", r.Added, doc.AddedRows}, {"Removed", r.Removed, doc.RemovedRows}} {
		if len(kind.rows) == 0 {
			continue
		}
		title := kind.title + " rows"
		if shown := times(kind.rows); shown < kind.n {
			title += fmt.Sprintf(", %s of %s", humanize.Comma(shown), humanize.Comma(kind.n))
		}
		fmt.Fprintf(w, "\n%s\n", style.Bold(title))
		writePairs(w, doc, kind.rows, style, width)
	}
}

// heading says what is compared, and how.
func (doc DataDiffJSON) heading() string {
	text := fmt.Sprintf("%s: published %s", doc.Asset, Ago(doc.Published.At, doc.now))
	if doc.Previous != nil {
		text += ", the previous version " + Ago(doc.Previous.At, doc.now)
	}
	switch {
	case len(doc.Key) > 0:
		return text + ".\nRows are matched by " + strings.Join(doc.Key, ", ") + "."
	case doc.NoKey != "":
		return text + ".\nWhole rows are compared: " + doc.NoKey + "."
	}
	return text + ".\nWhole rows are compared: no unique check says what tells rows apart. Name that with -key."
}

func times(rows []RowPairJSON) (n int64) {
	for _, row := range rows {
		n += row.Times
	}
	return n
}

// writeColumnCounts lists the columns that changed in any way.
func writeColumnCounts(w io.Writer, doc DataDiffJSON, style Style) {
	t := table{style: style}
	t.add("  COLUMN", "CHANGE")
	same := 0
	for _, c := range doc.Columns {
		var what []string
		switch {
		case c.Was == "":
			what = append(what, "new, "+c.Is)
		case c.Is == "":
			what = append(what, "removed")
		case c.Was != c.Is:
			what = append(what, c.Was+" → "+c.Is)
		}
		if c.Changed > 0 {
			what = append(what, "changed in "+Count(c.Changed, "row"))
		}
		if len(what) == 0 {
			same++
			continue
		}
		t.add("  "+c.Name, strings.Join(what, "; "))
	}
	if len(t.rows) == 1 {
		return
	}
	fmt.Fprintln(w)
	t.write(w)
	if same > 0 && len(doc.Key) > 0 {
		fmt.Fprintf(w, "  %s\n", style.Dim(Count(same, "other column")+" unchanged"))
	}
}

// widestCell is what values in an example are cut to, in columns.
const widestCell = 40

// writePairs writes example rows as a table: key columns first, then those that
// differ, as many as fit the width.
func writePairs(w io.Writer, doc DataDiffJSON, rows []RowPairJSON, style Style, width int) {
	headers := slices.Clone(doc.Key)
	for _, c := range doc.Columns {
		if !slices.Contains(doc.Key, c.Name) && slices.ContainsFunc(rows, func(r RowPairJSON) bool { return r.shows(c.Name) }) {
			headers = append(headers, c.Name)
		}
	}
	repeated := slices.ContainsFunc(rows, func(r RowPairJSON) bool { return r.Times > 1 })
	columns := make([][]string, 0, len(headers)+1)
	if repeated {
		column := []string{"TIMES"}
		for _, r := range rows {
			column = append(column, humanize.Comma(r.Times))
		}
		columns = append(columns, column)
	}
	for _, name := range headers {
		column := []string{clip(oneLine(name), widestCell)}
		for _, r := range rows {
			column = append(column, r.cell(name))
		}
		columns = append(columns, column)
	}
	room, fit := width, 0
	for _, column := range columns {
		widest := 0
		for _, cell := range column {
			widest = max(widest, uniseg.StringWidth(cell))
		}
		if room -= widest + len("  "); room < 0 && fit > 0 {
			break
		}
		fit++
	}
	t := table{style: style}
	for i := range columns[0] {
		var cells []string
		for _, column := range columns[:fit] {
			cells = append(cells, column[i])
		}
		cells[0] = "  " + cells[0]
		t.add(cells...)
	}
	t.write(w)
	if more := len(columns) - fit; more > 0 {
		fmt.Fprintf(w, "  %s\n", style.Dim(Count(more, "more column")+", which -json shows"))
	}
}

// shows reports whether a row has something to say of a column: it came, went or changed.
func (r RowPairJSON) shows(column string) bool {
	was, before := r.Was[column]
	is, now := r.Is[column]
	if r.Was == nil || r.Is == nil || before != now {
		return before || now
	}
	return valueText(was) != valueText(is)
}

func (r RowPairJSON) cell(column string) string {
	was, before := r.Was[column]
	is, now := r.Is[column]
	switch {
	case before && now && valueText(was) != valueText(is):
		return clip(valueText(was), widestCell/2) + " → " + clip(valueText(is), widestCell/2)
	case now:
		return clip(valueText(is), widestCell)
	case before:
		return clip(valueText(was), widestCell)
	}
	return ""
}

// valueText is a value in a cell. Empty text is quoted, as is what looks like NULL.
func valueText(v *string) string {
	switch {
	case v == nil:
		return "NULL"
	case *v == "" || *v == "NULL":
		return "'" + *v + "'"
	}
	return oneLine(*v)
}
