package assets

import (
	"sort"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// SQL is a statement together with where its bytes come from, so that an error
// at a byte of the text can be shown in the file a person wrote.
type SQL struct {
	Text string
	// Origin covers Text in order. A byte outside every span has no known place.
	Origin []Span
	// Sensitive says that Text holds a secret: it is never shown, logged or kept.
	Sensitive bool
}

// Span says that the bytes [Start, End) of a text come from Range.
type Span struct {
	Start, End int
	// Range is where the bytes stand. If Exact, byte i of the span is byte
	// Range.Start.Byte+i of the file; otherwise the whole span comes from the
	// expression at Range, such as ${var.since}.
	Range hcl.Range
	Exact bool
}

// Locate returns the place in a file of the byte at offset of the text: one
// character wide if known exactly, else the range of the expression it came from.
// Without any origin it returns fallback.
func (s SQL) Locate(offset int, fallback hcl.Range) hcl.Range {
	if len(s.Origin) == 0 {
		return fallback
	}
	offset = max(0, min(offset, len(s.Text)))
	i := sort.Search(len(s.Origin), func(i int) bool { return s.Origin[i].End > offset })
	if i == len(s.Origin) {
		i--
	}
	span := s.Origin[i]
	if !span.Exact || offset < span.Start {
		return span.Range
	}
	start := advance(span.Range.Start, s.Text[span.Start:offset])
	width := 1
	if offset < len(s.Text) && s.Text[offset] != '\n' {
		_, width = utf8.DecodeRuneInString(s.Text[offset:])
	}
	end := hcl.Pos{Line: start.Line, Column: start.Column + 1, Byte: start.Byte + width}
	return hcl.Range{Filename: span.Range.Filename, Start: start, End: end}
}

func advance(pos hcl.Pos, text string) hcl.Pos {
	for _, r := range text {
		pos.Byte += utf8.RuneLen(r)
		pos.Column++
		if r == '\n' {
			pos.Line++
			pos.Column = 1
		}
	}
	return pos
}
