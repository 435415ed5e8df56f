package unit

import (
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// load is SQL that makes the fixture's table, of all its columns, and fills it.
// Columns that the rows do not have are NULL.
func (f *fixture) load() string {
	var sql strings.Builder
	define(&sql, f.table, f.all)
	if !f.inline() {
		sql.WriteString("INSERT INTO " + f.table + " BY NAME " + f.rows() + ";")
		return sql.String()
	}
	if len(f.Rows) == 0 {
		return sql.String()
	}
	columns := f.columns
	if len(columns) == 0 {
		columns = f.all[:1] // rows of nothing but NULL
	}
	sql.WriteString("INSERT INTO " + f.table + " (")
	for i, c := range columns {
		if i > 0 {
			sql.WriteByte(',')
		}
		sql.WriteString(warehouse.Ident(c.Name))
	}
	sql.WriteString(") VALUES ")
	for r, row := range f.Rows {
		if r > 0 {
			sql.WriteByte(',')
		}
		sql.WriteByte('(')
		for i, c := range columns {
			if i > 0 {
				sql.WriteByte(',')
			}
			sql.WriteString(literal(c.Type, valueOf(row, c.Name)))
		}
		sql.WriteByte(')')
	}
	sql.WriteByte(';')
	return sql.String()
}

// define makes an empty table.
func define(sql *strings.Builder, table string, columns []assets.Column) {
	kind := "TABLE "
	if table == expectedTable {
		kind = "TEMP TABLE "
	}
	sql.WriteString("CREATE OR REPLACE " + kind + table + " (")
	for i, c := range columns {
		if i > 0 {
			sql.WriteByte(',')
		}
		sql.WriteString(warehouse.Ident(c.Name) + " " + c.Type)
	}
	sql.WriteString(");")
}

// valueOf is a row's value of a column: NULL if it has none.
func valueOf(row assets.Row, column string) assets.Value {
	for _, cell := range row.Cells {
		if strings.EqualFold(cell.Column, column) {
			return cell.Value
		}
	}
	return assets.Value{Null: true}
}
