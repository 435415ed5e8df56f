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

// read finds what was read of an input: nil if that is not known any more. Content
// that is equal in what was read is as good as the newest.
func (m *model) read(input *node, read Read) *entry {
	switch {
	case !input.asset.Enabled: // it stays what it is, whatever it reflects
		return &input.entry
	case input.last == nil:
		return nil
	case input.last.Made.ID == read.Version, sameProjection(input, read):
		return &input.entry
	}
	made := Made{input.asset.Name, read.Version}
	known, ok := m.entries[made]
	if ok {
		return known
	}
	if record, ok := m.in.State.Earlier[made]; ok {
		n := &node{asset: input.asset, graph: input.graph, last: &record}
		other := len(redefined(n))+len(quarantineChanged(n)) > 0
		known = &entry{m.lagOf(made.Asset, &record), m.redefinitionOf(made.Asset, &record, other), record.Definition.Bound.Syntax}
	}
	m.entries[made] = known
	return known
}

// sameProjection reports whether what was read of an input is known to be equal in
// the version that there is now.
func sameProjection(input *node, read Read) bool {
	return read.Projection != "" && input.last.Digests[ColumnKey(read.Columns)] == read.Projection
}

// lagOf are the versions of sources that a record of an asset does not reflect: of
// each source, the least of what it read counts. What it did not read, it reads by
// another definition.
func (m *model) lagOf(name assets.Name, record *Materialization) gaps {
	var lag gaps
	for _, input := range m.in.Graph.Nodes[name].Inputs {
		read, wasRead := record.Reads[input]
		switch node := m.nodes[input]; {
		case !wasRead:
		case node == nil:
			lag = lag.with(m.unreflected(input, read.Version))
		default:
			if entry := m.read(node, read); entry != nil {
				lag = lag.with(entry.lag)
			}
		}
	}
	return lag.with(m.unticked(m.in.Project.Assets[name], record.Tick))
}

// redefinitionOf is what the definitions that there are now are expected to change in
// a record of an asset. own says that its own is another one.
func (m *model) redefinitionOf(name assets.Name, record *Materialization, own bool) lineage.Change {
	n := node{asset: m.in.Project.Assets[name], graph: m.in.Graph.Nodes[name], last: record}
	is := n.graph.Bound
	var change lineage.Change
	if own {
		if n.ofUnknownExtent() {
			return lineage.Everything
		}
		if was := record.Definition.Bound; was.Meaning != is.Meaning || was.Meaning == "" {
			change = lineage.Compare(was, is)
		}
	}
	var inputs map[assets.Name]lineage.Change
	for _, input := range n.graph.Inputs {
		node := m.nodes[input]
		read, wasRead := record.Reads[input]
		if node == nil || !wasRead {
			continue
		}
		below := lineage.Everything
		if entry := m.read(node, read); entry != nil {
			below = entry.redefinition
		}
		if below.Any() {
			if inputs == nil {
				inputs = map[assets.Name]lineage.Change{}
			}
			inputs[input] = below
		}
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
