package config

import (
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// parse reads one file. Its body holds whatever could be understood.
func parse(s *store, path string) *file {
	f := &file{dir: filepath.Dir(path)}
	var err error
	f.src, f.path, err = s.read(path)
	if err != nil {
		f.diags = hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  fmt.Sprintf("Cannot read %s", f.path),
			Detail:   sentence(err.Error()),
		}}
		return f
	}
	if at, deep := tooDeep(f.src); deep {
		place := advance(hcl.InitialPos, string(f.src[:at]))
		f.diags = hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Too many brackets inside one another",
			Detail:   fmt.Sprintf("More than %d are open here. Nothing that is written by hand needs so many.", maxDepth),
			Subject:  &hcl.Range{Filename: f.path, Start: place, End: place},
		}}
		return f
	}
	f.body, f.broken, f.diags = parseText(f.src, f.path)
	f.declares = len(f.blocks("project")) > 0
	return f
}

// maxDepth bounds how deep brackets are nested: HCL's parser calls itself for each,
// and the end of the stack ends the process.
const maxDepth = 2000

// tooDeep finds where more brackets are open than the parser can bear, those in
// strings counted too.
func tooDeep(src []byte) (offset int, deep bool) {
	depth := 0
	for i, c := range src {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth = max(0, depth-1)
		}
		if depth > maxDepth {
			return i, true
		}
	}
	return 0, false
}

// blockStart finds where a block begins that stands on its own.
var blockStart = regexp.MustCompile(`(?m)^(project|variable|locals|connection|source|asset|test)\b`)

// maxSyntaxErrors is how many broken blocks of a file are told of: beyond that
// it is hardly a file of this language.
const maxSyntaxErrors = 20

// parseText parses a file. After a syntax error what the parser makes of the
// rest is guesswork: a quote left open turns the whole file inside out. So it
// begins anew at the next line that looks like a block, and all blocks but the
// broken ones are read, and judged; broken is the text that holds those.
func parseText(src []byte, path string) (body *hclsyntax.Body, broken [][]byte, all hcl.Diagnostics) {
	start := hcl.InitialPos
	for range maxSyntaxErrors {
		parsed, diags := hclsyntax.ParseConfig(src[start.Byte:], path, start)
		part, ok := parsed.Body.(*hclsyntax.Body)
		if !ok {
			return body, broken, append(all, diags...)
		}
		wrong := firstError(diags)
		if body == nil {
			body = part
		} else {
			body.Blocks = append(body.Blocks, part.Blocks...)
		}
		if wrong == nil {
			return body, broken, append(all, diags...)
		}
		body.Attributes = hclsyntax.Attributes{}
		body.Blocks = slices.DeleteFunc(body.Blocks, func(b *hclsyntax.Block) bool {
			return b.TypeRange.Start.Byte >= start.Byte && b.CloseBraceRange.End.Line >= wrong.Start.Line
		})
		next, found := nextBlock(src, wrong.Start.Byte)
		diags = slices.DeleteFunc(diags, func(d *hcl.Diagnostic) bool {
			return d.Subject != nil && d.Subject.Start.Byte >= next
		})
		all = append(all, syntaxErrors(diags, src)...)
		broken = append(broken, src[start.Byte:min(next, len(src))])
		start = advance(hcl.InitialPos, string(src[:min(next, len(src))]))
		if !found {
			break
		}
	}
	return body, append(broken, src[start.Byte:]), all
}

// nextBlock returns where the next block begins on a line after offset.
func nextBlock(src []byte, offset int) (int, bool) {
	offset = min(offset, len(src))
	i := strings.IndexByte(string(src[offset:]), '\n')
	if i < 0 {
		return len(src) + 1, false
	}
	at := blockStart.FindIndex(src[offset+i+1:])
	if at == nil {
		return len(src) + 1, false
	}
	return offset + i + 1 + at[0], true
}

func firstError(diags hcl.Diagnostics) *hcl.Range {
	var first *hcl.Range
	least := math.MaxInt
	for _, d := range diags {
		if d.Severity == hcl.DiagError && d.Subject != nil && d.Subject.Start.Byte < least {
			first, least = d.Subject, d.Subject.Start.Byte
		}
	}
	return first
}

