// Package planner decides what to build: [Make] is a pure function from what is
// declared, what is recorded and what was observed to a [Plan]. It has no clock,
// does no I/O and keeps nothing between calls, so a restart can neither lose
// work nor repeat it.
//
// Start with [Input] and [Make]. The rules are one function each: why an asset
// needs a build in stale.go, why it cannot be built in block.go. They are asked
// once an asset, inputs first; what they found stands in a node. target.go
// narrows the outcome, drop.go adds what is to be removed.
package planner
