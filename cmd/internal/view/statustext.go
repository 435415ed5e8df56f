package view

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// StatusText writes a status for people, in lines of at most width columns as far as
// that is possible by leaving out what a person can do without; 0: of any.
func StatusText(w io.Writer, doc StatusJSON, now time.Time, style Style, width int) {
	if len(doc.Assets) > 0 {
		writeAssetStatus(w, doc, now, style, width)
		writeFailed(w, doc.Assets, now, style)
	}
	if len(doc.Sources) > 0 {
		if len(doc.Assets) > 0 {
			fmt.Fprintln(w)
		}
		writeSourceStatus(w, doc.Sources, now, style)
	}
	if len(doc.Assets) > 0 {
		fmt.Fprintf(w, "\n%s\n", style.Bold(countStates(doc.Assets)))
	}
}

// statusColumn is a column of the table of assets.
type statusColumn struct {
	header string
	cell   func(AssetStatusJSON) string
	right  bool
}

// writeAssetStatus writes the table of assets. What nobody declared, and what is empty
// of every asset, has no column.
func writeAssetStatus(w io.Writer, doc StatusJSON, now time.Time, style Style, width int) {
	behind := slices.ContainsFunc(doc.Assets, func(a AssetStatusJSON) bool { return a.LagSeconds > 0 })
	columns := []statusColumn{
		{"ASSET", func(a AssetStatusJSON) string { return a.Asset.String() }, false},
		{"STATE", func(a AssetStatusJSON) string { return a.State }, false},
	}
	if behind {
		columns = append(columns,
			statusColumn{"LAG", AssetStatusJSON.lag, true},
			statusColumn{"DATA UNTIL (UTC)", func(a AssetStatusJSON) string { return a.dataUntil(now) }, false})
	}
	if doc.declared {
		columns = append(columns,
			statusColumn{"DUE", func(a AssetStatusJSON) string { return dueText(a.Due, now) }, false},
			statusColumn{"NEXT BUILD", func(a AssetStatusJSON) string { return a.next }, false},
			statusColumn{"POLICY", AssetStatusJSON.policy, false})
	}
	columns = slices.DeleteFunc(columns, func(c statusColumn) bool {
		return !slices.ContainsFunc(doc.Assets, func(a AssetStatusJSON) bool { return c.cell(a) != "" })
	})
	columns = append(columns,
		statusColumn{"BUILT", func(a AssetStatusJSON) string { return a.built(now) }, false},
		statusColumn{"ROWS", AssetStatusJSON.rows, true},
		statusColumn{"TOOK", AssetStatusJSON.took, true},
		statusColumn{"CHECKS", AssetStatusJSON.outcome, false})
	t := statusTable(doc.Assets, columns, style)
	t.fit(width, "TOOK", "ROWS", "BUILT", "DATA UNTIL (UTC)", "POLICY")
	t.write(w)
}

func statusTable(list []AssetStatusJSON, columns []statusColumn, style Style) table {
	t := table{style: style, right: map[int]bool{}}
	headers := make([]string, len(columns))
	for i, c := range columns {
		headers[i], t.right[i] = c.header, c.right
	}
	t.add(headers...)
	for _, a := range list {
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = c.cell(a)
		}
		t.add(row...)
	}
	t.paint = func(row, column int, text string) string {
		if column != 1 {
			return text
		}
		return paintState(list[row-1].State, text, style)
	}
	return t
}

func (a AssetStatusJSON) lag() string {
	if a.LagSeconds == 0 {
		return ""
	}
	return elapsed(time.Duration(a.LagSeconds * float64(time.Second)))
}

// dataUntil is up to when all that arrived is reflected.
func (a AssetStatusJSON) dataUntil(now time.Time) string {
	switch {
	case a.DataTime == nil:
		return ""
	case a.BehindSince == nil:
		return "now"
	case a.DataTime.Format(time.DateOnly) == now.UTC().Format(time.DateOnly):
		return a.DataTime.Format("15:04")
	}
	return a.DataTime.Format("2006-01-02 15:04")
}

func (a AssetStatusJSON) built(now time.Time) string {
	if a.Last == nil {
		return "never"
	}
	return Ago(a.Last.At, now)
}

func (a AssetStatusJSON) rows() string {
	if a.Last == nil {
		return ""
	}
	return a.Last.rows()
}

func (a AssetStatusJSON) took() string {
	if a.Last == nil {
		return ""
	}
	return Seconds(a.Last.Seconds)
}

func (a AssetStatusJSON) outcome() string {
	text := a.Checks.String()
	if a.Last != nil && a.Last.Quarantined > 0 {
		text += ", " + Count(a.Last.Quarantined, "row") + " quarantined"
	}
	return text
}

func paintState(state, text string, style Style) string {
	switch state {
	case "fresh":
		return style.Green(text)
	case "behind": // and nobody minds yet
		return style.Cyan(text)
	case "failed":
		return style.Red(text)
	}
	return style.Yellow(text)
}

func writeSourceStatus(w io.Writer, list []SourceStatusJSON, now time.Time, style Style) {
	t := table{style: style}
	checked := ""
	if slices.ContainsFunc(list, func(s SourceStatusJSON) bool { return s.declared > 0 }) {
		checked = "CHECKS"
	}
	t.add("SOURCE", "VERSION", "ARRIVED", checked, "")
	for _, s := range list {
		version, arrived := "unseen", ""
		if s.Version != "" {
			version = s.Version.Short()
		}
		if s.Arrived != nil {
			arrived = Ago(*s.Arrived, now)
		}
		checks := s.Checks.String()
		if s.declared > 0 && !s.Judged {
			checks = "not run yet"
		}
		t.add(s.Source.String(), version, arrived, checks, s.trouble(now))
	}
	t.write(w)
}

// trouble says what is wrong with a source, and since when.
func (s SourceStatusJSON) trouble(now time.Time) string {
	var parts []string
	if s.LateSince != nil {
		parts = append(parts, fmt.Sprintf("late since %s (%s): a delivery is promised every %s", minute(*s.LateSince), Ago(*s.LateSince, now), lagText(s.maxAge.Seconds())))
	}
	if s.Error != "" {
		since := ""
		if s.ErrorSince != nil && now.Sub(*s.ErrorSince) >= time.Second {
			since = fmt.Sprintf(" since %s (%s)", minute(*s.ErrorSince), Ago(*s.ErrorSince, now))
		}
		parts = append(parts, "cannot be observed"+since+": "+s.Error)
	}
	return strings.Join(parts, "; ")
}

// String is the outcome of checks for people; empty without checks.
func (c ChecksJSON) String() string {
	var parts []string
	for _, part := range []struct {
		n    int
		text string
	}{{c.Failed, "failed"}, {c.Warned, "warned"}, {c.Passed, "passed"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.text))
		}
	}
	return strings.Join(parts, ", ")
}

func countStates(list []AssetStatusJSON) string {
	counts := map[string]int{}
	for _, a := range list {
		counts[a.State]++
	}
	var parts []string
	for _, state := range slices.Backward(states) {
		if n := counts[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	return fmt.Sprintf("%s: %s.", Count(len(list), "asset"), strings.Join(parts, ", "))
}
