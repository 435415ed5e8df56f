package export

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// Graph is what is made from what, ready to be written: nodes by name, edges by
// where they begin, then where they end.
type Graph struct {
	FormatVersion string `json:"format_version"`
	Project       string `json:"-"`
	Nodes         []Node `json:"nodes"`
	Edges         []Edge `json:"edges"`
	// Columns are the columns of the assets among Nodes, in the assets' own order;
	// nil if they were not asked for. Those of sources stand in [Node.Columns].
	Columns []Column `json:"columns,omitzero"`
}

// Node is a source or an asset.
type Node struct {
	Name assets.Name `json:"name"`
	Kind string      `json:"kind"` // source, table, view

	// What only people want to see.
	Owner       string   `json:"-"`
	Description string   `json:"-"`
	Tags        []string `json:"-"`
	// Columns are those of a source, too; nil if they were not asked for or are not
	// known. Unbound says why they are not.
	Columns []assets.Column `json:"-"`
	Unbound string          `json:"-"`
	// Notes are descriptions of columns, by name.
	Notes map[string]string `json:"-"`
}

// Edge says that To reads From.
type Edge struct {
	From assets.Name `json:"from"`
	To   assets.Name `json:"to"`
}

// Of is the part of a project's graph that names lists, with the edges between
// them; no names mean everything. Names the graph does not have are left out.
func Of(p *assets.Project, g *lineage.Graph, names []assets.Name, columns bool) Graph {
	if len(names) == 0 {
		names = assets.SortedNames(g.Nodes)
	}
	shown := make(map[assets.Name]bool, len(names))
	for _, name := range names {
		shown[name] = g.Nodes[name] != nil
	}
	out := Graph{FormatVersion: "1.0", Project: p.Name, Nodes: []Node{}, Edges: []Edge{}}
	for _, name := range assets.SortedNames(shown) {
		if !shown[name] {
			continue
		}
		out.Nodes = append(out.Nodes, node(p, name))
		for _, input := range g.Nodes[name].Inputs {
			if shown[input] {
				out.Edges = append(out.Edges, Edge{From: input, To: name})
			}
		}
	}
	slices.SortFunc(out.Edges, func(a, b Edge) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	if columns {
		out.addColumns(p, g)
	}
	return out
}

func node(p *assets.Project, name assets.Name) Node {
	if a := p.Assets[name]; a != nil {
		return Node{Name: name, Kind: string(a.Kind), Owner: a.Owner, Description: a.Description, Tags: a.Tags}
	}
	n := Node{Name: name, Kind: "source"}
	if s := p.Sources[name]; s != nil {
		n.Owner, n.Description, n.Tags = s.Owner, s.Description, s.Tags
	}
	return n
}

// JSON writes g as a JSON document with its format version.
func JSON(w io.Writer, g Graph) error {
	text, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return fmt.Errorf("write lineage as JSON: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
