package compile

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// habit explains text that is no SQL but another tool's, or HCL where there is
// none. offset is where DuckDB stopped; start is where the thing explained begins.
func habit(sql assets.SQL, offset int) (start int, summary, detail string, ok bool) {
	for _, opening := range []string{"{{", "{%", "{#", "${"} {
		// DuckDB stops at the first character or the second.
		from := max(0, min(offset-1, len(sql.Text)))
		if i := strings.Index(sql.Text[from:], opening); i >= 0 && i <= 1 {
			if start = from + i; opening == "${" {
				summary, detail = interpolation(sql, start)
			} else {
				summary, detail = jinja(sql.Text[start:], opening)
			}
			return start, summary, detail, true
		}
	}
	if firstWord(sql.Text) == "MODEL" {
		return len(leading.FindString(sql.Text)), "MODEL (…) is SQLMesh's",
			"What is said of an asset stands in its block in a *.hcl file: its name is the block's label, its kind a block materialize, its audits are check blocks. The SQL is the query alone.", true
	}
	return 0, "", "", false
}

var (
	jinjaRef    = regexp.MustCompile(`^\{\{-?\s*ref\(\s*['"]([^'"]*)['"]\s*\)`)
	jinjaSource = regexp.MustCompile(`^\{\{-?\s*source\(\s*['"]([^'"]*)['"]\s*,\s*['"]([^'"]*)['"]\s*\)`)
	jinjaCall   = regexp.MustCompile(`^\{\{-?\s*(\w+)`)
)

func jinja(text, opening string) (summary, detail string) {
	summary = opening + " is Jinja's"
	if m := jinjaRef.FindStringSubmatch(text); m != nil {
		return summary, fmt.Sprintf("Assets need no ref(): write the name with its schema, as it is declared: from staging.%s.", m[1])
	}
	if m := jinjaSource.FindStringSubmatch(text); m != nil {
		return summary, fmt.Sprintf("Assets need no source(): write the name as it is: from %s.%s.", m[1], m[2])
	}
	if m := jinjaCall.FindStringSubmatch(text); m != nil {
		switch m[1] {
		case "config":
			return summary, "What is said of an asset stands in its block in a *.hcl file: materialize \"view\" {}, tags, description. The SQL is the query alone."
		case "this", "is_incremental":
			return summary, "An asset does not read itself: it is made anew from its inputs."
		}
	}
	return summary, "Here templates are HCL's: ${var.name}, %{ if … } and %{ for … }, in SQL that stands in a *.hcl file; " +
		"or ${name} in a file that is read with templatefile(\"x.sql\", { name = var.name })."
}

// interpolation explains ${ in a text that HCL does not see.
func interpolation(sql assets.SQL, start int) (summary, detail string) {
	file, asIs := writtenIn(sql, start)
	if !asIs {
		return "${ is not SQL", "Doubled as $${ it stands for itself, and SQL knows no ${. To put a value in, write ${var.name}."
	}
	argument, inside := "name", "name"
	if m := reference.FindStringSubmatch(sql.Text[start:]); m != nil {
		argument, inside = m[2]+" = "+m[1], m[2]
	} else {
		argument += " = var.name"
	}
	return "Nothing is put in for ${…} in this file", fmt.Sprintf("file() takes a file as it stands. Read it with templatefile(%q, { %s }), and write ${%s} in it. In SQL that stands in a *.hcl file, ${var.name} works as it is.",
		path.Base(file), argument, inside)
}

var reference = regexp.MustCompile(`^\$\{\s*((?:var|local|each)\.(\w+))`)

// writtenIn is the file that a byte of a text was taken from as it stands there.
func writtenIn(sql assets.SQL, offset int) (file string, asIs bool) {
	for _, span := range sql.Origin {
		if span.Start <= offset && offset < span.End {
			return span.Range.Filename, span.Exact && !strings.HasSuffix(span.Range.Filename, ".hcl")
		}
	}
	return "", false
}

// unreplaced warns of ${var.name} in a string of a file that file() reads: good
// SQL, but hardly what is meant. nil if there is none.
func unreplaced(sql assets.SQL, fallback hcl.Range) *hcl.Diagnostic {
	for from := 0; ; {
		i := strings.Index(sql.Text[from:], "${")
		if i < 0 {
			return nil
		}
		from += i
		if _, asIs := writtenIn(sql, from); asIs && reference.MatchString(sql.Text[from:]) {
			summary, detail := interpolation(sql, from)
			return &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: summary, Detail: detail, Subject: place(sql, from, 0, fallback).Ptr()}
		}
		from += 2
	}
}

// explainCondition says of an error in a check's expression what an expression is.
func explainCondition(d *hcl.Diagnostic) {
	switch {
	case strings.Contains(d.Summary, "cannot contain aggregates"), strings.Contains(d.Summary, "cannot contain window functions"):
		d.Summary = "An expression is about one row"
		d.Detail = "A sum or a count, and what looks at other rows, is for a check \"sql\": a query that returns the rows that violate the rule, such as select sum(amount) as total from mart.sales having total < 0."
	case strings.Contains(d.Detail, `at or near ";"`):
		d.Detail = "An expression is a condition, not a statement: leave out the semicolon and what follows it."
	}
}
