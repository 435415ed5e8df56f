package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// Breach is a time in which a declared policy was not kept: from when it required a
// version until that was reflected.
type Breach struct {
	// Name is the asset, or the source whose supplier made a promise.
	Name   assets.Name `json:"name"`
	Policy string      `json:"policy"` // in words: "max_lag 6h at 0 8 * * * Europe/Paris"
	Due    time.Time   `json:"due"`    // when it began
	// BehindSince is when the version arrived that was not reflected, or the policy was
	// first planned, if that was later; of a source, the last delivery.
	BehindSince time.Time `json:"behind_since"`
	// Source is the name of whose version that was; of an asset's schedule, the asset's
	// with ".schedule" after it.
	Source string `json:"source"`
	// Cause says why it was not built in time; empty: nothing stands against a build.
	Cause string    `json:"cause,omitempty"`
	Ended time.Time `json:"ended,omitzero"` // zero: it is going on
	// Run is the run that published what ended it; empty: it ended otherwise.
	Run string `json:"run,omitempty"`
}

// Ledger is what the record of breaches says when the next entry is made.
type Ledger struct {
	Open []Breach // going on when the last entry was made
	// Synced is when that was: when the last run was published. What ended before is
	// recorded. Zero: there was no run.
	Synced time.Time
}

// Breaches are those that go on at in.Now, and those that ended since the last entry
// without a run: because a source went back to what was built from, or delivered at
// last. Nothing was published since. A breach that was open goes on as that one,
// whichever version is not reflected by now.
func (l Ledger) Breaches(in Input) []Breach {
	in.Options = Options{}
	if in.Graph == nil { // what does not compile can be destroyed
		in.Graph = &lineage.Graph{}
	}
	s := sweep{now: in.Now, last: map[breachKey]*spell{}}
	for _, b := range l.Open {
		// A clock that was ahead may have entered it after the entry that now counts as the last.
		s.last[b.key()] = &spell{Breach: b, until: later(l.Synced, b.Due), open: true}
	}
	m := newModel(in, buildOrder(in))
	for _, source := range assets.SortedNames(in.Project.Sources) {
		m.lateDeliveries(&s, l, in.Project.Sources[source])
	}
	if declared := declaredPolicies(in.Project, in.Graph); len(declared) > 0 {
		for _, back := range m.goneBack(l.Synced) {
			m.before(back).unkept(declared, func(b Breach) { s.add(b, back) })
		}
		m.unkept(declared, func(b Breach) { s.add(b, time.Time{}) })
	}
	return s.breaches()
}

// Settle is what the publication of a run enters in the ledger, in place of what was
// open: breaches that it, or something since the entry before, ended, and those that go
// on. in is what was known when it was published, with the state before; after is the
// state that it leaves.
func (l Ledger) Settle(in Input, after State, run string, began time.Time) []Breach {
	found := l.Breaches(in)
	after.Planned, after.Arrivals = in.State.Planned, in.State.Arrivals
	in.State = after
	still := map[breachKey]Breach{}
	for _, b := range (Ledger{Synced: in.Now}).Breaches(in) {
		if b.Ended.IsZero() {
			still[b.key()] = b
		}
	}
	for i := range found {
		b := &found[i]
		going, goesOn := still[b.key()]
		switch {
		case !b.Ended.IsZero():
			continue
		case goesOn:
			b.Cause = cmp.Or(b.Cause, going.Cause)
		default:
			b.Ended, b.Run = in.Now, run
			b.Cause = cmp.Or(b.Cause, endedByRun(*b, after, began))
		}
		delete(still, b.key())
	}
	for _, b := range still { // what was published last is less than what was
		b.Due = in.Now
		found = append(found, b)
	}
	found = slices.DeleteFunc(found, func(b Breach) bool { return !b.Ended.IsZero() && !b.Ended.After(b.Due) })
	slices.SortFunc(found, compareBreaches)
	return found
}

