package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/seed-4311623e/assets/assets"
)

// checkArgs are the arguments of each kind of check besides those that all have.
//
// relationships: every value of the columns occurs in the columns to_columns
// (default: those of the same names) of the source or asset `to`.
var checkArgs = map[assets.CheckKind][]string{
	assets.NotNull:        {"columns"},
	assets.Unique:         {"columns"},
	assets.AcceptedValues: {"columns", "values"},
	assets.Relationships:  {"columns", "to", "to_columns"},
	assets.RowCount:       {"min", "max"},
	assets.Expression:     {"expression"},
	assets.Query:          {"sql"},
}

var commonCheckArgs = []string{"name", "severity", "description"}

var (
	laterCheckKinds = []string{"not_empty", "length", "matches", "between", "increasing", "no_gaps", "freshness", "distribution", "reconcile", "schema"}
	laterCheckArgs  = []string{"quarantine", "where", "tolerance", "tags", "max_share", "min_change", "max_change", "sample", "limit"}
)

// kindsElsewhere are names other tools have for our kinds of check.
var kindsElsewhere = map[string]assets.CheckKind{
	"not_null_columns": assets.NotNull, "nonnull": assets.NotNull, "is_unique": assets.Unique, "primary_key": assets.Unique, "enum": assets.AcceptedValues,
	"in": assets.AcceptedValues, "values": assets.AcceptedValues, "foreign_key": assets.Relationships, "references": assets.Relationships,
	"expression_is_true": assets.Expression, "query": assets.Query, "custom": assets.Query, "rows": assets.RowCount, "row_count_between": assets.RowCount,
}

var checkArgsInstead = map[string]string{
	"column": "Name the columns as a list: columns = [\"id\"]; or put the check into the column's own block.",
	"field":  "Name the referenced columns as a list: to_columns = [\"id\"].",
	"level":  "How much a violation weighs is `severity`: \"error\" or \"warn\".",
	"query":  "The query that returns violating rows is `sql`.",
}

// readChecks reads the check blocks of an asset and of its columns.
func (l *loader) readChecks(a *args, body *hclsyntax.Body) []assets.Check {
	var checks []assets.Check
	ids := map[string]hcl.Range{}
	read := func(b *hclsyntax.Block, column string) {
		c, ok := l.readCheck(a, b, column)
		if !ok {
			return
		}
		id := strings.ToLower(c.ID())
		if first, taken := ids[id]; taken {
			detail := "A check is known by its name, or else by its kind and columns; the one at %s is the same. Give one of them a name: name = \"…\"."
			l.report(problem(first, fmt.Sprintf("Duplicate check %q", c.ID()), fmt.Sprintf(detail, place(c.Decl))),
				problem(c.Decl, fmt.Sprintf("Duplicate check %q", c.ID()), fmt.Sprintf(detail, place(first))))
			return
		}
		ids[id] = c.Decl
		checks = append(checks, c)
	}
	for _, b := range body.Blocks {
		switch b.Type {
		case "check":
			read(b, "")
		case "column":
			for _, inner := range blocksOf(b.Body, "check") {
				if len(b.Labels) > 0 {
					read(inner, b.Labels[0])
				}
			}
		}
	}
	return checks
}

// checkKind returns the kind that the label of a check block names.
func (l *loader) checkKind(b *hclsyntax.Block, what string) (assets.CheckKind, bool) {
	label, ok := l.label(b, "kind")
	if !ok {
		return "", false
	}
	kind := assets.CheckKind(label)
	if _, ok := checkArgs[kind]; ok {
		return kind, true
	}
	at := b.LabelRanges[0]
	if slices.Contains(laterCheckKinds, label) {
		l.notYet(at, "check "+label, what)
		return "", false
	}
	var known []string
	for _, k := range assets.CheckKinds {
		known = append(known, string(k))
	}
	detail := "There are " + list(known) + "."
	if other := kindsElsewhere[label]; other != "" {
		detail = fmt.Sprintf("Did you mean %q?", other)
	} else if near := nearest(label, known); near != "" {
		detail = fmt.Sprintf("Did you mean %q?", near)
	}
	l.report(problem(at, fmt.Sprintf("Unsupported check %q", label), detail))
	return "", false
}

