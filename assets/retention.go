package assets

import "time"

// Retention says what is kept of the past. Whatever it says, what is needed is kept:
// for a plan, for estimates, for what checks and breaches are compared with.
type Retention struct {
	// Versions is how many old versions of each table are kept besides the published
	// one: 0 or 1.
	Versions int
	// Runs is how long a run and its records are kept, Checks how long results of
	// checks are, and Observations entries in the logs of sources.
	Runs, Checks, Observations time.Duration
}

// DefaultRetention is that of a project that says nothing of it.
func DefaultRetention() Retention {
	const day = 24 * time.Hour
	return Retention{Versions: 1, Runs: 30 * day, Checks: 90 * day, Observations: 90 * day}
}
