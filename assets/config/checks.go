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
	assets.NotEmpty:       {"columns"},
	assets.Unique:         {"columns"},
	assets.AcceptedValues: {"columns", "values"},
	assets.Between:        {"columns", "min", "max"},
	assets.Length:         {"columns", "min", "max"},
	assets.Matches:        {"columns", "pattern"},
	assets.Increasing:     {"columns", "order_by", "within", "strict"},
	assets.NoGaps:         {"columns", "within", "step"},
	assets.Relationships:  {"columns", "to", "to_columns"},
	assets.Reconcile:      {"expression", "to", "to_expression"},
	assets.RowCount:       {"min", "max", "min_change", "max_change"},
	assets.Recency:        {"columns", "max_age"},
	assets.Distribution:   {"columns", "statistic", "last", "z_score", "band"},
	assets.Expression:     {"expression"},
	assets.Query:          {"sql"},
	assets.Schema:         {"allow"},
}

// ofOneColumn are the kinds that are about one column each.
var ofOneColumn = []assets.CheckKind{assets.Increasing, assets.NoGaps, assets.Recency, assets.Distribution}

// wholeTable are the kinds that may do without columns.
var wholeTable = []assets.CheckKind{assets.NotEmpty}

var commonCheckArgs = []string{"name", "severity", "description", "tags", "where", "tolerance", "quarantine", "max_share", "limit"}

var laterCheckArgs = []string{"sample"}

// kindsElsewhere are names other tools have for our kinds of check.
var kindsElsewhere = map[string]assets.CheckKind{
	"not_null_columns": assets.NotNull, "nonnull": assets.NotNull, "is_unique": assets.Unique, "primary_key": assets.Unique, "enum": assets.AcceptedValues,
	"in": assets.AcceptedValues, "range": assets.Between, "regex": assets.Matches, "pattern": assets.Matches, "recency": assets.Recency, "anomaly": assets.Distribution,
	"monotonic": assets.Increasing, "sequential_values": assets.NoGaps, "not_empty_string": assets.NotEmpty, "equality": assets.Reconcile, "values": assets.AcceptedValues, "foreign_key": assets.Relationships, "references": assets.Relationships,
	"expression_is_true": assets.Expression, "query": assets.Query, "custom": assets.Query, "rows": assets.RowCount, "row_count_between": assets.RowCount,
}

var checkArgsInstead = map[string]string{
	"column": "Name the columns as a list: columns = [\"id\"]; or put the check into the column's own block.",
	"field":  "Name the referenced columns as a list: to_columns = [\"id\"].",
	"level":  "How much a violation weighs is `severity`: \"error\" or \"warn\".",
	"query":  "The query that returns violating rows is `sql`.",
	"filter": "Which rows are looked at says `where`.",
	"regex":  "The regular expression is `pattern`.",
	"mostly": "How much may be wrong is `tolerance`: tolerance = \"1%\".",
}

