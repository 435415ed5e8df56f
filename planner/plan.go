package planner

import (
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
	Action  Action
	Reasons []Reason
	// ConditionalOn names inputs that the plan rebuilds and whose content may
	// turn out equal; if all do, this step is carried out as a Revalidate.
	// Empty: the step is certain.
	ConditionalOn             []assets.Name
	BehindSince, Due, StartBy time.Time
	Estimate                  time.Duration
}

// Options narrow or force what a plan does.
type Options struct {
	// Targets restricts the plan to these assets and what they need; empty: all.
	Targets []assets.Name
	// Replace names assets that are rebuilt without any other reason.
	Replace []assets.Name
	// Destroy plans the removal of everything published (of Targets, if given).
	Destroy bool
}

// Input is everything a plan is made from.
type Input struct {
	Project  *assets.Project
	Graph    *lineage.Graph
	State    State
	Observed map[assets.Name]Observation
	Now      time.Time
	Options  Options
}

// Plan says what to do and why. It is data: the same Input gives the same Plan.
type Plan struct {
	At    time.Time
	Basis Basis
	// Steps are in an order in which they can be carried out: inputs first, drops last.
	Steps    []Step
	NextWake time.Time
}