// endedByRun says why a breach against which nothing stood lasted until a run.
func endedByRun(b Breach, after State, began time.Time) string {
	switch _, published := after.Last[Key{Asset: b.Name}]; {
	case !published:
		return "nothing built it until it was dropped"
	case began.Before(b.Due):
		return fmt.Sprintf("the run that built it began at %s and took until after it was due", moment(began))
	}
	return fmt.Sprintf("no run built it before the one that began at %s", moment(began))
}

// breachKey names what can be in breach once at a time.
type breachKey struct {
	name   assets.Name
	policy string
}

func (b Breach) key() breachKey { return breachKey{b.Name, b.Policy} }

func compareBreaches(a, b Breach) int {
	return cmp.Or(a.Due.Compare(b.Due), a.Name.Compare(b.Name), cmp.Compare(a.Policy, b.Policy))
}

// spell is a breach of which is known that it went on until a moment.
type spell struct {
	Breach
	until time.Time
	open  bool // nothing but the ledger tells of it so far
}

// sweep joins what was found to be broken at several moments, which come in their
// order for each key.
type sweep struct {
	now  time.Time
	last map[breachKey]*spell
	done []Breach
}

// add enters a breach that went on until a moment; zero: it goes on.
func (s *sweep) add(b Breach, until time.Time) {
	before := s.last[b.key()]
	if before != nil && !before.open && before.until.IsZero() {
		return // a block that was declared twice
	}
	if before == nil || b.Due.Truncate(time.Microsecond).After(before.until) { // as a warehouse keeps times
		s.end(before)
		before = &spell{Breach: b}
		s.last[b.key()] = before
	}
	before.Cause = cmp.Or(before.Cause, b.Cause)
	before.until, before.open = until, false
}

func (s *sweep) end(b *spell) {
	if b == nil {
		return
	}
	switch b.Ended = b.until; {
	case b.open:
		b.Ended, b.Cause = s.now, cmp.Or(b.Cause, "nothing built it while its policy, and what it is made from, were declared so")
	case !b.until.IsZero():
		b.Cause = cmp.Or(b.Cause, "nothing built it until its source had again what it was built from")
	}
	s.done = append(s.done, b.Breach)
}

func (s *sweep) breaches() []Breach {
	for _, b := range s.last {
		s.end(b)
	}
	slices.SortFunc(s.done, compareBreaches)
	return s.done
}

// unkept tells of each declared policy that is not kept now.
func (m *model) unkept(declared map[assets.Name][]Policy, tell func(Breach)) {
	causes := map[*node]string{}
	m.owed(declared, func(n *node, p Policy, first gap, since, due time.Time) {
		if !due.After(m.in.Now) {
			tell(Breach{Name: n.asset.Name, Policy: inZone(p, m.in.Project.Timezone).String(), Due: due,
				BehindSince: since, Source: first.source.String(), Cause: m.cause(n, causes)})
		}
	})
}

// owed looks at all assets and tells of each declared policy that something which is not
// reflected is due for, sooner or later: of what arrived first, since when that counts,
// and when it is due.
func (m *model) owed(declared map[assets.Name][]Policy, tell func(n *node, p Policy, first gap, since, due time.Time)) {
	known := blocks{clock: &m.clock, ids: map[string]int{}}
	for i := range m.list {
		m.look(&m.list[i])
	}
	m.held, m.shows = map[assets.Name][]Reason{}, m.publishedShows()
	m.holdBack()
	for i := range m.list {
		n := &m.list[i]
		policies := declared[n.asset.Name]
		if len(policies) == 0 || len(n.behind()) == 0 {
			continue
		}
		planned := m.plannedSince(plannedPolicy(n.asset.Name, policies, m.in.Project.Timezone))
		for _, p := range policies {
			gaps := n.behind().of(p.Sources)
			if len(gaps) == 0 {
				continue
			}
			first := slices.MinFunc(gaps, func(a, b gap) int { return a.since.Compare(b.since) })
			since := first.since
			if since.Before(planned) {
				since = planned
			}
			if due := known.all[known.id(p)].due(since); !due.IsZero() {
				tell(n, p, first, since, due)
			}
		}
	}
}

