package planner

import (
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// Explanation is why an asset is built when it is: what arrived that it does not
// reflect, what each policy makes of that, and who needs it earlier.
type Explanation struct {
	// Unreflected are the first versions that it, or an input of it, does not reflect: of
	// each source, and of each schedule, at most one. By name.
	Unreflected []Unreflected
	// Demands are what its policies ask for. Empty if it reflects all there is.
	Demands []Demand
	// Chain is how long a run takes that builds it and what it needs.
	Chain time.Duration
	// For is the asset made from it that needs it earlier than its own policies do;
	// zero: none does.
	For assets.Name
}

// Unreflected is a version of a source that an asset does not reflect, or a tick of a schedule.
type Unreflected struct {
	Source  assets.Name // or the asset whose schedule ticked
	Tick    bool
	Arrived time.Time
}

// Demand is what a policy asks for.
type Demand struct {
	Policy
	// Arrived is what it asks for the sooner; zero: it asks for nothing of what arrived.
	Arrived Unreflected
	// Due is when that has to be reflected, and StartBy when the build is to begin for
	// that. Zero: nothing is asked for, or its calendar never ticks again.
	Due, StartBy time.Time
}

// Explain tells of the project's asset of that name what Make goes by.
func Explain(in Input, name assets.Name) Explanation {
	m := lookAt(in, buildOrder(in))
	m.schedule()
	n := m.nodes[name]
	if n == nil || !n.needs() && len(n.borrowed) == 0 {
		return Explanation{}
	}
	e := Explanation{Chain: m.takes(n)}
	for _, gap := range n.behind() {
		e.Unreflected = append(e.Unreflected, m.unreflectedBy(gap))
	}
	known, own := blocks{clock: &m.clock, ids: map[string]int{}}, time.Time{}
	for _, policy := range PoliciesOf(in)[name] {
		demand := m.demand(n, policy, known.all[known.id(policy)])
		own = earlier(own, demand.StartBy)
		e.Demands = append(e.Demands, demand)
	}
	if !n.atOnce && (own.IsZero() || n.startBy.Before(own)) {
		e.For = m.askingReader(n)
	}
	return e
}

func (m *model) unreflectedBy(g gap) Unreflected {
	for name := range m.nodes {
		if g.source == tickSource(name) {
			return Unreflected{name, true, g.since}
		}
	}
	return Unreflected{g.source, false, g.since}
}

func (m *model) demand(n *node, policy Policy, b *block) Demand {
	d := Demand{Policy: policy}
	asked := n.behind().of(b.sources)
	since := asked.since()
	if since.IsZero() {
		return d
	}
	for _, gap := range asked {
		if gap.since.Equal(since) {
			d.Arrived = m.unreflectedBy(gap)
			break
		}
	}
	if d.Due = b.due(since); !d.Due.IsZero() {
		d.StartBy = d.Due.Add(-min(b.maxLag, m.takes(n)))
	}
	return d
}

// askingReader is the reader, or reader of a reader, whose own policies or whose own
// state n is built early for.
func (m *model) askingReader(n *node) assets.Name {
	for _, reader := range n.readers {
		if !reader.needs() || reader.cannot() || !reader.startBy.Equal(n.startBy) {
			continue
		}
		if further := m.askingReader(reader); !reader.atOnce && further != (assets.Name{}) {
			return further
		}
		return reader.asset.Name
	}
	return assets.Name{}
}
