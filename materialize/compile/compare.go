package compile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// comparison is a column and what a check compares it with.
type comparison struct {
	check  assets.Check
	asset  assets.Name
	column assets.Column
	with   string // what the column is said not to be comparable with
	text   string // a statement that fails to bind if they never compare
	key    sum
	err    error
}

// DuckDB computes the arguments of a table function while it binds: what cannot
// be converted is found out without a row of data.
const evaluated = "SELECT 1 FROM repeat(%s, 1)"

// compareTypes reports checks whose values cannot be those of their columns,
// whatever the rows: a word in a column of numbers, dates that refer to numbers.
// A column of text may hold anything.
func (c *compiler) compareTypes() error {
	var found, misses []*comparison
	for _, name := range assets.SortedNames(c.project.Assets) {
		columns := c.graph.Nodes[name].Columns
		for _, check := range c.project.Assets[name].Checks {
			for i, column := range check.Columns {
				at := find(columns, column)
				if at < 0 {
					continue
				}
				if of := c.compared(name, check, i, columns[at]); of != nil {
					found = append(found, of)
				}
			}
		}
	}
	asked := map[sum]*comparison{}
	for _, of := range found {
		of.key = sumOf("compare", c.engine, of.text)
		if ok := ""; asked[of.key] == nil && !c.cache.text(of.key, &ok) {
			asked[of.key] = of
			misses = append(misses, of)
		}
	}
	if len(misses) == 0 {
		return nil
	}
	binder, err := c.engineRoom()
	if err != nil {
		return err
	}
	if err := inBatches(c.ctx, len(misses), func(ctx context.Context, from, to int) error {
		return askComparisons(ctx, binder, misses[from:to])
	}); err != nil {
		return err
	}
	for _, of := range found {
		first := asked[of.key]
		var engine *lineage.EngineError
		switch {
		case first == nil: // known to be good
		case !errors.As(first.err, &engine) || !of.wrong(engine):
			c.cache.addText(of.key, "")
		case of.check.Kind == assets.Matches:
			c.report(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: "This is no regular expression",
				Detail:  fmt.Sprintf("DuckDB says: %s. Patterns are those of RE2: https://github.com/google/re2/wiki/Syntax.", engine.Message),
				Subject: of.check.ArgRange.Ptr()})
		default:
			c.report(&hcl.Diagnostic{Severity: hcl.DiagError,
				Summary: fmt.Sprintf("Column %q cannot be compared with %s", of.column.Name, of.with),
				Detail:  fmt.Sprintf("In asset %q it is of type %s: %s. So the check could not be run.", of.asset, of.column.Type, engine.Message),
				Subject: of.check.ArgRange.Ptr()})
		}
	}
	return nil
}

// wrong reports whether an error is about what is compared.
func (of *comparison) wrong(err *lineage.EngineError) bool {
	switch of.check.Kind {
	case assets.Matches:
		return err.Type == "invalid input"
	case assets.Between:
		return err.Type == "conversion" || err.Type == "binder"
	}
	return err.Type == "conversion"
}

// compared is what a check compares its i-th column with; nil if that is fine or
// nobody can tell.
func (c *compiler) compared(name assets.Name, check assets.Check, i int, column assets.Column) *comparison {
	of := &comparison{check: check, asset: name, column: column}
	switch check.Kind {
	case assets.AcceptedValues:
		if column.Type == "VARCHAR" {
			return nil
		}
		of.with = "the accepted values"
		of.text = fmt.Sprintf(evaluated, fmt.Sprintf("CAST(NULL AS %s) IN (%s)", column.Type, strings.Join(check.Values, ", ")))
		return of
	case assets.Between:
		if column.Type == "VARCHAR" && (isPlainNumber(check.Low) || isPlainNumber(check.High)) {
			of.with = "numbers"
			of.text = fmt.Sprintf(evaluated, "CAST('text' AS INTEGER)") // never
			return of
		}
		var bounds []string
		for _, bound := range []string{check.Low, check.High} {
			if bound != "" {
				bounds = append(bounds, fmt.Sprintf("CAST(NULL AS %s) < %s", column.Type, bound))
			}
		}
		of.with = "these bounds"
		of.text = fmt.Sprintf(evaluated, strings.Join(bounds, " OR "))
		return of
	case assets.Matches:
		of.with = "this pattern"
		of.text = fmt.Sprintf(evaluated, "regexp_matches('', "+quote(check.Pattern)+")")
		return of
	case assets.NoGaps:
		if check.Step == "" {
			return nil
		}
		of.with = "this step"
		of.text = fmt.Sprintf(evaluated, "CAST("+check.Step+" AS BIGINT)")
		if isTime(column.Type) {
			of.text = fmt.Sprintf(evaluated, "CAST("+check.Step+" AS INTERVAL)")
		}
		return of
	case assets.Relationships:
		target := c.graph.Nodes[check.To]
		if target == nil || i >= len(check.ToColumns) {
			return nil
		}
		at := find(target.Columns, check.ToColumns[i])
		if at < 0 || target.Columns[at].Type == column.Type {
			return nil
		}
		mine, other := example(column.Type), example(target.Columns[at].Type)
		if mine == "" || other == "" {
			return nil
		}
		of.with = fmt.Sprintf("%q of %s", target.Columns[at].Name, check.To)
		of.text = fmt.Sprintf(evaluated, mine+" = "+other)
		return of
	}
	return nil
}

func isPlainNumber(literal string) bool { return literal != "" && !strings.HasPrefix(literal, "'") }

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

var numeric = []string{"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE"}

// example is a value of a type that is no text; empty if none is known.
func example(typ string) string {
	base, _, _ := strings.Cut(typ, "(")
	switch {
	case strings.HasSuffix(typ, "]"):
		return ""
	case slices.Contains(numeric, base), base == "DECIMAL":
		return "CAST(0 AS " + typ + ")"
	case base == "BOOLEAN":
		return "true"
	case base == "DATE", strings.HasPrefix(base, "TIMESTAMP"):
		return "CAST('2000-01-01' AS " + typ + ")"
	case base == "UUID":
		return "CAST('00000000-0000-0000-0000-000000000000' AS UUID)"
	}
	return ""
}

func askComparisons(ctx context.Context, binder Binder, comparisons []*comparison) error {
	texts := make([]string, 0, len(comparisons))
	for _, of := range comparisons {
		texts = append(texts, of.text)
	}
	plans, err := binder.Bind(ctx, texts)
	if err != nil {
		return err
	}
	for i := range comparisons {
		comparisons[i].err = lineage.EngineErrorIn(plans[i])
	}
	return nil
}
