package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// CheckText writes what a check found: the violation and the rows that a result shows.
func CheckText(w io.Writer, c planner.CheckResult, style Style) {
	fmt.Fprintf(w, "  %s\n", CheckLine(c, style))
	if len(c.Rows) == 0 {
		return
	}
	t := table{style: style}
	t.add(append([]string{"   "}, c.Columns...)...)
	for _, row := range c.Rows {
		t.add(append([]string{"   "}, row...)...)
	}
	t.write(w)
	const shown = 5 // by a record, which does not tell how many are kept
	if c.Quarantined > 0 {
		return // they are kept whole, elsewhere
	}
	if len(c.Rows) < len(c.Kept) || c.Kept == nil && len(c.Rows) == shown && c.Violations > shown {
		fmt.Fprintf(w, "    %s\n", style.Dim("More of these rows: assets check -rows"))
	}
}

// CheckLine is the outcome of a check in one line.
func CheckLine(c planner.CheckResult, style Style) string {
	outcome := style.Green("passed")
	switch {
	case c.Status == planner.CheckFailed:
		outcome = style.Red("failed")
	case c.Status == planner.CheckWarned:
		outcome = style.Yellow("warned")
	case c.Quarantined > 0:
		outcome = style.Yellow("quarantined")
	}
	line := fmt.Sprintf("check %s %s", c.Check, outcome)
	switch {
	case c.Message != "":
		line += ": " + strings.TrimSuffix(c.Message, ".")
	case c.Violations > 0 && c.Kind != assets.RowCount:
		line += ": " + Count(c.Violations, "row") + " in violation"
	}
	return line
}
