package check

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// runner runs and judges the checks of one relation.
type runner struct {
	ctx context.Context
	q   Querier
	Scan
	rows int64 // of the relation; -1: not counted
}

// run runs one check for itself.
func (r *runner) run(c assets.Check) planner.CheckResult {
	looked := int64(-1)
	if only := considered(c); only != "" {
		// By itself: beside another condition it may not be asked of every row, and
		// whether an error in it shows would be a matter of luck.
		if err := queryRow(r.ctx, r.q, "SELECT count(*) FROM "+r.Relation+" WHERE "+only, &looked); err != nil {
			return failureAt(c, c.WhereRange, r.speakable(c, err))
		}
	}
	switch c.Kind {
	case assets.Query:
		return r.query(c)
	case assets.Reconcile:
		return r.reconcile(c)
	case assets.Schema:
		return r.judge(c, r.schema(c))
	}
	if statement := r.counting(c); statement != "" {
		return r.count(c, statement, looked)
	}
	a, err := r.alone(c)
	if err != nil {
		return failure(c, r.speakable(c, err))
	}
	found, err := a.run(r.ctx, r.q)
	if err != nil {
		return failure(c, r.speakable(c, err))
	}
	r.rows = found.rows
	return r.judge(c, a.tallies[0](found))
}

// counting is a statement that counts the violations of a check; empty if it takes
// more than counting rows.
func (r *runner) counting(c assets.Check) string {
	switch {
	case c.Kind == assets.NoGaps:
		return "SELECT count(*) FROM (" + r.gaps(c) + ")"
	case c.JudgesRows(), c.Kind == assets.Relationships:
		// In a WHERE clause, where a condition cannot become one about all rows.
		return "SELECT count(*) FROM " + from(r.Relation, c) + " WHERE " + violates(c)
	}
	return ""
}

// alone is the scan for one check that needs no other.
func (r *runner) alone(c assets.Check) (*aggregate, error) {
	s := r.Scan
	s.ChecksOnly, s.Projections, s.Checks = true, nil, []assets.Check{c}
	a, err := newAggregate(s)
	if err == nil && a.tallies[0] == nil {
		err = fmt.Errorf("checks of kind %q are not known", c.Kind)
	}
	return a, err
}

// count runs a statement that counts violations among so many rows; -1: not counted.
func (r *runner) count(c assets.Check, statement string, looked int64) planner.CheckResult {
	m := measured{rows: looked}
	if err := queryRow(r.ctx, r.q, statement, &m.violations); err != nil {
		return failure(c, r.speakable(c, err))
	}
	return r.judge(c, m)
}

// looked counts the rows that a check looks at; -1: nobody can tell.
func (r *runner) looked(c assets.Check) int64 {
	rows := int64(-1)
	if only := considered(c); only != "" {
		_ = queryRow(r.ctx, r.q, "SELECT count(*) FROM "+r.Relation+" WHERE "+only, &rows)
		return rows
	}
	if r.rows < 0 {
		_ = queryRow(r.ctx, r.q, "SELECT count(*) FROM "+r.Relation, &r.rows)
	}
	return r.rows
}

// judge turns what was measured into a result, with rows to show.
func (r *runner) judge(c assets.Check, m measured) planner.CheckResult {
	result := result(c, m.violations)
	result.Value = m.value
	if m.violations == 0 {
		return result
	}
	looked := m.rows
	if looked < 0 {
		looked = r.looked(c)
	}
	if result.Message = m.note; m.note == "" {
		result.Message = r.message(c, m.violations, looked)
	}
	r.tolerate(c, &result, looked)
	// Without rows to show a violation still is one.
	if statement := r.sample(c); statement != "" && c.Kept() > 0 {
		result.Columns, result.Kept, _, _ = r.show(c, statement, r.sensitive)
		result.Rows = shownOf(result.Kept)
	}
	return result
}

