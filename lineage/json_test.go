package lineage

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// What DuckDB really says is tested in package compile; here is what it never
// should.
func TestAnswersThatAreNone(t *testing.T) {
	for _, answer := range []string{``, `{`, `[]`, `null`, `{"error":false}`, `{"error":false,"plans":[]}`, `{"error":false,"plans":[{"type":"LOGICAL_INSERT"}]}`,
		`{"error":false,"plans":[{"type":"LOGICAL_CREATE_TABLE","children":[{"type":"LOGICAL_GET","names":["a"],"column_indexes":[{"index":1}],"function_data":{"schema":"m","table":"t"}}]}]}`,
		`{"error":false,"plans":[{"type":"LOGICAL_CREATE_TABLE","children":[{"type":"LOGICAL_GET","names":["a"],"column_indexes":[{}],"function_data":{"schema":"m","table":"other"}}]}]}`,
	} {
		if _, err := Walk([]byte(answer), "v1", map[assets.Name][]assets.Column{assets.MustName("m.t"): nil}); err == nil {
			t.Errorf("Walk accepts %s", answer)
		}
	}
	for _, answer := range []string{``, `{`} {
		if _, err := Parse([]byte(answer), "v0"); err == nil {
			t.Errorf("Parse accepts %q", answer)
		}
		if err := EngineErrorIn([]byte(answer)); err == nil {
			t.Errorf("EngineErrorIn takes %q for a result", answer)
		}
	}
}

func TestEngineError(t *testing.T) {
	err := EngineErrorIn([]byte(`{"error":true,"error_type":"binder","error_message":"m","error_subtype":"COLUMN_NOT_FOUND","name":"nope","candidates":"a,b","position":"25"}`))
	e, ok := err.(*EngineError)
	if !ok || e.Type != "binder" || e.Offset != 25 || e.Name != "nope" || strings.Join(e.Candidates, " ") != "a b" || e.Error() != "m" {
		t.Errorf("got %#v", err)
	}
}

func TestPlace(t *testing.T) {
	text := "select a.\"B c\",\n  é1 from t"
	sql := assets.SQL{Text: text, Origin: []assets.Span{{End: len(text), Exact: true,
		Range: hcl.Range{Filename: "f", Start: hcl.Pos{Line: 3, Column: 5, Byte: 40}, End: hcl.Pos{Line: 4, Column: 12, Byte: 40 + len(text)}}}}}
	fallback := hcl.Range{Filename: "whole"}
	for _, test := range []struct {
		at, line, from, to int
	}{
		{0, 3, 5, 11}, {7, 3, 12, 19}, {strings.Index(text, "é"), 4, 3, 5}, {strings.Index(text, ","), 3, 19, 20}, {len(text) - 1, 4, 11, 12},
	} {
		got := Place(sql, test.at, fallback)
		if got.Filename != "f" || got.Start.Line != test.line || got.Start.Column != test.from || got.End.Column != test.to {
			t.Errorf("byte %d: %v, want line %d columns %d to %d", test.at, got, test.line, test.from, test.to)
		}
	}
	if got := Place(sql, -1, fallback); got != fallback {
		t.Errorf("unknown place: %v", got)
	}
	if got := Place(assets.SQL{Text: "x"}, 0, fallback); got != fallback {
		t.Errorf("without an origin: %v", got)
	}
}
