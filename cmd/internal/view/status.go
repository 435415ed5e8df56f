package view

import (
	"cmp"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// StatusJSON is the document of `status -json`.
type StatusJSON struct {
	FormatVersion string             `json:"format_version"`
	Assets        []AssetStatusJSON  `json:"assets"`
	Sources       []SourceStatusJSON `json:"sources"`
	Diagnostics   []DiagnosticJSON   `json:"diagnostics"`

	declared bool // some policy or schedule
}

// AssetStatusJSON is how one asset is.
type AssetStatusJSON struct {
	Asset       assets.Name `json:"asset"`
	State       string      `json:"state"` // as StateOf says
	BehindSince *time.Time  `json:"behind_since,omitempty"`
	// LagSeconds is how long it has been behind.
	LagSeconds float64 `json:"lag_seconds"`
	// DataTime is up to when it reflects all that arrived: behind_since, or now if it
	// reflects everything. Missing if nothing is published.
	DataTime *time.Time `json:"data_time,omitempty"`
	Due      *time.Time `json:"due,omitempty"`
	// StartBy is when a build is to begin; missing if none is needed, or asked for.
	StartBy *time.Time   `json:"start_by,omitempty"`
	Policy  []PolicyJSON `json:"policy"`
	Last    *LastJSON    `json:"last,omitempty"`
	Checks  ChecksJSON   `json:"checks"`
	// Failure is the last attempt, if the asset failed.
	Failure *FailureJSON `json:"failure,omitempty"`
	// LastGood are the inputs that could not be built when the visible version was made
	// from their last good ones.
	LastGood []assets.Name `json:"last_good,omitempty"`

	next string // when it is built, for people
}

// LastJSON is the materialization that is visible.
type LastJSON struct {
	Run  string    `json:"run"`
	At   time.Time `json:"at"`
	Rows int64     `json:"rows"` // of a view: 0, it has none of its own
	// Quarantined is how many rows were put aside besides.
	Quarantined int64         `json:"quarantined,omitempty"`
	Seconds     float64       `json:"seconds"`
	Version     assets.Digest `json:"version"`

	view bool
}

func newLast(m planner.Materialization) *LastJSON {
	return &LastJSON{m.Run, m.Ended.UTC(), m.Rows, m.Quarantine.Count(), m.Ended.Sub(m.Began).Seconds(), m.Made.ID, m.Table == ""}
}

// rows is the number of rows under a header that says so; a view has none of its own.
func (l *LastJSON) rows() string {
	if l.view {
		return "-"
	}
	return humanize.Comma(l.Rows)
}

// made says in a sentence what was made.
func (l *LastJSON) made() string {
	if l.view {
		return "a view"
	}
	return Count(l.Rows, "row")
}

// ChecksJSON counts the outcomes of the checks of the latest attempt.
type ChecksJSON struct {
	Passed int `json:"passed"`
	Warned int `json:"warned"`
	Failed int `json:"failed"`
}

// SourceStatusJSON is the version of a source that was seen last.
type SourceStatusJSON struct {
	Source  assets.Name         `json:"source"`
	State   planner.SourceState `json:"state,omitempty"`
	Version assets.Digest       `json:"version,omitempty"`
	Arrived *time.Time          `json:"arrived,omitempty"`
	// LateSince is when its supplier's promise was broken.
	LateSince *time.Time `json:"late_since,omitempty"`
	Error     string     `json:"error,omitempty"`
	// ErrorSince is since when every look at it has failed.
	ErrorSince *time.Time `json:"error_since,omitempty"`
	// Checks counts what the checks found in this version; Judged is false if they
	// were not run on it, or not as they are now.
	Judged bool       `json:"judged"`
	Checks ChecksJSON `json:"checks"`

	declared int // checks
	maxAge   time.Duration
}

// NewStatus tells how the selected sources and assets are, by what the plan
// would do with them: the worst first, then what is due first.
func NewStatus(in planner.Input, plan planner.Plan, selected []assets.Name, diagnostics []DiagnosticJSON) StatusJSON {
	doc := StatusJSON{FormatVersion, []AssetStatusJSON{}, []SourceStatusJSON{}, diagnostics, in.Project != nil && declares(in.Project)}
	steps := Steps(plan)
	var policies map[assets.Name][]planner.Policy
	if in.Graph != nil {
		policies = planner.PoliciesOf(in)
	}
	for _, name := range selected {
		if in.Project.Sources[name] != nil {
			doc.Sources = append(doc.Sources, sourceStatus(in, plan, name))
			continue
		}
		step, known := steps[name]
		if !known {
			step.Asset = name
		}
		doc.Assets = append(doc.Assets, assetStatus(in, step, newPolicies(in.Project, policies[name])))
	}
	slices.SortFunc(doc.Assets, func(a, b AssetStatusJSON) int {
		return cmp.Or(cmp.Compare(rank(states, a.State), rank(states, b.State)), sooner(a.Due, b.Due), a.Asset.Compare(b.Asset))
	})
	slices.SortStableFunc(doc.Sources, func(a, b SourceStatusJSON) int {
		return cmp.Compare(rank(sourceStates, a.State), rank(sourceStates, b.State))
	})
	return doc
}

// states and sourceStates are the states there are, the worst first.
var (
	states = []string{
		string(planner.StateFailed), string(planner.StateMissing), string(planner.StateChanged),
		string(planner.StateStale), string(planner.StateBehind), "removed", string(planner.StateFresh),
	}
	sourceStates = []planner.SourceState{planner.SourceAbsent, planner.SourceLate, planner.SourceUnobserved, planner.SourceOK}
)

// rank is how far from the worst a state is; one that is not known is the best.
func rank[S comparable](states []S, state S) int {
	if i := slices.Index(states, state); i >= 0 {
		return i
	}
	return len(states)
}

// sooner compares two times, of which nil is never.
func sooner(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

func sourceStatus(in planner.Input, plan planner.Plan, name assets.Name) SourceStatusJSON {
	seen, source := in.Observed[name], in.Project.Sources[name]
	status := SourceStatusJSON{Source: name, State: plan.Sources[name], Version: seen.ID, Arrived: moment(seen.Arrived), Error: seen.Err,
		declared: len(source.Checks), maxAge: source.MaxAge}
	if status.State == planner.SourceLate {
		status.LateSince = moment(planner.LateFrom(in, name))
	}
	if seen.Err != "" {
		status.ErrorSince = moment(seen.At)
	}
	var verdict planner.Verdict
	if verdict, status.Judged = in.Verdict(name); status.Judged {
		for _, check := range verdict.Checks {
			status.Checks.count(check)
		}
	}
	return status
}

// Steps are a plan's steps by asset.
func Steps(plan planner.Plan) map[assets.Name]planner.Step {
	steps := make(map[assets.Name]planner.Step, len(plan.Steps))
	for _, step := range plan.Steps {
		steps[step.Asset] = step
	}
	return steps
}

func assetStatus(in planner.Input, step planner.Step, policies []PolicyJSON) AssetStatusJSON {
	status := AssetStatusJSON{
		Asset: step.Asset, State: StateOf(step),
		BehindSince: moment(step.BehindSince), Due: moment(step.Due), StartBy: moment(step.StartBy),
		Policy: policies,
	}
	if status.BehindSince != nil {
		status.LagSeconds = max(0, in.Now.Sub(step.BehindSince).Seconds())
	}
	last, published := in.State.Last[step.Key]
	if published {
		status.Last, status.DataTime = newLast(last), cmp.Or(status.BehindSince, moment(in.Now))
	}
	checks, failed := last.Checks, in.State.Failed[step.Key]
	status.LastGood = last.LastGood
	if status.State == "failed" {
		checks = failed.Checks
		status.Failure = newFailure(failed)
	}
	status.next = nextBuild(step, failed.Retry, in.Now)
	for _, check := range checks {
		status.Checks.count(check)
	}
	return status
}

// StateOf names the state of a step's asset: removed if it left the project and
// is still published, else as the planner says.
func StateOf(step planner.Step) string {
	switch {
	case has(step, planner.Removed):
		return "removed"
	case step.State == "":
		return string(planner.StateFresh)
	}
	return string(step.State)
}

func has(step planner.Step, code planner.Code) bool {
	return slices.ContainsFunc(step.Reasons, func(r planner.Reason) bool { return r.Code == code })
}
