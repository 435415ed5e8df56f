package lineage

import (
	"slices"
	"strings"

	"github.com/valyala/fastjson"

	"github.com/seed-4311623e/assets/assets"
)

// operator walks a node of the plan and what is below it. Each kind has a rule of
// its own; an operator without one makes everything depend on everything.
func (w *planWalk) operator(v *fastjson.Value) *relation {
	if w.err != nil {
		return &relation{every: &column{}}
	}
	switch text(v, "type") {
	case "LOGICAL_GET":
		return w.get(v)
	case "LOGICAL_PROJECTION":
		return w.projection(v)
	case "LOGICAL_FILTER":
		return w.filter(v)
	case "LOGICAL_AGGREGATE_AND_GROUP_BY":
		return w.aggregate(v)
	case "LOGICAL_DISTINCT":
		return w.distinct(v)
	case "LOGICAL_WINDOW":
		return w.window(v)
	case "LOGICAL_UNNEST":
		return w.unnest(v)
	case "LOGICAL_ORDER_BY":
		return w.orderBy(v)
	case "LOGICAL_LIMIT":
		return w.limit(v)
	case "LOGICAL_SAMPLE":
		return w.sample(v)
	case "LOGICAL_COMPARISON_JOIN", "LOGICAL_ANY_JOIN", "LOGICAL_ASOF_JOIN", "LOGICAL_DELIM_JOIN", "LOGICAL_CROSS_PRODUCT", "LOGICAL_POSITIONAL_JOIN":
		return w.join(v)
	case "LOGICAL_UNION", "LOGICAL_EXCEPT", "LOGICAL_INTERSECT":
		return w.setOperation(v)
	case "LOGICAL_MATERIALIZED_CTE":
		return w.materializedCTE(v)
	case "LOGICAL_RECURSIVE_CTE":
		return w.recursiveCTE(v)
	case "LOGICAL_CTE_REF":
		return w.cteRef(v)
	case "LOGICAL_DELIM_GET":
		return w.delimGet(v)
	case "LOGICAL_EXPRESSION_GET":
		return w.values(v)
	case "LOGICAL_PIVOT":
		return w.pivot(v)
	case "LOGICAL_CHUNK_GET":
		return w.constants(v)
	case "LOGICAL_DUMMY_SCAN":
		return &relation{one: true, rowsPrint: tagged("dummy")}
	}
	return w.unknown(v)
}

// children walks the operators that v reads from. There must be n.
func (w *planWalk) children(v *fastjson.Value, n int) []*relation {
	below := v.GetArray("children")
	if len(below) != n {
		w.fail("%s reads from %d operators, not %d", text(v, "type"), len(below), n)
	}
	out := make([]*relation, n)
	for i := range out {
		if i < len(below) && w.err == nil {
			out[i] = w.operator(below[i])
		} else {
			out[i] = &relation{every: &column{}}
		}
	}
	return out
}

func (w *planWalk) child(v *fastjson.Value) *relation { return w.children(v, 1)[0] }

// register makes an operator known under the index that stands under a key.
func (w *planWalk) register(v *fastjson.Value, key string, columns []column) {
	w.tables[v.GetUint64(key)] = &relation{columns: columns}
}

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

// projection changes columns only.
func (w *planWalk) projection(v *fastjson.Value) *relation {
	list := v.GetArray("expressions")
	if i := slices.IndexFunc(list, isScalarSubquery); i >= 0 {
		w.single = v.Get("children", "0")
	}
	below := w.child(v)
	r := &relation{columns: w.expressions(list, below), rows: below.rows, order: below.order,
		rowsPrint: below.rowsPrint, orderPrint: below.orderPrint, one: below.one}
	w.register(v, "table_index", r.columns)
	return r
}

// isScalarSubquery recognizes what DuckDB puts around a subquery that must have
// one row: CASE WHEN count(*) > 1 THEN error(…) ELSE first(…) END. So first there
// is of one row.
func isScalarSubquery(e *fastjson.Value) bool {
	return text(e, "type") == "CASE_EXPR" &&
		strings.HasPrefix(string(e.GetStringBytes("case_checks", "0", "then_expr", "children", "0", "value", "value")), "More than one row returned by a subquery")
}

func (w *planWalk) filter(v *fastjson.Value) *relation {
	below := w.child(v)
	conditions := w.expressions(v.GetArray("expressions"), below)
	p := newPrinter("filter")
	p.print(below.rowsPrint)
	p.set(conditions)
	return &relation{
		columns: w.mapped(below.columns, v.GetArray("projection_map")), every: below.every,
		rows: below.rows.union(allOf(conditions).through(Filter)), order: below.order,
		rowsPrint: p.sum(), orderPrint: below.orderPrint,
	}
}

// allOf is what has any influence on some columns.
func allOf(columns []column) (all sources) {
	for _, c := range columns {
		all = all.union(c.all())
	}
	return all
}

