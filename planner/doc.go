// Package planner decides what to build, and when: [Make] is a pure function from what
// is declared, what is recorded and what was observed to a [Plan]. It has no clock,
// does no I/O and keeps nothing between calls, so a restart can neither lose
// work nor repeat it.
//
// Start with [Input] and [Make]. The rules are one function each. Why an asset needs a
// build: definition.go, inputs.go and drift.go. What of its sources it does not reflect:
// log.go and reflect.go. When that is due: policy.go and due.go. Why it cannot be built:
// block.go and failed.go; who is built all the same: tolerance.go. They are asked once an asset; what they found stands in a
// node. target.go narrows the outcome, drop.go adds what is to be removed.
//
// Besides, [Explain] says why a build is not earlier or later, [Simulate] what would be
// built when, and [Ledger] when policies were broken.
package planner
