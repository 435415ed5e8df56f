package planner

import (
	"slices"

	"github.com/seed-4311623e/assets/assets"
)

// restrict narrows the plan to the targets, to what they need, and to published
// views of what is then built: a view shows the new content as soon as it is
// published, so it is made and audited with it. All other steps become None;
// the assets that had work are returned, sorted.
func (m *model) restrict() (outside []assets.Name) {
	if len(m.in.Options.Targets) == 0 {
		return nil
	}
	kept := make(map[assets.Name]bool)
	var queue []*node
	keep := func(n *node, needed *Reason) {
		if n != nil && !kept[n.asset.Name] {
			kept[n.asset.Name] = true
			n.needed = needed
			queue = append(queue, n)
		}
	}
	views := m.publishedViews()
	for _, name := range assets.SortedNames(setOf(m.in.Options.Targets)) {
		keep(m.nodes[name], nil)
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if !n.needs() {
			continue // reads what is published
		}
		for _, name := range n.graph.Inputs {
			if input := m.nodes[name]; input != nil && input.needs() {
				r := because(NeededDownstream, n.asset.Name, "%s needs it", n.asset.Name)
				keep(input, &r)
			}
		}
		if n.builds() {
			for _, view := range views[n.asset.Name] {
				keep(view, nil)
			}
			for _, table := range m.beside(n, (*node).builds) {
				keep(table, nil)
			}
		}
	}
	for i := range m.list {
		n := &m.list[i]
		if !kept[n.asset.Name] {
			n.unlessChanged = nil
			if n.action != None {
				outside = append(outside, n.asset.Name)
				n.action = None
			}
			continue
		}
		m.expectNothingOf(n, kept)
	}
	slices.SortFunc(outside, assets.Name.Compare)
	return outside
}

// expectNothingOf takes back what n, which is up to date otherwise, was to wait for
// of inputs that the narrowed plan does not build. The inputs were narrowed before.
func (m *model) expectNothingOf(n *node, kept map[assets.Name]bool) {
	gone := func(name assets.Name) bool {
		input := m.nodes[name]
		return !kept[name] || !input.builds() && len(input.unlessChanged) == 0
	}
	n.unlessChanged = slices.DeleteFunc(n.unlessChanged, gone)
	n.predictions = slices.DeleteFunc(n.predictions, func(r Reason) bool { return gone(*r.Input) })
	if n.action == Revalidate && len(n.notes)+len(n.predictions) == 0 {
		n.action = None
	}
}

// publishedViews lists, by what they were published reading, the views that
// the plan makes anew.
func (m *model) publishedViews() map[assets.Name][]*node {
	views := make(map[assets.Name][]*node)
	for i := range m.list {
		n := &m.list[i]
		if n.last != nil && n.last.Table == "" && n.builds() {
			for input := range n.last.Reads {
				views[input] = append(views[input], n)
			}
		}
	}
	return views
}
