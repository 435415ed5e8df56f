package view

import (
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// PlanJSON is the document of `plan -json` and `show -json PLANFILE`.
type PlanJSON struct {
	FormatVersion string           `json:"format_version"`
	At            time.Time        `json:"at"`
	Project       string           `json:"project"`
	Environment   string           `json:"environment"`
	Actions       []ActionJSON     `json:"actions"`
	Summary       planner.Summary  `json:"summary"`
	NextWake      *time.Time       `json:"next_wake,omitempty"`
	Diagnostics   []DiagnosticJSON `json:"diagnostics"`
}

// ActionJSON is what a plan does with one asset.
type ActionJSON struct {
	Asset           assets.Name      `json:"asset"`
	Action          string           `json:"action"`
	Reasons         []planner.Reason `json:"reasons"`
	Intervals       []IntervalJSON   `json:"intervals,omitempty"`
	BehindSince     *time.Time       `json:"behind_since,omitempty"`
	Due             *time.Time       `json:"due,omitempty"`
	StartBy         *time.Time       `json:"start_by,omitempty"`
	EstimateSeconds float64          `json:"estimate_seconds,omitempty"`
	ConditionalOn   []assets.Name    `json:"conditional_on,omitempty"`
}

// IntervalJSON is one partition of time; the end is exclusive.
type IntervalJSON struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// NewPlanJSON is the document for a plan of the named project.
func NewPlanJSON(project string, plan planner.Plan, diagnostics []DiagnosticJSON) PlanJSON {
	doc := PlanJSON{
		FormatVersion: FormatVersion, At: plan.At.UTC(), Project: project, Environment: "prod",
		Actions: []ActionJSON{}, Summary: plan.Summary(), NextWake: moment(plan.NextWake), Diagnostics: diagnostics,
	}
	for _, step := range plan.Steps {
		action := ActionJSON{
			Asset: step.Asset, Action: step.Action.String(), Reasons: step.Reasons,
			BehindSince: moment(step.BehindSince), Due: moment(step.Due), StartBy: moment(step.StartBy),
			EstimateSeconds: step.Estimate.Seconds(), ConditionalOn: step.ConditionalOn,
		}
		if action.Reasons == nil {
			action.Reasons = []planner.Reason{}
		}
		if !step.IsAlways() {
			action.Intervals = []IntervalJSON{{step.Start.UTC(), step.End.UTC()}}
		}
		doc.Actions = append(doc.Actions, action)
	}
	return doc
}

// moment is t for an optional field.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
