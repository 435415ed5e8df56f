package lineage

import (
	"slices"
	"strings"

	"github.com/valyala/fastjson"
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

// projection changes columns only.
func (w *planWalk) projection(v *fastjson.Value) *relation {
	list := v.GetArray("expressions")
	if i := slices.IndexFunc(list, isScalarSubquery); i >= 0 {
		w.single = v.Get("children", "0")
	}
	below := w.child(v)
	r := &relation{columns: w.expressions(list, below), rows: below.rows, order: below.order,
		rowsPrint: below.rowsPrint, orderPrint: below.orderPrint, one: below.one, key: below.key}
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
		rowsPrint: p.sum(), orderPrint: below.orderPrint, key: below.key,
	}
}

// allOf is what has any influence on some columns.
func allOf(columns []column) (all sources) {
	for _, c := range columns {
		all = all.union(c.all())
	}
	return all
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
	return &relation{columns: below.columns, every: below.every, rows: rows, order: below.order, rowsPrint: p.sum(), orderPrint: below.orderPrint, key: below.key}
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
