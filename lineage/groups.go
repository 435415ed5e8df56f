package lineage

import (
	"slices"
	"strings"

	"github.com/valyala/fastjson"
)

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
	if len(sets) == 0 || len(sets) == 1 && len(sets[0].GetArray()) == len(groups) {
		r.key = groups
	}
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
	r.key = targets
	return r
}

// window adds columns that are computed from rows around each. To do so it sorts
// the rows, and so they stay.
func (w *planWalk) window(v *fastjson.Value) *relation {
	lateral := w.numbered == v
	below := w.child(v)
	r := &relation{columns: slices.Clone(below.columns), every: below.every, rows: below.rows, order: below.order,
		rowsPrint: below.rowsPrint, orderPrint: below.orderPrint, one: below.one, key: below.key}
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