// readChecks reads the check blocks of an asset or a source and of its columns.
func (l *loader) readChecks(a *args, body *hclsyntax.Body, ofSource bool) []assets.Check {
	var checks []assets.Check
	ids := map[string]hcl.Range{}
	read := func(b *hclsyntax.Block, column string) {
		c, ok := l.readCheck(a, b, column, ofSource)
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
func (l *loader) readCheck(of *args, b *hclsyntax.Block, column string, ofSource bool) (assets.Check, bool) {
	kind, ok := l.checkKind(b, of.what)
	if !ok {
		return assets.Check{}, false
	}
	if kind == assets.Schema && !ofSource {
		l.report(problem(b.LabelRanges[0], "A check \"schema\" is for sources", "What columns an asset has is in its SQL. What they must be is said in column blocks: column \"amount\" { type = \"DECIMAL(18,2)\" }."))
		return assets.Check{}, false
	}
	what := fmt.Sprintf("check %q of %s", kind, of.what)
	s := schema{args: slices.Concat(checkArgs[kind], commonCheckArgs), later: laterCheckArgs, instead: checkArgsInstead}
	l.fits(b.Body, s, what)

	a := l.args(of.s, b.Body, what)
	c := assets.Check{Kind: kind, Decl: b.DefRange(), ArgRange: b.DefRange()}
	l.readCommon(a, b, &c)
	good := true
	missing := func(name, detail string) {
		good = false
		l.missingArg(a, b.DefRange(), name, detail)
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
		if len(c.Columns) > 1 && slices.Contains(ofOneColumn, kind) {
			a.wrong("columns", fmt.Sprintf("A check %q is about one column", kind), "Write a check for each of them.")
		}
		if len(c.Columns) == 0 && !(slices.Contains(wholeTable, kind) && !a.has("columns")) {
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
	case assets.Between:
		if !l.readBounds(a, &c) {
			missing("min", "Say between what: min = 0, max = 100, or one of them; dates are written as strings.")
		}
	case assets.Length:
		good = l.readCounts(a, &c, "Nothing is at least %d and at most %d long.")
		if !a.has("min") && !a.has("max") {
			missing("min", "Say how long values may be: min = 1, max = 80, or one of them.")
		}
	case assets.Matches:
		if c.Pattern = a.filled("pattern"); c.Pattern == "" {
			missing("pattern", "Give a regular expression: pattern = \"^[A-Z]{2}[0-9]+$\".")
		} else {
			c.ArgRange = a.at("pattern", c.ArgRange)
		}
	case assets.Increasing:
		l.readSeries(a, &c)
		if len(c.OrderBy) == 0 {
			missing("order_by", "A table has no order. Say in which the values increase: order_by = [\"created_at\"].")
		}
	case assets.NoGaps:
		l.readSeries(a, &c)
	case assets.Relationships:
		if !l.readRelationship(a, &c) {
			missing("to", "Say where the values must occur: to = \"staging.customers\".")
		}
	case assets.Reconcile:
		good = l.readReconcile(a, &c)
		if !l.readTo(a, &c) {
			missing("to", "Say what it is compared with: to = \"staging.orders\".")
		}
		if !a.has("expression") {
			missing("expression", "Write the aggregate that must be equal: expression = \"sum(amount)\".")
		}
	case assets.RowCount:
		good = l.readCounts(a, &c, "No table has at least %d and at most %d rows.")
		l.readChange(a, &c)
		if !a.has("min") && !a.has("max") && !a.has("min_change") && !a.has("max_change") {
			missing("min", "Say how many rows there may be: min = 1, max = 1000, or both; or how much their number may change: min_change = \"-10%\".")
		}
	case assets.Recency:
		if age, ok := a.duration("max_age"); ok {
			c.MaxAge = age
			if age <= 0 {
				a.wrong("max_age", "\"max_age\" must be more than nothing", "Say how old the newest value may be: max_age = \"26h\".")
			}
		} else if a.has("max_age") {
			good = false
		}
	case assets.Distribution:
		good = l.readDistribution(a, b, &c)
	case assets.Expression, assets.Query:
		good = l.readCheckSQL(a, b, &c)
	case assets.Schema:
		l.readSchema(a, &c)
	}
	if ofSource && (a.has("quarantine") || a.has("max_share")) {
		l.notBuilt(a)
		return c, good
	}
	l.readQuarantine(a, &c)
	return c, good
}

// readCheckSQL reads the condition or query of a check.
func (l *loader) readCheckSQL(a *args, b *hclsyntax.Block, c *assets.Check) (good bool) {
	name := checkArgs[c.Kind][0]
	c.ArgRange = a.at(name, c.ArgRange)
	expr := a.expr(name)
	if expr == nil {
		l.missingArg(a, b.DefRange(), name, map[assets.CheckKind]string{
			assets.Expression: "Write a condition that every row meets: expression = \"amount >= 0\".",
			assets.Query:      "Write a query that returns the rows that violate the rule.",
		}[c.Kind])
		return false
	}
	var ok bool
	if c.SQL, ok = a.s.sql(expr, name, a.what); !ok {
		return false
	}
	if strings.Trim(c.SQL.Text, "; \t\r\n") == "" {
		a.wrong(name, fmt.Sprintf("%q is empty", name), "Write SQL between the quotes.")
		return false
	}
	if c.Kind == assets.Expression {
		c.SQL = withoutEnd(c.SQL)
	}
	return true
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

// readTo reads the name of what a check compares with.
func (l *loader) readTo(a *args, c *assets.Check) bool {
	to := a.filled("to")
	if to == "" {
		return false
	}
	n, err := assets.ParseName(to)
	if err != nil {
		detail := sentence(err.Error())
		if parts := strings.Split(to, "."); len(parts) == 3 && c.Kind == assets.Relationships {
			detail = fmt.Sprintf("Name the table and its columns apart: to = %q, to_columns = [%q].", parts[0]+"."+parts[1], parts[2])
		}
		a.wrong("to", "Invalid name", detail)
		return false
	}
	l.refer(reference{name: n, at: a.expr("to").Range()})
	c.To = n
	return true
}

func (l *loader) readRelationship(a *args, c *assets.Check) bool {
	if !l.readTo(a, c) {
		return false
	}
	c.ToColumns = a.texts("to_columns")
	switch {
	case !a.has("to_columns"):
		c.ToColumns = slices.Clone(c.Columns)
	case len(c.Columns) > 0 && len(c.ToColumns) != len(c.Columns):
		a.wrong("to_columns", "\"to_columns\" must be as many as the columns", fmt.Sprintf("%d columns are compared with %d.", len(c.Columns), len(c.ToColumns)))
		return false
	}
	return true
}
