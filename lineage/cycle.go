package lineage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// cycles reports each group of assets that read one another once, by its
// shortest way round from its least name.
func (g *Graph) cycles(p *assets.Project, refs map[assets.Name][]Ref) (diags hcl.Diagnostics) {
	if len(g.Order) == len(p.Assets) {
		return nil
	}
	left := make(map[assets.Name]bool, len(p.Assets))
	for name := range p.Assets {
		left[name] = true
	}
	for _, name := range g.Order {
		delete(left, name)
	}
	for _, name := range assets.SortedNames(left) {
		if !left[name] {
			continue
		}
		path := g.wayRound(name, left)
		if path == nil {
			continue // it only reads what is in a cycle
		}
		diags = append(diags, cycleDiagnostic(p, refs, path))
		// What is both above and below name is the same knot: reported once.
		above := g.Upstream(name)
		for member := range g.Downstream(name) {
			if above[member] {
				delete(left, member)
			}
		}
	}
	return diags
}

// wayRound is the shortest path along inputs from start back to it, start first
// and last, or nil.
func (g *Graph) wayRound(start assets.Name, within map[assets.Name]bool) []assets.Name {
	from := map[assets.Name]assets.Name{}
	queue := []assets.Name{start}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		for _, input := range g.Nodes[name].Inputs {
			if input == start {
				path := []assets.Name{start}
				for at := name; at != start; at = from[at] {
					path = append(path, at)
				}
				path = append(path, start)
				slices.Reverse(path)
				return path
			}
			if _, seen := from[input]; !seen && within[input] {
				from[input] = name
				queue = append(queue, input)
			}
		}
	}
	return nil
}

func cycleDiagnostic(p *assets.Project, refs map[assets.Name][]Ref, path []assets.Name) *hcl.Diagnostic {
	var names, steps []string
	var subject hcl.Range
	for i, name := range path {
		names = append(names, name.String())
		if i == len(path)-1 {
			break
		}
		a, place := p.Assets[name], hcl.Range{}
		for _, ref := range refs[name] {
			if ref.Name == path[i+1] {
				place = Place(a.SQL, ref.Offset, a.SQLRange)
			}
		}
		if i == 0 {
			subject = place
		}
		steps = append(steps, fmt.Sprintf("%s reads %s at %s:%d,%d", name, path[i+1], place.Filename, place.Start.Line, place.Start.Column))
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Cycle: " + strings.Join(names, " → "),
		Detail:  "None of these assets can be built first: " + strings.Join(steps, "; ") + ". Take one of these reads out.",
		Subject: &subject}
}
