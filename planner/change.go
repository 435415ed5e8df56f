package planner

import (
	"slices"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// changeOf says what a build of n is expected to change in its content, so that
// readers of nothing else are not built for it. Only an edit of a definition, the
// asset's own or one above it, can be told apart by columns: new data may change
// anything.
func (m *model) changeOf(n *node) lineage.Change {
	switch {
	case !n.needsBuild():
		return lineage.Change{}
	case n.last == nil || n.graph.Unbound != "" || n.asset.Kind == assets.View || n.last.Table == "":
		// Of a view, readers know one version and no projections.
		return lineage.Everything
	case n.moved, slices.ContainsFunc(n.certain, ofUnknownExtent), settingsChanged(n) != "":
		return lineage.Everything
	}
	was, is := n.last.Definition.Bound, n.graph.Bound
	var change lineage.Change
	if was.Meaning != is.Meaning || was.Meaning == "" {
		change = lineage.Compare(was, is)
	}
	inputs := make(map[assets.Name]lineage.Change, len(n.graph.Inputs))
	for _, name := range n.graph.Inputs {
		if input := m.nodes[name]; input != nil {
			inputs[name] = input.change
		}
	}
	return change.Together(is.Carry(inputs))
}

// ofUnknownExtent reports whether a cause lies elsewhere than in definitions and
// what they were bound to.
func ofUnknownExtent(r Reason) bool { return r.Code != DefinitionChanged && r.Code != InputChanged }
