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
}

// Impact follows a change of one source or asset to all that is made from it,
// nearest first, then by name. What the change does not reach is left out, and so
// is what is disabled: it keeps the rows it has.
func (g *Graph) Impact(p *assets.Project, origin assets.Name, change Change) []Touched {
	start := g.Nodes[origin]
	if start == nil || !change.Any() {
		return nil
	}
	changes := map[assets.Name]Change{origin: change}
	values := map[assets.Name]Change{origin: valuesOf(start, change)}
	steps := map[assets.Name]int{origin: 0}
	var touched []Touched
	for _, name := range g.Order {
		if name == origin || !p.Assets[name].Enabled {
			continue
		}
		node := g.Nodes[name]
		t := Touched{Name: name}
		reach := map[assets.Name]Change{}
		for _, input := range node.Inputs {
			if c, ok := changes[input]; ok && node.sees(input, c) {
				reach[input] = c
				t.Through = append(t.Through, input)
				if t.Steps == 0 || steps[input]+1 < t.Steps {
					t.Steps = steps[input] + 1
				}
			}
		}
		if t.Change = node.carry(reach); !t.Change.Any() {
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
		touched = append(touched, t)
	}
	slices.SortStableFunc(touched, func(a, b Touched) int {
		if a.Steps != b.Steps {
			return a.Steps - b.Steps
		}
		return a.Name.Compare(b.Name)
	})
	return touched
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

// sees reports whether the change of one input makes a difference to n.
func (n *Node) sees(input assets.Name, change Change) bool {
	return n.carry(map[assets.Name]Change{input: change}).Any()
}

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
