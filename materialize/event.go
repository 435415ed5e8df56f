package materialize

import (
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// EventType names what happened.
type EventType string

const (
	RunStarted    EventType = "run_started"
	AssetStarted  EventType = "asset_started"  // once for each attempt
	AssetRetry    EventType = "asset_retry"    // an attempt failed; another follows, unless the run is stopped before
	CheckFinished EventType = "check"          // only checks that did not pass, or put rows aside
	AssetFinished EventType = "asset_finished" // built and audited, or found not to need it; not yet visible
	RunPublished  EventType = "published"      // what could be published is visible
	RunFinished   EventType = "run_finished"
)

// Outcome is how an asset came out of a run.
type Outcome string

const (
	Built       Outcome = "built"
	TakenUp     Outcome = "taken_up"    // built by an earlier run that did not get to publish it
	Unchanged   Outcome = "unchanged"   // built; the content equals what is published
	Revalidated Outcome = "revalidated" // not built: what it reads did not change
	FailedBuild Outcome = "failed"
	Skipped     Outcome = "skipped" // an input failed
	Dropped     Outcome = "dropped"
)

// Event is one thing that happened during a run. Which fields are set depends on Type.
type Event struct {
	Type    EventType
	At      time.Time
	Run     string
	Asset   assets.Name // of CheckFinished also a source
	Action  planner.Action
	Outcome Outcome
	Rows    int64
	// Quarantined is how many rows were put aside besides.
	Quarantined int64
	Took        time.Duration
	Message     string
	Check       *planner.CheckResult
	// Attempt is which attempt at the asset this is about, from 1 on, and MaxAttempts how
	// many there are at most: of AssetStarted, AssetRetry and AssetFinished. 0: nothing was
	// attempted.
	Attempt, MaxAttempts int
	// Class is the kind of error of an attempt that failed.
	Class assets.ErrorClass
	// Next is when the next attempt begins, of AssetRetry; and of AssetFinished, when a
	// daemon tries again what failed; zero: not before something changes.
	Next time.Time
	// Done and Total count the run's assets.
	Done, Total int
	// Result is how the run came out, from RunPublished on.
	Result *Result
}

// Result is how a run came out.
type Result struct {
	Run    string
	Status string // "succeeded" or "failed"
	// Built counts what was built with new content, Unchanged what was
	// revalidated or came out equal, Skipped what was not built because an
	// input failed.
	Built, Unchanged, Failed, Skipped, Dropped int
	Took                                       time.Duration
	Assets                                     []AssetResult
	// Sources are the verdicts on sources that were judged in this run.
	Sources []planner.Verdict
	// State is the warehouse's state after the run.
	State planner.State
	// Untidy is what could not be done once the run was published, as to drop old tables.
	// Nothing depends on it, and the next run does it; nil: all is done.
	Untidy error
}

// AssetResult is how one asset came out.
type AssetResult struct {
	Asset   assets.Name
	Outcome Outcome
	Message string
	Record  planner.Materialization
	// Source is the one whose checks kept it from being built; zero: none did.
	Source assets.Name
}
