package lineage

import (
	"slices"

	"github.com/seed-4311623e/assets/assets"
)

// Change is what may become different in the rows of an asset, as far as
// fingerprints and lineage tell before anything is built. The zero Change is none.
type Change struct {
	// Rows says that the set of rows may change, and with it every column.
	Rows bool
	// Order says that the rows may come to lie in another order.
	Order bool
	// Columns holds, in lower case, columns whose values may change, and those that
	// are added or removed.
	Columns map[string]bool
}

// Everything is the Change of which nothing is known.
var Everything = Change{Rows: true, Order: true}

// Any reports whether anything may change.
func (c Change) Any() bool { return c.Rows || c.Order || len(c.Columns) > 0 }

// Touches reports whether what reads the columns, [RowOrder] among them, may see
// the change. Whoever reads no column still counts rows.
func (c Change) Touches(columns []string) bool {
	return c.Rows || slices.ContainsFunc(columns, c.touches)
}

func (c Change) touches(column string) bool {
	if column == RowOrder {
		return c.Order
	}
	return c.Columns[lower(column)]
}

// Names are the changed columns, sorted.
func (c Change) Names() []string {
	var names []string
	for name := range c.Columns {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (c *Change) add(column string) {
	if c.Columns == nil {
		c.Columns = map[string]bool{}
	}
	c.Columns[lower(column)] = true
}

// Compare says what changes, with the same input, from one definition to another.
// Where one was read by another engine, or could not be read, that is everything.
func Compare(was, is Bound) Change {
	if !Comparable(was, is) || was.Rows != is.Rows {
		return Everything
	}
	c := Change{Order: was.Order != is.Order}
	for _, o := range is.Outputs {
		if old := was.Output(o.Name); old == nil || old.Print != o.Print || old.Type != o.Type {
			c.add(o.Name)
		}
	}
	for _, o := range was.Outputs {
		if is.Output(o.Name) == nil {
			c.add(o.Name)
		}
	}
	return c
}

// Comparable reports whether fingerprints of two definitions say anything about
// each other: both were read, by one engine, and neither depends on the moment.
func Comparable(was, is Bound) bool {
	return was.Meaning != "" && is.Meaning != "" && !was.Assumed && !is.Assumed && was.Meaning.Scheme() == is.Meaning.Scheme() &&
		len(was.Volatile) == 0 && len(is.Volatile) == 0
}

// Carry says what changes in the result of b if its inputs change.
func (b Bound) Carry(inputs map[assets.Name]Change) Change { return b.carry(inputs, true) }

// carry is Carry with or without what only the order of rows decides.
func (b Bound) carry(inputs map[assets.Name]Change, ties bool) Change {
	var c Change
	for name, change := range inputs {
		used, scans := b.Uses[name]
		switch {
		case !change.Any() || !scans:
			continue
		case change.Rows || b.Assumed, change.Order && slices.Contains(used, RowOrder):
			return Everything
		case change.Order, change.Touches(used):
			c.Order = true // what is computed from may be sorted by
		}
	}
	reached := func(origins []Origin) bool {
		return slices.ContainsFunc(origins, func(o Origin) bool { return inputs[o.Input].touches(o.Column) })
	}
	if reached(b.RowsFrom) {
		return Everything
	}
	c.Order = c.Order || reached(b.OrderFrom)
	for _, o := range b.Outputs {
		if reached(o.From) || ties && reached(o.Ties) {
			c.add(o.Name)
		}
	}
	return c
}

// Together is what may change if both may.
func (c Change) Together(d Change) Change {
	all := Change{Rows: c.Rows || d.Rows, Order: c.Order || d.Order}
	for _, columns := range []map[string]bool{c.Columns, d.Columns} {
		for name := range columns {
			all.add(name)
		}
	}
	return all
}

// ColumnChange is a change of the values of the given columns.
func ColumnChange(columns ...string) (c Change) {
	for _, column := range columns {
		c.add(column)
	}
	return c
}

// CarryContent is Carry without the order of rows: what is computed from a changed
// column might be sorted by it, and whoever depends on an order might see that, but
// where only that is to fear no rows and no values change.
func (b Bound) CarryContent(inputs map[assets.Name]Change) Change {
	return b.carry(inputs, false).withoutOrder()
}

func (c Change) withoutOrder() Change {
	if !c.Rows {
		c.Order = false
	}
	return c
}
