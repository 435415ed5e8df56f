package lineage

import (
	"fmt"
	"slices"

	"github.com/valyala/fastjson"

	"github.com/seed-4311623e/assets/assets"
)

// DuplicateColumnError says that two columns of a result have one name.
type DuplicateColumnError struct{ Name string }

func (e *DuplicateColumnError) Error() string {
	return fmt.Sprintf("two columns are called %q", e.Name)
}

// PlanError says that a plan is not of a shape that Walk knows. The statement
// itself may be fine: what it uses can then only be assumed.
type PlanError struct{ Reason string }

func (e *PlanError) Error() string { return "the bound plan cannot be read: " + e.Reason }

// Walk reads the bound plan of `CREATE TABLE … AS statement`, as
// json_serialize_plan gives it, made against tables with the columns of inputs.
// engine is DuckDB's version: it becomes part of Meaning's scheme. Walk leaves
// Bound.Syntax empty. Errors: *EngineError for what DuckDB reported there,
// *DuplicateColumnError, *PlanError.
//
// The plan is walked once, from the scans up (operators.go). Each operator says
// which columns it yields, what they are computed from (expressions.go), and what
// decides which rows there are and in which order. A column is used if an output
// or the set of rows depends on it: complete, since no value enters a plan but
// through a scan, and each way out of it is one of the three.
func Walk(boundPlan []byte, engine string, inputs map[assets.Name][]assets.Column) (Bound, error) {
	p := parsers.Get()
	defer parsers.Put(p)
	root, err := parseJSON(p, boundPlan)
	if err != nil {
		return Bound{}, &PlanError{err.Error()}
	}
	if err := engineError(root); err != nil {
		return Bound{}, err
	}
	plans := root.GetArray("plans")
	if len(plans) != 1 || text(plans[0], "type") != "LOGICAL_CREATE_TABLE" || len(plans[0].GetArray("children")) != 1 {
		return Bound{}, &PlanError{"it is not that of one CREATE TABLE … AS"}
	}
	query := plans[0].GetArray("children")[0]
	columns, err := outputs(plans[0].GetArray("info", "columns", "columns"), query)
	if err != nil {
		return Bound{}, err
	}
	w := planWalk{inputs: inputs, ids: map[inputColumn]int32{}, scanned: map[assets.Name]bool{}, tables: map[uint64]*relation{}, ctes: map[uint64]*relation{}}
	result := w.operator(query)
	if w.err == nil && len(columns) != len(result.columns) && result.every == nil {
		w.fail("it yields %d columns, and the table has %d", len(result.columns), len(columns))
	}
	if w.err != nil {
		return Bound{Volatile: sortedSet(w.volatile)}, w.err
	}
	return w.bound(columns, result, engine), nil
}

// AllColumns is the Bound of a statement whose plan could not be read, and why:
// whatever it reads, it may use all of it, and in any order.
func AllColumns(outputs []assets.Column, inputs map[assets.Name][]assets.Column, because error) Bound {
	b := Bound{Outputs: OutputsOf(outputs), Uses: make(map[assets.Name][]string, len(inputs)), Assumed: true, Because: because.Error()}
	for _, name := range assets.SortedNames(inputs) {
		used := []string{RowOrder}
		b.OrderFrom = append(b.OrderFrom, Origin{name, RowOrder, Sort})
		for _, c := range inputs[name] {
			used = append(used, c.Name)
			b.RowsFrom = append(b.RowsFrom, Origin{name, c.Name, Filter})
			b.OrderFrom = append(b.OrderFrom, Origin{name, c.Name, Sort})
		}
		slices.Sort(used)
		b.Uses[name] = used
	}
	slices.SortFunc(b.RowsFrom, compareOrigins)
	for i := range b.Outputs {
		for _, o := range b.RowsFrom {
			o.Via = Transformation
			b.Outputs[i].From = append(b.Outputs[i].From, o)
		}
	}
	return b
}

