package check

import (
	"context"
	"database/sql"
	"fmt"
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
	var violations int64
	var err error
	switch c.Kind {
	case assets.Query:
		return r.query(c)
	case assets.RowCount:
		var rows int64
		if err = queryRow(r.ctx, r.q, "SELECT count(*) FROM "+r.Relation, &rows); err == nil {
			r.rows, violations = rows, outside(c, rows)
		}
	case assets.Unique:
		err = queryRow(r.ctx, r.q, "SELECT "+surplus("_c")+" FROM (SELECT "+key(c)+" AS _c FROM "+r.Relation+")", &violations)
	default:
		condition := where(c)
		if condition == "" {
			return failure(c, fmt.Errorf("checks of kind %q are not known", c.Kind))
		}
		err = queryRow(r.ctx, r.q, "SELECT count(*) FROM "+from(r.Relation, c)+" WHERE "+condition, &violations)
	}
	if err != nil {
		return failure(c, err)
	}
	return r.judge(c, violations)
}

// judge turns a number of violations into a result, with rows to show.
func (r *runner) judge(c assets.Check, violations int64) planner.CheckResult {
	result := result(c, violations)
	if violations == 0 {
		return result
	}
	if r.rows < 0 {
		// For the message only; -1 leaves the total out of it.
		_ = queryRow(r.ctx, r.q, "SELECT count(*) FROM "+r.Relation, &r.rows)
	}
	result.Message = r.message(c, violations)
	// Without rows to show a violation still is one.
	if statement := r.sample(c); statement != "" {
		result.Columns, result.Rows, _, _ = r.show(statement)
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
	columns, rows, count, err := r.show(c.SQL.Text)
	if err != nil {
		return failure(c, err)
	}
	result := result(c, count)
	if count > 0 {
		result.Columns, result.Rows = columns, rows
		result.Message = fmt.Sprintf("the query returns %s", counted(count, "row"))
	}
	return result
}

// message says what is violated.
func (r *runner) message(c assets.Check, violations int64) string {
	columns := strings.Join(c.Columns, ", ")
	some, have := fmt.Sprintf("%s of %s", humanize.Comma(violations), counted(r.rows, "row")), "have"
	if r.rows < 0 {
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
		if c.Min != nil && r.rows < *c.Min {
			return fmt.Sprintf("%s, and there must be at least %s", counted(r.rows, "row"), humanize.Comma(*c.Min))
		}
		return fmt.Sprintf("%s, and there must be at most %s", counted(r.rows, "row"), humanize.Comma(*c.Max))
	}
	if c.SQL.Sensitive {
		return fmt.Sprintf("%s %s values for which the condition is false", some, have)
	}
	return fmt.Sprintf("%s %s values for which this is false: %s", some, have, oneLine(c.SQL.Text))
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
	if c.Kind == assets.RowCount {
		return ""
	}
	if c.Kind == assets.Unique {
		keys, rows := idents(c.Columns), "rows"
		for slices.ContainsFunc(c.Columns, func(col string) bool { return strings.EqualFold(col, rows) }) {
			rows += "_"
		}
		return fmt.Sprintf("SELECT %s, %s FROM (SELECT %s, count(*) AS %[2]s FROM %[4]s WHERE %s GROUP BY %[3]s HAVING count(*) > 1 ORDER BY count(*) DESC, %[3]s LIMIT %[6]d)",
			texts(c.Columns), rows, keys, r.Relation, notNull(c), sampleRows)
	}
	shown := r.shown(c)
	return fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s WHERE %s ORDER BY ALL LIMIT %d)",
		texts(shown), idents(shown), from(r.Relation, c), where(c), sampleRows)
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
		return slices.ContainsFunc(c.Columns, func(name string) bool { return strings.EqualFold(name, col.Name) }) ||
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
func (r *runner) show(statement string) (columns []string, shown [][]string, count int64, err error) {
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
