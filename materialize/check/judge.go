package check

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

const (
	sampleRows    = 5  // violating rows shown
	sampleColumns = 8  // columns shown of each
	sampleWidth   = 60 // characters shown of a value
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
	switch c.Kind {
	case assets.Query:
		return r.query(c)
	case assets.Reconcile:
		return r.reconcile(c)
	case assets.NoGaps:
		return r.count(c, "SELECT count(*) FROM ("+r.gaps(c)+")")
	}
	if c.JudgesRows() || c.Kind == assets.Relationships {
		// In a WHERE clause, where a condition cannot become one about all rows.
		return r.count(c, "SELECT count(*) FROM "+from(r.Relation, c)+" WHERE "+violates(c))
	}
	alone := r.Scan
	alone.Columns, alone.Projections, alone.Checks = nil, nil, []assets.Check{c}
	a, err := newAggregate(alone)
	if err != nil {
		return failure(c, r.speakable(c, err))
	}
	tally := a.tallies[0]
	if tally == nil {
		return failure(c, fmt.Errorf("checks of kind %q are not known", c.Kind))
	}
	found, err := a.run(r.ctx, r.q)
	if err != nil {
		return failure(c, r.speakable(c, err))
	}
	r.rows = found.rows
	return r.judge(c, tally(found))
}

// count runs a statement that counts violations.
func (r *runner) count(c assets.Check, statement string) planner.CheckResult {
	m := measured{rows: -1}
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
	if allowed := c.Tolerance; float64(m.violations) <= max(allowed.Rows, allowed.Share*float64(looked)) {
		result.Status = planner.CheckPassed
		result.Message += ", which is tolerated"
	}
	// Without rows to show a violation still is one.
	if statement := r.sample(c); statement != "" {
		result.Columns, result.Rows, _, _ = r.show(statement, r.sensitive)
	}
	return result
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

// reconcile compares an aggregate with one of another relation.
func (r *runner) reconcile(c assets.Check) planner.CheckResult {
	side := func(sql assets.SQL, relation string, only string) (value sql.NullString, number sql.NullFloat64, err error) {
		if only != "" {
			only = " WHERE " + only
		}
		statement := "SELECT _v::VARCHAR, TRY_CAST(_v AS DOUBLE) FROM (SELECT " + sql.Text + "\n AS _v FROM " + relation + only + ")"
		return value, number, queryRow(r.ctx, r.q, statement, &value, &number)
	}
	mine, a, err := side(c.SQL, r.Relation, considered(c))
	if err != nil {
		return failure(c, r.speakable(c, err))
	}
	other, b, err := side(c.ToSQL, warehouse.NameRef(c.To), "")
	if err != nil {
		return failure(c, r.speakable(c, err))
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
	result := result(c, 0)
	result.Status = planner.CheckFailed
	at := ""
	if rng := c.ArgRange; rng.Filename != "" {
		at = fmt.Sprintf(" (%s:%d)", rng.Filename, rng.Start.Line)
	}
	message := err.Error()
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
	columns, rows, count, err := r.show(c.SQL.Text, func(string) bool { return r.hides(c) })
	if err != nil {
		return failure(c, r.speakable(c, err))
	}
	result := result(c, count)
	if count > 0 {
		result.Columns, result.Rows = columns, rows
		result.Message = fmt.Sprintf("the query returns %s", counted(count, "row"))
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
		return fmt.Sprintf("%s %s a %s that is no %s of %s", some, have, columns, to, c.To)
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
		return fmt.Sprintf("%s %s a %s that is not %s", some, have, columns, within(c.Low, c.High))
	case assets.Length:
		return fmt.Sprintf("%s %s a %s whose length is not %s", some, have, columns, within(count(c.Min), count(c.Max)))
	case assets.Matches:
		return fmt.Sprintf("%s %s a %s that does not match %s", some, have, columns, oneLine(c.Pattern))
	case assets.Increasing:
		than := "less than"
		if c.Strict {
			than = "not more than"
		}
		return fmt.Sprintf("%s %s a %s that is %s the one before it", some, have, columns, than)
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

// sample is a query for rows that violate a check, the least first; empty if
// there is nothing to show.
func (r *runner) sample(c assets.Check) string {
	switch c.Kind {
	case assets.RowCount, assets.Recency, assets.Distribution, assets.Reconcile:
		return ""
	case assets.NotEmpty:
		if len(c.Columns) == 0 {
			return ""
		}
	case assets.NoGaps:
		columns := append(slices.Clone(c.Within), c.Columns...)
		return fmt.Sprintf("SELECT %s FROM (%s ORDER BY ALL LIMIT %d)", texts(columns), r.gaps(c), sampleRows)
	case assets.Increasing:
		shown := r.shown(c)
		return fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s QUALIFY %s ORDER BY %s LIMIT %d)", texts(shown), idents(shown), r.Relation, violates(c), idents(append(slices.Clone(c.Within), c.OrderBy...)), sampleRows)
	}
	if c.Kind == assets.Unique {
		keys, rows := idents(c.Columns), "rows"
		for slices.ContainsFunc(c.Columns, func(col string) bool { return strings.EqualFold(col, rows) }) {
			rows += "_"
		}
		return fmt.Sprintf("SELECT %s, %s FROM (SELECT %s, count(*) AS %[2]s FROM %[4]s WHERE %s GROUP BY %[3]s HAVING count(*) > 1 ORDER BY count(*) DESC, %[3]s LIMIT %[6]d)",
			texts(c.Columns), rows, keys, r.Relation, strings.TrimSuffix(notNull(c)+" AND "+considered(c), " AND "), sampleRows)
	}
	shown := r.shown(c)
	return fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s WHERE %s ORDER BY ALL LIMIT %d)",
		texts(shown), idents(shown), from(r.Relation, c), violates(c), sampleRows)
}

func idents(columns []string) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = warehouse.Ident(c)
	}
	return strings.Join(list, ", ")
}

