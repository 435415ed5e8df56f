package lineage

import (
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// Trace is a column and what its values are computed from, down to sources.
type Trace struct {
	// Origin is the column. Its Via says on which ways the column above is computed
	// from it, and is none at the root.
	Origin
	// Type is DuckDB's; empty if it is not known.
	Type string
	From []Trace
	// Repeated says that what it is computed from stands further up in the tree.
	Repeated bool
}

// Trace follows a column's values to where they come from.
func (g *Graph) Trace(name assets.Name, column string) Trace {
	return g.trace(Origin{Input: name, Column: column}, map[Origin]bool{})
}

func (g *Graph) trace(o Origin, seen map[Origin]bool) Trace {
	t := Trace{Origin: o}
	node := g.Nodes[o.Input]
	if node == nil {
		return t
	}
	for _, c := range node.Columns {
		if strings.EqualFold(c.Name, o.Column) {
			t.Column, t.Type = c.Name, c.Type
		}
	}
	output := node.Bound.Output(o.Column)
	if output == nil || len(output.From) == 0 {
		return t
	}
	place := Origin{Input: o.Input, Column: lower(o.Column)}
	if t.Repeated = seen[place]; t.Repeated {
		return t
	}
	seen[place] = true
	for _, from := range output.From {
		t.From = append(t.From, g.trace(from, seen))
	}
	return t
}
