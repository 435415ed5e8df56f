package lineage

import (
	"slices"
	"strings"

	"github.com/valyala/fastjson"
)

// expression finds out what an expression over the columns of a relation is
// computed from. A bare reference is the column it refers to.
func (w *planWalk) expression(e *fastjson.Value, in *relation) column {
	if text(e, "type") == "BOUND_REF" {
		return in.column(w, e.GetUint64("index"))
	}
	x := expressionWalk{planWalk: w, in: in, out: newPrinter("expression")}
	x.expression(e, Transformation)
	return column{from: x.from, ties: x.ties, print: x.out.sum(), same: !x.varies}
}

func (w *planWalk) expressions(list []*fastjson.Value, in *relation) []column {
	out := make([]column, len(list))
	for i, e := range list {
		out[i] = w.expression(e, in)
	}
	return out
}

// orders reads the keys of an ORDER BY. The fingerprints tell ASC from DESC; keys
// are the bare expressions.
func (w *planWalk) orders(list []*fastjson.Value, in *relation) (keys []column, p print) {
	sum := newPrinter("orders")
	for _, o := range list {
		key := w.expression(o.Get("expression"), in)
		keys = append(keys, key)
		sum.text(text(o, "type"))
		sum.text(text(o, "null_order"))
		sum.print(key.print)
	}
	return keys, sum.sum()
}

// expressionWalk goes through one expression.
type expressionWalk struct {
	*planWalk
	in   *relation
	from sources
	ties sources
	out  printer
	// varies says that what it refers to may differ from row to row.
	varies bool
}

// expression walks a node of the tree; way is how its value enters the whole.
func (x *expressionWalk) expression(e *fastjson.Value, way Via) {
	kind := text(e, "type")
	switch kind {
	case "BOUND_REF":
		x.reference(x.in.column(x.planWalk, e.GetUint64("index")), way)
		return
	case "BOUND_COLUMN_REF":
		// Under a table function that is called for each row these are not resolved.
		table := x.tables[e.GetUint64("binding", "table_index")]
		if table == nil {
			x.fail("it refers to an operator that was not met before")
			return
		}
		x.reference(table.column(x.planWalk, e.GetUint64("binding", "column_index")), way)
		return
	case "BOUND_FUNCTION":
		if name := text(e, "name"); IsVolatile(name, len(e.GetArray("children"))) {
			x.volatile, x.varies = append(x.volatile, name), true
		}
	case "CONJUNCTION_AND", "CONJUNCTION_OR":
		x.conjunction(kind, e.GetArray("children"), way)
		return
	}
	x.members(e, func(key string) Via { return wayIn(kind, key, way) })
}

// members walks what stands in an object.
func (x *expressionWalk) members(v *fastjson.Value, way func(key string) Via) {
	object, _ := v.Object()
	x.out = append(x.out, '{')
	object.Visit(func(key []byte, member *fastjson.Value) {
		name, in := string(key), x.in
		switch name {
		case "query_location":
			return
		case "alias", "arguments", "original_arguments", "has_serialize", "is_operator", "catalog_name", "schema_name":
			if v.Exists("expression_class") {
				return // how it was written, or what follows from the rest
			}
		case "function_data":
			// References in a lambda's body are to its parameters, and to what the call
			// captures for it: that stands among the call's arguments, too.
			x.in = nil
		}
		x.out.text(name)
		x.value(member, way(name))
		x.in = in
	})
	x.out = append(x.out, '}')
}

// wayIn is how the members of an expression that stand under a key enter it.
func wayIn(kind, key string, way Via) Via {
	inner := Transformation
	switch key {
	case "when_expr", "filter", "filter_expr", "filters":
		inner = Conditional
	case "partitions", "orders", "arg_orders":
		inner = Window
	case "order_bys":
		inner = Sort
	case "children":
		if kind == "BOUND_AGGREGATE" || kind == "WINDOW_AGGREGATE" {
			inner = Aggregation
		}
	}
	// What decides inside of what is aggregated still decides; what is computed
	// inside of a condition is part of the condition.
	if way != Transformation && (inner == Transformation || way&Direct == 0) {
		return way
	}
	return inner
}

func (x *expressionWalk) value(v *fastjson.Value, way Via) {
	switch v.Type() {
	case fastjson.TypeArray:
		items, _ := v.Array()
		x.out = append(x.out, '[')
		for _, item := range items {
			x.value(item, way)
		}
		x.out = append(x.out, ']')
	case fastjson.TypeObject:
		if v.Exists("expression_class") && x.in != nil {
			x.expression(v, way)
			return
		}
		x.members(v, func(key string) Via { return wayIn("", key, way) })
	default:
		x.out = append(v.MarshalTo(x.out), 0)
	}
}

// conjunction walks operands whose order does not matter.
func (x *expressionWalk) conjunction(kind string, operands []*fastjson.Value, way Via) {
	columns := make([]column, len(operands))
	for i, e := range operands {
		part := expressionWalk{planWalk: x.planWalk, in: x.in, out: newPrinter("expression")}
		part.expression(e, way)
		columns[i] = column{print: part.out.sum()}
		x.from, x.ties, x.varies = x.from.union(part.from), x.ties.union(part.ties), x.varies || part.varies
	}
	x.out.text(kind)
	x.out.set(columns)
}

func (x *expressionWalk) reference(c column, way Via) {
	x.from, x.ties, x.varies = x.from.union(c.from.through(way)), x.ties.union(c.ties), x.varies || !c.same
	x.out = append(x.out, '#')
	x.out.print(c.print)
}

// orderMatters reports whether an aggregate's value depends on the order in which
// its rows come. Functions that are not known to be indifferent count as if.
func (w *planWalk) orderMatters(e *fastjson.Value, in *relation) bool {
	name := strings.ToLower(text(e, "name"))
	children := e.GetArray("children")
	switch name {
	case "count", "count_star", "min", "max", "bool_and", "bool_or", "bit_and", "bit_or", "bit_xor", "count_if",
		"median", "quantile_cont", "quantile_disc", "histogram", "approx_count_distinct", "regr_count":
		return false
	case "sum", "avg", "sum_no_overflow":
		// Sums of integers and decimals are exact.
		return len(children) != 1 || isFloat(children[0])
	}
	if orders := e.GetArray("order_bys", "orders"); len(orders) > 0 {
		keys, _ := w.orders(orders, in)
		return !(&relation{columns: w.expressions(children, in)}).settled(keys)
	}
	return !in.one && slices.ContainsFunc(w.expressions(children, in), func(c column) bool { return !c.same })
}

func isFloat(e *fastjson.Value) bool {
	id := text(e.Get("return_type"), "id")
	return id == "FLOAT" || id == "DOUBLE"
}
