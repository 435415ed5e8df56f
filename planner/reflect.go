package planner

import (
	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// entry is what one version of an asset reflects.
type entry struct {
	// lag are the versions of sources that it does not reflect.
	lag gaps
	// redefinition is what of its content another definition by now, its own or one that
	// it was made from, is expected to make other.
	redefinition lineage.Change
	// by is its own definition.
	by assets.Digest
}

// read finds what n read of an input: nil if that is not known any more. Content that
// is equal in what was read is as good as the newest. A last good version that stands in
// for what cannot be built lacks nothing.
func (m *model) read(n, input *node, read Read) *entry {
	switch {
	case !input.asset.Enabled: // it stays what it is, whatever it reflects
		return &input.entry
	case input.last == nil:
		return nil
	case input.last.Made.ID == read.Version, sameProjection(input, read):
		if m.lastGood(n, input) {
			return &entry{}
		}
		return &input.entry
	}
	made := Made{input.asset.Name, read.Version}
	known, ok := m.entries[made]
	if ok {
		return known
	}
	if record, ok := m.in.State.Earlier[made]; ok {
		then := &node{asset: input.asset, graph: input.graph, inputs: input.inputs, digests: input.digests, last: &record}
		earlier := m.reflect(then, len(redefined(then))+len(quarantineChanged(then)) > 0)
		known = &earlier
	}
	m.entries[made] = known
	return known
}

// sameProjection reports whether what was read of an input is known to be equal in
// the version that there is now.
func sameProjection(input *node, read Read) bool {
	return read.Projection != "" && input.last.Digests[ColumnKey(read.Columns)] == read.Projection
}

// reflect finds out what the record of n reflects: of each source, the least of what
// was read counts. What was not read, it reads by another definition. own says that
// its own definition is another one.
func (m *model) reflect(n *node, own bool) entry {
	e := entry{by: n.last.Definition.Bound.Syntax}
	var inputs map[assets.Name]lineage.Change
	for i, name := range n.graph.Inputs {
		read, wasRead := n.last.Reads[name]
		switch input := n.inputs[i]; {
		case !wasRead:
		case input == nil:
			e.lag = e.lag.with(m.unreflected(name, read.Version))
		default:
			below := lineage.Everything
			if known := m.read(n, input, read); known != nil {
				below = known.redefinition
				e.lag = e.lag.with(known.lag)
			}
			if below.Any() {
				if inputs == nil {
					inputs = map[assets.Name]lineage.Change{}
				}
				inputs[name] = below
			}
		}
	}
	e.lag = e.lag.with(m.unticked(n.asset, n.last.Tick))
	e.redefinition = n.redefinedBy(own, inputs)
	return e
}

// redefinedBy is what definitions are expected to change in the record of n: its own,
// if that is another one, and those of its inputs.
func (n *node) redefinedBy(own bool, inputs map[assets.Name]lineage.Change) lineage.Change {
	if !own && inputs == nil {
		return lineage.Change{}
	}
	was, is := n.last.Definition.Bound, n.graph.Bound
	var change lineage.Change
	switch {
	case own && n.ofUnknownExtent():
		return lineage.Everything
	case own && (was.Meaning != is.Meaning || was.Meaning == ""):
		change = lineage.Compare(was, is)
	}
	if inputs == nil {
		return change
	}
	carried := is.Carry(inputs)
	if carried.Any() && n.ofUnknownExtent() {
		return lineage.Everything
	}
	return change.Together(carried)
}

// ofUnknownExtent reports whether columns cannot tell what another definition changes.
// Of a view, readers know one version and no projections.
func (n *node) ofUnknownExtent() bool {
	return n.graph.Unbound != "" || n.asset.Kind == assets.View || n.last.Table == "" ||
		settingsChanged(n) != "" || len(quarantineChanged(n)) > 0
}