// aggregate yields groups, aggregates and the results of GROUPING.
func (w *planWalk) aggregate(v *fastjson.Value) *relation {
	ordered := w.single != v
	below := w.child(v)
	groups := w.expressions(v.GetArray("groups"), below)
	r := &relation{}
	r.rows = below.rows.union(allOf(groups).through(GroupBy))
	r.order = below.order.union(r.rows)
	p := newPrinter("aggregate")
	p.print(below.rowsPrint)
	p.set(groups)
	sets := v.GetArray("grouping_sets")
	if len(sets) > 1 || len(sets) == 1 && len(sets[0].GetArray()) < len(groups) {
		for _, set := range sets {
			p.set(w.mapped(groups, set.GetArray()))
			if len(set.GetArray()) == 0 {
				p.text("all")
			}
		}
	}
	r.one = len(groups) == 0 && len(sets) <= 1
	r.rowsPrint = p.sum()
	r.orderPrint = keyed("groups", groups, r.rowsPrint, below.orderPrint)
	groups = varied(groups) // NULL in the grouping sets that they are not in
	r.columns = groups
	w.register(v, "group_index", groups)
	var aggregates []column
	for _, e := range v.GetArray("expressions") {
		c := w.expression(e, below)
		if ordered && w.orderMatters(e, below) {
			c.ties, c.print = c.ties.union(below.order), tagged("ordered", c.print, below.orderPrint)
		}
		c.same = r.one
		aggregates = append(aggregates, c)
	}
	w.register(v, "aggregate_index", aggregates)
	r.columns = append(r.columns, aggregates...)
	for _, f := range v.GetArray("grouping_functions") {
		places := w.mapped(groups, f.GetArray())
		g := newPrinter("grouping")
		g.prints(places)
		r.columns = append(r.columns, column{from: allOf(places).through(GroupBy), print: g.sum()})
	}
	return r
}

// distinct keeps one of the rows that are equal in its targets.
func (w *planWalk) distinct(v *fastjson.Value) *relation {
	below := w.child(v)
	targets := w.expressions(v.GetArray("distinct_targets"), below)
	keys, keysPrint := w.orders(v.GetArray("order_by", "orders"), below)
	p := newPrinter("distinct")
	p.print(below.rowsPrint)
	p.set(targets)
	p.print(keysPrint)
	rows := below.rows.union(allOf(targets).through(GroupBy)).union(allOf(keys).through(Sort))
	if !below.settled(slices.Concat(targets, keys)) {
		rows = rows.union(below.order) // which row is kept
		p.print(below.orderPrint)
	}
	r := &relation{columns: below.columns, every: below.every, rows: rows, order: below.order.union(rows), rowsPrint: p.sum()}
	r.orderPrint = keyed("distinct", targets, r.rowsPrint, below.orderPrint)
	return r
}

// window adds columns that are computed from rows around each. To do so it sorts
// the rows, and so they stay.
func (w *planWalk) window(v *fastjson.Value) *relation {
	lateral := w.numbered == v
	below := w.child(v)
	r := &relation{columns: slices.Clone(below.columns), every: below.every, rows: below.rows, order: below.order,
		rowsPrint: below.rowsPrint, orderPrint: below.orderPrint, one: below.one}
	for _, e := range v.GetArray("expressions") {
		keys, keysPrint := w.orders(e.GetArray("orders"), below)
		if partitions := w.expressions(e.GetArray("partitions"), below); len(keys)+len(partitions) > 0 {
			r.order = r.order.union(allOf(keys).union(allOf(partitions)).through(Sort))
			r.orderPrint = keyed("window", partitions, r.orderPrint, keysPrint)
		}
	}
	var added []column
	for _, e := range v.GetArray("expressions") {
		c := w.expression(e, below)
		if !(lateral && text(e, "alias") == delimIndex) && w.frameMatters(e, below) {
			// The rows may come as another of the windows left them.
			c.ties, c.print = c.ties.union(r.order), tagged("ordered", c.print, r.orderPrint)
		}
		c.same = false
		added = append(added, c)
	}
	w.register(v, "window_index", added)
	r.columns = append(r.columns, added...)
	return r
}

// delimIndex is the row number that DuckDB adds to tell equal rows of a lateral
// join apart: which row has which number does not matter.
const delimIndex = "delim_index"

// frameMatters reports whether a window function's value depends on which of
// several rows with equal keys comes first.
func (w *planWalk) frameMatters(e *fastjson.Value, below *relation) bool {
	switch text(e, "type") {
	case "WINDOW_RANK", "WINDOW_RANK_DENSE", "WINDOW_PERCENT_RANK", "WINDOW_CUME_DIST":
		return false
	case "WINDOW_AGGREGATE":
		rows := strings.HasSuffix(text(e, "start"), "ROWS") || strings.HasSuffix(text(e, "end"), "ROWS") || text(e, "exclude_clause") != "NO_OTHER"
		if !rows && !w.orderMatters(e, below) {
			return false
		}
	}
	keys, _ := w.orders(e.GetArray("orders"), below)
	return !below.settled(append(keys, w.expressions(e.GetArray("partitions"), below)...))
}

