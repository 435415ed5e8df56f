package config

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/seed-4311623e/assets/assets"
)

// readFixture reads the rows of a given or expect block.
func (l *loader) readFixture(a *args, b *hclsyntax.Block) (assets.Fixture, bool) {
	var have []string
	for _, name := range fixtureArgs {
		if a.has(name) {
			have = append(have, name)
		}
	}
	switch len(have) {
	case 0:
		l.report(problem(b.DefRange(), "No rows", "Give them as rows = [{ id = 1 }], as file = \"fixtures/orders.csv\" or as sql = \"select 1 as id\". That there are none is said by rows = []."))
		return assets.Fixture{}, false
	case 1:
	default:
		l.report(problem(a.at(have[1], b.DefRange()), fmt.Sprintf("Both %q and %q", have[0], have[1]), "Rows come from one place. Take one of the arguments out."))
		return assets.Fixture{}, false
	}
	f := assets.Fixture{Range: a.at(have[0], b.DefRange())}
	ok := true
	switch have[0] {
	case "rows":
		f.Rows, ok = l.readRows(a)
	case "file":
		ok = l.readFixtureFile(a, &f)
	case "sql":
		if f.SQL, ok = a.s.sql(a.expr("sql"), "sql", a.what); ok && strings.TrimSpace(f.SQL.Text) == "" {
			a.wrong("sql", "\"sql\" is empty", "Write a query that makes the rows: sql = \"select 1 as id\".")
			ok = false
		}
	}
	return f, ok
}

func (l *loader) readFixtureFile(a *args, f *assets.Fixture) bool {
	path := a.filled("file")
	if path == "" {
		return false
	}
	f.File = resolve(a.s.dir, path)
	f.Format = formats[extension(path)]
	if f.Format == "" {
		a.wrong("file", "Unknown format of the file", unknownExtension(extension(path))+" A fixture is a .csv, .parquet or .json file.")
		return false
	}
	switch info, err := os.Stat(f.File); {
	case err != nil:
		a.wrong("file", "Cannot read the file", sentence(readError(f.File, l.store.rel(f.File), err).Error()))
		return false
	case !info.Mode().IsRegular():
		a.wrong("file", "Cannot read the file", fmt.Sprintf("%s is not a file. A fixture is one file.", l.store.rel(f.File)))
		return false
	}
	return true
}

func (l *loader) readRows(a *args) (rows []assets.Row, ok bool) {
	vals, ok := a.elements("rows", "a list of rows")
	if !ok {
		return nil, false
	}
	list, _ := a.expr("rows").(*hclsyntax.TupleConsExpr)
	for i, v := range vals {
		at := a.item("rows", i)
		if ty := v.Type(); v.IsNull() || !ty.IsObjectType() && !ty.IsMapType() {
			l.report(problem(at, "A row must be an object", "Write its columns and their values in braces: { id = 1, name = \"ann\" }."))
			return nil, false
		}
		var written *hclsyntax.ObjectConsExpr
		if list != nil {
			written, _ = list.Exprs[i].(*hclsyntax.ObjectConsExpr)
		}
		row, good := l.readRow(a, v, written, at)
		rows, ok = append(rows, row), ok && good
	}
	return rows, ok
}

// readRow reads one row; written is its expression if it stands there, else nil.
func (l *loader) readRow(a *args, v cty.Value, written *hclsyntax.ObjectConsExpr, at hcl.Range) (row assets.Row, ok bool) {
	row.Range, ok = at, true
	places, keys := a.s.cellPlaces(written), map[string]hcl.Range{}
	values := v.AsValueMap()
	for _, column := range slices.Sorted(maps.Keys(values)) {
		cell := assets.Cell{Column: column, Range: at}
		if p, known := places[column]; known {
			cell.Range = p
		}
		key := strings.ToLower(column)
		if _, twice := keys[key]; twice {
			l.report(problem(cell.Range, fmt.Sprintf("Column %q is given twice", column), "Names of columns are the same in any case. Take one of them out."))
			ok = false
			continue
		}
		keys[key] = cell.Range
		var err error
		if cell.Value, err = fixtureValue(values[column]); err != nil {
			l.report(problem(cell.Range, fmt.Sprintf("Column %q has no value", column), sentence(err.Error())))
			ok = false
		}
		row.Cells = append(row.Cells, cell)
	}
	return row, ok
}

// cellPlaces are where the entries of an object stand, by their keys.
func (s *scope) cellPlaces(object *hclsyntax.ObjectConsExpr) map[string]hcl.Range {
	if object == nil {
		return nil
	}
	places := make(map[string]hcl.Range, len(object.Items))
	for _, item := range object.Items {
		key := hcl.ExprAsKeyword(item.KeyExpr)
		if key == "" { // computed
			if v, ok := s.eval(item.KeyExpr); ok {
				if v, _ = v.Unmark(); v.Type() == cty.String {
					key = v.AsString()
				}
			}
		}
		places[key] = hcl.RangeBetween(item.KeyExpr.Range(), item.ValueExpr.Range())
	}
	return places
}

// fixtureValue is a value as DuckDB is to take it.
func fixtureValue(v cty.Value) (assets.Value, error) {
	switch {
	case v.IsNull():
		return assets.Value{Null: true}, nil
	case v.Type().IsPrimitiveType():
		text, err := convert.Convert(v, cty.String)
		if err != nil {
			return assets.Value{}, err
		}
		return assets.Value{Text: text.AsString()}, nil
	}
	text, err := ctyjson.Marshal(v, v.Type())
	return assets.Value{Text: string(text), JSON: true}, err
}
