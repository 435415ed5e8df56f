package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Columns of the relation that [Bad] selects.
const (
	BadRow    = "_row"    // BIGINT: the row's number in the relation
	BadChecks = "_checks" // VARCHAR[]: the ids of the checks it violates
)

// AnyBad is a query for whether there are rows that [Bad] would find, a BOOLEAN.
func AnyBad(relation string, checks []assets.Check) string {
	return "SELECT EXISTS (FROM " + relation + " WHERE " + anyOf(checks) + ")"
}

// Bad is a query for the rows of a relation that violate any of checks, each once.
// row is the name of a column that numbers the relation's rows.
func Bad(relation, row string, checks []assets.Check) string {
	ids := make([]string, len(checks))
	for i, c := range checks {
		ids[i] = "CASE WHEN " + violates(c) + " THEN " + warehouse.Literal(c.ID()) + " END"
	}
	return fmt.Sprintf("SELECT %s AS %s, list_filter([%s], lambda _id: _id IS NOT NULL) AS %s FROM %s WHERE %s",
		row, BadRow, strings.Join(ids, ", "), BadChecks, relation, anyOf(checks))
}

// anyOf is the condition that a row violates any of checks.
func anyOf(checks []assets.Check) string {
	conditions := make([]string, len(checks))
	for i, c := range checks {
		conditions[i] = "(" + violates(c) + ")"
	}
	return strings.Join(conditions, " OR ")
}

// Quarantined is what checks say of the rows that [Bad] found.
type Quarantined struct {
	Rows int64 // all of them, each once
	// Results are those of the checks that found any: passed, with the number of
	// rows, or failed because they are more than the check's MaxShare.
	Results []planner.CheckResult
	Failed  bool // one of them is
}

// JudgeBad judges the bad rows of a scan's relation, which still holds them. bad
// names a table of what [Bad] selected for the scan's checks.
func JudgeBad(ctx context.Context, q Querier, s Scan, bad string) (Quarantined, error) {
	var out Quarantined
	counts := make([]int64, len(s.Checks))
	targets, columns := []any{&out.Rows}, []string{"count(*)"}
	for i, c := range s.Checks {
		targets = append(targets, &counts[i])
		columns = append(columns, "count(*) FILTER (WHERE list_contains("+BadChecks+", "+warehouse.Literal(c.ID())+"))")
	}
	if err := queryRow(ctx, q, "SELECT "+strings.Join(columns, ", ")+" FROM "+bad, targets...); err != nil {
		return out, err
	}
	r := runner{ctx, q, s, -1}
	for i, c := range s.Checks {
		if counts[i] == 0 {
			continue
		}
		looked := r.looked(c)
		result := r.judge(c, measured{violations: counts[i], rows: looked})
		switch {
		case float64(counts[i]) > c.MaxShare*float64(looked):
			out.Failed = true
			result.Message += fmt.Sprintf(". No more than %s may be put aside", percent(c.MaxShare))
		default:
			result.Status, result.Quarantined = planner.CheckPassed, counts[i]
			result.Message += ", put aside"
		}
		result.Message = s.redact(result.Message)
		out.Results = append(out.Results, result)
	}
	return out, ctx.Err()
}
