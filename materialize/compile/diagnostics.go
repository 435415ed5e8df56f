package compile

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// engineDiagnostic says in the project's terms what DuckDB, or the reading of
// its answer, found wrong with a statement. Positions count shift bytes before it.
func engineDiagnostic(err error, sql assets.SQL, shift int, fallback hcl.Range) *hcl.Diagnostic {
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Subject: &fallback}
	var engine *lineage.EngineError
	var duplicate *lineage.DuplicateColumnError
	switch {
	case errors.As(err, &duplicate):
		d.Summary = fmt.Sprintf("Two columns are called %q", duplicate.Name)
		d.Detail = "A table's columns need different names. Rename one with AS, or leave it out: SELECT * EXCLUDE (…), JOIN … USING (…)."
	case !errors.As(err, &engine):
		d.Summary, d.Detail = "The SQL cannot be compiled", upperFirst(err.Error())+"."
	case strings.Contains(engine.Message, "Only SELECT statements can be serialized"):
		d.Summary, d.Detail = notAQuery(sql.Text)
		at := len(leading.FindString(sql.Text))
		if p := pivot.FindStringIndex(sql.Text); p != nil && strings.HasPrefix(d.Summary, "PIVOT") {
			at = p[0]
		}
		d.Subject = place(sql, at, 0, fallback).Ptr()
	default:
		if engine.Offset >= 0 {
			d.Subject = place(sql, engine.Offset, shift, fallback).Ptr()
		}
		d.Summary, d.Detail = engineMessage(engine)
		if engine.Type == "parser" && engine.Offset-shift >= len(strings.TrimRight(sql.Text, " \t\r\n;")) {
			// DuckDB may be speaking of what follows in our text.
			d.Detail = "It ends too early: something is missing after this."
		}
		if engine.Type == "parser" && engine.Offset >= 0 {
			if at, summary, detail, ok := habit(sql, engine.Offset-shift); ok {
				d.Summary, d.Detail, d.Subject = summary, detail, place(sql, at, 0, fallback).Ptr()
			}
		}
	}
	return d
}

// engineMessage splits what DuckDB says: what is wrong, and what it suggests.
func engineMessage(e *lineage.EngineError) (summary, detail string) {
	message := strings.ReplaceAll(strings.TrimSpace(e.Message), "Candidate bindings: :", "Candidate bindings:")
	first, rest, _ := strings.Cut(message, "\n")
	summary = strings.TrimRight(first, "!. ")
	rest = strings.TrimSpace(rest)
	const most = 8 // functions have dozens of overloads
	if lines := strings.Split(rest, "\n"); len(lines) > most {
		rest = strings.Join(lines[:most], "\n") + fmt.Sprintf("\n\t… and %d more", len(lines)-most)
	}
	switch {
	case e.Subtype == "COLUMN_NOT_FOUND" && e.Name != "":
		summary = fmt.Sprintf("Unknown column %q", e.Name)
		if rest == "" {
			rest = "No input has a column of this name."
		}
		detail = rest
	case e.Type == "parser":
		summary, detail = "The SQL cannot be parsed", upperFirst(message)+"."
	case rest == "":
		detail = "DuckDB cannot bind this statement."
	default:
		detail = rest
	}
	return upperFirst(summary), detail
}

var pivot = regexp.MustCompile(`(?i)\bpivot(_wider)?\b`)

func notAQuery(text string) (summary, detail string) {
	word := firstWord(text)
	switch word {
	case "SELECT", "FROM", "WITH", "PIVOT", "PIVOT_WIDER", "(":
		if pivot.MatchString(text) {
			return "PIVOT needs its values", "Without them its columns depend on the data, so that nothing that reads them can be compiled. List the values: PIVOT … ON year IN (2023, 2024) USING sum(amount)."
		}
	}
	return "The SQL is not a query", fmt.Sprintf("An asset is the result of one query: a SELECT, or any statement that begins with FROM, WITH or VALUES. "+
		"This one begins with %s. How the result is stored is decided by the asset's block.", word)
}

