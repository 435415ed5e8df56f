package planner

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// resolvePolicies finds out which blocks hold for each asset: its own; else all own
// blocks of all that is made from it; else the project's defaults.
func (m *model) resolvePolicies() {
	m.known = blocks{clock: &m.clock, ids: map[string]int{}}
	defaults := m.known.idsOf(defaultPolicies(m.in.Project))
	own, below := make(map[*node][]int, len(m.list)), make(map[*node][]int, len(m.list))
	m.policies = make([][]int, len(m.list))
	for i := len(m.list) - 1; i >= 0; i-- {
		n := &m.list[i]
		if !n.asset.Enabled {
			continue
		}
		own[n] = m.known.idsOf(ownPolicies(n.asset))
		for _, reader := range n.readers {
			below[n] = together(together(below[n], below[reader]), own[reader])
		}
		holds := own[n]
		if len(holds) == 0 {
			holds = below[n]
		}
		if len(holds) == 0 {
			holds = defaults
		}
		m.policies[i] = holds
	}
}

// schedule finds out when each asset is due and when its build is to begin, readers first.
func (m *model) schedule() {
	if m.policies == nil {
		m.resolvePolicies()
	}
	for i := len(m.list) - 1; i >= 0; i-- {
		n := &m.list[i]
		if !n.needs() && len(n.borrowed) == 0 {
			continue
		}
		for _, id := range m.policies[i] {
			m.holds(n, m.known.all[id])
		}
		if !n.needs() {
			continue
		}
		if n.atOnce {
			n.startBy = earlier(n.startBy, m.in.Now)
		}
		for _, reader := range n.readers {
			if reader.needs() && !reader.cannot() {
				n.startBy = earlier(n.startBy, reader.startBy)
			}
		}
	}
}

// holds makes n keep a block: what it requires has to be built before it is due.
func (m *model) holds(n *node, b *block) {
	if since := n.behind().of(b.sources).since(); !since.IsZero() {
		n.due = earlier(n.due, b.due(since))
	}
	since := n.gaps.of(b.sources).since()
	if since.IsZero() {
		return
	}
	due := b.due(since)
	if due.IsZero() {
		return // it never ticks again
	}
	if start := due.Add(-min(b.maxLag, m.takes(n))); n.startBy.IsZero() || start.Before(n.startBy) {
		n.startBy = start
	}
}

// earlier is the earlier of two times, of which a zero one is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// chain is the longest path of estimates through n and what above it needs a build.
func (m *model) chain(n *node) time.Duration {
	var longest time.Duration
	for _, input := range n.inputs {
		if input != nil && input.needs() && !m.lastGood(n, input) {
			longest = max(longest, input.chain)
		}
	}
	return m.estimate(n) + longest
}

// takes is how long a run is expected to take that builds n and what it needs.
func (m *model) takes(n *node) time.Duration { return n.chain + m.in.State.Overhead }

// ticked: its schedule ticked, and the last build does not reflect that.
func (m *model) ticked(n *node) []Reason {
	missed := m.unticked(n.asset, n.last.Tick)
	if len(missed) == 0 {
		return nil
	}
	return []Reason{{Code: Schedule, Message: fmt.Sprintf("its schedule ticked at %s", moment(n.tick))}}
}

// notDue says why n waits.
func (m *model) notDue(n *node) Reason {
	r := Reason{Code: NotDue}
	switch {
	case n.limited:
		r.Message = fmt.Sprintf("waits for the next run: one builds at most %d (max_builds_per_run)", m.in.Project.MaxBuildsPerRun)
	case n.startBy.IsZero():
		r.Message = "no policy asks for what has arrived"
	case n.due.IsZero() || n.startBy.Equal(n.due):
		r.Message = fmt.Sprintf("not due until %s", moment(n.startBy))
	default:
		r.Message = fmt.Sprintf("not due until %s, to be started by %s", moment(n.due), moment(n.startBy))
	}
	return r
}

