package lineage

import (
	"slices"

	"github.com/valyala/fastjson"
)

// join yields the columns of its left side, then those of its right side. Which
// rows there are is decided by both sides and the condition.
func (w *planWalk) join(v *fastjson.Value) *relation {
	kind, how := text(v, "type"), text(v, "join_type")
	left, right := w.sides(v)
	conditions, keys := w.conditions(v, left, right)

	decide := allOf(keys).through(Join)
	rows := left.rows.union(right.rows).union(decide)
	p := newPrinter(kind)
	p.text(how)
	p.print(left.rowsPrint)
	p.print(right.rowsPrint)
	p.set(conditions)
	switch kind {
	case "LOGICAL_POSITIONAL_JOIN":
		rows = rows.union(left.order).union(right.order)
		p.print(left.orderPrint)
		p.print(right.orderPrint)
	case "LOGICAL_ASOF_JOIN":
		if !right.settled(keys) {
			rows = rows.union(right.order) // which of several rows of one time is met
			p.print(right.orderPrint)
		}
	}
	joined := p.sum()
	r := &relation{rows: rows, rowsPrint: joined, order: left.order.union(right.order).union(rows),
		orderPrint: tagged("joined", joined, left.orderPrint, right.orderPrint)}
	lefts := w.mapped(left.columns, v.GetArray("left_projection_map"))
	rights := w.mapped(right.columns, v.GetArray("right_projection_map"))
	switch how {
	case "SEMI", "ANTI":
		r.columns = lefts
	case "MARK":
		// The mark says whether the left row has a match; the rows stay.
		mark := column{from: allOf(keys).through(Transformation), print: tagged("mark", joined)}
		r.columns = append(slices.Clone(lefts), mark)
		r.rowsPrint, r.orderPrint = left.rowsPrint, left.orderPrint
	case "SINGLE":
		r.columns = append(slices.Clone(lefts), varied(inRole("of one row", rights, joined))...)
		r.rowsPrint, r.orderPrint = left.rowsPrint, left.orderPrint
	case "RIGHT_SEMI", "RIGHT_ANTI":
		r.columns = rights
	default:
		if kind == "LOGICAL_CROSS_PRODUCT" && (left.one || right.one) {
			return w.scalar(r, left, right)
		}
		// Of two sides with one column in common, as in a self-join, each has its own.
		r.columns = append(inRole("left", lefts), inRole("right", rights)...)
		if how != "INNER" && kind != "LOGICAL_CROSS_PRODUCT" {
			r.columns = varied(r.columns) // NULL where a row has no match
		}
	}
	if left.every != nil || right.every != nil {
		return w.joinOfUnknown(r, left, right)
	}
	return r
}

// scalar is the product with one row: the rows of the other side stay.
func (w *planWalk) scalar(r *relation, left, right *relation) *relation {
	if left.every != nil || right.every != nil {
		return w.joinOfUnknown(r, left, right)
	}
	r.one = left.one && right.one
	if right.one {
		r.columns = append(slices.Clone(left.columns), inRole("scalar", right.columns, right.rowsPrint)...)
		r.rowsPrint, r.orderPrint = left.rowsPrint, left.orderPrint
	} else {
		r.columns = append(inRole("scalar", left.columns, left.rowsPrint), right.columns...)
		r.rowsPrint, r.orderPrint = right.rowsPrint, right.orderPrint
	}
	return r
}

// joinOfUnknown: where the number of columns is not known, nor are their places.
func (w *planWalk) joinOfUnknown(r, left, right *relation) *relation {
	all := allOf(left.columns).union(allOf(right.columns))
	for _, side := range []*relation{left, right} {
		if side.every != nil {
			all = all.union(side.every.all())
		}
	}
	r.columns, r.every = nil, &column{from: all.union(r.rows).through(Transformation), print: r.rowsPrint}
	return r
}

// inRole gives columns fingerprints of their own.
func inRole(role string, columns []column, more ...print) []column {
	out := make([]column, len(columns))
	for i, c := range columns {
		out[i] = c
		out[i].print = tagged(role, append([]print{c.print}, more...)...)
	}
	return out
}

