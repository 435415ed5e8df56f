package planner

import (
	"slices"

	"github.com/seed-4311623e/assets/assets"
)

// A view is published over names: what is built of an input can be seen in it at once,
// beside what the others are. If one of them cannot be built the view stays as it is, and
// nothing may be built of the others that would make it show two versions of a source.

// Shows lists of each published view in order, inputs first, the tables that can be seen in
// it: what it was published reading and, of views, what these show. What is not in order is
// left out.
func (s State) Shows(order []assets.Name) map[assets.Name][]assets.Name {
	shows := map[assets.Name][]assets.Name{}
	var known map[assets.Name]bool // made if there is any view
	for _, view := range order {
		last, published := s.Last[Key{Asset: view}]
		if !published || last.Table != "" {
			continue
		}
		if known == nil {
			known = setOf(order)
		}
		seen, tables := map[assets.Name]bool{}, []assets.Name{}
		for _, input := range assets.SortedNames(last.Reads) {
			of, isView := shows[input]
			if !isView && known[input] {
				of = []assets.Name{input}
			}
			for _, table := range of {
				if !seen[table] {
					seen[table], tables = true, append(tables, table)
				}
			}
		}
		shows[view] = tables
	}
	return shows
}

// publishedShows is [State.Shows] of the assets of m.
func (m *model) publishedShows() map[*node][]*node {
	shows := map[*node][]*node{}
	for view, tables := range m.in.State.Shows(buildOrder(m.in)) {
		nodes := make([]*node, len(tables))
		for i, table := range tables {
			nodes[i] = m.nodes[table]
		}
		shows[m.nodes[view]] = nodes
	}
	return shows
}

// holdBack finds the assets that must not be built because a view that stays as it is
// would show more of a source in them than in a table that cannot be built. It reports
// whether there are any that were not held back before.
func (m *model) holdBack() (more bool) {
	for again := true; again; {
		again = false
		for i := range m.list {
			again = m.holdBeside(&m.list[i]) || again
		}
		more = more || again
	}
	return more
}

// holdBeside holds back what one view would show beside what cannot be built or is held
// back, and reports whether that is any more.
func (m *model) holdBeside(view *node) (more bool) {
	held := func(n *node) bool { return n.cannot() || len(m.held[n.asset.Name]) > 0 }
	made := view.needs() && !view.cannot() // anew, with all that it shows
	for _, behind := range m.shows[view] {
		switch {
		case !behind.needs() || !held(behind) || standsIn(view, behind):
			continue
		case made && !slices.Contains(view.inputs, behind):
			continue // the next look tells whether a view that it reads cannot be made
		}
		for _, table := range m.shows[view] {
			if held(table) {
				continue
			}
			if source, both := m.bothLack(behind, table); both {
				more = true
				m.held[table.asset.Name] = []Reason{because(InputsDisagree, behind.asset.Name,
					"the view %s would show it beside %s, which cannot be built and reflects less of source %s", view.asset.Name, behind.asset.Name, source)}
			}
		}
	}
	return more
}

// bothLack returns a source of which neither asset reflects the newest version.
func (m *model) bothLack(a, b *node) (source assets.Name, both bool) {
	for _, of := range a.gaps {
		_, lacks := slices.BinarySearchFunc(b.gaps, of.source, func(g gap, name assets.Name) int { return g.source.Compare(name) })
		if lacks && m.in.Project.Sources[of.source] != nil {
			return of.source, true
		}
	}
	return assets.Name{}, false
}

// buildBeside has built now what waits but is shown, in a view that is due and cannot be
// made, beside what is built now and reflects more of a source then. If the view could be
// made, it would take both along.
func (m *model) buildBeside() {
	waits := func(n *node) bool { return n.needs() && !n.cannot() && !m.isDue(n) }
	var now func(n *node)
	now = func(n *node) {
		n.startBy = earlier(n.startBy, m.in.Now)
		m.decide(n)
		for _, input := range n.inputs {
			if input != nil && waits(input) {
				now(input)
			}
		}
	}
	for again := true; again; {
		again = false
		for i := range m.list {
			if n := &m.list[i]; n.builds() && m.isDue(n) {
				for _, table := range m.beside(n, waits) {
					again = true
					now(table)
				}
			}
		}
	}
}

// isDue reports whether n needs a build that is to begin by now.
func (m *model) isDue(n *node) bool {
	return n.needs() && !n.startBy.IsZero() && !n.startBy.After(m.in.Now)
}

// beside lists those of some tables that must not reflect less of a source than n, because
// a view that is due and cannot be made shows them beside it.
func (m *model) beside(n *node, of func(*node) bool) (tables []*node) {
	if m.stuck == nil {
		m.stuck = map[*node][]*node{}
		for i := range m.list {
			if view := &m.list[i]; view.cannot() && m.isDue(view) {
				for _, table := range m.shows[view] {
					m.stuck[table] = append(m.stuck[table], view)
				}
			}
		}
	}
	for _, view := range m.stuck[n] {
		for _, table := range m.shows[view] {
			if table == n || !of(table) || slices.Contains(tables, table) {
				continue
			}
			if _, both := m.bothLack(n, table); both {
				tables = append(tables, table)
			}
		}
	}
	return tables
}

// shown are the tables that can be seen in any published view.
func (m *model) shown() map[*node]bool {
	shown := map[*node]bool{}
	for _, tables := range m.shows {
		for _, table := range tables {
			shown[table] = true
		}
	}
	return shown
}
