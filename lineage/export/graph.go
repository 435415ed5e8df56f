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
	Nodes         []Node `json:"nodes"`
	Edges         []Edge `json:"edges"`
}

// Node is a source or an asset.
type Node struct {
	Name assets.Name `json:"name"`
	Kind string      `json:"kind"` // source, table, view
}

// Edge says that To reads From.
type Edge struct {
	From assets.Name `json:"from"`
	To   assets.Name `json:"to"`
}

// Of is the part of a project's graph that names lists, with the edges between
// them; no names mean everything. Names the graph does not have are left out.
func Of(p *assets.Project, g *lineage.Graph, names []assets.Name) Graph {
	if len(names) == 0 {
		names = assets.SortedNames(g.Nodes)
	}
	shown := make(map[assets.Name]bool, len(names))
	for _, name := range names {
		shown[name] = g.Nodes[name] != nil
	}
	out := Graph{FormatVersion: "1.0", Nodes: []Node{}, Edges: []Edge{}}
	for _, name := range assets.SortedNames(shown) {
		if !shown[name] {
			continue
		}
		out.Nodes = append(out.Nodes, Node{Name: name, Kind: kind(p, name)})
		for _, input := range g.Nodes[name].Inputs {
			if shown[input] {
				out.Edges = append(out.Edges, Edge{From: input, To: name})
			}
		}
	}
	slices.SortFunc(out.Edges, func(a, b Edge) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	return out
}

func kind(p *assets.Project, name assets.Name) string {
	if a := p.Assets[name]; a != nil {
		return string(a.Kind)
	}
	return "source"
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