// cause says why n, which is behind, is not built; empty: nothing stands against it.
func (m *model) cause(n *node, known map[*node]string) string {
	if cause, ok := known[n]; ok {
		return cause
	}
	known[n] = m.findCause(n, known)
	return known[n]
}

func (m *model) findCause(n *node, known map[*node]string) string {
	failed, ok := m.in.State.Failed[Key{Asset: n.asset.Name}]
	if ok && (n.failed != nil || !failed.Ended.Before(n.behind().since())) {
		return fmt.Sprintf("%s: %s", n.asset.Name, lastFailure(failed))
	}
	for _, r := range slices.Concat(n.blockers, m.held[n.asset.Name]) {
		if r.Input != nil && slices.Contains(n.graph.Inputs, *r.Input) {
			if input := m.nodes[*r.Input]; input != nil && input.needs() {
				continue // it has a cause of its own
			}
		}
		return r.Message
	}
	for _, name := range n.graph.Inputs {
		if input := m.nodes[name]; input != nil && input.needs() {
			if cause := m.cause(input, known); cause != "" {
				return cause
			}
		}
	}
	return ""
}

// goneBack are the moments after since at which content arrived again that a source
// had before, so that what was built from it reflected all there was; sorted.
func (m *model) goneBack(since time.Time) []time.Time {
	var moments []time.Time
	for name := range m.in.Project.Sources {
		seen := map[assets.Digest]bool{}
		for _, a := range m.log(name) {
			if seen[a.ID] && a.Arrived.After(since) && !a.Arrived.After(m.in.Now) {
				moments = append(moments, a.Arrived)
			}
			seen[a.ID] = true
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	return slices.CompactFunc(moments, time.Time.Equal)
}

// before is the model as it was just before a moment since the last publication.
func (m *model) before(at time.Time) *model {
	in := m.in
	in.Now = at.Add(-time.Nanosecond)
	was := newModel(in, buildOrder(in))
	for name := range in.Project.Sources {
		log := m.log(name)
		arrived := len(log)
		for arrived > 0 && !log[arrived-1].Arrived.Before(at) {
			arrived--
		}
		was.logs[name] = log[:arrived]
	}
	return was
}

// lateDeliveries enters the times in which a source's supplier delivered nothing for
// longer than was promised.
func (m *model) lateDeliveries(s *sweep, l Ledger, source *assets.Source) {
	late := m.lateFrom(source)
	if late.IsZero() {
		return
	}
	planned := m.plannedSince(plannedPromise(source))
	var deliveries []time.Time
	for _, a := range m.log(source.Name) {
		deliveries = append(deliveries, a.Arrived)
	}
	if last := late.Add(-source.MaxAge); last.After(deliveries[len(deliveries)-1]) {
		deliveries = append(deliveries, last)
	}
	b := Breach{Name: source.Name, Policy: "max_age " + duration(source.MaxAge), Source: source.Name.String()}
	known := s.last[b.key()]
	for i, at := range deliveries {
		if at.Before(planned) {
			at = planned
		}
		b.BehindSince, b.Due = at, at.Add(source.MaxAge)
		b.Cause = "nothing was delivered since " + moment(at)
		if i == len(deliveries)-1 {
			if seen := m.in.Observed[source.Name]; seen.Err != "" {
				what, _, _ := strings.Cut(seen.Err, ". ") // what follows is advice
				b.Cause += "; it cannot be observed: " + what
			}
			if !b.Due.After(m.in.Now) {
				s.add(b, time.Time{})
			}
			return
		}
		// A delivery of equal content is no version, and only the last one is known: it was
		// not late when the last entry was made, or that would be open.
		if known == nil && !b.Due.After(l.Synced) {
			b.Due = l.Synced.Add(source.MaxAge)
		}
		if next := deliveries[i+1]; next.After(l.Synced) && b.Due.Before(next) {
			s.add(b, next)
		}
	}
}
