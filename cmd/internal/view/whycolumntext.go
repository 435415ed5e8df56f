package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// viaWords say for people how a column comes in.
var viaWords = map[string]string{
	"IDENTITY": "as it is", "TRANSFORMATION": "computed from it", "AGGREGATION": "aggregated",
	"CONDITIONAL": "chooses between values", "WINDOW": "key of a window", "JOIN": "key of a join",
	"GROUP_BY": "key of a group", "FILTER": "filtered by", "SORT": "sorted by",
}

// rowWords say for people how a column decides about rows.
var rowWords = map[string]string{
	"IDENTITY": "taken as it is", "TRANSFORMATION": "computed from", "AGGREGATION": "by an aggregate of",
	"CONDITIONAL": "depending on", "WINDOW": "by a window over", "JOIN": "joined on",
	"GROUP_BY": "grouped by", "FILTER": "filtered by", "SORT": "the first ones by",
}

// WhyColumnText writes an explanation of a column for people, in lines of at most
// width columns; 0: of any.
func WhyColumnText(w io.Writer, doc WhyColumnJSON, style Style, width int) {
	heading := style.Bold(doc.Name.String() + "." + doc.Column)
	if doc.Type != "" {
		heading += "  " + style.Dim(doc.Type)
	}
	fmt.Fprintln(w, heading)
	if doc.Description != "" {
		fmt.Fprintln(w, wrap(doc.Description, width))
	}
	fmt.Fprintln(w)
	if doc.Kind == "source" {
		fmt.Fprintf(w, "%s is a source: the column is as it is delivered.\n", doc.Name)
		return
	}
	writeFrom(w, doc, style)
	if len(doc.Checks) > 0 {
		fmt.Fprintln(w, "\nChecks on it")
		for _, check := range doc.Checks {
			if check.Result == nil {
				fmt.Fprintf(w, "  check %s has not run yet\n", check.Check)
				continue
			}
			CheckText(w, *check.Result, style)
		}
	}
	fmt.Fprintln(w)
	writeColumnNext(w, doc, style)
}

func writeFrom(w io.Writer, doc WhyColumnJSON, style Style) {
	switch {
	case doc.Next.Verdict == lineage.Removed:
		fmt.Fprintln(w, "What is published has it; the project does not any more.")
		return
	case doc.Unbound != "":
		fmt.Fprintf(w, "Where its values come from is not known: %s.\n", doc.Unbound)
		return
	case doc.Assumed:
		fmt.Fprintln(w, "DuckDB cannot show how this SQL is computed, so it counts as made from everything it reads.")
	case len(doc.From) == 0 && doc.Constant:
		fmt.Fprintln(w, "It is a constant: its value comes from no column and is the same in each row.")
	case len(doc.From) == 0:
		fmt.Fprintln(w, "Its values come from no column: they are counted, or follow from which rows there are.")
	}
	if len(doc.From) > 0 {
		fmt.Fprintln(w, "Its values come from")
		t := table{style: style}
		addFrom(&t, doc.From, 1)
		t.body(w)
	}
	if len(doc.Ties) > 0 {
		fmt.Fprintln(w, "\nIt depends on the order of rows. Where rows are equal in what they are sorted by, that is decided by")
		t := table{}
		for _, rows := range doc.Ties {
			var names []string
			for _, c := range rows.Columns {
				names = append(names, c.Column)
			}
			t.add("  "+rows.Name.String(), strings.Join(names, ", "))
		}
		t.body(w)
	}
	if len(doc.RowsFrom) == 0 {
		return
	}
	fmt.Fprintln(w, "\nWhich rows there are is decided by")
	t := table{}
	for _, rows := range doc.RowsFrom {
		t.add("  "+rows.Name.String(), rowsText(rows.Columns))
	}
	t.body(w)
}

func addFrom(t *table, list []FromJSON, depth int) {
	for _, from := range list {
		words := make([]string, len(from.Via))
		for i, via := range from.Via {
			words[i] = viaWords[via]
		}
		text := strings.Join(words, ", ")
		if from.Repeated {
			text += " (explained above)"
		}
		t.add(strings.Repeat("  ", depth)+from.Name.String()+"."+from.Column, text)
		addFrom(t, from.From, depth+1)
	}
}

// rowsText groups columns by how they decide: "joined on a, b; filtered by c".
func rowsText(columns []RowsFrom) string {
	if len(columns) == 0 {
		return "its rows"
	}
	var order []string
	by := map[string][]string{}
	for _, c := range columns {
		for _, via := range c.Via {
			if by[via] == nil {
				order = append(order, via)
			}
			by[via] = append(by[via], c.Column)
		}
	}
	parts := make([]string, len(order))
	for i, via := range order {
		parts[i] = rowWords[via] + " " + strings.Join(by[via], ", ")
	}
	return strings.Join(parts, "; ")
}

func writeColumnNext(w io.Writer, doc WhyColumnJSON, style Style) {
	if doc.Disabled {
		fmt.Fprintf(w, "%s is disabled: it keeps what is published.\n", doc.Name)
		return
	}
	if doc.step.Action == planner.None || doc.step.Action == 0 {
		fmt.Fprintln(w, style.Green("The next plan does not change it: it is up to date."))
		return
	}
	fmt.Fprintln(w, "In the next plan")
	fmt.Fprintf(w, "  %s %s  %s\n", style.symbol(doc.step.Action), style.Bold(doc.Name.String()), Why(doc.step, doc.now))
	for _, sentence := range nextSentences(doc) {
		fmt.Fprintf(w, "    %s\n", sentence)
	}
}

// nextSentences say what the next plan does with the column.
func nextSentences(doc WhyColumnJSON) []string {
	next := doc.Next
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	switch next.Verdict {
	case lineage.New:
		say("The column is new.")
	case lineage.Removed:
		say("The column is removed.")
	case lineage.Retyped:
		say("Its type changes from %s to %s.", next.Was, doc.Type)
	case lineage.Recomputed:
		say("Its values are computed differently.")
	case lineage.Unknown:
		say("Whether its values change cannot be told before they are built.")
	}
	if next.Rows && next.Verdict != lineage.Unknown {
		say("Which rows there are may change.")
	}
	if len(next.Inputs) > 0 {
		say("What it is made from may change: %s.", names(next.Inputs, ","))
	}
	switch {
	case next.Reordered:
		say("Its values stay as they are, unless rows come to lie in another order.")
	case len(said) == 0:
		say("Its values stay as they are.")
	}
	return said
}