// lateFrom is when a source breaks its supplier's promise; zero: none was made.
func (m *model) lateFrom(source *assets.Source) time.Time {
	log := m.log(source.Name)
	if len(log) == 0 || source.MaxAge == 0 {
		return time.Time{}
	}
	delivered := log[len(log)-1].Arrived
	if seen := m.in.Observed[source.Name].Delivered; seen.After(delivered) {
		delivered = seen
	}
	return delivered.Add(source.MaxAge)
}

func (m *model) sourceStates() map[assets.Name]SourceState {
	states := make(map[assets.Name]SourceState, len(m.in.Project.Sources))
	for name, source := range m.in.Project.Sources {
		late := m.lateFrom(source)
		switch {
		case len(m.log(name)) == 0:
			states[name] = SourceAbsent
		case !late.IsZero() && !late.After(m.in.Now):
			states[name] = SourceLate
		case m.in.Observed[name].Err != "":
			states[name] = SourceUnobserved
		default:
			states[name] = SourceOK
		}
	}
	return states
}

// nextWake is the earliest moment after now at which the plan would be another one
// although nothing else happens: start-bys, dues, retries, ticks, ends of max_age.
func (m *model) nextWake() (wake time.Time) {
	consider := func(t time.Time) {
		if t.After(m.in.Now) {
			wake = earlier(wake, t)
		}
	}
	for _, source := range m.in.Project.Sources {
		consider(m.lateFrom(source))
	}
	for i := range m.list {
		n := &m.list[i]
		consider(n.due)
		consider(n.startBy)
		if n.failed != nil || n.action == Blocked && !n.needs() { // its checks failed on what is published
			consider(m.in.State.Failed[Key{Asset: n.asset.Name}].Retry)
		}
		if n.asset.Enabled && !n.asset.Schedule.IsZero() {
			from := m.in.Now.Truncate(time.Second).Add(time.Second)
			if since := m.scheduledSince(n.asset); since.After(from) {
				from = since
			}
			consider(m.clock.firstTick(n.asset.Schedule, from))
		}
	}
	return wake
}

// limit leaves builds for the next run if there are more than the project allows in
// one: what is to begin first goes first, with all that it needs.
func (m *model) limit() {
	most := m.in.Project.MaxBuildsPerRun
	var due []*node
	for i := range m.list {
		if m.list[i].builds() {
			due = append(due, &m.list[i])
		}
	}
	if most == 0 || len(due) <= most || len(m.in.Options.Targets) > 0 { // a person asks for these
		return
	}
	rank := func(n *node) int { // what failed leaves room for the others
		if n.failed != nil {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(due, func(a, b *node) int { return cmp.Or(rank(a)-rank(b), a.startBy.Compare(b.startBy)) })
	taken := map[*node]bool{}
	var take func(n *node)
	take = func(n *node) {
		if taken[n] || len(taken) == most {
			return
		}
		for _, input := range n.inputs {
			if input != nil && input.builds() {
				take(input)
			}
		}
		if len(taken) < most {
			taken[n] = true
		}
	}
	for _, n := range due {
		take(n)
	}
	m.takeWithViews(taken)
	for _, n := range due {
		if !taken[n] {
			n.action, n.limited = Wait, true
		}
	}
}

// takeWithViews adds what a view shows besides what is taken, and the view itself, if it is
// made anew with that: be the limit what it is, it must not show two versions of a source.
func (m *model) takeWithViews(taken map[*node]bool) {
	var take func(n *node)
	take = func(n *node) {
		if n == nil || taken[n] || !n.builds() {
			return
		}
		taken[n] = true
		for _, input := range n.inputs {
			take(input)
		}
	}
	for before := -1; before != len(taken); {
		before = len(taken)
		for i := range m.list {
			n := &m.list[i]
			if slices.ContainsFunc(m.shows[n], func(table *node) bool { return taken[table] }) {
				take(n)
			}
			if taken[n] {
				for _, table := range m.beside(n, func(table *node) bool { return table.builds() && !taken[table] }) {
					take(table)
				}
			}
		}
	}
}
