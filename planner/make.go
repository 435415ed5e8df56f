package planner

import (
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// Make decides what to do with every asset of the project and every published
// one that left it. It is a function of in alone: the same Input gives the same
// Plan, byte for byte.
func Make(in Input) Plan {
	p := Plan{At: in.Now, Basis: BasisOf(in)}
	order := buildOrder(in)
	if in.Options.Destroy {
		p.Steps = destroySteps(in, order)
		return p
	}

	m := lookAt(in, order)
	m.schedule()
	for i := range m.list {
		m.decide(&m.list[i])
	}
	m.buildBeside()
	m.limit()
	for i := range m.list {
		m.settle(&m.list[i])
	}
	p.Outside = m.restrict()

	p.Broken = brokenContracts(in, func(name assets.Name) bool { return m.nodes[name].action != None })
	p.Sources, p.NextWake = m.sourceStates(), m.nextWake()

	p.Steps = make([]Step, 0, len(m.list))
	shown := m.shown()
	for i := range m.list {
		n := &m.list[i]
		s := m.step(n)
		if m.tolerant || shown[n] {
			s.Lacks, s.Lent = m.lacks(n.behind()), m.lacks(n.borrowed)
		}
		p.Steps = append(p.Steps, s)
	}
	p.Steps = append(p.Steps, removedSteps(in, m.nodes)...)
	return p
}

// model is one call of Make: what the rules have found out so far. The assets are
// visited in turns: inputs first to find out what each needs and why (look), readers
// first for when that is to begin (schedule), then for what is built now (decide), and
// inputs first again for what follows from that for the others (settle).
type model struct {
	in     Input
	list   []node // in the graph's order
	nodes  map[assets.Name]*node
	forced map[assets.Name]bool
	logs   map[assets.Name][]Arrival
	// entries are what is known of versions that are no longer published, by need.
	entries map[Made]*entry
	clock   clock
	// policies are the blocks of known that hold for each asset, by its place in list.
	policies [][]int
	known    blocks
	tolerant bool // some asset may be built with a last good version
	// shows are the published views and the tables that can be seen in each.
	shows map[*node][]*node
	// stuck are the views that are due and cannot be made, by what they show; see beside.
	stuck map[*node][]*node
	// held says why an asset is not to be built because of what a view would show.
	held map[assets.Name][]Reason
}

// lookAt finds out what each asset needs and what stands against it: once more with what
// turned out to have to be held back, until that is all.
func lookAt(in Input, order []assets.Name) *model {
	for held := map[assets.Name][]Reason{}; ; {
		m := newModel(in, order)
		m.held = held
		for i := range m.list {
			m.look(&m.list[i])
		}
		if m.shows = m.publishedShows(); !m.holdBack() {
			return m
		}
	}
}

func newModel(in Input, order []assets.Name) *model {
	m := &model{in: in, nodes: make(map[assets.Name]*node, len(order)), forced: setOf(in.Options.Replace),
		logs: make(map[assets.Name][]Arrival, len(in.Project.Sources)), entries: map[Made]*entry{}}
	m.list = make([]node, len(order))
	edges := 0
	for i, name := range order {
		n := &m.list[i]
		n.asset, n.graph = in.Project.Assets[name], in.Graph.Nodes[name]
		m.nodes[name] = n
		if in.Prepared != nil {
			n.digests = in.Prepared.digests[n.asset]
		}
		edges += len(n.graph.Inputs) + len(n.graph.Readers)
	}
	m.link(make([]*node, 0, edges))
	m.clock, m.tolerant = clock{project: in.Project.Timezone}, isTolerant(in.Project)
	return m
}

// link joins the nodes, in room for all their edges: looking them up by name each time
// would take longer than the rules.
func (m *model) link(room []*node) {
	for i := range m.list {
		n := &m.list[i]
		from := len(room)
		for _, name := range n.graph.Inputs {
			room = append(room, m.nodes[name])
		}
		n.inputs, from = room[from:len(room):len(room)], len(room)
		for _, name := range n.graph.Readers {
			if reader := m.nodes[name]; reader != nil {
				room = append(room, reader)
			}
		}
		n.readers = room[from:len(room):len(room)]
	}
}

// node is one asset and what the rules found out about it.
type node struct {
	asset *assets.Asset
	graph *lineage.Node
	// inputs are those of graph.Inputs, in their order; nil: a source.
	inputs  []*node
	readers []*node
	digests *digests         // of its declarations; nil: not known yet
	last    *Materialization // nil: never built
	found   *Found           // nil: the name is free

	// What look found.

	// certain are the causes that ask for a build whatever becomes of the inputs.
	certain []Reason
	// links are the inputs that are assets and were read.
	links []link
	// entry is what last reflects.
	entry
	// gaps are the versions of sources that it, or an input of it, does not reflect.
	gaps gaps
	// borrowed are those of inputs of which the last good version is read, and of inputs
	// that do so: no build of n closes them.
	borrowed gaps
	// standIns are the inputs of which the last good version is read.
	standIns []*node
	// borrows says that it, or an input of it, reads a last good version.
	borrows bool
	// atOnce says that it needs a build for another reason than a version of a source:
	// no policy delays that.
	atOnce bool
	// changed says that it was made by another definition, or altered outside.
	changed bool
	// redone says that an input has other content for the same versions and
	// definitions, or is itself redone, or that a person asks for that.
	redone bool
	// moved says that an input is known to have other content than was read.
	moved bool
	// change is what a build is expected to change in its content.
	change lineage.Change
	// blockers are the causes that it cannot be built.
	blockers []Reason
	// notes are the causes to look at it without a build.
	notes []Reason
	// failed is the last attempt, if that is the one that would be made again.
	failed *Materialization
	// tick is the latest tick of its schedule.
	tick time.Time

	// What schedule found.

	chain        time.Duration // the longest path of estimates to build it
	due, startBy time.Time

	// What decide and settle found.

	action Action
	// conditional are the causes that vanish if the inputs in conditionalOn,
	// which this plan builds, turn out to have the content that was read.
	conditional   []Reason
	conditionalOn []assets.Name
	// unlessChanged are the inputs that this plan builds, or may come to build, but
	// that are expected to change nothing for it. If they do, it is built all the same.
	unlessChanged []assets.Name
	// predictions say that of inputs which are certain to be built.
	predictions []Reason
	// pending are causes that only hold once an input is built that is not built now.
	pending []Reason
	// previous tells of an attempt that failed.
	previous []Reason
	// needed says which reader a build outside the targets is for.
	needed *Reason
	// limited says that it would be built now if not so many were.
	limited bool
}

// needs reports whether n needs a build, now or later.
func (n *node) needs() bool { return n.atOnce || len(n.gaps) > 0 }

// cannot reports whether n cannot be built.
func (n *node) cannot() bool { return len(n.blockers) > 0 }

// builds reports whether the plan builds n.
func (n *node) builds() bool { return n.action == Create || n.action == Rebuild }

// look finds out what n needs, and what stands against it. Its inputs were looked at.
func (m *model) look(n *node) {
	n.action = None
	if last, ok := m.in.State.Last[Key{Asset: n.asset.Name}]; ok {
		n.last = &last
	}
	if found, ok := m.in.State.Found[n.asset.Name]; ok {
		n.found = &found
	}
	if !n.asset.Enabled {
		return // what is published stays
	}
	n.tick = m.clock.latestTick(n.asset.Schedule, m.scheduledSince(n.asset), m.in.Now)
	m.findStandIns(n)
	m.findCauses(n)
	if !n.needs() {
		return
	}
	n.change = n.redefinition
	if n.last == nil || n.moved || n.redone || len(n.gaps) > 0 {
		n.change = lineage.Everything
	}
	n.failed = m.sameAttempt(n)
	n.chain = m.chain(n)
	n.blockers = m.findBlockers(n)
}

// findCauses collects why n needs a build, or a look without one.
func (m *model) findCauses(n *node) {
	if n.last == nil {
		n.certain, n.atOnce = missing(), true
		return
	}
	definition, drift := m.definitionCauses(n), drifted(n)
	inputs, reread := m.inputCauses(n, len(definition) > 0)
	if len(definition)+len(inputs) == 0 {
		reread = slices.Concat(reread, meansOther(n))
		inputs = reread
	}
	n.changed = len(definition)+len(drift) > 0
	repair := slices.Concat(drift, m.forcedByUser(n))
	n.redone = n.redone || m.forced[n.asset.Name] // by chance or by the moment
	n.entry = m.reflect(n, len(definition)+len(reread) > 0)
	n.gaps = n.gaps.with(n.lag)
	n.atOnce = n.atOnce || len(definition)+len(reread)+len(repair) > 0
	n.certain = slices.Concat(definition, inputs, m.ticked(n), repair)
}

// definitionCauses collects why the definition that n was made by is no longer its own.
func (m *model) definitionCauses(n *node) []Reason {
	causes := append(redefined(n), quarantineChanged(n)...)
	if len(causes) == 0 && m.outdatedView(n) {
		return []Reason{{Code: DefinitionChanged, Message: "its SQL changed, and so did what it reads"}}
	}
	return causes
}

// decide says whether n is built now.
func (m *model) decide(n *node) {
	switch {
	case !n.needs():
	case !m.in.Options.All && (n.startBy.IsZero() || n.startBy.After(m.in.Now)):
		n.action = Wait
	case n.cannot():
		n.action = Blocked
	case n.missing():
		n.action = Create
	default:
		n.action = Rebuild
	}
}

// settle finds out what the inputs of n, which are settled, and its checks are to it,
// now that it is known what is built.
func (m *model) settle(n *node) {
	if !n.asset.Enabled {
		return
	}
	m.settleInputs(n)
	n.previous = m.previousFailure(n)
	if !n.needs() {
		n.action = m.revalidation(n)
	}
}

// revalidation is what is done with n, which needs no build: record it as up to date,
// or nothing.
func (m *model) revalidation(n *node) Action {
	checks := m.checksChanged(n)
	n.notes = slices.Concat(n.notes, checks, contractChanged(n))
	switch {
	case len(checks) > 0 && m.failedAudit(n):
		n.blockers = m.resting(n)
		return Blocked
	case len(n.notes)+len(n.predictions) > 0:
		return Revalidate
	}
	return None
}

// missing reports whether nothing of n can be read: it was never built, or was dropped.
func (n *node) missing() bool { return n.last == nil || dropped(n) }

// state is how n stands: of the states the first that holds.
func (m *model) state(n *node) AssetState {
	switch {
	case n.failed != nil || n.action == Blocked && !n.needs():
		return StateFailed
	case n.missing():
		return StateMissing
	case !n.asset.Enabled:
		return StateFresh
	case n.changed:
		return StateChanged
	case !n.due.IsZero() && !n.due.After(m.in.Now):
		return StateStale
	case n.needs(), n.borrows:
		return StateBehind
	}
	return StateFresh
}

func (m *model) step(n *node) Step {
	s := Step{Key: Key{Asset: n.asset.Name}, Action: n.action, State: m.state(n), BehindSince: n.behind().since(), Due: n.due, StartBy: n.startBy, Tick: n.tick}
	switch n.action {
	case Create, Rebuild:
		s.Reasons = slices.Concat(n.certain, n.conditional, n.previous)
		s.Estimate = m.estimate(n)
		if len(n.certain) == 0 {
			s.ConditionalOn = n.conditionalOn
		}
	case Wait:
		s.Reasons = slices.Concat([]Reason{m.notDue(n)}, n.certain, n.conditional, n.pending, n.previous)
		s.Estimate = m.estimate(n)
	case Blocked:
		s.Reasons = slices.Concat(n.blockers, n.certain, n.conditional)
	case Revalidate:
		s.Reasons = slices.Concat(n.predictions, n.notes, n.previous)
		s.ConditionalOn = n.unlessChanged
	case None:
		s.ConditionalOn = n.unlessChanged
	}
	if n.action != Blocked {
		s.Reasons = append(s.Reasons, n.madeWithout()...)
	}
	if n.builds() || n.action == Revalidate {
		for _, input := range n.standIns {
			s.LastGood = append(s.LastGood, input.asset.Name)
		}
	}
	if n.needed != nil {
		s.Reasons = append(s.Reasons, *n.needed)
	}
	return s
}

// estimate is how long a build of n is expected to take: as most builds of it did,
// or the last one; a view is made in no time. 0 if nothing is known.
func (m *model) estimate(n *node) time.Duration {
	if n.asset.Kind == assets.View {
		return 0
	}
	if known, ok := m.in.State.Estimates[n.asset.Name]; ok {
		return known
	}
	if n.last == nil {
		return 0
	}
	return max(0, n.last.Ended.Sub(n.last.Began))
}

// buildOrder lists the project's assets, inputs first.
func buildOrder(in Input) []assets.Name {
	if in.Graph == nil {
		return assets.SortedNames(in.Project.Assets)
	}
	return in.Graph.Order
}

func setOf(names []assets.Name) map[assets.Name]bool {
	set := make(map[assets.Name]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}
