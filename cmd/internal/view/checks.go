package view

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/check"
	"github.com/seed-4311623e/assets/planner"
)

// ChecksDoc is the document of `check -json`, and of its -history and -rows.
type ChecksDoc struct {
	FormatVersion string          `json:"format_version"`
	Results       []JudgementJSON `json:"results"`
	// Unpublished are assets of which there was nothing to check.
	Unpublished []assets.Name    `json:"unpublished"`
	Summary     ChecksJSON       `json:"summary"`
	Diagnostics []DiagnosticJSON `json:"diagnostics"`
}

// JudgementJSON is the outcome of one check on one version.
type JudgementJSON struct {
	Asset    assets.Name      `json:"asset"` // or source
	Version  assets.Digest    `json:"version,omitempty"`
	Run      string           `json:"run"`
	Occasion planner.Occasion `json:"occasion"`
	At       time.Time        `json:"at"`
	planner.CheckResult
}

// NewChecks is the document of what checks found; all says that every row that is
// kept is shown, and not only the first.
func NewChecks(judgements []planner.Judgement, unpublished []assets.Name, all bool, diagnostics []DiagnosticJSON) ChecksDoc {
	doc := ChecksDoc{FormatVersion, []JudgementJSON{}, append([]assets.Name{}, unpublished...), ChecksJSON{}, diagnostics}
	for _, j := range judgements {
		if all {
			j.CheckResult.Rows = j.Kept
		}
		doc.Results = append(doc.Results, JudgementJSON{j.Of, j.Version, j.Run, j.Occasion, j.At.UTC(), j.CheckResult})
		doc.Summary.count(j.CheckResult)
	}
	return doc
}

func (c *ChecksJSON) count(result planner.CheckResult) {
	switch result.Status {
	case planner.CheckPassed:
		c.Passed++
	case planner.CheckWarned:
		c.Warned++
	case planner.CheckFailed:
		c.Failed++
	}
}

// ChecksText writes what checks found for people: a table, then the rows of what is violated.
func ChecksText(w io.Writer, doc ChecksDoc, style Style) {
	if len(doc.Results) > 0 {
		t := table{style: style, right: map[int]bool{3: true, 4: true}}
		t.add("ASSET", "CHECK", "STATUS", "VIOLATIONS", "VALUE", "MESSAGE")
		for _, r := range doc.Results {
			t.add(r.Asset.String(), r.Check, string(r.Status), violations(r.CheckResult), measuredText(r.CheckResult), r.Message)
		}
		t.paint = paintStatus(2, doc.Results, style)
		t.write(w)
		violationsText(w, doc, style)
		fmt.Fprintln(w)
	}
	for _, name := range doc.Unpublished {
		fmt.Fprintf(w, "%s is not published yet, so there is nothing to check.\n", name)
	}
	if len(doc.Results)+len(doc.Unpublished) == 0 {
		fmt.Fprintln(w, "There is nothing to check: what was named has no checks.")
		return
	}
	if n := len(doc.Results); n > 0 {
		fmt.Fprintln(w, style.Bold(fmt.Sprintf("%s: %s.", Count(int64(n), "check"), doc.Summary)))
	}
}

func violationsText(w io.Writer, doc ChecksDoc, style Style) {
	for _, r := range doc.Results {
		if len(r.Rows) > 0 {
			fmt.Fprintf(w, "\n%s\n", style.Bold(r.Asset.String()))
			CheckText(w, r.CheckResult, style)
		}
	}
}

// RowsText writes the violating rows that are kept.
func RowsText(w io.Writer, doc ChecksDoc, now time.Time, style Style) {
	if len(doc.Results) == 0 {
		fmt.Fprintln(w, "No violating rows are kept: the checks passed when they were run last, are not about rows, or have limit = 0.")
		return
	}
	for i, r := range doc.Results {
		if i > 0 {
			fmt.Fprintln(w)
		}
		kept := Count(int64(len(r.Rows)), "row") + " kept"
		if r.Violations > int64(len(r.Rows)) {
			kept = fmt.Sprintf("%s of %s kept", humanize.Comma(int64(len(r.Rows))), Count(r.Violations, "violation"))
		}
		fmt.Fprintf(w, "%s %s\n", style.Bold(r.Asset.String()), style.Dim("("+Ago(r.At, now)+", "+kept+")"))
		CheckText(w, r.CheckResult, style)
	}
}

// HistoryText lists past results for people, newest first.
func HistoryText(w io.Writer, doc ChecksDoc, now time.Time, style Style) {
	if len(doc.Results) == 0 {
		fmt.Fprintln(w, "No check was run yet. They run when an asset is built, and with: assets check")
		return
	}
	t := table{style: style, right: map[int]bool{4: true, 5: true}}
	t.add("AT", "ASSET", "CHECK", "STATUS", "VIOLATIONS", "VALUE", "VERSION", "ON", "MESSAGE")
	for _, r := range doc.Results {
		version := "-"
		if r.Version != "" {
			version = r.Version.Short()
		}
		t.add(Ago(r.At, now), r.Asset.String(), r.Check, string(r.Status), violations(r.CheckResult), measuredText(r.CheckResult), version, string(r.Occasion), r.Message)
	}
	t.paint = paintStatus(3, doc.Results, style)
	t.write(w)
}

func paintStatus(column int, results []JudgementJSON, style Style) func(int, int, string) string {
	return func(row, at int, text string) string {
		if at != column {
			return text
		}
		switch results[row-1].Status {
		case planner.CheckFailed:
			return style.Red(text)
		case planner.CheckWarned:
			return style.Yellow(text)
		}
		return style.Green(text)
	}
}

// violations is how many there are. Of a check that could not be run nobody knows.
func violations(c planner.CheckResult) string {
	if c.Violations == 0 && c.Status == planner.CheckFailed {
		return "?"
	}
	return humanize.Comma(c.Violations)
}

// measuredText is what a check measured, in its unit.
func measuredText(c planner.CheckResult) string {
	switch {
	case c.Value == nil:
		return "-"
	case c.Kind == assets.Recency:
		return time.UnixMicro(int64(*c.Value * 1e6)).UTC().Format("2006-01-02 15:04:05 UTC")
	case c.Kind == assets.RowCount:
		return humanize.Comma(int64(*c.Value))
	}
	return strconv.FormatFloat(*c.Value, 'g', 6, 64)
}

// ExplainDoc is the document of `check -explain -json`.
type ExplainDoc struct {
	FormatVersion string          `json:"format_version"`
	Assets        []ExplainedJSON `json:"assets"`
}

// ExplainedJSON are the statements that the checks of one source or asset take.
type ExplainedJSON struct {
	Asset      assets.Name       `json:"asset"`
	Statements []check.Statement `json:"statements"`
}

// ExplainText writes which statements checks take, for people.
func ExplainText(w io.Writer, doc ExplainDoc, style Style) {
	if len(doc.Assets) == 0 {
		fmt.Fprintln(w, "There is nothing to run: what was named has no checks.")
		return
	}
	for i, a := range doc.Assets {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, style.Bold(a.Asset.String()))
		for _, s := range a.Statements {
			checks := strings.Join(s.Checks, ", ")
			switch {
			case s.SQL == "":
				fmt.Fprintf(w, "  %s reads no rows: columns are compared with those of the last version that was accepted\n", checks)
				continue
			case len(s.Checks) > 1:
				checks = "one scan for " + checks
			}
			fmt.Fprintf(w, "  %s\n", checks)
			for _, line := range strings.Split(strings.TrimSpace(s.SQL), "\n") {
				fmt.Fprintf(w, "    %s\n", style.Dim(line))
			}
		}
	}
}