// readCheck reads a check block; column is the column whose block it stands in, or empty.
func (l *loader) readCheck(of *args, b *hclsyntax.Block, column string) (assets.Check, bool) {
	kind, ok := l.checkKind(b, of.what)
	if !ok {
		return assets.Check{}, false
	}
	what := fmt.Sprintf("check %q of %s", kind, of.what)
	s := schema{args: slices.Concat(checkArgs[kind], commonCheckArgs), later: laterCheckArgs, instead: checkArgsInstead}
	l.fits(b.Body, s, what)

	a := l.args(of.s, b.Body, what)
	c := assets.Check{Kind: kind, Label: a.filled("name"), Description: a.text("description"), Severity: assets.Error, Decl: b.DefRange(), ArgRange: b.DefRange()}
	if text := a.filled("severity"); text != "" {
		c.Severity = assets.Severity(text)
		if c.Severity != assets.Error && c.Severity != assets.Warn {
			a.wrong("severity", fmt.Sprintf("Unsupported severity %q", text), "It is \"error\", which keeps bad data from being published, or \"warn\", which records it.")
		}
	}
	good := true
	missing := func(name, detail string) {
		good = false
		if !a.has(name) {
			l.report(problem(b.DefRange(), fmt.Sprintf("Missing argument %q", name), detail))
		}
	}

	takesColumns := slices.Contains(checkArgs[kind], "columns")
	switch {
	case takesColumns && column != "" && a.has("columns"):
		a.wrong("columns", "Columns inside a column's block", fmt.Sprintf("Here the check is about column %q. Take the argument out, or put the check beside the column.", column))
	case takesColumns && column != "":
		c.Columns = []string{column}
	case takesColumns:
		c.Columns = a.texts("columns")
		c.ArgRange = a.at("columns", c.ArgRange)
		if len(c.Columns) == 0 {
			missing("columns", fmt.Sprintf("Say which columns %s is about: columns = [\"id\"].", what))
		}
		if v, ok := a.value("columns"); ok && v.Type().IsTupleType() && v.LengthInt() == 0 {
			a.wrong("columns", "\"columns\" is empty", "Name the columns the check is about.")
		}
	case column != "" && kind != assets.Expression:
		l.report(problem(b.DefRange(), fmt.Sprintf("The check %q is not about a column", kind), fmt.Sprintf("Put it beside the block of column %q.", column)))
		return c, false
	case column != "":
		c.Columns = []string{column}
	}

	switch kind {
	case assets.AcceptedValues:
		c.Values = l.acceptedValues(a)
		if len(c.Values) == 0 {
			missing("values", "Say which values are accepted: values = [\"paid\", \"returned\"].")
		}
	case assets.Relationships:
		if !l.readRelationship(a, &c) {
			missing("to", "Say where the values must occur: to = \"staging.customers\".")
		}
	case assets.RowCount:
		c.Min, c.Max = a.count("min"), a.count("max")
		if !a.has("min") && !a.has("max") {
			missing("min", "Say how many rows there may be: min = 1, max = 1000, or both.")
		}
		good = good && a.has("min") == (c.Min != nil) && a.has("max") == (c.Max != nil)
		if c.Min != nil && c.Max != nil && *c.Min > *c.Max {
			a.wrong("max", "\"max\" is less than \"min\"", fmt.Sprintf("No table has at least %d and at most %d rows.", *c.Min, *c.Max))
		}
	case assets.Expression, assets.Query:
		name := checkArgs[kind][0]
		c.ArgRange = a.at(name, c.ArgRange)
		var ok bool
		if expr := a.expr(name); expr == nil {
			missing(name, map[assets.CheckKind]string{
				assets.Expression: "Write a condition that every row meets: expression = \"amount >= 0\".",
				assets.Query:      "Write a query that returns the rows that violate the rule.",
			}[kind])
		} else if c.SQL, ok = a.s.sql(expr, name, what); !ok {
			good = false
		} else if strings.Trim(c.SQL.Text, "; \t\r\n") == "" {
			good = false
			a.wrong(name, fmt.Sprintf("%q is empty", name), "Write SQL between the quotes.")
		} else if kind == assets.Expression {
			c.SQL = withoutEnd(c.SQL)
		}
	}
	return c, good
}

// withoutEnd takes off what ends a statement: a condition becomes part of one.
func withoutEnd(sql assets.SQL) assets.SQL {
	sql.Text = strings.TrimRight(sql.Text, "; \t\r\n")
	for i, span := range sql.Origin {
		if extra := span.End - len(sql.Text); extra > 0 && span.Start < len(sql.Text) {
			sql.Origin[i].End = len(sql.Text)
			if span.Exact {
				sql.Origin[i].Range.End = advance(span.Range.Start, sql.Text[span.Start:])
			}
		}
	}
	sql.Origin = slices.DeleteFunc(sql.Origin, func(s assets.Span) bool { return s.Start >= len(sql.Text) })
	return sql
}

func (l *loader) acceptedValues(a *args) []string {
	vals, ok := a.elements("values", "a list of strings, numbers or bools")
	if !ok {
		return nil
	}
	if len(vals) == 0 {
		a.wrong("values", "\"values\" is empty", "No row could meet this. List the accepted values.")
	}
	var literals []string
	for i, v := range vals {
		switch {
		case v.IsNull():
			l.report(problem(a.item("values", i), "A null among the accepted values", "This check leaves nulls alone. To forbid them, add a check \"not_null\"."))
			return nil
		case !v.Type().IsPrimitiveType():
			l.report(problem(a.item("values", i), "\"values\" must be a list of strings, numbers or bools", "This element is something else."))
			return nil
		}
		literals = append(literals, literal(v))
	}
	return literals
}

func (l *loader) readRelationship(a *args, c *assets.Check) bool {
	to := a.filled("to")
	if to == "" {
		return false
	}
	n, err := assets.ParseName(to)
	if err != nil {
		detail := sentence(err.Error())
		if parts := strings.Split(to, "."); len(parts) == 3 {
			detail = fmt.Sprintf("Name the table and its columns apart: to = %q, to_columns = [%q].", parts[0]+"."+parts[1], parts[2])
		}
		a.wrong("to", "Invalid name", detail)
		return false
	}
	l.refer(reference{name: n, at: a.expr("to").Range()})
	c.To, c.ToColumns = n, a.texts("to_columns")
	switch {
	case !a.has("to_columns"):
		c.ToColumns = slices.Clone(c.Columns)
	case len(c.Columns) > 0 && len(c.ToColumns) != len(c.Columns):
		a.wrong("to_columns", "\"to_columns\" must be as many as the columns", fmt.Sprintf("%d columns are compared with %d.", len(c.Columns), len(c.ToColumns)))
		return false
	}
	return true
}
