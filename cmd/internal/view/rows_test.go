package view

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

type fakeRows struct {
	columns []string
	rows    [][]any
	at      int
}

func (f *fakeRows) Columns() []string      { return f.columns }
func (f *fakeRows) Next() bool             { f.at++; return f.at <= len(f.rows) }
func (f *fakeRows) Values() ([]any, error) { return f.rows[f.at-1], nil }
func (f *fakeRows) Err() error             { return nil }

func TestWriteRows(t *testing.T) {
	for _, c := range []struct {
		format string
		rows   [][]any
		want   string
	}{
		{"table", [][]any{{json.Number("1"), "ann"}, {json.Number("20"), nil}}, "id  name\n 1  ann\n20  NULL\n(2 rows)\n"},
		{"table", [][]any{{json.Number("1"), "two\nlines"}}, "id  name\n 1  two\\nlines\n(1 row)\n"},
		{"table", nil, "id  name\n(0 rows)\n"},
		{"csv", [][]any{{json.Number("1"), `say "hi", all`}, {nil, true}}, "id,name\n1,\"say \"\"hi\"\", all\"\n,true\n"},
		{"json", [][]any{{json.Number("1"), "<a>"}, {math.NaN(), []any{"x"}}}, "[\n  {\"id\": 1, \"name\": \"<a>\"},\n  {\"id\": \"NaN\", \"name\": [\"x\"]}\n]\n"},
		{"json", nil, "[]\n"},
	} {
		var b bytes.Buffer
		if err := WriteRows(&b, &fakeRows{columns: []string{"id", "name"}, rows: c.rows}, c.format, Style{}, false); err != nil {
			t.Fatal(err)
		}
		if b.String() != c.want {
			t.Errorf("%s of %v:\n%q, want\n%q", c.format, c.rows, b.String(), c.want)
		}
		if c.format == "json" && !json.Valid(b.Bytes()) {
			t.Errorf("not JSON: %s", b.String())
		}
	}
}

func TestWriteRowsCutsLongValuesOnATerminal(t *testing.T) {
	long := strings.Repeat("x", 100)
	for cut, want := range map[bool]int{true: 60, false: 100} {
		var b bytes.Buffer
		if err := WriteRows(&b, &fakeRows{columns: []string{"a"}, rows: [][]any{{long}}}, "table", Style{}, cut); err != nil {
			t.Fatal(err)
		}
		if got := utf8.RuneCountInString(strings.Split(b.String(), "\n")[1]); got != want {
			t.Errorf("cut %t: a value of %d columns, want %d", cut, got, want)
		}
	}
}