// tolerate lets a result pass whose violations are no more than the check allows,
// of looked rows; -1: not counted yet.
func (r *runner) tolerate(c assets.Check, result *planner.CheckResult, looked int64) {
	if c.Tolerance == (assets.Tolerance{}) {
		return
	}
	if looked < 0 && c.Tolerance.Share > 0 {
		looked = r.looked(c)
	}
	if float64(result.Violations) <= max(c.Tolerance.Rows, c.Tolerance.Share*float64(looked)) {
		result.Status = planner.CheckPassed
		result.Message += ", which is tolerated"
	}
}

func result(c assets.Check, violations int64) planner.CheckResult {
	result := planner.CheckResult{Check: c.ID(), Kind: c.Kind, Severity: c.Severity, Status: planner.CheckPassed, Violations: violations}
	switch {
	case violations > 0 && c.Severity == assets.Warn:
		result.Status = planner.CheckWarned
	case violations > 0:
		result.Status = planner.CheckFailed
	}
	return result
}

// sides are the statements for the aggregates that a reconcile check compares.
func (r *runner) sides(c assets.Check) [2]string {
	side := func(sql assets.SQL, relation, only string) string {
		if only != "" {
			only = " WHERE " + only
		}
		return "SELECT _v::VARCHAR, TRY_CAST(_v AS DOUBLE) FROM (SELECT " + sql.Text + "\n AS _v FROM " + relation + only + ")"
	}
	return [2]string{side(c.SQL, r.Relation, considered(c)), side(c.ToSQL, warehouse.NameRef(c.To), "")}
}

// reconcile compares an aggregate with one of another relation.
func (r *runner) reconcile(c assets.Check) planner.CheckResult {
	side := func(text assets.SQL, statement string) (value sql.NullString, number sql.NullFloat64, failed *planner.CheckResult) {
		if err := queryRow(r.ctx, r.q, statement, &value, &number); err != nil {
			result := failureAt(c, lineage.Place(text, 0, c.ArgRange), r.speakable(c, err))
			return value, number, &result
		}
		return value, number, nil
	}
	statements := r.sides(c)
	mine, a, failed := side(c.SQL, statements[0])
	if failed != nil {
		return *failed
	}
	other, b, failed := side(c.ToSQL, statements[1])
	if failed != nil {
		return *failed
	}
	m := measured{rows: -1}
	if a.Valid && !math.IsNaN(a.Float64) && !math.IsInf(a.Float64, 0) {
		m.value = &a.Float64
	}
	allowed := max(c.Tolerance.Rows, c.Tolerance.Share*math.Abs(b.Float64))
	if mine != other && !(a.Valid && b.Valid && math.Abs(a.Float64-b.Float64) <= allowed) {
		m.violations = 1
		m.note = fmt.Sprintf("%s is %s here, and %s of %s is %s", oneLine(c.SQL.Text), orNull(mine), oneLine(c.ToSQL.Text), c.To, orNull(other))
		if c.SQL.Sensitive || c.ToSQL.Sensitive {
			m.note = fmt.Sprintf("the aggregates differ: %s here, %s of %s", orNull(mine), orNull(other), c.To)
		}
	}
	c.Tolerance = assets.Tolerance{} // of values, and taken into account
	return r.judge(c, m)
}

func orNull(v sql.NullString) string {
	if !v.Valid {
		return "NULL"
	}
	return v.String
}

// failure is the result of a check that could not be run.
func failure(c assets.Check, err error) planner.CheckResult {
	return failureAt(c, c.ArgRange, err)
}

// failureAt is the result of a check whose SQL at rng could not be run.
func failureAt(c assets.Check, rng hcl.Range, err error) planner.CheckResult {
	result := result(c, 0)
	result.Status = planner.CheckFailed
	at := ""
	if rng.Filename != "" {
		at = fmt.Sprintf(" (%s:%d)", rng.Filename, rng.Start.Line)
	}
	message := warehouse.Limited(err).Error()
	// DuckDB goes on with advice and with our SQL, which nobody wrote.
	for _, end := range []string{"\n\n", "\nLINE "} {
		message, _, _ = strings.Cut(message, end)
	}
	result.Message = fmt.Sprintf("could not be run%s: %s", at, strings.Join(strings.Fields(message), " "))
	return result
}

