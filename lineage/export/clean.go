package export

import "github.com/seed-4311623e/assets/assets"

// Cleaned is g with every text in it replaced by what clean makes of it. Secrets
// are taken out here: what is escaped, cut short or drawn cannot be searched for
// them any more.
func (g Graph) Cleaned(clean func(string) string) Graph {
	name := func(n assets.Name) assets.Name {
		if text := clean(n.String()); text != n.String() {
			return assets.Name{Table: text}
		}
		return n
	}
	origin := func(o Origin) Origin { return Origin{name(o.Name), clean(o.Column), o.Via} }
	g.Project = clean(g.Project)
	g.Nodes = each(g.Nodes, func(n Node) Node {
		n.Name, n.Owner, n.Description, n.Unbound = name(n.Name), clean(n.Owner), clean(n.Description), clean(n.Unbound)
		n.Tags = each(n.Tags, clean)
		n.Columns = each(n.Columns, func(c assets.Column) assets.Column {
			return assets.Column{Name: clean(c.Name), Type: clean(c.Type)}
		})
		notes := make(map[string]string, len(n.Notes))
		for column, note := range n.Notes {
			notes[clean(column)] = clean(note)
		}
		n.Notes = notes
		return n
	})
	g.Edges = each(g.Edges, func(e Edge) Edge { return Edge{name(e.From), name(e.To)} })
	g.Columns = each(g.Columns, func(c Column) Column {
		return Column{name(c.Asset), clean(c.Column), clean(c.Type), each(c.From, origin), each(c.RowsFrom, origin)}
	})
	return g
}

// each maps a list; nil stays nil.
func each[T any](list []T, f func(T) T) []T {
	if list == nil {
		return nil
	}
	out := make([]T, len(list))
	for i, item := range list {
		out[i] = f(item)
	}
	return out
}
