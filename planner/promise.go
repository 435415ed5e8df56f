package planner

import (
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// Promises that are made to others: policies, and what suppliers promise of sources.

// Unkept is a policy that cannot be promised: building takes too long for it.
type Unkept struct {
	Asset assets.Name
	Policy
	// Chain is how long it takes to build the asset and all that is above it.
	Chain time.Duration
}

// Unpromised are the declared policies that will not be kept while sources keep
// moving, in the graph's order; policies of descendants count where they are declared.
//
// A build reflects what had arrived when it began, and becomes visible when it ends; the
// next one begins then. So what is visible may be two builds old, and a policy can be
// promised if building takes half of max_lag. If it holds at ticks that lie further
// apart than a build takes, each has a build of its own, which may take all of max_lag.
// That nothing may lag (max_lag 0) is a wish for the least lag there can be, and no promise.
func Unpromised(in Input) []Unkept {
	m := newModel(in, buildOrder(in))
	chains := make(map[assets.Name]time.Duration, len(m.list))
	holding := PoliciesOf(in)
	var unkept []Unkept
	for i := range m.list {
		n := &m.list[i]
		if !n.asset.Enabled {
			continue // it is never built
		}
		if last, ok := in.State.Last[Key{Asset: n.asset.Name}]; ok {
			n.last = &last
		}
		var above time.Duration
		for _, input := range n.graph.Inputs {
			above = max(above, chains[input])
		}
		chain := above + m.estimate(n)
		chains[n.asset.Name] = chain
		for _, p := range holding[n.asset.Name] {
			mine := p.Of == n.asset.Name || p.Of == assets.Name{} // those of others are told of these
			if mine && p.MaxLag > 0 && m.tooLong(chain, p) {
				unkept = append(unkept, Unkept{n.asset.Name, p, chain})
			}
		}
	}
	return unkept
}

// tooLong reports whether builds that take this long may break a policy.
func (m *model) tooLong(chain time.Duration, p Policy) bool {
	if p.At == "" {
		return chain > p.MaxLag/2
	}
	at := assets.Schedule{Expr: p.At, Timezone: p.Timezone}
	tick := m.clock.firstTick(at, m.in.Now)
	next := m.clock.firstTick(at, tick.Add(time.Second))
	if !next.IsZero() && next.Sub(tick) < chain {
		return chain > p.MaxLag/2
	}
	return chain > p.MaxLag
}

// LateFrom is when a source breaks its supplier's promise, max_age after what was
// delivered last; zero: none was made.
func LateFrom(in Input, source assets.Name) time.Time {
	m := newModel(in, nil)
	return m.lateFrom(in.Project.Sources[source])
}
