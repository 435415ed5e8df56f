package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// The rules of what cannot be built. They are asked only about assets that need
// a build: what is up to date may read a source that is gone.

// findBlockers collects why n cannot be built.
func (m *model) findBlockers(n *node) []Reason {
	blockers := slices.Concat(unmanaged(n), m.quarantineTaken(n), m.held[n.asset.Name])
	for i, name := range n.graph.Inputs {
		if input := n.inputs[i]; m.lastGood(n, input) {
			continue
		} else if input != nil {
			blockers = append(blockers, unreadable(input)...)
		} else {
			blockers = append(blockers, m.unobserved(name)...)
			blockers = append(blockers, m.condemned(name)...)
		}
	}
	switch {
	case len(blockers) > 0:
	case n.graph.Unbound != "":
		return []Reason{{Code: UpstreamFailed, Message: n.graph.Unbound}}
	case n.failed != nil:
		return m.resting(n)
	case m.tolerant:
		return m.disagreeing(n)
	}
	return blockers
}

// unmanaged: its name is held by an object that this project did not make.
func unmanaged(n *node) []Reason {
	if !isForeign(n.found, n.last != nil) {
		return nil
	}
	return []Reason{foreign(n.found.Kind)}
}

func foreign(kind string) Reason {
	return Reason{Code: Unmanaged, Message: fmt.Sprintf(
		"the warehouse has a %s of this name that this project did not make: rename or drop it", kind)}
}

// isForeign reports whether what is found under a name is not ours. We publish
// views only; one that was replaced by another view has drifted.
func isForeign(found *Found, published bool) bool {
	return found != nil && found.Kind != "" && (found.Kind != "view" || !published)
}

// unobserved: a source was never seen, or cannot be read now.
func (m *model) unobserved(name assets.Name) []Reason {
	seen := m.in.Observed[name]
	var what string
	switch {
	case !seen.Unreadable && len(m.log(name)) > 0:
		return nil
	case seen.Version.ID == "":
		what = fmt.Sprintf("source %s was never observed", name)
	default:
		what = fmt.Sprintf("source %s cannot be read", name)
	}
	if seen.Err != "" {
		first, _, _ := strings.Cut(seen.Err, ". ") // what follows is advice
		what += ": " + first
	}
	return []Reason{because(UpstreamFailed, name, "%s", what)}
}

// condemned: a source has been judged in the version there is now, and fails a check.
func (m *model) condemned(name assets.Name) []Reason {
	verdict, judged := m.in.Verdict(name)
	if !judged || verdict.Accepted() {
		return nil
	}
	return []Reason{because(UpstreamFailed, name, "source %s fails its %s", name, verdict.Failures())}
}

// unreadable: an input needs a build and cannot be built, or is disabled and
// left nothing to read.
func unreadable(input *node) []Reason {
	name := input.asset.Name
	switch {
	case input.needs() && input.cannot():
		return []Reason{because(UpstreamFailed, name, "%s cannot be built", name)}
	case input.asset.Enabled:
		return nil
	case input.last == nil:
		return []Reason{because(UpstreamFailed, name, "%s is disabled and was never built", name)}
	case lost(input):
		return []Reason{because(UpstreamFailed, name, "%s is disabled and no longer in the warehouse", name)}
	}
	return nil
}

// lost reports whether what n published can no longer be read: a table's data,
// or a view's own text.
func lost(n *node) bool {
	if n.found == nil {
		return true
	}
	if n.last.Table != "" {
		return n.found.Table == ""
	}
	return n.found.Kind != "view"
}
