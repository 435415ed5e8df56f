package lineage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// Graph says what a project's assets are made from.
type Graph struct {
	// Nodes holds every source and asset of the project.
	Nodes map[assets.Name]*Node
	// Order lists the assets, inputs before their readers; among equals by name.
	Order []assets.Name
}

// Node is one source or asset in a Graph.
type Node struct {
	Name assets.Name
	// Inputs are what an asset's SQL reads, sorted; Readers are the assets that read the node, sorted.
	Inputs, Readers []assets.Name
	// CheckInputs are what the checks of a source or asset read besides itself, sorted.
	// They order nothing: an asset's checks that read others run when the whole run
	// has been built, and a source's read sources only.
	CheckInputs []assets.Name
	// Columns are a source's observed columns or an asset's outputs.
	Columns []assets.Column
	// Bound is an asset's compiled statement; zero for sources.
	Bound Bound
	// Unbound says why a node has no columns: a source that was never seen, or
	// an asset that reads one. Empty otherwise.
	Unbound string
}

// Ref is a name that a statement reads, and the byte of its text where it stands first.
type Ref struct {
	Name   assets.Name
	Offset int
	// Bare says that it stands somewhere without its schema; Offset is such a place.
	Bare bool
}

// NewGraph joins the assets of a project by what their SQL and their checks
// read. Names that nothing declares, cycles, and what a view must not read are
// diagnostics at their place in the SQL. The graph is never nil; assets in a
// cycle and what reads them are left out of Order. Names in checkRefs that
// nothing declares are ignored: who has the check's text reports them with
// [Missing].
func NewGraph(p *assets.Project, refs, checkRefs map[assets.Name][]Ref) (*Graph, hcl.Diagnostics) {
	g := &Graph{Nodes: make(map[assets.Name]*Node, len(p.Sources)+len(p.Assets))}
	for name := range p.Sources {
		g.Nodes[name] = &Node{Name: name}
	}
	for name := range p.Sources {
		g.checkInputs(name, checkRefs[name])
	}
	for name := range p.Assets {
		g.Nodes[name] = &Node{Name: name}
	}
	var diags hcl.Diagnostics
	for _, name := range assets.SortedNames(p.Assets) {
		a, node := p.Assets[name], g.Nodes[name]
		for _, ref := range refs[name] {
			input := g.Nodes[ref.Name]
			switch {
			case ref.Name == name:
				diags = append(diags, selfRead(a, ref))
				continue
			case input == nil && p.Unread.Has(ref.Name):
				continue // its block is what has to be put right
			case input == nil:
				diags = append(diags, Missing(p, fmt.Sprintf("Asset %q", name), ref.Name, Place(a.SQL, ref.Offset, a.SQLRange)))
				continue
			}
			node.Inputs = append(node.Inputs, ref.Name)
			input.Readers = append(input.Readers, name)
			diags = append(diags, viewRead(p, a, ref)...)
		}
		slices.SortFunc(node.Inputs, assets.Name.Compare)
		g.checkInputs(name, checkRefs[name])
		if a.Kind == assets.View && !a.Enabled {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "A view cannot be disabled",
				Detail:  fmt.Sprintf("What is disabled keeps its published rows, but view %q shows whatever its inputs hold. Make it a table, or remove `enabled`.", name),
				Subject: a.Decl.Ptr()})
		}
		if a.Kind == assets.View && a.SQL.Sensitive {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "A view's SQL holds a secret",
				Detail:  fmt.Sprintf("The text of a view is stored in the warehouse, where everyone can read it. Make asset %q a table, or leave the secret out.", name),
				Subject: a.SQLRange.Ptr()})
		}
	}
	g.order(p)
	return g, append(diags, g.cycles(p, refs)...)
}

// checkInputs notes what the checks of a source or asset read besides itself.
func (g *Graph) checkInputs(name assets.Name, refs []Ref) {
	node := g.Nodes[name]
	for _, ref := range refs {
		if ref.Name != name && g.Nodes[ref.Name] != nil {
			node.CheckInputs = append(node.CheckInputs, ref.Name)
		}
	}
	slices.SortFunc(node.CheckInputs, assets.Name.Compare)
	node.CheckInputs = slices.Compact(node.CheckInputs)
}

