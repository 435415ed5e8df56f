package redact

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Hidden stands where a secret would.
const Hidden = "(sensitive)"

// Shortest is the length in bytes of the shortest secret that is searched for:
// replacing every "1" would help nobody, and tell which digit it is.
const Shortest = 3

// piece is the length in bytes of the shortest part of a secret that is recognized
// where a text was cut.
const piece = 6

// Set is a set of secrets to look for. The zero Set is empty. It does not change.
type Set struct {
	patterns []string        // in lower case
	secrets  []string        // as they are, in lower case
	words    map[string]bool // of secrets
	// begin holds the patterns by their first two bytes, and begins says of which there
	// are any: most places of a text begin none.
	begin  map[uint16][]string
	begins []bool
}

// New makes a set of secrets and of the forms they take. Those that are shorter than
// [Shortest], and the words true and false, are left out.
func New(secrets []string) Set {
	seen := map[string]bool{}
	s := Set{words: map[string]bool{}}
	for _, secret := range secrets {
		s.secrets = append(s.secrets, lower(secret))
		for _, w := range word.FindAllString(lower(secret), -1) {
			s.words[w] = true
		}
		for _, form := range forms(secret) {
			form = lower(form)
			if len(form) < Shortest || seen[form] || form == "true" || form == "false" || strings.Contains(Hidden, form) {
				continue
			}
			seen[form] = true
			s.patterns = append(s.patterns, form)
		}
	}
	slices.Sort(s.patterns)
	if len(s.patterns) > 0 {
		s.begin, s.begins = map[uint16][]string{}, make([]bool, 1<<16)
		for _, pattern := range s.patterns {
			b := beginning(pattern)
			s.begin[b], s.begins[b] = append(s.begin[b], pattern), true
		}
	}
	return s
}

// String is text with [Hidden] in place of each secret. Letters are the same in
// upper and in lower case, and where an ellipsis says that the text was cut, a
// part of a secret is one.
func (s Set) String(text string) string {
	found := s.find(text)
	if len(found) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, f := range found {
		b.WriteString(text[at:f.start])
		b.WriteString(Hidden)
		at = f.end
	}
	b.WriteString(text[at:])
	return b.String()
}

// In reports whether a secret is in text.
func (s Set) In(text string) bool { return len(s.find(text)) > 0 }

// Settled is the length of the beginning of text that can be judged by itself:
// what comes after it may turn out to be a secret, or to belong to one, once the
// text goes on.
func (s Set) Settled(text string) int {
	if len(s.patterns) == 0 {
		return len(text)
	}
	low := lower(text)
	longest := 0
	for _, pattern := range s.patterns {
		for k := min(len(pattern)-1, len(low)); k > longest; k-- {
			if strings.HasPrefix(pattern, low[len(low)-k:]) {
				longest = k
				break
			}
		}
	}
	settled := len(text) - longest
	for _, f := range s.find(text) {
		if f.start < settled && settled < f.end {
			return f.start
		}
	}
	return settled
}

// word is what DuckDB takes for one: a name, or a number.
var word = regexp.MustCompile(`[\pL\pN_]{3,}`)

// Words is text with [Hidden] also in place of words of secrets, and of parts that are as
// long as a piece: what DuckDB quotes of SQL in which a secret does not stand between two
// quotes, or has one in it. Other texts have words of their own that may be among them.
func (s Set) Words(text string) string {
	return word.ReplaceAllStringFunc(s.String(text), func(w string) string {
		low := lower(w)
		if strings.Contains(Hidden, low) {
			return w
		}
		if s.words[low] || len(low) >= piece && slices.ContainsFunc(s.secrets, func(secret string) bool { return strings.Contains(secret, low) }) {
			return Hidden
		}
		return w
	})
}

// excerpt is what DuckDB shows of a statement below an error: a line of it, cut to
// what is around the place.
var excerpt = regexp.MustCompile(`\n*LINE \d+: (?:\.\.\.[^\n]*|[^\n]*\.\.\.)(?:\n *\^)?`)

// WithoutExcerpt is an error of DuckDB without an excerpt of the statement that was
// cut. Of a statement that holds a secret a few bytes of it might be left at the cut,
// too few to be recognized.
func WithoutExcerpt(message string) string { return excerpt.ReplaceAllString(message, "") }

// span is a part of a text that is a secret.
type span struct{ start, end int }

// find returns where secrets are, in order. Those that overlap are one.
func (s Set) find(text string) []span {
	if len(s.patterns) == 0 {
		return nil
	}
	low := lower(text)
	var all []span
	for at := range len(low) - 1 {
		b := beginning(low[at:])
		if !s.begins[b] {
			continue
		}
		for _, pattern := range s.begin[b] {
			if strings.HasPrefix(low[at:], pattern) {
				all = append(all, span{at, at + len(pattern)})
			}
		}
	}
	all = append(all, s.pieces(low)...)
	slices.SortFunc(all, func(a, b span) int { return cmp.Or(a.start-b.start, a.end-b.end) })
	merged := all[:0]
	for _, f := range all {
		if last := len(merged) - 1; last >= 0 && f.start < merged[last].end {
			merged[last].end = max(merged[last].end, f.end)
			continue
		}
		merged = append(merged, f)
	}
	return merged
}

// beginning are the first two bytes of a text that has as many.
func beginning(text string) uint16 { return uint16(text[0])<<8 | uint16(text[1]) }

// pieces finds parts of secrets beside an ellipsis: what quotes a long text cuts it there.
func (s Set) pieces(low string) []span {
	var found []span
	for _, dots := range []string{"...", "…"} {
		for at := 0; ; {
			i := strings.Index(low[at:], dots)
			if i < 0 {
				break
			}
			before, after := at+i, at+i+len(dots)
			if n := s.longest(func(n int) (string, bool) { return low[max(0, before-n):before], n <= before }); n > 0 {
				found = append(found, span{before - n, before})
			}
			if n := s.longest(func(n int) (string, bool) { return low[after:min(len(low), after+n)], after+n <= len(low) }); n > 0 {
				found = append(found, span{after, after + n})
			}
			at = after
		}
	}
	return found
}

// longest is the length of the longest part, as cut by length, that is in a secret; 0: none.
func (s Set) longest(part func(n int) (text string, ok bool)) int {
	n := 0
	for k := piece; ; k++ {
		text, ok := part(k)
		if !ok || !slices.ContainsFunc(s.patterns, func(pattern string) bool { return strings.Contains(pattern, text) }) {
			return n
		}
		n = k
	}
}

// lower is text with A to Z in lower case. Unlike with other letters, no place in it moves.
func lower(text string) string {
	for i := range len(text) {
		if c := text[i]; 'A' <= c && c <= 'Z' {
			b := []byte(text)
			for ; i < len(b); i++ {
				if c := b[i]; 'A' <= c && c <= 'Z' {
					b[i] = c + 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return text
}
