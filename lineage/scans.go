package lineage

import (
	"github.com/valyala/fastjson"

	"github.com/seed-4311623e/assets/assets"
)

// get is the scan of a table, or the call of a table function.
func (w *planWalk) get(v *fastjson.Value) *relation {
	function := v.Get("function_data")
	table := text(function, "table")
	if table == "" {
		return w.tableFunction(v)
	}
	name := assets.Name{Schema: lower(text(function, "schema")), Table: lower(table)}
	declared, ok := w.inputs[name]
	if !ok {
		w.fail("it scans %s, which the statement does not name", name)
		return &relation{}
	}
	w.scanned[name] = true
	names, types := v.GetArray("names"), v.GetArray("returned_types")
	r := &relation{order: sources{{w.id(name, RowOrder), Sort}}, rowsPrint: tagged("scan " + name.String())}
	r.orderPrint = r.rowsPrint
	for _, c := range v.GetArray("column_indexes") {
		switch index := c.GetUint64("index"); {
		case index < uint64(len(names)) && index < uint64(len(types)):
			column := declaredName(declared, index, names[index].GetStringBytes())
			p := newPrinter("column")
			p.text(name.String())
			p.text(lower(column))
			r.columns = append(r.columns, columnOf(w.id(name, column), Identity, types[index].MarshalTo(p)))
		case index >= 1<<63:
			// A column that no table declares: rows to be counted, or the row's number.
			r.columns = append(r.columns, columnOf(w.id(name, RowOrder), Sort, newPrinter("row number of "+name.String())))
		default:
			w.fail("it scans column %d of %s, which has %d", index, name, len(names))
		}
	}
	r.columns = w.mapped(r.columns, v.GetArray("projection_ids"))
	w.register(v, "table_index", r.columns)
	return r
}

// declaredName is a column's name, in the memory that already holds it.
func declaredName(declared []assets.Column, index uint64, name []byte) string {
	if index < uint64(len(declared)) && declared[index].Name == string(name) {
		return declared[index].Name
	}
	return string(name)
}

func columnOf(id int32, via Via, p printer) column {
	return column{from: sources{{id, via}}, print: p.sum()}
}

// mapped are the columns that a map of places lets through; no map, all.
func (w *planWalk) mapped(columns []column, places []*fastjson.Value) []column {
	if len(places) == 0 {
		return columns
	}
	out := make([]column, 0, len(places))
	for _, p := range places {
		at := p.GetUint64()
		if at >= uint64(len(columns)) {
			w.fail("it lets through column %d of %d", at, len(columns))
			return nil
		}
		out = append(out, columns[at])
	}
	return out
}

// tableFunction computes from constants, or from each row of what it reads.
func (w *planWalk) tableFunction(v *fastjson.Value) *relation {
	p := newPrinter("function")
	p.text(text(v, "name"))
	for _, key := range []string{"parameters", "named_parameters", "function_data"} {
		if part := v.Get(key); part != nil {
			p = append(part.MarshalTo(p), 0)
		}
	}
	r := &relation{}
	var arguments sources
	var below *relation
	if len(v.GetArray("children")) > 0 {
		below = w.child(v)
		n := min(len(v.GetArray("input_table_types")), len(below.columns))
		for _, c := range below.columns[:n] {
			arguments = arguments.union(c.all().through(Transformation))
			p.print(c.print)
		}
		p.print(below.rowsPrint)
		r.rows = below.rows.union(arguments.through(Filter))
		r.order = below.order.union(r.rows)
		r.orderPrint = below.orderPrint
	}
	r.rowsPrint = p.sum()
	r.orderPrint = tagged("calls", r.rowsPrint, r.orderPrint)
	for _, c := range v.GetArray("column_indexes") {
		result := newPrinter("result")
		result.print(r.rowsPrint)
		result = c.MarshalTo(result)
		r.columns = append(r.columns, column{from: arguments, print: result.sum()})
	}
	if below != nil {
		if passed := v.GetArray("projected_input"); len(passed) > 0 {
			r.columns = append(r.columns, w.mapped(below.columns, passed)...)
		}
	}
	w.register(v, "table_index", r.columns)
	return r
}

// values are rows of expressions.
func (w *planWalk) values(v *fastjson.Value) *relation {
	below := w.child(v)
	r := &relation{rows: below.rows, order: below.order}
	rows := v.GetArray("expressions")
	sums := make([]printer, len(v.GetArray("expr_types")))
	r.columns = make([]column, len(sums))
	for i := range sums {
		sums[i] = newPrinter("values")
	}
	for _, row := range rows {
		for i, c := range w.expressions(row.GetArray(), below) {
			if i < len(sums) {
				sums[i].print(c.print)
				r.columns[i].from = r.columns[i].from.union(c.all())
				r.columns[i].same = c.same && len(rows) == 1
			}
		}
	}
	p := newPrinter("values")
	p.print(below.rowsPrint)
	p = append(p, byte(len(rows)), byte(len(rows)>>8), byte(len(rows)>>16))
	for i := range sums {
		r.columns[i].print = sums[i].sum()
	}
	r.rowsPrint = p.sum()
	w.register(v, "table_index", r.columns)
	return r
}

// constants are rows that were computed while binding.
func (w *planWalk) constants(v *fastjson.Value) *relation {
	p := newPrinter("constants")
	if rows := v.Get("collection"); rows != nil {
		p = rows.MarshalTo(p)
	}
	r := &relation{rowsPrint: p.sum()}
	for i := range v.GetArray("chunk_types") {
		q := newPrinter("constants")
		q.print(r.rowsPrint)
		q = append(q, byte(i), byte(i>>8))
		r.columns = append(r.columns, column{print: q.sum()})
	}
	w.register(v, "table_index", r.columns)
	return r
}
