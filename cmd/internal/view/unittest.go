package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/materialize/check/unit"
)

// TestResults are what came of the unit tests that were run.
type TestResults struct {
	Outcomes []unit.Outcome
	Took     time.Duration // all of them together
}

// Failed is the number of tests that failed.
func (r TestResults) Failed() (n int) {
	for _, o := range r.Outcomes {
		if !o.Passed() {
			n++
		}
	}
	return n
}

// TestsText writes what failed, why, and the number of tests; with verbose, first a
// list of them all.
func TestsText(w io.Writer, results TestResults, verbose bool, style Style) {
	if verbose {
		testList(w, results, style)
	}
	for _, o := range results.Outcomes {
		if o.Passed() {
			continue
		}
		fmt.Fprintf(w, "%s %s\n", style.Bold(style.Red("Failed:")), style.Bold(o.Test.Name))
		fmt.Fprintf(w, "  %s\n", style.Dim(fmt.Sprintf("on %s line %d, of asset %s", o.Test.Decl.Filename, o.Test.Decl.Start.Line, o.Test.Asset)))
		testFailure(w, o, style)
		fmt.Fprintln(w)
	}
	took := Seconds(results.Took.Seconds())
	if failed := results.Failed(); failed > 0 {
		fmt.Fprintf(w, "%s %d of %s failed in %s.\n", style.Bold(style.Red("Failed!")), failed, Count(len(results.Outcomes), "test"), took)
		return
	}
	fmt.Fprintf(w, "%s %s passed in %s.\n", style.Bold(style.Green("Success!")), Count(len(results.Outcomes), "test"), took)
}

func testList(w io.Writer, results TestResults, style Style) {
	t := table{style: style, paint: func(row, column int, text string) string {
		switch {
		case column > 0:
			return text
		case results.Outcomes[row-1].Passed():
			return style.Green(text)
		}
		return style.Red(text)
	}}
	t.add("", "TEST", "ASSET", "TOOK")
	for _, o := range results.Outcomes {
		status := "passed"
		if !o.Passed() {
			status = "failed"
		}
		t.add(status, o.Test.Name, o.Test.Asset.String(), fmt.Sprintf("%d ms", o.Took.Milliseconds()))
	}
	t.write(w)
	fmt.Fprintln(w)
}

// testFailure writes why a test failed, with its rows side by side.
func testFailure(w io.Writer, o unit.Outcome, style Style) {
	for line := range strings.Lines(o.Message) {
		fmt.Fprintf(w, "  %s\n", Sentence(strings.TrimRight(line, "\n")))
	}
	if o.Diff == nil {
		return
	}
	fmt.Fprintf(w, "  %s:\n\n", upper(diffSummary(o.Diff)))
	diffTable(w, o.Diff, style)
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// diffSummary says in words how rows differ.
func diffSummary(d *unit.Diff) string {
	missing, unexpected, differing := d.Count()
	if d.Reordered {
		return fmt.Sprintf("the rows are those expected, in another order; %s elsewhere", Count(differing, "row"))
	}
	var parts []string
	say := func(n int, one, many string) {
		switch n {
		case 0:
		case 1:
			parts = append(parts, "1 row "+one)
		default:
			parts = append(parts, Count(n, "row")+" "+many)
		}
	}
	say(differing, "differs", "differ")
	say(missing, "is missing", "are missing")
	say(unexpected, "was not expected", "were not expected")
	return fmt.Sprintf("%s (%d expected, %d came)", list(parts, "and"), d.Expected, d.Got)
}
