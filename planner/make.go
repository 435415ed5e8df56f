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

	m := &model{in: in, nodes: make(map[assets.Name]*node, len(order)), forced: setOf(in.Options.Replace)}
	m.list = make([]node, len(order))
	for i, name := range order {
		n := &m.list[i]
		m.meet(n, name)
		m.nodes[name] = n
		m.decide(n)
	}
	p.Outside = m.restrict()

	p.Broken = slices.DeleteFunc(BrokenContracts(in), func(c ContractChange) bool { return m.nodes[c.Asset].action == None })

	p.Steps = make([]Step, 0, len(m.list))
	for i := range m.list {
		p.Steps = append(p.Steps, m.list[i].step())
	}
	p.Steps = append(p.Steps, removedSteps(in, m.nodes)...)
	return p
}

// model is one call of Make: what the rules have found out so far. The assets
// are visited inputs first and once each, so a rule finds its inputs decided.
type model struct {
	in     Input
	list   []node // in the graph's order
	nodes  map[assets.Name]*node
	forced map[assets.Name]bool
}

// node is one asset and what the rules found out about it.
type node struct {
	asset *assets.Asset
	graph *lineage.Node
	last  *Materialization // nil: never built
	found *Found           // nil: the name is free

	// certain are the causes that ask for a build whatever becomes of the inputs.
	certain []Reason
	// conditional are the causes that vanish if the inputs in conditionalOn,
	// which this plan builds, turn out to have the content that was read.
	conditional   []Reason
	conditionalOn []assets.Name
	// behind says that its content is expected to become other: a definition or
	// a version, its own or an input's, is not reflected. Drift, force and
	// failures do not make an asset behind, nor does having no content at all.
	behind bool
	// unlessChanged are the inputs that this plan builds, or may come to build, but
	// that are expected to change nothing for it. If they do, it is built all the same.
	unlessChanged []assets.Name
	// predictions say that of inputs which are certain to be built.
	predictions []Reason
	// change is what a build is expected to change in its content.
	change lineage.Change
	// moved says that an input is known to have other content than was read.
	moved bool
	// blockers are the causes that it cannot be built.
	blockers []Reason
	// notes are the causes to look at it without a build.
	notes []Reason
	// previous tells of an attempt that failed.
	previous []Reason

	action Action
	// needed says which reader a build outside the targets is for.
	needed *Reason
}

func (m *model) meet(n *node, name assets.Name) {
	n.action = None
	n.asset = m.in.Project.Assets[name]
	n.graph = m.in.Graph.Nodes[name]
	if last, ok := m.in.State.Last[Key{Asset: name}]; ok {
		n.last = &last
	}
	if found, ok := m.in.State.Found[name]; ok {
		n.found = &found
	}
}

// decide applies the rules to n, whose inputs are decided.
func (m *model) decide(n *node) {
	if !n.asset.Enabled {
		return // what is published stays
	}
	m.findCauses(n)
	n.change = m.changeOf(n)
	n.previous = m.previousFailure(n)
	switch {
	case !n.needsBuild():
		n.notes = slices.Concat(n.notes, m.checksChanged(n), contractChanged(n))
		if len(n.notes)+len(n.predictions) > 0 {
			n.action = Revalidate
		}
	case m.findBlockers(n):
		n.action = Blocked
	case n.last == nil:
		n.action = Create
	default:
		n.action = Rebuild
	}
}

func (n *node) needsBuild() bool {
	return len(n.certain) > 0 || len(n.conditional) > 0 || n.behind
}

// builds reports whether the plan builds n.
func (n *node) builds() bool { return n.action == Create || n.action == Rebuild }

func (n *node) step() Step {
	s := Step{Key: Key{Asset: n.asset.Name}, Action: n.action}
	switch n.action {
	case Create, Rebuild:
		s.Reasons = slices.Concat(n.certain, n.conditional, n.previous)
		s.Estimate = n.estimate()
		if len(n.certain) == 0 {
			s.ConditionalOn = n.conditionalOn
		}
	case Blocked:
		s.Reasons = slices.Concat(n.blockers, n.certain, n.conditional)
	case Revalidate:
		s.Reasons = slices.Concat(n.predictions, n.notes, n.previous)
		s.ConditionalOn = n.unlessChanged
	case None:
		s.ConditionalOn = n.unlessChanged
	}
	if n.needed != nil {
		s.Reasons = append(s.Reasons, *n.needed)
	}
	return s
}

// estimate is how long a build of n is expected to take: as long as the last
// one; a view is made in no time. 0 if nothing is known, as after a revalidation,
// whose record tells no build's duration.
func (n *node) estimate() time.Duration {
	if n.last == nil || n.asset.Kind == assets.View || n.last.Status == Revalidated {
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
