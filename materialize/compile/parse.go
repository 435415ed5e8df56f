package compile

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// checkSQL is SQL of a check, or a check that names another table.
type checkSQL struct {
	of    checked
	check assets.Check
	sql   assets.SQL
	at    hcl.Range
	// condition says that the SQL is true or false of each row.
	condition bool
	// prefix and suffix make the check's text a query; both empty for sql checks.
	prefix, suffix string
	parsed         lineage.Parsed
	broken         bool
}

func (c *checkSQL) text() string { return c.prefix + c.sql.Text + c.suffix }

// refs are the tables that the check reads, what is checked itself included.
func (c *checkSQL) refs() []lineage.Ref {
	refs := c.parsed.Refs
	if c.check.To != (assets.Name{}) {
		refs = append(slices.Clone(refs), lineage.Ref{Name: c.check.To, Offset: -1})
	}
	return refs
}

// newCheckSQL are the texts of a check; none if it concerns the columns of what is checked only.
func newCheckSQL(of checked, check assets.Check) (texts []*checkSQL) {
	condition := func(sql assets.SQL, at hcl.Range) *checkSQL {
		// IS NOT NULL takes any type and leaves it to be seen in the plan. The text
		// may end in a comment.
		return &checkSQL{of: of, check: check, sql: sql, at: at, condition: true, suffix: "\n) IS NOT NULL",
			prefix: fmt.Sprintf(`SELECT 1 FROM "%s"."%s" WHERE (`, of.name.Schema, of.name.Table)}
	}
	aggregate := func(sql assets.SQL, from assets.Name) *checkSQL {
		return &checkSQL{of: of, check: check, sql: sql, at: check.ArgRange, prefix: "SELECT (", suffix: fmt.Sprintf("\n) FROM \"%s\".\"%s\"", from.Schema, from.Table)}
	}
	switch check.Kind {
	case assets.Relationships:
		texts = append(texts, &checkSQL{of: of, check: check})
	case assets.Query:
		texts = append(texts, &checkSQL{of: of, check: check, sql: check.SQL, at: check.ArgRange})
	case assets.Expression:
		texts = append(texts, condition(check.SQL, check.ArgRange))
	case assets.Reconcile:
		texts = append(texts, aggregate(check.SQL, of.name), aggregate(check.ToSQL, check.To))
	}
	if check.Where.Text != "" {
		texts = append(texts, condition(check.Where, check.WhereRange))
	}
	return texts
}

// errNUL is why a text with a NUL character is refused.
var errNUL = &lineage.EngineError{Type: "parser", Message: "The SQL has a NUL character in it: what follows it would be ignored. Take it out.", Offset: -1}

// statement is one text to be parsed, and where its result and errors go.
type statement struct {
	text   string
	key    sum
	done   func(lineage.Parsed)
	wrong  func(*hcl.Diagnostic)
	sql    assets.SQL
	shift  int // bytes of text before sql
	rng    hcl.Range
	parsed lineage.Parsed
	err    error
	// condition says that sql is part of a WHERE clause.
	condition bool
}

// parse finds what every statement of the project names.
func (c *compiler) parse() error {
	var statements, misses []*statement
	for _, name := range assets.SortedNames(c.project.Assets) {
		a := c.project.Assets[name]
		if strings.TrimSpace(a.SQL.Text) == "" {
			c.breaks(name) // whoever read it has said why there is none
		} else {
			statements = append(statements, &statement{text: a.SQL.Text, sql: a.SQL, rng: a.SQLRange,
				done:  func(parsed lineage.Parsed) { c.parsed[name] = parsed },
				wrong: func(d *hcl.Diagnostic) { c.breaks(name, d) }})
		}
	}
	for _, of := range c.checked() {
		for _, check := range of.checks {
			for _, check := range newCheckSQL(of, check) {
				c.checks = append(c.checks, check)
				wrong := func(d *hcl.Diagnostic) { check.broken = true; c.report(d) }
				if check.condition {
					// By itself, too: what closes our parenthesis is no condition.
					statements = append(statements, &statement{text: "SELECT " + check.sql.Text, sql: check.sql, shift: len("SELECT "), rng: check.at, condition: true,
						done: func(lineage.Parsed) {}, wrong: wrong})
				}
				if check.sql.Text != "" {
					statements = append(statements, &statement{text: check.text(), sql: check.sql, shift: len(check.prefix), rng: check.at, condition: check.condition,
						done: func(parsed lineage.Parsed) { check.parsed = parsed }, wrong: wrong})
				}
			}
		}
	}
	for _, s := range statements {
		if strings.ContainsRune(s.text, 0) {
			s.err = errNUL // DuckDB would not see what stands behind it
			continue
		}
		s.key = sumOf("parse", c.engine, s.text)
		if !c.cache.parsed(s.key, &s.parsed) {
			misses = append(misses, s)
		}
	}
	if err := c.parseMisses(misses); err != nil {
		return err
	}
	for _, s := range statements {
		if s.err != nil {
			d := engineDiagnostic(s.err, s.sql, s.shift, s.rng)
			if s.condition {
				explainCondition(d)
			}
			s.wrong(d)
			continue
		}
		if d := unreplaced(s.sql, s.rng); d != nil {
			c.report(d)
		}
		s.done(s.parsed)
		for _, r := range s.parsed.Refusals {
			if at := parameter.FindAllStringIndex(s.text, 2); r.Summary == lineage.NoValue && len(at) == 1 {
				r.Offset = at[0][0]
			}
			s.wrong(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: r.Summary, Detail: r.Detail, Subject: place(s.sql, r.Offset, s.shift, s.rng).Ptr()})
		}
		for _, f := range s.parsed.Files {
			if c.secrets.In(f.Path) {
				f.Path = "" // a source named after it would tell it with other characters
			}
			s.wrong(fileDiagnostic(c.project, f, place(s.sql, f.Offset, s.shift, s.rng)))
		}
	}
	return nil
}

func (c *compiler) parseMisses(misses []*statement) error {
	if len(misses) == 0 {
		return nil
	}
	binder, err := c.engineRoom()
	if err != nil {
		return err
	}
	err = inBatches(c.ctx, len(misses), func(ctx context.Context, from, to int) error {
		texts := make([]string, 0, to-from)
		for _, s := range misses[from:to] {
			texts = append(texts, s.text)
		}
		trees, err := binder.Syntax(ctx, texts)
		if err != nil {
			return err
		}
		for i, s := range misses[from:to] {
			s.parsed, s.err = lineage.Parse(trees[i], c.engine)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range misses {
		if s.err == nil && len(s.parsed.Refusals) == 0 && len(s.parsed.Files) == 0 {
			c.cache.addParsed(s.key, s.parsed)
		}
	}
	return nil
}

// parameter is what a parameter looks like.
var parameter = regexp.MustCompile(`\$\w+|\?`)

// place maps a byte of a text whose first shift bytes are ours to a file.
func place(s assets.SQL, offset, shift int, fallback hcl.Range) hcl.Range {
	if offset < 0 {
		return fallback
	}
	// What is reported beyond the end is about the last word.
	last := len(strings.TrimRight(s.Text, " \t\r\n;")) - 1
	return lineage.Place(s, max(0, min(offset-shift, last)), fallback)
}