// echoes are what the scanner says of text that the parser complains of, too.
var echoes = []string{"Invalid character", "Invalid multi-line string", "Invalid string literal"}

// syntaxErrors leaves of the errors in a broken block one a line, without those
// that only echo another.
func syntaxErrors(diags hcl.Diagnostics, src []byte) hcl.Diagnostics {
	isEcho := func(d *hcl.Diagnostic) bool { return slices.Contains(echoes, d.Summary) }
	open := slices.IndexFunc(diags, func(d *hcl.Diagnostic) bool { return d.Summary == "Invalid multi-line string" })
	real := slices.IndexFunc(diags, func(d *hcl.Diagnostic) bool { return !isEcho(d) })
	if open >= 0 && (real < 0 || before(diags[open], diags[real])) {
		return diags[open : open+1] // a quote left open: the rest follows from it
	}
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int { return boolInt(isEcho(a)) - boolInt(isEcho(b)) })
	lines := map[int]bool{}
	var kept hcl.Diagnostics
	for _, d := range explainQuotes(explainTemplates(diags, src), src) {
		if d.Subject != nil {
			if lines[d.Subject.Start.Line] || isEcho(d) && len(kept) > 0 {
				continue
			}
			lines[d.Subject.Start.Line] = true
		}
		kept = append(kept, d)
	}
	return kept
}

// before reports whether a stands on an earlier line than b.
func before(a, b *hcl.Diagnostic) bool {
	return a.Subject != nil && b.Subject != nil && a.Subject.Start.Line < b.Subject.Start.Line
}

// bare is a text without double quotes where a value is expected.
var bare = regexp.MustCompile(`=\s*('[^'\n]*'|[\w.*-]*/[^\s"{}()?:]*)`)

// explainQuotes adds to syntax errors in a text without double quotes, such as a
// path, that these are what is missing.
func explainQuotes(diags hcl.Diagnostics, src []byte) hcl.Diagnostics {
	for _, d := range diags {
		if d.Subject == nil || d.Summary != "Invalid expression" || d.Subject.Start.Byte > len(src) {
			continue
		}
		from, to := d.Subject.Start.Byte, d.Subject.Start.Byte
		for from > 0 && src[from-1] != '\n' {
			from--
		}
		for to < len(src) && src[to] != '\n' {
			to++
		}
		for _, at := range bare.FindAllSubmatchIndex(src[from:to], -1) {
			if from+at[2] <= d.Subject.Start.Byte && d.Subject.Start.Byte <= from+at[3] {
				d.Summary = "A string without quotes"
				d.Detail = fmt.Sprintf("Strings are written in double quotes: %q.", strings.Trim(string(src[from+at[2]:from+at[3]]), "'"))
			}
		}
	}
	return diags
}

// explainTemplates adds to syntax errors inside a string what to do when ${ or
// %{ is meant as it stands, as in SQL's LIKE '%{x'.
func explainTemplates(diags hcl.Diagnostics, src []byte) hcl.Diagnostics {
	for _, d := range diags {
		if d.Subject == nil || d.Severity != hcl.DiagError {
			continue
		}
		from := d.Subject.Start.Byte
		if d.Context != nil {
			from = min(from, d.Context.Start.Byte)
		}
		// The opening is on the line of the mistake or at the range HCL names with it.
		for from > 0 && from <= len(src) && src[from-1] != '\n' {
			from--
		}
		to := min(len(src), d.Subject.End.Byte+2)
		if from >= to {
			continue
		}
		opening, before := "", string(src[from:to])
		for _, o := range []string{"${", "%{"} {
			if i := strings.LastIndex(before, o); i >= 0 && !strings.Contains(before[i:], "}") && (i == 0 || before[i-1] != o[0]) {
				opening = o
			}
		}
		if opening != "" && !strings.Contains(d.Detail, opening[:1]+opening) {
			d.Detail += "\n\n" + opening + " begins a template of HCL. If it is meant as it stands, double its first character: " +
				map[string]string{"${": "'$${x}'", "%{": "LIKE '%%{x'"}[opening] + "."
		}
	}
	return diags
}
