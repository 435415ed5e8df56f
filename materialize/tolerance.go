package materialize

import (
	"fmt"
	"slices"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// hindrance is why a task is not carried out, though all before it is done; empty: it is.
// Inputs that failed are no hindrance if the asset is built with their last good version.
func (r *run) hindrance(t *task) string {
	select {
	case <-r.halted:
		return "the run was stopped, because " + r.haltedBy.String() + " failed"
	default:
	}
	for _, input := range t.inputs {
		if input.ok() {
			continue
		}
		name := input.step.Asset
		if !r.standsIn(t.step.Asset, name) {
			return input.missed()
		}
		if t.lastGood == nil {
			t.lastGood = map[assets.Name]bool{}
		}
		t.lastGood[name] = true
	}
	if !r.lend(t) {
		return ""
	}
	return r.disagreement(t)
}

// missed says of an input that there is nothing new of it to be read.
func (t *task) missed() string {
	what := "failed"
	if t.outcome == Skipped {
		what = "was skipped"
	}
	return "input " + t.step.Asset.String() + " " + what
}

// standsIn reports whether an asset may be built with what is published of an input.
func (r *run) standsIn(name, input assets.Name) bool {
	last, published := r.State.Last[planner.Key{Asset: input}]
	return published && r.project.Assets[name].Tolerates(r.project.Assets[input]) &&
		planner.StandsIn(r.Graph.Nodes[name].Bound.Uses[input], r.Graph.Nodes[input].Columns, last.Made.Columns)
}

// lend notes what of sources t will not reflect, and reports whether there is anything that
// it or an input of it does not.
func (r *run) lend(t *task) bool {
	t.lent = nil
	for _, input := range append(slices.Clone(t.node.Inputs), t.step.Asset) {
		lent := r.lentTo(t, input)
		if input == t.step.Asset {
			lent = r.steps[input].Lent
		}
		for source, first := range lent {
			if before, known := t.lent[source]; !known || first < before {
				if t.lent == nil {
					t.lent = map[assets.Name]int{}
				}
				t.lent[source] = first
			}
		}
	}
	return len(t.lent) > 0
}

// lentTo is what of sources is not reflected by what t reads of an input, because of last
// good versions.
func (r *run) lentTo(t *task, input assets.Name) map[assets.Name]int {
	switch i := r.tasks[input]; {
	case t.lastGood[input], slices.Contains(t.step.LastGood, input):
		return r.steps[input].Lacks
	case i != nil:
		return i.lent
	}
	return r.steps[input].Lent
}

// disagreement is what [planner.InputsDisagree] says, of inputs as this run leaves them.
func (r *run) disagreement(t *task) string {
	for _, input := range t.node.Inputs {
		if a := r.project.Assets[input]; a == nil || t.asset.Tolerates(a) {
			continue
		}
		lent := r.lentTo(t, input)
		for _, source := range assets.SortedNames(lent) {
			for _, other := range t.node.Inputs {
				reads := other == source || r.project.Assets[other] != nil && r.Graph.Upstream(other)[source]
				if first, lacks := r.lentTo(t, other)[source]; other != input && reads && (!lacks || first > lent[source]) {
					return fmt.Sprintf("input %s was made with a last good version, and reflects less of source %s than %s does", input, source, other)
				}
			}
		}
	}
	return ""
}

// standIns are all inputs of which the last good version is read: by the plan, or because
// they failed in this run.
func (t *task) standIns() []assets.Name {
	names := slices.Clone(t.step.LastGood)
	for name := range t.lastGood {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, assets.Name.Compare)
	return names
}