// query runs a sql check. Its text is run as it stands, for it may end in a
// semicolon or a comment, so its rows are counted here.
func (r *runner) query(c assets.Check) planner.CheckResult {
	// Its columns may be made of any others, under any name.
	columns, rows, count, err := r.show(c, c.SQL.Text, func(string) bool { return r.hides(c) })
	if err != nil {
		return failure(c, r.speakable(c, err))
	}
	result := result(c, count)
	if count > 0 {
		if len(rows) > 0 {
			result.Columns, result.Rows, result.Kept = columns, shownOf(rows), rows
		}
		result.Message = fmt.Sprintf("the query returns %s", counted(count, "row"))
		r.tolerate(c, &result, -1)
	}
	return result
}

// message says what is violated, in how many of the rows that were looked at.
func (r *runner) message(c assets.Check, violations, looked int64) string {
	columns := strings.Join(c.Columns, ", ")
	some, have := fmt.Sprintf("%s of %s", humanize.Comma(violations), counted(looked, "row")), "have"
	if looked < 0 {
		some = counted(violations, "row")
	}
	if violations == 1 {
		have = "has"
	}
	if len(c.Columns) > 1 {
		columns = "(" + columns + ")"
	}
	switch c.Kind {
	case assets.NotNull:
		return fmt.Sprintf("%s %s a NULL in %s", some, have, columns)
	case assets.Unique:
		return fmt.Sprintf("%s for %s", counted(violations, "duplicate row"), columns)
	case assets.AcceptedValues:
		return fmt.Sprintf("%s %s another %s than %s", some, have, columns, oneLine(strings.Join(c.Values, ", ")))
	case assets.Relationships:
		to := strings.Join(c.ToColumns, ", ")
		if len(c.ToColumns) > 1 {
			to = "(" + to + ")"
		}
		return fmt.Sprintf("%s %s a value in %s that is no %s of %s", some, have, columns, to, c.To)
	case assets.RowCount:
		if c.Min != nil && looked < *c.Min {
			return fmt.Sprintf("%s, and there must be at least %s", counted(looked, "row"), humanize.Comma(*c.Min))
		}
		return fmt.Sprintf("%s, and there must be at most %s", counted(looked, "row"), humanize.Comma(*c.Max))
	case assets.NotEmpty:
		if len(c.Columns) == 0 {
			return "there is no row"
		}
		return fmt.Sprintf("%s %s nothing in %s", some, have, columns)
	case assets.Between:
		return fmt.Sprintf("%s %s a value in %s that is not %s", some, have, columns, within(c.Low, c.High))
	case assets.Length:
		return fmt.Sprintf("%s %s a value in %s whose length is not %s", some, have, columns, within(count(c.Min), count(c.Max)))
	case assets.Matches:
		return fmt.Sprintf("%s %s a value in %s that does not match %s", some, have, columns, oneLine(c.Pattern))
	case assets.Increasing:
		than := "less than"
		if c.Strict {
			than = "not more than"
		}
		return fmt.Sprintf("%s %s a value in %s that is %s the one before it", some, have, columns, than)
	case assets.NoGaps:
		return fmt.Sprintf("%s missing in %s, between the least and the greatest", are(violations), columns)
	}
	if c.SQL.Sensitive {
		return fmt.Sprintf("%s %s values for which the condition is false", some, have)
	}
	return fmt.Sprintf("%s %s values for which this is false: %s", some, have, oneLine(c.SQL.Text))
}

// within says bounds in words.
func within(low, high string) string {
	switch {
	case low == "":
		return "at most " + high
	case high == "":
		return "at least " + low
	}
	return "between " + low + " and " + high
}

func are(n int64) string {
	if n == 1 {
		return "1 value is"
	}
	return humanize.Comma(n) + " values are"
}

func counted(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return humanize.Comma(n) + " " + what
}
