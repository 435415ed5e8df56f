package export

import (
	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// Column is a column of an asset, and where it comes from.
type Column struct {
	Asset  assets.Name `json:"asset"`
	Column string      `json:"column"`
	Type   string      `json:"type"`
	// From are the columns its values are computed from. They may belong to nodes
	// that are not shown.
	From []Origin `json:"from"`
	// RowsFrom are the columns that only decide which rows there are, or the order in
	// which a window or an aggregate of the column meets them: those of the
	// whole asset, at each of its columns.
	RowsFrom []Origin `json:"rows_from"`
}

// Origin is a column that another one comes from. Via is the most direct way it
// comes in, in OpenLineage's words.
type Origin struct {
	Name   assets.Name `json:"name"`
	Column string      `json:"column"`
	Via    string      `json:"via"`
}

// addColumns fills in the columns of every node.
func (g *Graph) addColumns(p *assets.Project, of *lineage.Graph) {
	g.Columns = []Column{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		known := of.Nodes[n.Name]
		n.Unbound = known.Unbound
		if n.Unbound != "" {
			continue
		}
		n.Columns = known.Columns
		a := p.Assets[n.Name]
		if a == nil {
			continue
		}
		n.Notes = map[string]string{}
		for _, declared := range a.Columns {
			if output := known.Bound.Output(declared.Name); output != nil && declared.Description != "" {
				n.Notes[output.Name] = declared.Description
			}
		}
		for _, output := range known.Bound.Outputs {
			g.Columns = append(g.Columns, Column{
				Asset: n.Name, Column: output.Name, Type: output.Type, From: origins(output.From),
				RowsFrom: origins(lineage.Joined(known.Bound.RowsFrom, output.Ties)),
			})
		}
	}
}

func origins(list []lineage.Origin) []Origin {
	out := make([]Origin, len(list))
	for i, o := range list {
		out[i] = Origin{Name: o.Input, Column: o.Column, Via: o.Via.String()}
	}
	return out
}

// port is a column of a node that is shown.
type port struct {
	node   assets.Name
	column string
}

// newPorts numbers the columns of each node from 1.
func newPorts(g Graph) map[port]int {
	ports := map[port]int{}
	for _, n := range g.Nodes {
		for i, c := range n.Columns {
			ports[port{n.Name, c.Name}] = i + 1
		}
	}
	return ports
}

// strand is one column's way along an edge: from a port to a port.
type strand struct{ from, to int }

// strands are the columns that go along each edge, from top to bottom where they end.
func (g Graph) strands() map[Edge][]strand {
	ports, out := newPorts(g), map[Edge][]strand{}
	for _, c := range g.Columns {
		for _, from := range c.From {
			if at, shown := ports[port{from.Name, from.Column}]; shown {
				e := Edge{from.Name, c.Asset}
				out[e] = append(out[e], strand{at, ports[port{c.Asset, c.Column}]})
			}
		}
	}
	return out
}
