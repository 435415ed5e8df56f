package planner

import (
	"fmt"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// Action is what a plan does with an asset. Its value is its symbol.
type Action rune

const (
	None       Action = ' '
	Create     Action = '+'
	Rebuild    Action = '~'
	Drop       Action = '-'
	Revalidate Action = '='
	Wait       Action = '…'
	Blocked    Action = '!'
)

var actionNames = map[Action]string{
	None: "none", Create: "create", Rebuild: "rebuild", Drop: "drop",
	Revalidate: "revalidate", Wait: "wait", Blocked: "blocked",
}

// String is the action's word, as in JSON: "create", "none".
func (a Action) String() string {
	if s, ok := actionNames[a]; ok {
		return s
	}
	return fmt.Sprintf("Action(%q)", rune(a))
}

// Symbol is the action as a plan shows it: "+", "~", " ".
func (a Action) Symbol() string { return string(rune(a)) }

// MarshalText writes the action's word.
func (a Action) MarshalText() ([]byte, error) {
	if name, ok := actionNames[a]; ok {
		return []byte(name), nil
	}
	return nil, fmt.Errorf("%s is not an action of a plan", a)
}

// UnmarshalText reads what MarshalText wrote.
func (a *Action) UnmarshalText(text []byte) error {
	for action, name := range actionNames {
		if name == string(text) {
			*a = action
			return nil
		}
	}
	return fmt.Errorf("%q is not an action of a plan", text)
}

// AssetState is how an asset stands: of these the first that holds.
type AssetState string

const (
	StateFailed  AssetState = "failed"  // the last attempt failed with what the next one would have
	StateMissing AssetState = "missing" // never built, or dropped outside
	StateChanged AssetState = "changed" // its definition is another, or its table was altered outside
	StateStale   AssetState = "stale"   // its policy is not kept at this moment
	StateBehind  AssetState = "behind"  // something arrived that it does not reflect; not due yet
	StateFresh   AssetState = "fresh"
)

// SourceState is how a source stands.
type SourceState string

const (
	SourceOK         SourceState = "ok"
	SourceAbsent     SourceState = "absent"     // never had a version
	SourceLate       SourceState = "late"       // nothing was delivered for its max_age
	SourceUnobserved SourceState = "unobserved" // the last look at it failed
)

// Code is the machine-readable part of a Reason.
type Code string

const (
	Missing           Code = "missing"
	DefinitionChanged Code = "definition_changed"
	InputChanged      Code = "input_changed"
	InputBehind       Code = "input_behind"
	Schedule          Code = "schedule"
	Drifted           Code = "drifted"
	Forced            Code = "forced"
	PreviousFailure   Code = "previous_failure"
	NeededDownstream  Code = "needed_downstream"
	ChecksChanged     Code = "checks_changed"
	ContractChanged   Code = "contract_changed"
	Removed           Code = "removed"
	NotDue            Code = "not_due"
	UpstreamFailed    Code = "upstream_failed"
	InputsDisagree    Code = "inputs_disagree"
	Unaffected        Code = "unaffected"
	Unmanaged         Code = "unmanaged"
)

// Reason is one cause of a step's action, as a sentence and as data.
type Reason struct {
	Code    Code         `json:"code"`
	Message string       `json:"message"`
	Input   *assets.Name `json:"input,omitempty"`
	Columns []string     `json:"columns,omitempty"`
}

// Step is what a plan does with one interval of one asset. Every asset of the
// project and every published one that left it has a step.
type Step struct {
	Key
	Action  Action   `json:"action"`
	Reasons []Reason `json:"reasons,omitempty"`
	// ConditionalOn names inputs that the plan rebuilds or may come to rebuild, so
	// that what this asset reads of them decides when they are done. If it turns out
	// equal, the step is carried out as a Revalidate, or not at all if its action is
	// None; if not, as a Rebuild. Empty: the step is certain.
	ConditionalOn []assets.Name `json:"conditional_on,omitempty"`
	// LastGood names inputs that cannot be built and of which the last good version is read.
	LastGood []assets.Name `json:"last_good,omitempty"`
	// Lacks says which version of each source, as its place in the log, is the first that
	// the published version does not reflect, and Lent which one a build does not reflect
	// either, because of last good versions. Both are told only where these may be read, and
	// of tables that can be seen in a published view.
	Lacks map[assets.Name]int `json:"lacks,omitempty"`
	Lent  map[assets.Name]int `json:"lent,omitempty"`
	// State is how the asset stands now, before the plan is carried out. See [AssetState].
	State       AssetState `json:"state,omitempty"`
	BehindSince time.Time  `json:"behind_since,omitzero"`
	Due         time.Time  `json:"due,omitzero"`
	StartBy     time.Time  `json:"start_by,omitzero"`
	// Tick is the latest tick of the asset's schedule at Plan.At; zero: none.
	Tick     time.Time     `json:"tick,omitzero"`
	Estimate time.Duration `json:"estimate,omitempty"` // nanoseconds in JSON
}

// Options narrow or force what a plan does.
type Options struct {
	// Targets restricts the plan to these assets and what they need; empty: all.
	Targets []assets.Name `json:"targets,omitempty"`
	// Replace names assets that are rebuilt without any other reason.
	Replace []assets.Name `json:"replace,omitempty"`
	// Destroy plans the removal of everything published: of Targets, if given,
	// and of whatever published reads them.
	Destroy bool `json:"destroy,omitempty"`
	// All builds what waits for its start-by, too.
	All bool `json:"all,omitempty"`
	// Retry tries again what failed, before its retry time and with equal inputs: a
	// person asks for it.
	Retry bool `json:"retry,omitempty"`
}

// Input is everything a plan is made from.
type Input struct {
	Project *assets.Project
	// Graph is the compiled project. Only with Options.Destroy it may be nil.
	Graph    *lineage.Graph
	State    State
	Observed map[assets.Name]Observation
	Now      time.Time
	Options  Options
	// Prepared is what [Prepare] makes of Project; nil: it is worked out anew.
	Prepared *Prepared
}

// Plan says what to do and why. It is data: the same Input gives the same Plan.
type Plan struct {
	At    time.Time `json:"at"`
	Basis Basis     `json:"basis"`
	// Steps are in an order in which they can be carried out: inputs first, drops last.
	Steps []Step `json:"steps"`
	// Outside names the assets that have work to do but lie outside Options.Targets,
	// sorted; their steps say None.
	Outside []assets.Name `json:"outside,omitempty"`
	// Broken are promises about columns that carrying out the plan breaks for other
	// owners. They are told, and keep nothing from being done.
	Broken []ContractChange `json:"broken,omitempty"`
	// Sources are the states of the project's sources.
	Sources map[assets.Name]SourceState `json:"sources,omitempty"`
	// NextWake is the earliest moment after At at which another plan would come out
	// although nothing else happens; zero: none.
	NextWake time.Time `json:"next_wake,omitzero"`
}
