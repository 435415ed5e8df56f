package lineage

import (
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// Place is the range in a file of the word that stands at a byte of a statement:
// a name with its dots, a quoted name or text, or one character. A negative offset means
// the place is not known, and gives fallback.
func Place(s assets.SQL, offset int, fallback hcl.Range) hcl.Range {
	if offset < 0 {
		return fallback
	}
	start := s.Locate(offset, fallback)
	end := wordEnd(s.Text, offset)
	if end <= offset+1 {
		return start
	}
	last := s.Locate(end-1, fallback)
	if last.Filename != start.Filename || last.Start.Line != start.Start.Line || last.End.Byte < start.End.Byte {
		return start
	}
	return hcl.RangeBetween(start, last)
}

func wordEnd(text string, at int) int {
	for at < len(text) {
		if quote := text[at]; quote == '"' || quote == '\'' {
			for at++; at < len(text) && text[at] != quote; at++ {
			}
			at = min(at+1, len(text))
			continue
		}
		r, size := utf8.DecodeRuneInString(text[at:])
		if r != '_' && r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		at += size
	}
	return at
}
