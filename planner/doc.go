// Package planner decides what to build: [Make] is a pure function from what is
// declared, what is recorded and what was observed to a [Plan]. It has no clock,
// does no I/O and keeps nothing between calls, so a restart can neither lose
// work nor repeat it.
//
// Start with [Input] and [Make]; the rules are one function each in stale.go.
package planner