// unnest yields a row for each element of lists.
func (w *planWalk) unnest(v *fastjson.Value) *relation {
	below := w.child(v)
	lists := varied(w.expressions(v.GetArray("expressions"), below))
	p := newPrinter("unnest")
	p.print(below.rowsPrint)
	p.prints(lists)
	r := &relation{columns: slices.Concat(below.columns, lists), every: below.every,
		rows: below.rows.union(allOf(lists).through(Filter)), rowsPrint: p.sum(), orderPrint: below.orderPrint}
	r.order = below.order.union(r.rows)
	w.register(v, "unnest_index", lists)
	return r
}

func (w *planWalk) orderBy(v *fastjson.Value) *relation {
	below := w.child(v)
	keys, keysPrint := w.orders(v.GetArray("orders"), below)
	r := *below
	r.columns = w.mapped(below.columns, v.GetArray("projections"))
	r.order = allOf(keys).through(Sort)
	r.orderPrint = tagged("order", below.rowsPrint, keysPrint)
	if !below.settled(keys) {
		r.order = r.order.union(below.order)
		r.orderPrint = tagged("order", r.orderPrint, below.orderPrint)
	}
	return &r
}

// limit keeps the first rows of the order they lie in.
func (w *planWalk) limit(v *fastjson.Value) *relation {
	below := w.child(v)
	p := newPrinter("limit")
	p.print(below.rowsPrint)
	rows := below.rows
	for _, key := range []string{"limit_val", "offset_val"} {
		value := v.Get(key)
		if e := value.Get("expression"); e != nil {
			c := w.expression(e, below)
			rows = rows.union(c.all().through(Filter))
			p.print(c.print)
			continue
		}
		if value != nil {
			p = value.MarshalTo(p)
		}
	}
	if !below.settled(nil) {
		rows = rows.union(below.order)
		p.print(below.orderPrint)
	}
	return &relation{columns: below.columns, every: below.every, rows: rows, order: below.order, rowsPrint: p.sum(), orderPrint: below.orderPrint}
}

func (w *planWalk) sample(v *fastjson.Value) *relation {
	w.volatile = append(w.volatile, "tablesample")
	below := w.child(v)
	r := *below
	r.rows = below.rows.union(below.order)
	p := newPrinter("sample")
	p.print(below.rowsPrint)
	p.print(below.orderPrint)
	if options := v.Get("sample_options"); options != nil {
		p = options.MarshalTo(p)
	}
	r.rowsPrint, r.one = p.sum(), false
	return &r
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

// pivot spreads lists of names and aggregates over columns. Few values become
// filtered aggregates before it comes to this.
func (w *planWalk) pivot(v *fastjson.Value) *relation {
	below := w.child(v)
	groups, all := v.GetInt("bound_pivot", "group_count"), v.GetArray("bound_pivot", "types")
	if groups > len(below.columns) || groups > len(all) {
		w.fail("a pivot has %d groups in %d columns", groups, len(below.columns))
		return below
	}
	r := &relation{columns: slices.Clone(below.columns[:groups]), rows: below.rows, order: below.order, rowsPrint: below.rowsPrint, orderPrint: below.orderPrint}
	from := allOf(below.columns[groups:]).through(Aggregation)
	for i := range all[groups:] {
		p := newPrinter("pivot")
		p = v.Get("bound_pivot").MarshalTo(p)
		p.prints(below.columns[groups:])
		p = append(p, byte(i), byte(i>>8))
		r.columns = append(r.columns, column{from: from, print: p.sum()})
	}
	w.register(v, "pivot_index", r.columns)
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

// unknown is an operator without a rule: each of its columns, and its rows, depend
// on all that is below it.
func (w *planWalk) unknown(v *fastjson.Value) *relation {
	w.because = "there is no rule for the operator " + text(v, "type")
	p := newPrinter("unknown")
	x := expressionWalk{planWalk: w, out: p}
	object, _ := v.Object()
	object.Visit(func(key []byte, member *fastjson.Value) {
		if name := string(key); name != "children" && !strings.HasSuffix(name, "_index") {
			x.out.text(name)
			x.value(member, Transformation)
		}
	})
	r := &relation{}
	for _, child := range v.GetArray("children") {
		below := w.operator(child)
		if below.every != nil {
			below.columns = append(below.columns, *below.every)
		}
		r.rows = r.rows.union(below.rows).union(below.order).union(allOf(below.columns))
		x.out.print(below.rowsPrint)
		x.out.print(below.orderPrint)
		x.out.prints(below.columns)
	}
	r.order = r.rows
	r.rowsPrint = x.out.sum()
	r.orderPrint = r.rowsPrint
	r.every = &column{from: r.rows.through(Transformation), print: r.rowsPrint}
	r.rows = r.rows.through(Filter)
	return r
}