// texts selects columns as text.
func texts(columns []string) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = fmt.Sprintf("%s::VARCHAR AS %[1]s", warehouse.Ident(c))
	}
	return strings.Join(list, ", ")
}

// shown are the columns to show of a violating row: those that the check is about
// first, and of the others as many as fit.
func (r *runner) shown(c assets.Check) []string {
	about := func(col assets.Column) bool {
		return slices.ContainsFunc(slices.Concat(c.Columns, c.OrderBy, c.Within), func(name string) bool { return strings.EqualFold(name, col.Name) }) ||
			c.Kind == assets.Expression && hasWord(c.SQL.Text, col.Name)
	}
	var first, others []string
	for _, col := range r.Columns {
		if about(col) {
			first = append(first, col.Name)
		} else {
			others = append(others, col.Name)
		}
	}
	all := append(first, others...)
	return all[:min(len(all), sampleColumns)]
}

// hasWord reports whether text has word in it, in any case and as a whole word.
func hasWord(text, word string) bool {
	text, word = strings.ToLower(text), strings.ToLower(word)
	isPart := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) })
	}
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 || word == "" {
			return false
		}
		start, end := from+i, from+i+len(word)
		if (start == 0 || !isPart(text[start-1:start])) && (end == len(text) || !isPart(text[end:end+1])) {
			return true
		}
		from = end
	}
}

// show runs a query and returns its first rows as text, and how many there are.
// Values of columns that hide names are not among the text.
func (r *runner) show(statement string, hide func(column string) bool) (columns []string, shown [][]string, count int64, err error) {
	rows, err := r.q.Query(r.ctx, statement)
	if err != nil {
		return nil, nil, 0, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, nil, 0, err
	}
	for _, t := range types {
		columns = append(columns, t.Name())
	}
	cells, targets := make([]any, len(types)), make([]any, len(types))
	for i := range cells {
		targets[i] = &cells[i]
	}
	for ; rows.Next(); count++ {
		if count >= sampleRows {
			continue
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, nil, 0, err
		}
		row := make([]string, len(cells))
		for i, cell := range cells {
			if hide(columns[i]) {
				row[i] = hidden
				continue
			}
			// Half a secret would not be recognized: first take it out, then cut.
			row[i] = shorten(controls.Replace(r.redact(text(cell, types[i]))))
		}
		shown = append(shown, row)
	}
	return columns, shown, count, rows.Err()
}

// text is a value as a person reads it.
func text(value any, typ *sql.ColumnType) string {
	switch v := value.(type) {
	case nil:
		return "NULL"
	case []byte:
		return fmt.Sprintf("%q", v)
	case time.Time:
		switch typ.DatabaseTypeName() {
		case "DATE":
			return v.Format("2006-01-02")
		case "TIME", "TIMETZ":
			return v.Format("15:04:05.999999")
		}
		return v.Format("2006-01-02 15:04:05.999999")
	}
	return fmt.Sprint(value)
}

// controls shows what would break a line of output.
var controls = strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`, "\x1b", `\e`)

// oneLine is a piece of SQL for a message.
func oneLine(sql string) string { return shorten(strings.Join(strings.Fields(sql), " ")) }

func shorten(s string) string {
	if runes := []rune(s); len(runes) > sampleWidth {
		return string(runes[:sampleWidth-1]) + "…"
	}
	return s
}
