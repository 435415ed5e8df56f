package view

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/mitchellh/go-wordwrap"
	"github.com/rivo/uniseg"
)

// Diagnostics writes every diagnostic with the line of source it is about, and
// how many there are; a blank line ends them. files holds the project's texts by the names in ranges;
// width wraps the prose, 0 leaves lines as they are.
func Diagnostics(w io.Writer, diags hcl.Diagnostics, files map[string][]byte, style Style, width int) {
	diags = sorted(diags)
	if len(diags) == 0 {
		return
	}
	source := newSource(files)
	errs := 0
	for _, d := range diags {
		label := style.Yellow("Warning: ")
		if d.Severity == hcl.DiagError {
			label = style.Red("Error: ")
			errs++
		}
		fmt.Fprintf(w, "%s%s\n\n", style.Bold(label), style.Bold(d.Summary))
		if d.Subject != nil {
			excerpt(w, source, *d.Subject, style)
		}
		if d.Detail != "" {
			fmt.Fprintf(w, "%s\n\n", wrap(d.Detail, width))
		}
	}
	if len(diags) > 1 {
		fmt.Fprintf(w, "%s\n\n", tally(errs, len(diags)-errs))
	}
}

func tally(errs, warnings int) string {
	var parts []string
	if errs > 0 {
		parts = append(parts, Count(errs, "error"))
	}
	if warnings > 0 {
		parts = append(parts, Count(warnings, "warning"))
	}
	return "Found " + list(parts, "and") + "."
}

// sorted orders diagnostics so that errors stand last, next to the prompt, and
// each kind in the order of the files; what is said twice is said once.
func sorted(diags hcl.Diagnostics) hcl.Diagnostics {
	diags = slices.Clone(diags)
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
		if a.Severity != b.Severity {
			return int(b.Severity) - int(a.Severity) // DiagError is 1, DiagWarning 2
		}
		return compareSubjects(a.Subject, b.Subject)
	})
	return slices.CompactFunc(diags, func(a, b *hcl.Diagnostic) bool {
		return a.Severity == b.Severity && a.Summary == b.Summary && a.Detail == b.Detail && compareSubjects(a.Subject, b.Subject) == 0
	})
}

func compareSubjects(a, b *hcl.Range) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	case a.Filename != b.Filename:
		return strings.Compare(a.Filename, b.Filename)
	}
	return a.Start.Byte - b.Start.Byte
}

// excerpt shows where a diagnostic points: file, line, block, and the line itself with its place marked.
func excerpt(w io.Writer, source *source, subject hcl.Range, style Style) {
	place := fmt.Sprintf("on %s line %d", subject.Filename, subject.Start.Line)
	if block := source.block(subject); block != "" {
		place += ", in " + block
	}
	line, before, marked, ok := source.line(subject)
	if !ok {
		fmt.Fprintf(w, "  %s\n\n", place)
		return
	}
	number := fmt.Sprintf("%4d: ", subject.Start.Line)
	fmt.Fprintf(w, "  %s:\n%s%s\n", place, style.Dim(number), line)
	mark := strings.Repeat("^", max(1, uniseg.StringWidth(marked)))
	fmt.Fprintf(w, "%s%s%s\n\n", strings.Repeat(" ", len(number)), blank(before), style.Red(mark))
}

// blank is white space as wide as text; tabs stay, so that what follows lines up.
func blank(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, "\t") {
		if i > 0 {
			b.WriteByte('\t')
		}
		b.WriteString(strings.Repeat(" ", uniseg.StringWidth(part)))
	}
	return b.String()
}

func wrap(text string, width int) string {
	text = strings.TrimRight(text, "\n")
	if width <= 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") { // code is shown as it is
			lines[i] = wordwrap.WrapString(line, uint(width))
		}
	}
	return strings.Join(lines, "\n")
}

// source finds lines and blocks in the project's files.
type source struct {
	files  map[string][]byte
	parsed map[string]*hcl.File
}

func newSource(files map[string][]byte) *source {
	return &source{files, map[string]*hcl.File{}}
}

// block is the header of the outermost block around r, such as asset "mart.sales".
func (s *source) block(r hcl.Range) string {
	if !strings.HasSuffix(r.Filename, ".hcl") {
		return ""
	}
	file, ok := s.parsed[r.Filename]
	if !ok {
		if text, known := s.files[r.Filename]; known {
			file, _ = hclsyntax.ParseConfig(text, r.Filename, hcl.InitialPos)
		}
		s.parsed[r.Filename] = file
	}
	if file == nil {
		return ""
	}
	block := file.OutermostBlockAtPos(r.Start)
	if block == nil {
		return ""
	}
	header := block.Type
	for _, label := range block.Labels {
		header += fmt.Sprintf(" %q", label)
	}
	return header
}

// line is the text of the first line of r, the part of it before r and the part in r.
func (s *source) line(r hcl.Range) (line, before, marked string, ok bool) {
	text := s.files[r.Filename] // nil: it is not known, or not to be shown
	start := r.Start.Byte
	if text == nil || start < 0 || start > len(text) {
		return "", "", "", false
	}
	from := strings.LastIndexByte(string(text[:start]), '\n') + 1
	to := len(text)
	if i := strings.IndexByte(string(text[start:]), '\n'); i >= 0 {
		to = start + i
	}
	end := max(start, min(r.End.Byte, to))
	return strings.TrimRight(string(text[from:to]), "\r"), string(text[from:start]), strings.TrimRight(string(text[start:end]), "\r"), true
}
