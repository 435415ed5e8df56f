package session

import (
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Result is the result of a query, row by row. The caller closes it.
type Result struct {
	columns []assets.Column
	rows    *sql.Rows
	nested  bool // nested values are JSON
	close   []func() error
}

// selection reads every column as text: DuckDB knows best how its types are written.
func (r *Result) selection() string {
	parts := make([]string, len(r.columns))
	for i, column := range r.columns {
		parts[i] = warehouse.Ident(column.Name) + "::VARCHAR"
		if r.nested && isNested(column.Type) {
			parts[i] = "to_json(" + warehouse.Ident(column.Name) + ")::VARCHAR"
		}
	}
	return strings.Join(parts, ", ")
}

func isNested(kind string) bool {
	return strings.HasSuffix(kind, "]") || strings.HasPrefix(kind, "STRUCT(") || strings.HasPrefix(kind, "MAP(") || strings.HasPrefix(kind, "UNION(") || kind == "JSON"
}

func isNumber(kind string) bool {
	base, _, _ := strings.Cut(kind, "(")
	switch base {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "DECIMAL", "FLOAT", "DOUBLE":
		return !strings.HasSuffix(kind, "]")
	}
	return false
}

// Columns are the names of the columns.
func (r *Result) Columns() []string {
	names := make([]string, len(r.columns))
	for i, column := range r.columns {
		names[i] = column.Name
	}
	return names
}

// Next moves to the next row.
func (r *Result) Next() bool { return r.rows.Next() }

// Err says why there was no next row, if not because there are no more.
func (r *Result) Err() error {
	if err := r.rows.Err(); err != nil {
		return queryError(err)
	}
	return nil
}

// Values are the values of the row: nil, bool, json.Number, json.RawMessage or string.
func (r *Result) Values() ([]any, error) {
	texts := make([]sql.NullString, len(r.columns))
	targets := make([]any, len(texts))
	for i := range texts {
		targets[i] = &texts[i]
	}
	if err := r.rows.Scan(targets...); err != nil {
		return nil, err
	}
	values := make([]any, len(texts))
	for i, text := range texts {
		values[i] = value(text, r.columns[i].Type, r.nested)
	}
	return values, nil
}

func value(text sql.NullString, kind string, nested bool) any {
	switch {
	case !text.Valid:
		return nil
	case kind == "BOOLEAN":
		return text.String == "true"
	case isNumber(kind) && json.Valid([]byte(text.String)): // not NaN, not inf
		return json.Number(text.String)
	case nested && isNested(kind):
		return json.RawMessage(text.String)
	}
	return text.String
}

// Close gives up the warehouse.
func (r *Result) Close() error {
	var all error
	for i := len(r.close) - 1; i >= 0; i-- {
		all = errors.Join(all, r.close[i]())
	}
	r.close = nil
	return all
}
