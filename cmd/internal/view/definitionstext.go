package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// DiffText writes for people how definitions differ, in lines of at most width
// columns; 0: of what reads well. SQL is never wrapped.
func DiffText(w io.Writer, doc DiffJSON, style Style, width int) {
	width = cmp.Or(width, readable)
	var others []AssetDiffJSON
	blocks := 0
	for _, d := range doc.Assets {
		if !d.edited {
			others = append(others, d)
			continue
		}
		if blocks++; blocks > 1 {
			fmt.Fprintln(w)
		}
		writeAssetDiff(w, d, style, width)
	}
	switch {
	case len(doc.Assets) == 0:
		fmt.Fprintln(w, style.Green("No differences: what is published was built from what the project declares."))
		return
	case len(others) == 0:
		return
	case blocks > 0:
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "Built again by the same definition:")
	t := table{}
	for _, d := range others {
		t.add("  "+style.symbol(d.step.Action)+" "+d.Asset.String(), Why(d.step, time.Time{}))
	}
	t.body(w)
}

func writeAssetDiff(w io.Writer, d AssetDiffJSON, style Style, width int) {
	symbol := style.symbol(d.step.Action)
	if d.step.Action == planner.None || d.step.Action == 0 {
		symbol = style.Cyan(planner.Revalidate.Symbol())
	}
	fmt.Fprintf(w, "%s %s  %s\n", symbol, style.Bold(d.Asset.String()), d.why())
	writeUnified(w, d.Diff, style)
	if d.Hidden {
		fmt.Fprintln(w, "  Its SQL is sensitive and is not shown.")
	}
	if d.TextOnly || d.Disabled || !d.both {
		return
	}
	if d.Diff != "" {
		fmt.Fprintln(w)
	}
	say := func(text string) { fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(wrap(text, width-2), "\n", "\n  ")) }
	if d.Unknown != "" {
		say("What of it changes cannot be told before it is built: " + d.Unknown + ".")
	}
	writeVerdicts(w, d, style)
	if d.changes() {
		writeDownstream(d, say)
	}
}

// why says why the plan acts on it, or that the other text is no reason to.
func (d AssetDiffJSON) why() string {
	why := Why(d.step, time.Time{})
	switch {
	case d.Disabled:
		return "disabled: it keeps what is published"
	case !d.TextOnly:
		return why
	case why == "":
		return "text only: nothing is rebuilt"
	}
	return why + "; text only: no reason by itself"
}

// changes reports whether the definition may make anything come out different.
func (d AssetDiffJSON) changes() bool {
	return d.Rows || d.Order || slices.ContainsFunc(d.Columns, func(v lineage.ColumnVerdict) bool { return v.Verdict != lineage.Same })
}

func writeUnified(w io.Writer, diff string, style Style) {
	for line := range strings.Lines(diff) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
			line = style.Bold(line)
		case strings.HasPrefix(line, "@@"):
			line = style.Cyan(line)
		case strings.HasPrefix(line, "-"):
			line = style.Red(line)
		case strings.HasPrefix(line, "+"):
			line = style.Green(line)
		}
		fmt.Fprintln(w, line)
	}
}

func writeVerdicts(w io.Writer, d AssetDiffJSON, style Style) {
	t := table{}
	same := 0
	for _, v := range d.Columns {
		switch v.Verdict {
		case lineage.Same:
			same++
		case lineage.New:
			t.add("  "+style.Green("+")+" "+v.Name, "new, "+v.Is)
		case lineage.Removed:
			t.add("  "+style.Red("-")+" "+v.Name, "removed")
		case lineage.Retyped:
			t.add("  "+style.Yellow("~")+" "+v.Name, v.Was+" → "+v.Is)
		case lineage.Recomputed:
			t.add("  "+style.Yellow("~")+" "+v.Name, "computed differently")
		}
	}
	t.body(w)
	if d.Unknown != "" {
		return
	}
	rows := "the same rows"
	switch {
	case d.Rows:
		rows = "which rows there are may change"
	case d.Order:
		rows = "the same rows, perhaps in another order"
	}
	if !d.changes() {
		fmt.Fprintln(w, "  It means the same: every column and every row comes out as it is.")
		return
	}
	columns := Count(same, "column") + " computed as before"
	if same == 0 {
		columns = "No column computed as before"
	}
	fmt.Fprintf(w, "  %s; %s.\n", columns, rows)
}

func writeDownstream(d AssetDiffJSON, say func(string)) {
	touched := make([]string, len(d.Touched))
	for i, t := range d.Touched {
		what := strings.Join(t.Columns, ", ")
		if t.Rows {
			what = "rows"
		}
		touched[i] = fmt.Sprintf("%s (%s)", t.Asset, what)
	}
	if len(touched) > 0 {
		say("Touches " + strings.Join(touched, ", ") + ".")
	}
	if len(d.IfReordered) > 0 {
		say("Touches " + names(d.IfReordered, ",") + " only if rows come to lie in another order.")
	}
	switch {
	case len(d.Untouched) > 0 && len(touched)+len(d.IfReordered) == 0:
		say("Touches nothing downstream: " + names(d.Untouched, ",") + ".")
	case len(d.Untouched) > 0:
		say("Does not touch " + names(d.Untouched, ",") + ".")
	}
}
