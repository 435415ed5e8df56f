package planner

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// sameAttempt is the last attempt to build n, if it failed and the next one would be
// the same: by the same definition and checks, from the same versions of the inputs,
// none of which needs a build itself.
func (m *model) sameAttempt(n *node) *Materialization {
	failed, ok := m.in.State.Failed[Key{Asset: n.asset.Name}]
	if !ok || m.otherDefinition(n, failed) || failed.Definition.Settings != "" && failed.Definition.Settings != n.declared().settings || failed.Audit != n.declared().audit || failed.Definition.Quarantine != n.declared().quarantine {
		return nil
	}
	for i, name := range n.graph.Inputs {
		if _, scanned := n.graph.Bound.Uses[name]; !scanned && n.graph.Unbound == "" {
			continue // named where it makes no difference
		}
		if input := n.inputs[i]; input != nil && input.needs() && !m.lastGood(n, input) || failed.Reads[name].Version != m.current(name) {
			return nil
		}
	}
	for name, looked := range failed.Looked { // of others, by its checks
		if m.current(name) != looked {
			return nil
		}
	}
	if !n.asset.Schedule.IsZero() && n.tick.After(failed.Tick) {
		return nil
	}
	return &failed
}

// current is the version of a source or asset that there is now.
func (m *model) current(name assets.Name) assets.Digest {
	if m.nodes[name] != nil { // perhaps not looked at yet: checks order nothing
		return m.in.State.Last[Key{Asset: name}].Made.ID
	}
	log := m.log(name)
	if len(log) == 0 {
		return ""
	}
	return log[len(log)-1].ID
}

// resting says why an attempt that failed is not made again now: its retry time has
// not come, nor does a person ask for it.
func (m *model) resting(n *node) []Reason {
	failed := m.in.State.Failed[Key{Asset: n.asset.Name}]
	if m.in.Options.Retry || m.mayRetry(failed) {
		return nil
	}
	next := fmt.Sprintf("it is tried again by `assets retry %s` or `assets apply`, or when its inputs, its definition or its checks change", n.asset.Name)
	if !failed.Retry.IsZero() {
		next += fmt.Sprintf(", or by a daemon at %s", moment(failed.Retry))
	}
	return []Reason{{Code: PreviousFailure, Message: failureMessage(failed) + "; " + next}}
}

// mayRetry reports whether the time has come to make an attempt again. If it lies further
// ahead than it could, the clock was set back since: nobody waits for years.
func (m *model) mayRetry(failed Materialization) bool {
	pause := failed.Retry.Sub(failed.Ended)
	return !failed.Retry.IsZero() && (!failed.Retry.After(m.in.Now) || failed.Retry.After(m.in.Now.Add(pause+time.Minute)))
}

// failedAudit reports whether the checks that n is to be audited by failed already on
// the version that is published.
func (m *model) failedAudit(n *node) bool {
	failed, ok := m.in.State.Failed[Key{Asset: n.asset.Name}]
	if !ok || failed.Audit != n.declared().audit || len(m.resting(n)) == 0 {
		return false
	}
	for _, source := range n.graph.CheckInputs {
		if seen := m.in.Observed[source]; seen.ID != "" && failed.Looked[source] != seen.ID {
			return false
		}
	}
	return !m.anotherAttempt(n, failed)
}

// previousFailure: what it needs was tried and failed. It is no cause by itself
// and joins the causes there are.
func (m *model) previousFailure(n *node) []Reason {
	failed, ok := m.in.State.Failed[Key{Asset: n.asset.Name}]
	if !ok || m.anotherAttempt(n, failed) {
		return nil
	}
	return []Reason{{Code: PreviousFailure, Message: failureMessage(failed)}}
}

// failureMessage says how often the last attempt was made, if not once.
func failureMessage(failed Materialization) string {
	message := lastFailure(failed)
	if failed.Tried > 1 {
		message = fmt.Sprintf("%d attempts failed since %s; %s", failed.Tried, moment(failed.FailedSince), message)
	}
	return message
}

// lastFailure is what stays the same however often the same attempt is made.
func lastFailure(failed Materialization) string {
	if failed.Err == "" {
		return "the last attempt failed"
	}
	first, _, _ := strings.Cut(failed.Err, "\n")
	return "the last attempt failed: " + first
}

// anotherAttempt reports whether what is to be built now is not what failed then:
// another delivery of a source, or another definition.
func (m *model) anotherAttempt(n *node, failed Materialization) bool {
	for name, read := range failed.Reads {
		if is := m.in.Observed[name].Version.ID; is != "" && is != read.Version {
			return true
		}
	}
	return m.otherDefinition(n, failed)
}

// otherDefinition reports whether an attempt was made by another definition.
func (m *model) otherDefinition(n *node, failed Materialization) bool {
	was, is := failed.Definition.Bound, n.graph.Bound
	return was.Syntax != "" && is.Syntax != "" && was.Syntax != is.Syntax && was.Syntax.Scheme() == is.Syntax.Scheme() && !sameMeaning(was, is)
}
