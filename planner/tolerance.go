package planner

import (
	"slices"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// StandsIn reports whether a version of an asset with the columns last can be read where
// its definition gives the columns is: it has all that are used, with their types.
func StandsIn(uses []string, is, last []assets.Column) bool {
	return !slices.ContainsFunc(lineage.WithoutOrder(uses), func(column string) bool {
		was := typeOf(last, column)
		return was == "" || was != typeOf(is, column)
	})
}

// lastGood reports whether n is built with the last good version of an input, because that
// needs a build and cannot be built: for n the input then is what it is, whatever it does
// not reflect. Otherwise n would be built again and again, to no effect.
func (m *model) lastGood(n, input *node) bool {
	return input != nil && input.needs() && input.cannot() && standsIn(n, input)
}

// standsIn reports whether n may be built with the last good version of an input.
func standsIn(n, input *node) bool {
	return n.asset.Tolerates(input.asset) &&
		input.last != nil && !lost(input) && StandsIn(n.graph.Bound.Uses[input.asset.Name], input.graph.Columns, input.last.Made.Columns)
}

// findStandIns finds the inputs of n of which the last good version is read.
func (m *model) findStandIns(n *node) {
	for _, input := range n.inputs {
		switch {
		case input == nil:
		case m.lastGood(n, input):
			n.standIns, n.borrows = append(n.standIns, input), true
			n.borrowed = n.borrowed.with(input.behind())
		case input.borrows:
			n.borrows = true
		}
	}
}

// behind are all gaps of n: besides those that a build of n closes, those that stay as
// long as an input cannot be built.
func (n *node) behind() gaps { return n.gaps.with(n.borrowed) }

// madeWithout says of which inputs the last good version is read.
func (n *node) madeWithout() []Reason {
	var reasons []Reason
	for _, input := range n.standIns {
		why := "cannot be built"
		if input.failed != nil {
			why = "failed"
		}
		reasons = append(reasons, because(InputBehind, input.asset.Name, "%s %s: its last good version is read", input.asset.Name, why))
	}
	return reasons
}

// disagreeing: an input was made with a last good version, so that it reflects less of a
// source than another input does, or less than what is read of the source itself. Who does
// not tolerate that input is not built from both.
func (m *model) disagreeing(n *node) []Reason {
	for _, input := range n.inputs {
		if input == nil || m.lastGood(n, input) || n.asset.Tolerates(input.asset) {
			continue
		}
		for _, gap := range input.borrowed {
			for i, other := range n.graph.Inputs {
				if n.inputs[i] != input && m.reflectsMore(n, other, n.inputs[i], gap) {
					return []Reason{because(InputsDisagree, input.asset.Name,
						"%s was made with a last good version, and reflects less of source %s than %s does", input.asset.Name, gap.source, other)}
				}
			}
		}
	}
	return nil
}

// reflectsMore reports whether n reads more of a source, through an input or itself, than
// what is before a gap.
func (m *model) reflectsMore(n *node, name assets.Name, input *node, g gap) bool {
	if input == nil {
		return name == g.source
	}
	if !input.asset.Enabled || !m.in.Graph.Upstream(name)[g.source] {
		return false
	}
	left := input.borrowed // once it is built, if it needs that
	if m.lastGood(n, input) {
		left = input.behind()
	}
	of := left.of([]assets.Name{g.source})
	return len(of) == 0 || of[0].position > g.position
}

// lacks says of each source which version in its log is the first that is not reflected;
// without schedules.
func (m *model) lacks(g gaps) map[assets.Name]int {
	var first map[assets.Name]int
	for _, gap := range g {
		if m.in.Project.Sources[gap.source] != nil {
			if first == nil {
				first = map[assets.Name]int{}
			}
			first[gap.source] = gap.position
		}
	}
	return first
}

// isTolerant reports whether any asset of a project may be built with a last good version.
func isTolerant(p *assets.Project) bool {
	for _, a := range p.Assets {
		if a.Failure.OnFailure == assets.UseLastGood || len(a.Inputs) > 0 {
			return true
		}
	}
	return false
}