var leading = regexp.MustCompile(`^(\s|--[^\n]*(\n|$)|/\*(?s:.*?)\*/|;)*`)

// firstWord is the first keyword of a statement, in upper case.
func firstWord(text string) string {
	text = text[len(leading.FindString(text)):]
	end := strings.IndexFunc(text, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') })
	if end < 0 {
		end = len(text)
	}
	return strings.ToUpper(text[:max(end, min(1, len(text)))])
}

// fileDiagnostic gives the source block that a file read in SQL should become.
func fileDiagnostic(p *assets.Project, f lineage.FileRef, subject hcl.Range) *hcl.Diagnostic {
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Subject: &subject, Summary: "The SQL reads a file directly"}
	if f.Path != "" {
		d.Summary = fmt.Sprintf("The SQL reads the file %q directly", f.Path)
	}
	const why = "Files are read through sources: only then is a new delivery seen, and what reads it built again. "
	for _, name := range assets.SortedNames(p.Sources) {
		if reader := p.Sources[name].Reader; f.Path != "" && path.Clean(reader.Glob) == path.Clean(f.Path) {
			d.Detail = why + fmt.Sprintf("Source %q reads this file: write %s instead.", name, name)
			return d
		}
	}
	name, file := sourceName(p, f.Path), f.Path
	if file == "" {
		file = "path/to/file.csv"
	}
	block := fmt.Sprintf("source %q {\n  files = %q\n", name.String(), file)
	if f.Format != "" && lineage.FormatOf(file) != f.Format {
		block += fmt.Sprintf("  format %q {}\n", f.Format)
	}
	d.Detail = why + fmt.Sprintf("Add this block and write %s instead (its path is relative to the file it stands in; options of the reader go into a format block):\n\n%s}", name, block)
	return d
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// sourceName proposes a free name for a file: raw.orders for data/orders/*.csv.
func sourceName(p *assets.Project, file string) assets.Name {
	base, _, _ := strings.Cut(path.Base(file), ".")
	if strings.ContainsAny(base, "*?[{") {
		base = path.Base(path.Dir(file))
	}
	base = strings.Trim(notInNames.ReplaceAllString(strings.ToLower(base), "_"), "_")
	switch {
	case base == "":
		base = "data"
	case base[0] >= '0' && base[0] <= '9':
		base = "_" + base
	}
	name := assets.Name{Schema: "raw", Table: base}
	for n := 2; p.Sources[name] != nil || p.Assets[name] != nil; n++ {
		name.Table = fmt.Sprintf("%s_%d", base, n)
	}
	return name
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// hideWords takes words of secrets out of what is said of SQL with a secret in it: in one
// that does not stand between quotes, or has one in it, DuckDB finds names and mistakes.
func (c *compiler) hideWords() {
	var places []hcl.Range
	add := func(sql assets.SQL, at hcl.Range) {
		if sql.Sensitive {
			places = append(places, at)
			for _, span := range sql.Origin {
				places = append(places, span.Range)
			}
		}
	}
	for _, a := range c.project.Assets {
		add(a.SQL, a.SQLRange)
	}
	for _, check := range c.checks {
		add(check.sql, check.at)
	}
	for _, d := range c.diags {
		if d.Subject != nil && slices.ContainsFunc(places, func(place hcl.Range) bool {
			return place.Filename == d.Subject.Filename && place.Start.Byte <= d.Subject.Start.Byte && d.Subject.Start.Byte <= place.End.Byte
		}) {
			d.Summary, d.Detail = c.secrets.Words(d.Summary), c.secrets.Words(d.Detail)
		}
	}
}

// Diagnose says what DuckDB found wrong with a statement that is no asset's or
// check's own. Positions count shift bytes before it.
func Diagnose(err error, sql assets.SQL, shift int, fallback hcl.Range) *hcl.Diagnostic {
	return engineDiagnostic(err, sql, shift, fallback)
}
