// Package materialize carries a plan out: it builds what the plan says, audits
// every built table before anyone can see it, and publishes a whole run in one
// transaction.
//
// The way of one asset: the scheduler (schedule.go) hands it to a worker once
// its inputs are done and there is a slot in its pools (leases.go); build.go
// makes its table in the run's catalog (catalog.go) and audits it in one scan;
// the flusher (flush.go) writes it to the warehouse with its record, so that a
// crash does not cost the work; when all are built, together.go runs the checks
// that need more than one asset; and publish.go makes visible what passed. What fails
// is attempted again (retry.go), or is read in its last good version (tolerance.go).
//
// What holds at any moment, kill -9 included: readers see the last published
// run, whole; the next Apply takes up what was staged and drops what was not.
package materialize
