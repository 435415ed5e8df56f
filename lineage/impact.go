package lineage

import (
	"slices"

	"github.com/seed-4311623e/assets/assets"
)

// Touched is an asset that a change reaches.
type Touched struct {
	Name assets.Name
	// Steps is how far it lies from what changes, by the shortest way: 1 reads it directly.
	Steps int
	// Through are its inputs that bring the change, sorted.
	Through []assets.Name
	// Change is what of it may come out different.
	Change Change
	// Values are its columns whose values come from what changes, in their order.
	Values []string
	// Reordered says that nothing reaches it unless rows come to lie in another
	// order: it depends on the order of rows that are otherwise the same.
	Reordered bool
}

// Impact follows a change of one source or asset to all that is made from it,
// nearest first, then by name. What the change does not reach is left out, and so
// is what is disabled, which keeps the rows it has, and that of which no more than
// the order of rows could change.
func (g *Graph) Impact(p *assets.Project, origin assets.Name, change Change) []Touched {
	touched := g.follow(p, origin, change, (*Node).carryContent)
	sure := make(map[assets.Name]bool, len(touched))
	for _, t := range touched {
		sure[t.Name] = true
	}
	for _, t := range g.follow(p, origin, change, (*Node).carry) {
		if t.Reordered = !sure[t.Name]; t.Reordered {
			touched = append(touched, t)
		}
	}
	slices.SortStableFunc(touched, func(a, b Touched) int {
		if a.Steps != b.Steps {
			return a.Steps - b.Steps
		}
		return a.Name.Compare(b.Name)
	})
	return touched
}

// follow is Impact by one way of carrying a change from inputs to a result.
func (g *Graph) follow(p *assets.Project, origin assets.Name, change Change, carry func(*Node, map[assets.Name]Change) Change) (touched []Touched) {
	start := g.Nodes[origin]
	if start == nil || !change.Any() {
		return nil
	}
	changes := map[assets.Name]Change{origin: change}
	values := map[assets.Name]Change{origin: valuesOf(start, change)}
	steps := map[assets.Name]int{origin: 0}
	for _, name := range g.Order {
		if name == origin || !p.Assets[name].Enabled {
			continue
		}
		node := g.Nodes[name]
		t := Touched{Name: name}
		reach := map[assets.Name]Change{}
		for _, input := range node.Inputs {
			c, ok := changes[input]
			if !ok {
				continue
			}
			reach[input] = c
			if carry(node, map[assets.Name]Change{input: c}).Any() {
				t.Through = append(t.Through, input)
			}
			if t.Steps == 0 || steps[input]+1 < t.Steps {
				t.Steps = steps[input] + 1
			}
		}
		if t.Change = carry(node, reach); !t.Change.Any() {
			continue
		}
		var from Change
		for _, o := range node.Bound.Outputs {
			if slices.ContainsFunc(o.From, func(o Origin) bool { return values[o.Input].touches(o.Column) }) {
				from.add(o.Name)
				t.Values = append(t.Values, o.Name)
			}
		}
		changes[name], values[name], steps[name] = t.Change, from, t.Steps
		if t.Change.content() || t.Change.Order && g.orderIsRead(name) {
			touched = append(touched, t)
		}
	}
	return touched
}

// orderIsRead reports whether an asset depends on the order of a node's rows.
func (g *Graph) orderIsRead(name assets.Name) bool {
	return slices.ContainsFunc(g.Nodes[name].Readers, func(reader assets.Name) bool {
		return slices.Contains(g.Nodes[reader].Bound.Uses[name], RowOrder)
	})
}

// valuesOf are the columns whose values a change concerns: where rows come and
// go, those of all.
func valuesOf(n *Node, change Change) Change {
	values := Change{Columns: change.Columns}
	if change.Rows {
		for _, c := range n.Columns {
			values.add(c.Name)
		}
	}
	return values
}

// content reports whether more than the order of rows may change.
func (c Change) content() bool { return c.Rows || len(c.Columns) > 0 }

// carry is [Bound.Carry], and everything for what could not be bound.
func (n *Node) carry(inputs map[assets.Name]Change) Change {
	if n.Unbound == "" {
		return n.Bound.Carry(inputs)
	}
	for _, c := range inputs {
		if c.Any() {
			return Everything
		}
	}
	return Change{}
}

// carryContent is the same as [Bound.CarryContent] is to Carry.
func (n *Node) carryContent(inputs map[assets.Name]Change) Change {
	if n.Unbound == "" {
		return n.Bound.CarryContent(inputs)
	}
	return n.carry(inputs)
}
