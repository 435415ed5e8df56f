package lineage

import (
	"maps"
	"slices"
)

// TrackOrder adds to Uses what decides about the order of an asset's rows, if one
// of its readers depends on that. A table has no order; but a LIMIT without ORDER
// BY sees one, and so what its input was made from decides what it yields.
func (g *Graph) TrackOrder() {
	for _, name := range slices.Backward(g.Order) {
		node := g.Nodes[name]
		if !g.orderIsRead(name) {
			continue
		}
		uses := maps.Clone(node.Bound.Uses)
		for _, o := range node.Bound.OrderFrom {
			if !slices.Contains(uses[o.Input], o.Column) {
				uses[o.Input] = slices.Sorted(slices.Values(append(slices.Clone(uses[o.Input]), o.Column)))
			}
		}
		node.Bound.Uses = uses
	}
}

// WithoutOrder are columns without the one that stands for the order of rows.
func WithoutOrder(columns []string) []string {
	if i := slices.Index(columns, RowOrder); i >= 0 {
		return slices.Delete(slices.Clone(columns), i, i+1)
	}
	return columns
}
