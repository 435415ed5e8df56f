package unit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/redact"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/compile"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// expectedTable holds expected rows that come from a file or a query.
const expectedTable = `temp.main."expected?"`

// fixture is a set of rows and the table they become.
type fixture struct {
	assets.Fixture
	table string          // quoted
	of    string          // names the table in messages
	all   []assets.Column // of the table
	// columns are those that the rows have, in the table's order.
	columns []assets.Column
	diags   hcl.Diagnostics
}

// fixture checks the columns of f and enters its values among those to be converted.
func (b *builder) fixture(f assets.Fixture, table, of string, columns []assets.Column) *fixture {
	x := &fixture{Fixture: f, table: table, of: of, all: columns}
	var have []string
	switch {
	case f.File != "":
		have = b.fileColumns(x)
	case f.SQL.Text != "":
		have = b.sqlColumns(x)
		if x.SQL.Sensitive { // DuckDB quotes words of it
			secrets := redact.New(b.project.Secrets)
			for _, d := range x.diags {
				d.Summary, d.Detail = secrets.Words(d.Summary), secrets.Words(d.Detail)
			}
		}
	default:
		seen := map[string]bool{}
		for _, row := range f.Rows {
			for _, cell := range row.Cells {
				at := x.column(cell.Column)
				if at < 0 {
					x.unknown(cell.Column, cell.Range)
					continue
				}
				b.values.add(columns[at].Type, cell.Value)
				if !seen[cell.Column] {
					seen[cell.Column] = true
					have = append(have, cell.Column)
				}
			}
		}
	}
	for _, name := range have {
		if f.Rows == nil && x.column(name) < 0 {
			x.unknown(name, f.Range)
		}
	}
	for i, column := range columns {
		if slices.ContainsFunc(have, func(name string) bool { return x.column(name) == i }) {
			x.columns = append(x.columns, column)
		}
	}
	return x
}

// inline says that the rows are written out.
func (f *fixture) inline() bool { return f.File == "" && f.SQL.Text == "" }

// column is the place of a column in the table, -1 if it is not there.
func (f *fixture) column(name string) int {
	return slices.IndexFunc(f.all, func(c assets.Column) bool { return strings.EqualFold(c.Name, name) })
}

func (f *fixture) unknown(column string, at hcl.Range) {
	var names []string
	for _, c := range f.all {
		names = append(names, c.Name)
	}
	detail := upperFirst(f.of) + " has no such column. "
	if near := lineage.Nearest(column, names); len(near) > 0 {
		detail += fmt.Sprintf("Did you mean %q?", near[0])
	} else {
		detail += "Its columns are " + strings.Join(names, ", ") + "."
	}
	f.diags = append(f.diags, problem(at, fmt.Sprintf("Unknown column %q", column), detail))
}

// report adds what is wrong with the values, now that DuckDB has seen them.
func (f *fixture) report(known values) {
	for _, row := range f.Rows {
		for _, cell := range row.Cells {
			at := f.column(cell.Column)
			if at < 0 || cell.Value.Null {
				continue
			}
			if why := known.get(f.all[at].Type, cell.Value).wrong; why != "" {
				f.diags = append(f.diags, problem(cell.Range, fmt.Sprintf("%s is no %s", shown(cell.Value), f.all[at].Type),
					fmt.Sprintf("Column %q of %s has this type. %s", f.all[at].Name, f.of, why)))
			}
		}
	}
}

// rows is a query for the rows of a file or of SQL.
func (f *fixture) rows() string {
	if f.SQL.Text != "" {
		return f.SQL.Text + "\n"
	}
	path := warehouse.Literal(f.File)
	switch f.Format {
	case "csv": // as text, so that the table's types decide and no guess
		return "SELECT * FROM read_csv(" + path + ", header = true, all_varchar = true, allow_quoted_nulls = false)"
	case "json":
		var types []string
		for _, c := range f.columns {
			types = append(types, warehouse.Literal(c.Name)+": "+warehouse.Literal(c.Type))
		}
		if len(types) > 0 {
			return "SELECT * FROM read_json(" + path + ", columns = {" + strings.Join(types, ", ") + "})"
		}
		return "SELECT * FROM read_json(" + path + ")"
	}
	return "SELECT * FROM read_parquet(" + path + ")"
}

func (b *builder) fileColumns(x *fixture) []string {
	columns, err := b.db.Describe(b.ctx, x.rows())
	if err != nil {
		if b.ctx.Err() != nil {
			b.err = b.ctx.Err()
		}
		x.diags = append(x.diags, problem(x.Range, "Cannot read the file", upperFirst(plain(err))+"."))
		return nil
	}
	return names(columns)
}

// sqlColumns parses and binds a fixture's query, which reads no table.
func (b *builder) sqlColumns(x *fixture) []string {
	if b.err != nil {
		return nil
	}
	if b.binder == nil {
		if b.binder, b.err = warehouse.NewBinder(b.ctx); b.err != nil {
			return nil
		}
	}
	wrong := func(offset int, summary, detail string) []string {
		at := x.Range
		if offset >= 0 {
			at = lineage.Place(x.SQL, offset, x.Range)
		}
		x.diags = append(x.diags, problem(at, summary, detail))
		return nil
	}
	trees, err := b.binder.Syntax(b.ctx, []string{x.SQL.Text})
	if err != nil {
		b.err = err
		return nil
	}
	parsed, err := lineage.Parse(trees[0], warehouse.Engine())
	switch {
	case err != nil:
		x.diags = append(x.diags, compile.Diagnose(err, x.SQL, 0, x.Range))
		return nil
	case len(parsed.Refusals) > 0:
		r := parsed.Refusals[0]
		return wrong(r.Offset, r.Summary, r.Detail)
	case len(parsed.Files) > 0:
		return wrong(parsed.Files[0].Offset, "The SQL reads a file directly", "Rows of a file are given with file = \"fixtures/orders.csv\".")
	case len(parsed.Refs) > 0:
		return wrong(parsed.Refs[0].Offset, fmt.Sprintf("A fixture reads %s", parsed.Refs[0].Name),
			"The query of a fixture makes its rows by itself: in a test there is nothing but what is given. Write the rows, or make them with range() or VALUES.")
	}
	plans, err := b.binder.Bind(b.ctx, []string{x.SQL.Text})
	if err != nil {
		b.err = err
		return nil
	}
	bound, err := lineage.Walk(plans[0], warehouse.Engine(), nil)
	var shape *lineage.PlanError
	if errors.As(err, &shape) {
		columns, err := b.binder.Describe(b.ctx, x.SQL.Text)
		if err == nil {
			return names(columns)
		}
	}
	if err != nil {
		x.diags = append(x.diags, compile.Diagnose(err, x.SQL, b.binder.Prefix(), x.Range))
		return nil
	}
	return names(bound.Columns())
}

func names(columns []assets.Column) []string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.Name
	}
	return list
}

// plain is DuckDB's message in one line, without its advice and without the
// statement, which only we have written.
func plain(err error) string {
	message := err.Error()
	for _, end := range []string{"\n\n", "\nLINE "} {
		message, _, _ = strings.Cut(message, end)
	}
	return strings.TrimRight(strings.Join(strings.Fields(message), " "), ".")
}
