// Package view says how things look: diagnostics, plans, progress, status, runs
// and query results, each for people and, where it is public, as JSON. The JSON
// documents carry a format version; fields may be added to them, never renamed.
//
// Functions write what they are given and decide nothing. Emphasis goes through
// one [Style], which is plain unless told that it writes to a terminal.
package view
