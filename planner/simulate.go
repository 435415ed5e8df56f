package planner

import (
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// Arriving is a version of a source that is expected.
type Arriving struct {
	Source assets.Name
	At     time.Time
}

// Forecast is what is to be expected from From to Until.
type Forecast struct {
	From, Until time.Time
	// Builds are in the order in which they begin.
	Builds []ForeseenBuild
	// Breaches of declared policies are in the order in which they begin.
	Breaches []ForeseenBreach
}

// ForeseenBuild is a build that is expected.
type ForeseenBuild struct {
	Asset assets.Name
	// Began is when its run begins, Ended when that publishes.
	Began, Ended time.Time
	// Due is when a policy would be broken without it; zero: no policy asks for it.
	Due time.Time
	// Since is when the first version arrived that it makes up for; zero: it is built for
	// another reason. Source is what arrived: a source, or the schedule of an asset as
	// its name with ".schedule" after it.
	Since  time.Time
	Source assets.Name
}

// ForeseenBreach is a time in which a declared policy is expected not to be kept.
type ForeseenBreach struct {
	Asset assets.Name
	Due   time.Time
	Ended time.Time // zero: not before Until
	// Since is when what is missing arrived, Source what it is of.
	Since  time.Time
	Source assets.Name
}

// simulationStep is how exact a simulation is that has to be quick.
const simulationStep = time.Minute

// exactAssets is up to how many assets a simulation is exact to the second.
const exactAssets = 1000

// Simulate says what a daemon would do from in.Now to until, to the second or, of many
// assets, to the minute, if the versions in arriving, sorted by time, came as expected, each other than the one
// before, and each build took as long as it is estimated to. A run builds what hangs
// together of what is to be built, publishes when its longest path is done, and is not
// disturbed by what arrives meanwhile. What cannot be built now is not built before an
// input arrives that it waits for.
func Simulate(in Input, arriving []Arriving, until time.Time) Forecast {
	return simulate(newSimulation(in), arriving, until)
}

func simulate(s *simulation, arriving []Arriving, until time.Time) Forecast {
	f := Forecast{From: s.in.Now, Until: until}
	s.run(arriving, until, func(builds []ForeseenBuild) { f.Builds = append(f.Builds, builds...) })
	slices.SortStableFunc(s.breaches, func(a, b ForeseenBreach) int { return a.Due.Compare(b.Due) })
	f.Breaches = s.breaches
	return f
}

// CountBuilds is how many builds of each asset [Simulate] foresees.
func CountBuilds(in Input, arriving []Arriving, until time.Time) map[assets.Name]int {
	counts := map[assets.Name]int{}
	newSimulation(in).run(arriving, until, func(builds []ForeseenBuild) {
		for _, b := range builds {
			counts[b.Asset]++
		}
	})
	return counts
}

// run goes through time, and tells of the builds that begin.
func (s *simulation) run(arriving []Arriving, until time.Time, tell func([]ForeseenBuild)) {
	arriving = s.withTicks(arriving, until)
	for now := s.in.Now; !now.After(until); {
		for len(arriving) > 0 && !arriving[0].At.After(now) {
			s.arrive(arriving[0])
			arriving = arriving[1:]
		}
		s.publishEnded(now)
		s.plan(now)
		s.watch()
		tell(s.begin())
		next := s.nextWake()
		if len(arriving) > 0 {
			next = earlier(next, arriving[0].At)
		}
		if next.IsZero() {
			return
		}
		now = s.nextMoment(now, next)
	}
}

// nextMoment is the first moment of a simulation after now at which t has come.
func (s *simulation) nextMoment(now, t time.Time) time.Time {
	next := now.Truncate(s.step).Add(s.step)
	if ceiled := t.Add(s.step - 1).Truncate(s.step); ceiled.After(next) {
		return ceiled
	}
	return next
}

// simulation knows of each asset only what it does not reflect: once it is built, it
// reflects all that had arrived when its run began.
type simulation struct {
	*model
	step       time.Duration
	downstream map[assets.Name][]*node // of sources and schedules, as far as anything flows
	arrived    map[assets.Name]int     // how many versions of each arrived
	stuck      map[*node][]Reason      // why it cannot be built, assets that it reads apart
	policed    map[*node]bool          // a policy is declared for it
	selective  map[*node]bool          // one of its policies is about some sources only
	missed     map[*node]gaps          // what arrived since its run began
	running    []simulatedRun
	breaches   []ForeseenBreach
	open       map[*node]int // those of breaches that go on
}

type simulatedRun struct {
	assets []*node
	ends   time.Time
}

func newSimulation(in Input) *simulation {
	in.Options = Options{}
	s := &simulation{model: newModel(in, buildOrder(in)), downstream: map[assets.Name][]*node{}, arrived: map[assets.Name]int{},
		stuck: map[*node][]Reason{}, policed: map[*node]bool{}, selective: map[*node]bool{}, missed: map[*node]gaps{}, open: map[*node]int{}}
	declared := declaredPolicies(in.Project, in.Graph)
	for i := range s.list {
		n := &s.list[i]
		if s.look(n); !n.asset.Enabled {
			continue
		}
		s.stuck[n] = slices.DeleteFunc(s.findBlockers(n), func(r Reason) bool {
			return r.Input != nil && s.nodes[*r.Input] != nil && s.nodes[*r.Input].asset.Enabled // see plan
		})
		s.policed[n] = len(declared[n.asset.Name]) > 0
	}
	if s.step = time.Second; len(s.list) > exactAssets {
		s.step = simulationStep
	}
	s.resolvePolicies()
	s.shows = s.publishedShows()
	for i := range s.list {
		s.selective[&s.list[i]] = slices.ContainsFunc(s.policies[i], func(id int) bool { return s.known.all[id].sources != nil })
	}
	return s
}

// withTicks adds the ticks of schedules to what arrives.
func (s *simulation) withTicks(arriving []Arriving, until time.Time) []Arriving {
	all := slices.Clone(arriving)
	for i := range s.list {
		n := &s.list[i]
		if !n.asset.Enabled || n.asset.Schedule.IsZero() {
			continue
		}
		for tick := s.clock.firstTick(n.asset.Schedule, s.in.Now.Add(time.Nanosecond)); !tick.IsZero() && !tick.After(until); tick = s.clock.firstTick(n.asset.Schedule, tick.Add(time.Nanosecond)) {
			all = append(all, Arriving{tickSource(n.asset.Name), tick})
		}
	}
	slices.SortStableFunc(all, func(a, b Arriving) int { return a.At.Compare(b.At) })
	return all
}

// reached are the assets that an arrival puts behind.
func (s *simulation) reached(source assets.Name) []*node {
	reached, known := s.downstream[source]
	if known {
		return reached
	}
	below := map[*node]bool{}
	for i := range s.list {
		n := &s.list[i]
		if !n.asset.Enabled {
			continue
		}
		if tickSource(n.asset.Name) == source && !n.asset.Schedule.IsZero() ||
			slices.ContainsFunc(n.graph.Inputs, func(i assets.Name) bool { return i == source || below[s.nodes[i]] }) {
			below[n] = true
			reached = append(reached, n)
		}
	}
	s.downstream[source] = reached
	return reached
}

func (s *simulation) arrive(a Arriving) {
	s.arrived[a.Source]++
	news := gaps{{a.Source, len(s.in.State.Arrivals[a.Source]) + s.arrived[a.Source], a.At}}
	for _, n := range s.reached(a.Source) {
		// What is wrong with one version is not expected of the next.
		s.stuck[n] = slices.DeleteFunc(s.stuck[n], func(r Reason) bool { return r.Input != nil && *r.Input == a.Source })
		if missed, busy := s.missed[n]; busy {
			s.missed[n] = s.with(n, missed, news)
		}
		if n.last != nil || !n.atOnce { // else it is built from whatever there is
			n.lag = s.with(n, n.lag, news)
		}
	}
}

// with adds gaps to those of n. Unless a policy is about some sources only, what
// arrived first is all that counts.
func (s *simulation) with(n *node, g, more gaps) gaps {
	switch {
	case s.selective[n]:
		return g.with(more)
	case len(g) == 0 || len(more) > 0 && more.since().Before(g.since()):
		return more
	}
	return g
}

// plan finds out what is to be done at a moment.
func (s *simulation) plan(now time.Time) {
	s.in.Now = now
	s.held, s.model.stuck = map[assets.Name][]Reason{}, nil
	for again := true; again; again = s.holdBack() {
		for i := range s.list {
			s.lookAhead(&s.list[i])
		}
	}
	s.schedule()
	for i := range s.list {
		n := &s.list[i]
		if !n.startBy.IsZero() && n.startBy.Before(now.Add(s.step)) {
			n.startBy = earlier(n.startBy, now) // what is to begin within this step begins now
		}
		if s.isDue(n) && !n.cannot() {
			n.action = Rebuild
		}
	}
	s.buildBeside()
	s.limit()
}

// lookAhead finds out what n needs at a moment, and whether anything stands against it.
func (s *simulation) lookAhead(n *node) {
	n.action, n.due, n.startBy, n.chain = None, time.Time{}, time.Time{}, 0
	n.gaps = n.lag
	for _, name := range n.graph.Inputs {
		if input := s.nodes[name]; input != nil && len(input.gaps) > 0 && !s.lastGood(n, input) && (n.last != nil || !n.atOnce) && n.asset.Enabled {
			n.gaps = s.with(n, n.gaps, input.gaps)
		}
	}
	if !n.needs() {
		return
	}
	n.chain = s.chain(n)
	n.blockers = slices.Clone(s.held[n.asset.Name])
	if len(s.stuck[n]) > 0 || slices.ContainsFunc(n.graph.Inputs, func(name assets.Name) bool {
		input := s.nodes[name]
		return input != nil && input.needs() && input.cannot() && !s.lastGood(n, input)
	}) {
		n.blockers = append(n.blockers, Reason{Code: UpstreamFailed})
	}
}

// begin starts runs of what is to be built and hangs together, as far as nothing that
// it reads, or that reads it, is being built already.
func (s *simulation) begin() []ForeseenBuild {
	var builds []ForeseenBuild
	busy := func(name assets.Name) bool { _, busy := s.missed[s.nodes[name]]; return busy }
	var ready [][]*node
	for _, part := range components(s.model) {
		if !slices.ContainsFunc(part, func(n *node) bool {
			return busy(n.asset.Name) || slices.ContainsFunc(n.graph.Inputs, busy) || slices.ContainsFunc(n.graph.Readers, busy)
		}) {
			ready = append(ready, part)
		}
	}
	for _, part := range ready {
		run := simulatedRun{part, s.in.Now}
		for _, n := range part {
			if ends := s.in.Now.Add(s.takes(n)); ends.After(run.ends) {
				run.ends = ends
			}
		}
		for _, n := range part {
			first := n.gaps.first()
			builds = append(builds, ForeseenBuild{n.asset.Name, s.in.Now, run.ends, n.due, first.since, first.source})
			s.missed[n] = nil
		}
		s.running = append(s.running, run)
	}
	return builds
}

// publishEnded publishes the runs that are done by now.
func (s *simulation) publishEnded(now time.Time) {
	s.running = slices.DeleteFunc(s.running, func(r simulatedRun) bool {
		if r.ends.After(now) {
			return false
		}
		for _, n := range r.assets {
			n.lag, n.atOnce = s.missed[n], false
			delete(s.missed, n)
		}
		return true
	})
}

// watch notes where declared policies begin and cease to be broken.
func (s *simulation) watch() {
	for i := range s.list {
		n := &s.list[i]
		at, going := s.open[n]
		broken := !n.due.IsZero() && !n.due.After(s.in.Now) && s.policed[n]
		switch {
		case broken && !going:
			first := n.gaps.first()
			s.open[n] = len(s.breaches)
			s.breaches = append(s.breaches, ForeseenBreach{Asset: n.asset.Name, Due: n.due, Since: first.since, Source: first.source})
		case !broken && going:
			s.breaches[at].Ended = s.in.Now
			delete(s.open, n)
		}
	}
}

// nextWake is the earliest moment at which anything happens by itself.
func (s *simulation) nextWake() (wake time.Time) {
	for i := range s.list {
		n := &s.list[i]
		if !n.needs() {
			continue
		}
		if n.due.After(s.in.Now) {
			wake = earlier(wake, n.due)
		}
		if start := n.startBy.Truncate(s.step); start.After(s.in.Now) {
			wake = earlier(wake, start)
		}
	}
	for _, r := range s.running {
		wake = earlier(wake, r.ends)
	}
	return wake
}

// components divides what m builds into parts that do not read each other, each in
// the graph's order.
func components(m *model) [][]*node {
	part, place := map[*node]int{}, map[*node]int{}
	var parts [][]*node
	for i := range m.list {
		n := &m.list[i]
		if !n.builds() {
			continue
		}
		place[n] = i
		joined := -1
		for _, name := range n.graph.Inputs {
			input := m.nodes[name]
			if input == nil || !input.builds() {
				continue
			}
			switch p := part[input]; {
			case joined < 0:
				joined = p
			case p != joined:
				for _, moved := range parts[p] {
					part[moved] = joined
				}
				parts[joined] = append(parts[joined], parts[p]...)
				parts[p] = nil
			}
		}
		if joined < 0 {
			joined = len(parts)
			parts = append(parts, nil)
		}
		part[n] = joined
		parts[joined] = append(parts[joined], n)
	}
	parts = slices.DeleteFunc(parts, func(p []*node) bool { return p == nil })
	for _, p := range parts {
		slices.SortFunc(p, func(a, b *node) int { return place[a] - place[b] })
	}
	return parts
}
