package planner

import (
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// relying lists the published assets of other owners that a change of a contract
// reaches. It is followed from column to column: what only decides which rows
// there are breaks nobody further down.
func relying(in Input, change ContractChange) []ContractReader {
	var readers []ContractReader
	owner := in.Project.Assets[change.Asset].Owner
	reached := map[assets.Name][]string{change.Asset: {change.Column}}
	for _, name := range in.Graph.Order {
		last, published := in.State.Last[Key{Asset: name}]
		n := &node{asset: in.Project.Assets[name], graph: in.Graph.Nodes[name], last: &last}
		if !published || !n.asset.Enabled || !n.relies(change.Kind, reached) {
			continue
		}
		if n.asset.Owner != "" && !strings.EqualFold(n.asset.Owner, owner) {
			readers = append(readers, ContractReader{name, n.asset.Owner})
		}
		if n.graph.Unbound == "" {
			reached[name] = n.passesOn(change.Kind, reached)
		}
	}
	return readers
}

// relies reports whether n uses one of the columns that were reached. Of a column
// that is gone, or where n does not compile any more, what is published tells: if the
// SQL is another by now, its owner knows.
func (n *node) relies(kind Breaking, reached map[assets.Name][]string) bool {
	uses := n.graph.Bound.Uses
	if kind == Gone || n.graph.Unbound != "" {
		if sqlChanged(n) != "" {
			return false
		}
		uses = n.last.Definition.Bound.Uses
	}
	for _, input := range n.graph.Inputs {
		if slices.ContainsFunc(reached[input], func(column string) bool { return has(uses[input], column) }) {
			return true
		}
	}
	return false
}

// passesOn lists the columns of n through which a change goes on to its readers.
func (n *node) passesOn(kind Breaking, reached map[assets.Name][]string) []string {
	was, is := n.last.Definition.Bound, n.graph.Bound
	var columns []string
	if kind == Gone {
		for _, o := range was.Outputs {
			if is.Output(o.Name) == nil {
				columns = append(columns, o.Name)
			}
		}
		return columns
	}
	for _, o := range is.Outputs {
		from := slices.ContainsFunc(o.From, func(from lineage.Origin) bool { return has(reached[from.Input], from.Column) })
		if !from && !is.Assumed {
			continue
		}
		switch old := was.Output(o.Name); {
		case kind == Retyped && old != nil && old.Type == o.Type: // cast, or counted
		case kind == Nullable && neverNull(n.asset.DeclaredColumn(o.Name)): // promised anew
		default:
			columns = append(columns, o.Name)
		}
	}
	return columns
}

func has(columns []string, column string) bool {
	return slices.ContainsFunc(columns, func(c string) bool { return strings.EqualFold(c, column) })
}