// sides walks what is joined. The right side of a DELIM_JOIN is a subquery that
// reads columns of the left one.
func (w *planWalk) sides(v *fastjson.Value) (left, right *relation) {
	if text(v, "type") != "LOGICAL_DELIM_JOIN" || len(v.GetArray("children")) != 2 {
		both := w.children(v, 2)
		return both[0], both[1]
	}
	w.numbered = v.Get("children", "0") // the row numbers of a lateral join
	left = w.operator(v.Get("children", "0"))
	outer := &relation{columns: w.expressions(v.GetArray("duplicate_eliminated_columns"), left)}
	p := newPrinter("outer")
	p.print(left.rowsPrint)
	p.set(outer.columns)
	outer.rows = left.rows.union(allOf(outer.columns).through(Join))
	outer.rowsPrint = p.sum()
	outer.order = left.order.union(outer.rows)
	outer.orderPrint = tagged("outer", outer.rowsPrint, left.orderPrint)
	w.delims = append(w.delims, outer)
	right = w.operator(v.Get("children", "1"))
	w.delims = w.delims[:len(w.delims)-1]
	return left, right
}

func (w *planWalk) delimGet(v *fastjson.Value) *relation {
	if len(w.delims) == 0 {
		w.fail("a subquery refers to a query that is not around it")
		return &relation{}
	}
	r := w.delims[len(w.delims)-1]
	if n := len(v.GetArray("chunk_types")); n != len(r.columns) {
		w.fail("a subquery takes %d columns of the query around it, which gives %d", n, len(r.columns))
	}
	w.register(v, "table_index", r.columns)
	return r
}

// conditions are those of a join, and the expressions they compare.
func (w *planWalk) conditions(v *fastjson.Value, left, right *relation) (conditions, keys []column) {
	for _, c := range v.GetArray("conditions") {
		if c.Get("left") == nil || c.Get("right") == nil {
			w.fail("a join has a condition without two sides")
			return nil, nil
		}
		l, r := w.expression(c.Get("left"), left), w.expression(c.Get("right"), right)
		keys = append(keys, l, r)
		conditions = append(conditions, column{print: tagged(text(c, "comparison"), l.print, r.print)})
	}
	if e := v.Get("condition"); e != nil {
		if left.every != nil {
			w.fail("a join's condition refers to columns of an operator that is not known")
			return nil, nil
		}
		both := &relation{columns: append(inRole("left", left.columns), inRole("right", right.columns)...), every: right.every}
		c := w.expression(e, both)
		return []column{c}, []column{c}
	}
	return conditions, keys
}

// setOperation joins columns by their place.
func (w *planWalk) setOperation(v *fastjson.Value) *relation {
	kind := text(v, "type")
	below := w.children(v, max(1, len(v.GetArray("children"))))
	r := &relation{columns: make([]column, len(below[0].columns))}
	rows, orders := newPrinter(kind), newPrinter(kind)
	if v.GetBool("setop_all") || !v.Exists("setop_all") {
		rows.text("all")
	}
	columns := make([]printer, len(r.columns))
	for i := range columns {
		columns[i] = newPrinter(kind)
	}
	for _, side := range below {
		if len(side.columns) != len(columns) || side.every != nil {
			w.fail("the sides of a set operation do not fit each other")
			return side
		}
		for i, c := range side.columns {
			columns[i].print(c.print)
			r.columns[i].from = r.columns[i].from.union(c.from)
			r.columns[i].ties = r.columns[i].ties.union(c.ties)
		}
		r.rows = r.rows.union(side.rows)
		r.order = r.order.union(side.order)
		rows.print(side.rowsPrint)
		orders.print(side.orderPrint)
		if kind != "LOGICAL_UNION" {
			// What is kept depends on all columns of both sides.
			r.rows = r.rows.union(allOf(side.columns).through(Filter))
			rows.prints(side.columns)
		}
	}
	for i := range columns {
		r.columns[i].print = columns[i].sum()
	}
	if kind == "LOGICAL_EXCEPT" {
		for i := range r.columns { // what is left are rows of the left side
			r.columns[i].from = below[0].columns[i].from
		}
	}
	r.rowsPrint = rows.sum()
	orders.print(r.rowsPrint)
	r.order, r.orderPrint = r.order.union(r.rows), orders.sum()
	w.register(v, "table_index", r.columns)
	return r
}