// planWalk is one call of Walk.
type planWalk struct {
	inputs  map[assets.Name][]assets.Column
	scanned map[assets.Name]bool

	ids  map[inputColumn]int32 // numbers of the input columns met so far
	seen []inputColumn         // by number

	// tables are the operators walked, by the index under which expressions refer
	// to them where references have not been resolved to places.
	tables map[uint64]*relation
	ctes   map[uint64]*relation // common table expressions, by their index
	// delims holds, for each DELIM_JOIN whose right side is being walked, the
	// columns of its left side that the right side repeats. Innermost last.
	delims []*relation
	// single is the aggregate of a scalar subquery, numbered the window below a
	// lateral join: their functions of the order of rows DuckDB put there for
	// reasons of its own.
	single, numbered *fastjson.Value

	volatile []string
	because  string
	err      error
}

type inputColumn struct {
	table  assets.Name
	column string
}

func (w *planWalk) fail(format string, args ...any) {
	if w.err == nil {
		w.err = &PlanError{fmt.Sprintf(format, args...)}
	}
}

// id numbers an input column.
func (w *planWalk) id(table assets.Name, column string) int32 {
	key := inputColumn{table, column}
	id, ok := w.ids[key]
	if !ok {
		id = int32(len(w.seen))
		w.ids[key] = id
		w.seen = append(w.seen, key)
	}
	return id
}

// bound is what the walk found out, in terms of the statement's inputs.
func (w *planWalk) bound(columns []assets.Column, result *relation, engine string) Bound {
	b := Bound{
		Outputs: make([]Output, len(columns)),
		Uses:    make(map[assets.Name][]string, len(w.scanned)),
		Rows:    result.rowsPrint.short(), Order: result.orderPrint.short(),
		Volatile: sortedSet(w.volatile), Because: w.because,
	}
	meaning := make([]string, 0, 3*len(columns)+2)
	used := result.rows
	for i, c := range columns {
		column := result.column(w, uint64(i))
		b.Outputs[i] = Output{
			Column: c, From: w.origins(column.from, false), Ties: w.origins(column.ties.without(column.from), false),
			Constant: column.same && len(column.from) == 0, Print: column.print.short(),
		}
		meaning = append(meaning, c.Name, c.Type, string(column.print[:]))
		used = used.union(column.all())
	}
	b.RowsFrom = w.origins(result.rows, false)
	b.OrderFrom = w.origins(result.order.without(used), true)
	b.Meaning = assets.NewDigest("plan1-"+engine, append(meaning, string(result.rowsPrint[:]), string(result.orderPrint[:]))...)
	for name := range w.scanned {
		b.Uses[name] = []string{}
	}
	for _, s := range used {
		c := w.seen[s.id]
		b.Uses[c.table] = append(b.Uses[c.table], c.column)
	}
	for _, used := range b.Uses {
		slices.Sort(used)
	}
	return b
}

// origins writes sources by name, with or without the order of an input's rows.
func (w *planWalk) origins(from sources, order bool) []Origin {
	if len(from) == 0 {
		return nil
	}
	out := make([]Origin, 0, len(from))
	for _, s := range from {
		if c := w.seen[s.id]; order || c.column != RowOrder {
			out = append(out, Origin{c.table, c.column, s.via})
		}
	}
	if len(out) == 0 {
		return nil
	}
	slices.SortFunc(out, compareOrigins)
	return out
}

// Joined are the origins of both lists, each column once with all its ways, sorted.
func Joined(a, b []Origin) []Origin {
	if len(b) == 0 {
		return a
	}
	all := slices.SortedFunc(slices.Values(slices.Concat(a, b)), compareOrigins)
	out := all[:0]
	for _, o := range all {
		if last := len(out) - 1; last >= 0 && compareOrigins(out[last], o) == 0 {
			out[last].Via |= o.Via
			continue
		}
		out = append(out, o)
	}
	return out
}

func compareOrigins(a, b Origin) int {
	if c := a.Input.Compare(b.Input); c != 0 {
		return c
	}
	switch {
	case a.Column < b.Column:
		return -1
	case a.Column > b.Column:
		return 1
	}
	return 0
}
