package view

import "github.com/seed-4311623e/assets/materialize/check/unit"

// TestsJSON is the document of `assets test -json`.
type TestsJSON struct {
	FormatVersion string           `json:"format_version"`
	Tests         []TestJSON       `json:"tests"`
	Summary       TestSummaryJSON  `json:"summary"`
	Diagnostics   []DiagnosticJSON `json:"diagnostics"`
}

// TestJSON is what came of one test. Rows hold values as DuckDB writes them, in the
// order of Columns; null is NULL.
type TestJSON struct {
	Test       string         `json:"test"`
	Asset      string         `json:"asset"`
	Filename   string         `json:"filename"`
	Line       int            `json:"line"`
	Status     string         `json:"status"` // "passed" or "failed"
	Seconds    float64        `json:"seconds"`
	Message    string         `json:"message,omitempty"`
	Columns    []string       `json:"columns,omitempty"`
	Differing  []DiffPairJSON `json:"differing,omitempty"`
	Missing    [][]*string    `json:"missing,omitempty"`
	Unexpected [][]*string    `json:"unexpected,omitempty"`
}

// DiffPairJSON is an expected row and the one that came instead.
type DiffPairJSON struct {
	Expected []*string `json:"expected"`
	Got      []*string `json:"got"`
}

// TestSummaryJSON counts tests.
type TestSummaryJSON struct {
	Passed  int     `json:"passed"`
	Failed  int     `json:"failed"`
	Seconds float64 `json:"seconds"`
}

// NewTestsJSON makes the document.
func NewTestsJSON(results TestResults, diags []DiagnosticJSON) TestsJSON {
	failed := results.Failed()
	doc := TestsJSON{FormatVersion: FormatVersion, Tests: []TestJSON{}, Diagnostics: diags,
		Summary: TestSummaryJSON{Passed: len(results.Outcomes) - failed, Failed: failed, Seconds: results.Took.Seconds()}}
	for _, o := range results.Outcomes {
		t := TestJSON{Test: o.Test.Name, Asset: o.Test.Asset.String(), Filename: o.Test.Decl.Filename, Line: o.Test.Decl.Start.Line,
			Status: "passed", Seconds: o.Took.Seconds(), Message: o.Message}
		if !o.Passed() {
			t.Status = "failed"
		}
		if o.Diff != nil {
			t.Columns = o.Diff.Columns
			if t.Message == "" {
				t.Message = diffSummary(o.Diff)
			}
			for _, p := range o.Diff.Rows {
				switch {
				case p.Got == nil:
					t.Missing = append(t.Missing, cellsJSON(p.Expected))
				case p.Expected == nil:
					t.Unexpected = append(t.Unexpected, cellsJSON(p.Got))
				default:
					t.Differing = append(t.Differing, DiffPairJSON{cellsJSON(p.Expected), cellsJSON(p.Got)})
				}
			}
		}
		doc.Tests = append(doc.Tests, t)
	}
	return doc
}

func cellsJSON(cells []unit.Cell) []*string {
	texts := make([]*string, len(cells))
	for i, c := range cells {
		if !c.Null {
			texts[i] = &c.Text
		}
	}
	return texts
}