// materializedCTE walks a common table expression once, and then what reads it.
func (w *planWalk) materializedCTE(v *fastjson.Value) *relation {
	both := v.GetArray("children")
	if len(both) != 2 {
		w.fail("a common table expression has %d parts", len(both))
		return &relation{}
	}
	w.ctes[v.GetUint64("table_index")] = w.operator(both[0])
	return w.operator(both[1])
}

func (w *planWalk) cteRef(v *fastjson.Value) *relation {
	r := w.ctes[v.GetUint64("cte_index")]
	if r == nil {
		w.fail("it reads a common table expression that is not there")
		return &relation{}
	}
	w.register(v, "table_index", r.columns)
	return r
}

// recursiveCTE walks the recursive part until nothing is added. In what order a
// row is found, and by which of several ways, is not followed: each column depends
// on all that the whole depends on where the fingerprint is concerned.
func (w *planWalk) recursiveCTE(v *fastjson.Value) *relation {
	both := v.GetArray("children")
	if len(both) != 2 {
		w.fail("a recursive query has %d parts", len(both))
		return &relation{}
	}
	index := v.GetUint64("table_index")
	first := w.operator(both[0])
	self := &relation{rows: first.rows, order: first.order, rowsPrint: tagged("self"), orderPrint: tagged("self")}
	for i, c := range first.columns {
		p := newPrinter("self")
		p = append(p, byte(i), byte(i>>8))
		self.columns = append(self.columns, column{from: c.from, ties: c.ties, print: p.sum()})
	}
	keys := w.expressions(v.GetArray("key_targets"), self)
	for w.err == nil {
		w.ctes[index] = self
		next := w.operator(both[1])
		if len(next.columns) != len(self.columns) {
			w.fail("the parts of a recursive query do not fit each other")
			return self
		}
		grown := &relation{rows: self.rows.union(next.rows), order: self.order.union(next.order), rowsPrint: self.rowsPrint, orderPrint: self.orderPrint}
		changed := len(grown.rows) != len(self.rows) || len(grown.order) != len(self.order)
		for i, c := range self.columns {
			from, ties := c.from.union(next.columns[i].from), c.ties.union(next.columns[i].ties)
			changed = changed || !slices.Equal(from, c.from) || len(ties) != len(c.ties)
			grown.columns = append(grown.columns, column{from: from, ties: ties, print: c.print})
		}
		self = grown
		if changed {
			continue
		}
		return w.recursion(v, first, next, self, keys)
	}
	return self
}

// recursion is what a recursive query yields in the end.
func (w *planWalk) recursion(v *fastjson.Value, first, next, self *relation, keys []column) *relation {
	p := newPrinter("recursive")
	if v.GetBool("union_all") {
		p.text("all")
	}
	p.prints(keys)
	for _, side := range []*relation{first, next} {
		p.print(side.rowsPrint)
		p.prints(side.columns)
	}
	r := &relation{rows: self.rows, order: self.order, rowsPrint: p.sum()}
	if !v.GetBool("union_all") {
		r.rows = r.rows.union(allOf(self.columns).through(GroupBy))
		if len(keys) > 0 {
			r.rows = r.rows.union(self.order)
		}
	}
	r.order = r.order.union(r.rows).union(allOf(self.columns).through(Sort))
	r.orderPrint = tagged("recursive", r.rowsPrint, first.orderPrint, next.orderPrint)
	for i, c := range self.columns {
		q := newPrinter("recursive")
		q.print(r.rowsPrint)
		q = append(q, byte(i), byte(i>>8))
		r.columns = append(r.columns, column{from: c.from, ties: c.ties, print: q.sum()})
	}
	return r
}
