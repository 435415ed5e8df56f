package view

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/lineage"
)

// FormatVersion is the version of the shapes of all JSON documents.
const FormatVersion = "1.0"

// DiagnosticJSON is a diagnostic in Terraform's shape.
type DiagnosticJSON struct {
	Severity string       `json:"severity"` // "error" or "warning"
	Summary  string       `json:"summary"`
	Detail   string       `json:"detail"`
	Range    *RangeJSON   `json:"range,omitempty"`
	Snippet  *SnippetJSON `json:"snippet,omitempty"`
}

// RangeJSON is a place in a file; the end is exclusive.
type RangeJSON struct {
	Filename string  `json:"filename"`
	Start    PosJSON `json:"start"`
	End      PosJSON `json:"end"`
}

// PosJSON is a position: line and column count from 1, byte from 0.
type PosJSON struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// SnippetJSON is the line a diagnostic is about; the offsets are bytes in Code.
type SnippetJSON struct {
	Context              *string  `json:"context"`
	Code                 string   `json:"code"`
	StartLine            int      `json:"start_line"`
	HighlightStartOffset int      `json:"highlight_start_offset"`
	HighlightEndOffset   int      `json:"highlight_end_offset"`
	Values               []string `json:"values"`
}

// DiagnosticsJSON is the value of every "diagnostics" field; never nil.
func DiagnosticsJSON(diags hcl.Diagnostics, files map[string][]byte) []DiagnosticJSON {
	out := []DiagnosticJSON{}
	source := newSource(files)
	for _, d := range sorted(diags) {
		severity := "error"
		if d.Severity == hcl.DiagWarning {
			severity = "warning"
		}
		doc := DiagnosticJSON{Severity: severity, Summary: d.Summary, Detail: d.Detail}
		if r := d.Subject; r != nil {
			doc.Range = &RangeJSON{r.Filename, PosJSON(r.Start), PosJSON(r.End)}
			if line, before, marked, ok := source.line(*r); ok {
				doc.Snippet = &SnippetJSON{
					Code: line, StartLine: r.Start.Line,
					HighlightStartOffset: len(before), HighlightEndOffset: len(before) + len(marked),
					Values: []string{},
				}
				if block := source.block(*r); block != "" {
					doc.Snippet.Context = &block
				}
			}
		}
		out = append(out, doc)
	}
	return out
}

// ValidationJSON is the document of `validate -json`.
type ValidationJSON struct {
	FormatVersion string           `json:"format_version"`
	Valid         bool             `json:"valid"`
	ErrorCount    int              `json:"error_count"`
	WarningCount  int              `json:"warning_count"`
	Diagnostics   []DiagnosticJSON `json:"diagnostics"`
	Lineage       *CoverageJSON    `json:"lineage,omitempty"`
	// Coverage is there if it is asked for and the project is valid.
	Coverage *DeclaredCoverageJSON `json:"coverage,omitempty"`
}

// Validation is the document that says whether a project is valid, and how far
// its columns could be followed if it got as far as a graph.
func Validation(diags hcl.Diagnostics, files map[string][]byte, g *lineage.Graph) ValidationJSON {
	doc := ValidationJSON{FormatVersion: FormatVersion, Diagnostics: DiagnosticsJSON(diags, files)}
	for _, d := range doc.Diagnostics {
		if d.Severity == "error" {
			doc.ErrorCount++
		} else {
			doc.WarningCount++
		}
	}
	doc.Valid = doc.ErrorCount == 0
	if g != nil {
		doc.Lineage = coverage(g)
	}
	return doc
}

// JSON writes one document, indented.
func JSON(w io.Writer, doc any) error { return writeJSON(w, doc, "  ") }

// JSONLine writes one document on one line.
func JSONLine(w io.Writer, doc any) error { return writeJSON(w, doc, "") }

func writeJSON(w io.Writer, doc any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(doc); err != nil {
		return err
	}
	// Who takes secrets out of what is written must know what is a string, and what a number.
	if redacting, ok := w.(interface{ WriteJSON(doc []byte) error }); ok {
		return redacting.WriteJSON(b.Bytes())
	}
	_, err := w.Write(b.Bytes())
	return err
}
