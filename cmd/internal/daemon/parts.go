package daemon

import (
	"cmp"
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

const (
	// mostRuns is how many runs go on at once. Each has costs of its own, so more
	// parts than that share runs.
	mostRuns = 8
	// quick is how long a part takes at most that is never waited for: all of these
	// share one run.
	quick = 2 * time.Second
	// unknown is how long a build is taken to be that was never done before.
	unknown = 10 * time.Second
)

// isWork reports whether a run has anything to do with a step. The daemon never
// drops: that needs a person.
func isWork(s *planner.Step) bool {
	switch s.Action {
	case planner.Create, planner.Rebuild, planner.Revalidate:
		return true
	case planner.None:
		return len(s.ConditionalOn) > 0
	}
	return false
}

// part is assets that one run works on because each has to do with another of them.
type part struct {
	steps   []planner.Step
	longest time.Duration // path of estimates
	busy    bool          // some of it is worked on already
	work    bool          // not all of it may turn out to need nothing
}

// parts splits what there is to do into parts that have nothing to do with one
// another, so that none waits for the build of another one. Two assets are of one part if
// one reads the other, if a check looks at both, or if a view that is made anew
// shows both. Parts of which something is worked on already, as busy says, are left
// out: they are planned again when that is done.
func parts(g *lineage.Graph, plan planner.Plan, published func(assets.Name) bool, isView func(assets.Name) bool, busy, resting map[assets.Name]bool) []part {
	steps := map[assets.Name]*planner.Step{}
	touched := map[assets.Name]bool{} // worked on now, or if this part is begun
	for name := range busy {
		touched[name] = true
	}
	for i := range plan.Steps {
		if s := &plan.Steps[i]; isWork(s) {
			steps[s.Asset] = s
		}
	}
	// What rests takes its readers along: what they are to be built from is not there.
	still := map[assets.Name]bool{}
	for _, name := range g.Order {
		inputs := g.Nodes[name].Inputs
		if steps[name] != nil && (resting[name] || slices.ContainsFunc(inputs, func(i assets.Name) bool { return still[i] })) {
			still[name] = true
			delete(steps, name)
		}
		if steps[name] != nil {
			touched[name] = true
		} else if isView(name) && published(name) && slices.ContainsFunc(inputs, func(i assets.Name) bool { return touched[i] }) {
			touched[name] = true
		}
	}

	together := newSets()
	for name, node := range g.Nodes {
		if touched[name] {
			for _, input := range node.Inputs {
				if touched[input] {
					together.join(name, input)
				}
			}
		}
		// Also if it is not worked on itself: its checks see what is.
		var seen []assets.Name
		for _, looked := range append([]assets.Name{name}, node.CheckInputs...) {
			if touched[looked] {
				seen = append(seen, looked)
			}
		}
		for i := 1; i < len(seen) && len(node.CheckInputs) > 0; i++ {
			together.join(seen[0], seen[i])
		}
	}
	return collect(g, plan, steps, busy, together)
}

func collect(g *lineage.Graph, plan planner.Plan, steps map[assets.Name]*planner.Step, busy map[assets.Name]bool, together sets) (all []part) {
	by := map[assets.Name]*part{}
	of := func(name assets.Name) *part {
		root := together.find(name)
		if by[root] == nil {
			by[root] = &part{}
		}
		return by[root]
	}
	for name := range busy {
		of(name).busy = true
	}
	rest := map[assets.Name]time.Duration{}
	for i := len(g.Order) - 1; i >= 0; i-- {
		name := g.Order[i]
		s := steps[name]
		if s == nil {
			continue
		}
		takes := s.Estimate
		if takes == 0 && s.Action == planner.Create {
			takes = unknown
		}
		for _, reader := range g.Nodes[name].Readers {
			rest[name] = max(rest[name], rest[reader])
		}
		rest[name] += takes
		p := of(name)
		p.longest = max(p.longest, rest[name])
		p.work = p.work || s.Action != planner.None
	}
	var order []*part
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if steps[s.Asset] != s {
			continue
		}
		p := of(s.Asset)
		if len(p.steps) == 0 && !p.busy && p.work {
			order = append(order, p)
		}
		p.steps = append(p.steps, *s)
	}
	for _, p := range order {
		all = append(all, *p)
	}
	return all
}

// share divides parts among at most slots runs: the quick ones have one to
// themselves, and the longest are spread over the others.
func share(all []part, slots int) (runs [][]planner.Step) {
	if slots <= 0 {
		return nil
	}
	var brief []planner.Step
	var long []part
	for _, p := range all {
		if p.longest <= quick {
			brief = append(brief, p.steps...)
		} else {
			long = append(long, p)
		}
	}
	if len(brief) > 0 {
		runs = append(runs, brief)
		slots--
	}
	slices.SortStableFunc(long, func(a, b part) int {
		return cmp.Or(-cmp.Compare(a.longest, b.longest), a.steps[0].Asset.Compare(b.steps[0].Asset))
	})
	others := make([][]planner.Step, min(slots, len(long)))
	for i, p := range long {
		if len(others) > 0 { // else they wait for a run to end
			others[i%len(others)] = append(others[i%len(others)], p.steps...)
		}
	}
	return append(runs, others...)
}

// sets are sets of names that have nothing in common.
type sets map[assets.Name]assets.Name // towards the set's root

func newSets() sets { return sets{} }

func (s sets) find(name assets.Name) assets.Name {
	for {
		up, ok := s[name]
		if !ok {
			return name
		}
		if further, ok := s[up]; ok {
			s[name] = further
		}
		name = up
	}
}

func (s sets) join(a, b assets.Name) {
	if a, b = s.find(a), s.find(b); a.Compare(b) > 0 {
		s[a] = b
	} else if a != b {
		s[b] = a
	}
}
