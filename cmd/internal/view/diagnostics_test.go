package view

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

var files = map[string][]byte{
	"mart.hcl":   []byte("asset \"mart.sales\" {\n\tdescripton = \"Revenue\"\n}\n"),
	"orders.sql": []byte("select id,\n  naïve, amont\nfrom raw.orders\n"),
}

func at(file string, line, column, from, to int) *hcl.Range {
	return &hcl.Range{Filename: file,
		Start: hcl.Pos{Line: line, Column: column, Byte: from},
		End:   hcl.Pos{Line: line, Column: column + to - from, Byte: to}}
}

var unsupported = &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Unsupported argument",
	Detail: `An argument named "descripton" is not expected here. Did you mean "description"?`, Subject: at("mart.hcl", 2, 2, 22, 32)}

var unknown = &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Unknown column", Detail: "Did you mean:\n  amount", Subject: at("orders.sql", 2, 10, 21, 26)}

var careful = &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Volatile function"}

func TestDiagnosticsShowEachMistakeAtItsPlace(t *testing.T) {
	var b bytes.Buffer
	Diagnostics(&b, hcl.Diagnostics{unknown, unsupported, unknown, careful}, files, Style{}, 40)
	want := `Warning: Volatile function

Error: Unsupported argument

  on mart.hcl line 2, in asset "mart.sales":
   2: 	descripton = "Revenue"
      	^^^^^^^^^^

An argument named "descripton" is not
expected here. Did you mean
"description"?

Error: Unknown column

  on orders.sql line 2:
   2:   naïve, amont
               ^^^^^

Did you mean:
  amount

Found 2 errors and 1 warning.

`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestDiagnosticsSurviveRangesOutsideTheirFile(t *testing.T) {
	for _, r := range []*hcl.Range{at("gone.hcl", 3, 1, 5, 6), at("mart.hcl", 900, 1, 9000, 9001), at("mart.hcl", 2, 1, 21, 9001)} {
		var b bytes.Buffer
		Diagnostics(&b, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Bad", Subject: r}}, files, Style{}, 0)
		if !bytes.Contains(b.Bytes(), []byte("on "+r.Filename+" line")) {
			t.Errorf("%v is not named in:\n%s", r, b.String())
		}
		DiagnosticsJSON(hcl.Diagnostics{{Summary: "Bad", Subject: r}}, files)
	}
}

func TestDiagnosticsJSONHasTerraformsShape(t *testing.T) {
	got, err := json.MarshalIndent(Validation(hcl.Diagnostics{unsupported, careful}, files, nil), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "format_version": "1.0",
  "valid": false,
  "error_count": 1,
  "warning_count": 1,
  "diagnostics": [
    {
      "severity": "warning",
      "summary": "Volatile function",
      "detail": ""
    },
    {
      "severity": "error",
      "summary": "Unsupported argument",
      "detail": "An argument named \"descripton\" is not expected here. Did you mean \"description\"?",
      "range": {
        "filename": "mart.hcl",
        "start": {
          "line": 2,
          "column": 2,
          "byte": 22
        },
        "end": {
          "line": 2,
          "column": 12,
          "byte": 32
        }
      },
      "snippet": {
        "context": "asset \"mart.sales\"",
        "code": "\tdescripton = \"Revenue\"",
        "start_line": 2,
        "highlight_start_offset": 1,
        "highlight_end_offset": 11,
        "values": []
      }
    }
  ]
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}