// order fills Order: by distance from the sources, then by name.
func (g *Graph) order(p *assets.Project) {
	waiting := make(map[assets.Name]int, len(p.Assets))
	var ready []assets.Name
	for name := range p.Sources {
		ready = append(ready, name)
	}
	for name := range p.Assets {
		if waiting[name] = len(g.Nodes[name].Inputs); waiting[name] == 0 {
			ready = append(ready, name)
		}
	}
	for len(ready) > 0 {
		slices.SortFunc(ready, assets.Name.Compare)
		var next []assets.Name
		for _, name := range ready {
			if p.Assets[name] != nil {
				g.Order = append(g.Order, name)
			}
			for _, reader := range g.Nodes[name].Readers {
				if waiting[reader]--; waiting[reader] == 0 {
					next = append(next, reader)
				}
			}
		}
		ready = next
	}
}

// Upstream returns the names and everything they are made from.
func (g *Graph) Upstream(names ...assets.Name) map[assets.Name]bool {
	return g.reach(names, func(n *Node) []assets.Name { return n.Inputs })
}

// Downstream returns the names and everything made from them.
func (g *Graph) Downstream(names ...assets.Name) map[assets.Name]bool {
	return g.reach(names, func(n *Node) []assets.Name { return n.Readers })
}

func (g *Graph) reach(names []assets.Name, next func(*Node) []assets.Name) map[assets.Name]bool {
	found := map[assets.Name]bool{}
	stack := slices.Clone(names)
	for len(stack) > 0 {
		name := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if node := g.Nodes[name]; node != nil && !found[name] {
			found[name] = true
			stack = append(stack, next(node)...)
		}
	}
	return found
}

func selfRead(a *assets.Asset, ref Ref) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("Asset %q reads itself", a.Name),
		Detail:  "An asset is made anew from its inputs; its own rows of last time are not one of them. Read what it is made from, or give a common table expression of this name another one.",
		Subject: Place(a.SQL, ref.Offset, a.SQLRange).Ptr()}
}

func viewRead(p *assets.Project, a *assets.Asset, ref Ref) (diags hcl.Diagnostics) {
	if a.Kind != assets.View {
		return nil
	}
	place := Place(a.SQL, ref.Offset, a.SQLRange)
	if p.Sources[ref.Name] != nil {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("View %q reads the source %q", a.Name, ref.Name),
			Detail:  "A view is looked up when it is queried, and files of a source are not part of the warehouse. Read an asset made from the source, or make this one a table.",
			Subject: place.Ptr()})
	}
	if ref.Bare {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("View %q names %s without a schema", a.Name, ref.Name.Table),
			Detail:  fmt.Sprintf("Inside a view, a name without a schema may come to mean a table of the view's own schema. Write %s.%s.", ref.Name.Schema, ref.Name.Table),
			Subject: place.Ptr()})
	}
	return diags
}

// Missing is the diagnostic for a name that nothing declares. reader begins the
// sentence that says who reads it, such as `Asset "mart.sales"`.
func Missing(p *assets.Project, reader string, name assets.Name, place hcl.Range) *hcl.Diagnostic {
	detail := fmt.Sprintf("%s reads %s, but no source or asset has this name.", reader, name)
	declared := append(assets.SortedNames(p.Sources), assets.SortedNames(p.Assets)...)
	if near := nearestNames(name, declared); len(near) > 0 {
		detail += " Did you mean " + oneOf(near) + "?"
	} else {
		detail += " Declare it: a source block if it is data made elsewhere, an asset block if the project makes it."
	}
	switch name.Schema {
	case "information_schema", "pg_catalog":
		detail += " Tables of the system are not inputs: they change with the machine, not with the data."
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("Unknown input %q", name), Detail: detail, Subject: place.Ptr()}
}

// oneOf writes alternatives: a, b or c.
func oneOf(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " or " + items[last]
}
