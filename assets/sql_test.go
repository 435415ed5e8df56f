package assets

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// A statement made of a piece of a file, a value put in, and another piece.
func TestLocate(t *testing.T) {
	at := func(file string, line, column, offset, width int) hcl.Range {
		return hcl.Range{Filename: file,
			Start: hcl.Pos{Line: line, Column: column, Byte: offset}, End: hcl.Pos{Line: line, Column: column + 1, Byte: offset + width}}
	}
	value := at("a.hcl", 7, 3, 90, 12)
	text := SQL{Text: "select é\nfrom 2024 where x", Origin: []Span{
		{Start: 0, End: 15, Exact: true, Range: hcl.Range{Filename: "a.sql", Start: hcl.Pos{Line: 1, Column: 1, Byte: 0}}},
		{Start: 15, End: 19, Range: value},
		{Start: 19, End: 27, Exact: true, Range: hcl.Range{Filename: "a.sql", Start: hcl.Pos{Line: 2, Column: 20, Byte: 40}}},
	}}
	fallback := at("b.hcl", 1, 1, 0, 1)
	for _, c := range []struct {
		name   string
		sql    SQL
		offset int
		want   hcl.Range
	}{
		{"the first byte", text, 0, at("a.sql", 1, 1, 0, 1)},
		{"a letter of two bytes", text, 7, at("a.sql", 1, 8, 7, 2)},
		{"the end of a line", text, 9, at("a.sql", 1, 9, 9, 1)},
		{"the next line", text, 10, at("a.sql", 2, 1, 10, 1)},
		{"a value is where its expression is", text, 17, value},
		{"after it", text, 20, at("a.sql", 2, 21, 41, 1)},
		{"the end, where nothing stands", text, 27, at("a.sql", 2, 28, 48, 1)},
		{"beyond the end", text, 99, at("a.sql", 2, 28, 48, 1)},
		{"before the beginning", text, -1, at("a.sql", 1, 1, 0, 1)},
		{"of unknown origin", SQL{Text: "select"}, 2, fallback},
	} {
		if got := c.sql.Locate(c.offset, fallback); got != c.want {
			t.Errorf("%s: byte %d is at %+v, want %+v", c.name, c.offset, got, c.want)
		}
	}
}
