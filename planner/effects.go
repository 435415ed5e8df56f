package planner

import (
	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// Effect is what of an asset may come out different from what is published, as
// fingerprints and column lineage predict it.
type Effect struct {
	// Own is what its definition changes, given equal inputs.
	Own lineage.Change
	// Inputs is what changed in each of its inputs since it read them.
	Inputs map[assets.Name]lineage.Change
	// All is Own together with what Inputs bring, as long as rows that stay the same
	// lie in the order they lay in.
	All lineage.Change
	// Reordered is the same if they do not.
	Reordered lineage.Change
}

// Effects predicts, for every asset of the project, what a plan that builds
// whatever is not up to date would change.
func Effects(in Input) map[assets.Name]Effect {
	effects := map[assets.Name]Effect{}
	for _, name := range in.Graph.Order {
		node := in.Graph.Nodes[name]
		last, published := in.State.Last[Key{Asset: name}]
		asset := in.Project.Assets[name]
		switch {
		case !asset.Enabled: // it keeps what it has
			effects[name] = Effect{}
			continue
		case !published:
			effects[name] = Effect{Own: lineage.Everything, All: lineage.Everything, Reordered: lineage.Everything}
			continue
		}
		e := Effect{Own: OwnChange(last, asset, node), Inputs: map[assets.Name]lineage.Change{}}
		reordered := map[assets.Name]lineage.Change{}
		for _, input := range node.Inputs {
			change := moved(in, last.Reads[input], input)
			if c := change.Together(effects[input].All); c.Any() {
				e.Inputs[input] = c
			}
			reordered[input] = change.Together(effects[input].Reordered)
		}
		e.All = e.Own.Together(node.Bound.CarryContent(e.Inputs))
		e.Reordered = e.Own.Together(node.Bound.Carry(reordered))
		if node.Unbound != "" && len(e.Inputs) > 0 {
			e.All, e.Reordered = lineage.Everything, lineage.Everything
		}
		effects[name] = e
	}
	return effects
}

// OwnChange is what the definition of an asset as it is now changes in what was
// published, given equal inputs.
func OwnChange(last Materialization, asset *assets.Asset, node *lineage.Node) lineage.Change {
	was, is := last.Definition.Bound, node.Bound
	sameText := last.Definition.SQL != "" && last.Definition.SQL == asset.SQL.Text
	switch {
	case sameText && (node.Unbound != "" || was.Syntax.Scheme() != is.Syntax.Scheme()):
		return lineage.Change{} // another engine read it, or none yet: the text decides
	case sameMeaning(was, is), was.Syntax != "" && was.Syntax == is.Syntax && was.Meaning == is.Meaning:
		return lineage.Change{}
	}
	return lineage.Compare(was, is)
}

// moved is what changed in an input between the version that was read and the
// one that is there.
func moved(in Input, read Read, input assets.Name) lineage.Change {
	if in.Project.Sources[input] != nil {
		if is := in.Observed[input].ID; is == "" || is == read.Version {
			return lineage.Change{}
		}
		return lineage.Everything
	}
	last := in.State.Last[Key{Asset: input}]
	is := last.Digests[ColumnKey(read.Columns)]
	if last.Made.ID == read.Version || is != "" && is == read.Projection {
		return lineage.Change{}
	}
	return lineage.Everything
}
