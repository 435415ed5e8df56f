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
	return input != nil && input.needs() && input.cannot() && n.asset.Tolerates(input.asset) &&
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
