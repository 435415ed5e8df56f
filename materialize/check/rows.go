package check

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/redact"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

const (
	sampleRows    = 5         // violating rows shown
	sampleColumns = 8         // columns kept of each, unless a query says which
	sampleWidth   = 60        // characters kept of a value
	keptBytes     = 256 << 10 // about as much is kept of a check
)

// sample is a query for rows that violate a check, the least first; empty if
// there is nothing to show.
func (r *runner) sample(c assets.Check) string {
	limit := c.Kept()
	switch c.Kind {
	case assets.Schema, assets.RowCount, assets.Recency, assets.Distribution, assets.Reconcile:
		return ""
	case assets.NotEmpty:
		if len(c.Columns) == 0 {
			return ""
		}
	case assets.NoGaps:
		columns := append(slices.Clone(c.Within), c.Columns...)
		return fmt.Sprintf("SELECT %s FROM (%s ORDER BY ALL LIMIT %d)", texts(columns), r.gaps(c), limit)
	case assets.Increasing:
		shown := r.shown(c)
		return fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s QUALIFY %s ORDER BY %s LIMIT %d)", texts(shown), idents(shown), r.Relation, violates(c), idents(append(slices.Clone(c.Within), c.OrderBy...)), limit)
	}
	if c.Kind == assets.Unique {
		keys, rows := idents(c.Columns), "rows"
		for slices.ContainsFunc(c.Columns, func(col string) bool { return strings.EqualFold(col, rows) }) {
			rows += "_"
		}
		return fmt.Sprintf("SELECT %s, %s FROM (SELECT %s, count(*) AS %[2]s FROM %[4]s WHERE %s GROUP BY %[3]s HAVING count(*) > 1 ORDER BY count(*) DESC, %[3]s LIMIT %[6]d)",
			texts(c.Columns), rows, keys, r.Relation, strings.TrimSuffix(notNull(c)+" AND "+considered(c), " AND "), limit)
	}
	shown := r.shown(c)
	return fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s WHERE %s ORDER BY ALL LIMIT %d)",
		texts(shown), idents(shown), from(r.Relation, c), violates(c), limit)
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
// Of them as many are kept as the check says; values of columns that hide names
// are not among the text.
func (r *runner) show(c assets.Check, statement string, hide func(column string) bool) (columns []string, shown [][]string, count int64, err error) {
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
	size := 0
	for ; rows.Next(); count++ {
		if count >= int64(c.Kept()) || size > keptBytes {
			continue
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, nil, 0, err
		}
		row := make([]string, len(cells))
		for i, cell := range cells {
			if hide(columns[i]) {
				row[i] = redact.Hidden
				continue
			}
			// Half a secret would not be recognized: first take it out, then cut.
			row[i] = shorten(controls.Replace(r.redact(text(cell, types[i]))))
			size += len(row[i])
		}
		shown = append(shown, row)
	}
	return columns, shown, count, rows.Err()
}

// shownOf are the first of the rows that are kept.
func shownOf(kept [][]string) [][]string { return kept[:min(len(kept), sampleRows)] }

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
