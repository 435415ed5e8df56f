package view

import (
	"fmt"
	"io"
	"slices"
	"strings"
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
}

// AssetStatusJSON is how one asset is.
type AssetStatusJSON struct {
	Asset       assets.Name `json:"asset"`
	State       string      `json:"state"` // as StateOf says
	BehindSince *time.Time  `json:"behind_since,omitempty"`
	LagSeconds  float64     `json:"lag_seconds"`
	Due         *time.Time  `json:"due,omitempty"`
	Last        *LastJSON   `json:"last,omitempty"`
	Checks      ChecksJSON  `json:"checks"`
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
	Source  assets.Name   `json:"source"`
	Version assets.Digest `json:"version,omitempty"`
	Arrived *time.Time    `json:"arrived,omitempty"`
	Error   string        `json:"error,omitempty"`
	// Checks counts what the checks found in this version; Judged is false if they
	// were not run on it, or not as they are now.
	Judged bool       `json:"judged"`
	Checks ChecksJSON `json:"checks"`

	declared int // checks
}

// NewStatus tells how the selected sources and assets are, by what the plan
// would do with them.
func NewStatus(in planner.Input, plan planner.Plan, selected []assets.Name, diagnostics []DiagnosticJSON) StatusJSON {
	doc := StatusJSON{FormatVersion, []AssetStatusJSON{}, []SourceStatusJSON{}, diagnostics}
	steps := Steps(plan)
	for _, name := range selected {
		if in.Project.Sources[name] != nil {
			doc.Sources = append(doc.Sources, sourceStatus(in, name))
			continue
		}
		step, known := steps[name]
		if !known {
			step.Asset = name
		}
		doc.Assets = append(doc.Assets, assetStatus(in, step))
	}
	return doc
}

func sourceStatus(in planner.Input, name assets.Name) SourceStatusJSON {
	seen := in.Observed[name]
	status := SourceStatusJSON{Source: name, Version: seen.ID, Arrived: moment(seen.Arrived), Error: seen.Err, declared: len(in.Project.Sources[name].Checks)}
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

func assetStatus(in planner.Input, step planner.Step) AssetStatusJSON {
	status := AssetStatusJSON{
		Asset: step.Asset, State: StateOf(step),
		BehindSince: moment(step.BehindSince), Due: moment(step.Due),
	}
	if status.BehindSince != nil {
		status.LagSeconds = max(0, in.Now.Sub(step.BehindSince).Seconds())
	}
	last, published := in.State.Last[step.Key]
	if published {
		status.Last = newLast(last)
	}
	checks := last.Checks
	if failed, ok := in.State.Failed[step.Key]; ok && status.State == "failed" {
		checks = failed.Checks
	}
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

// StatusText writes a status for people.
func StatusText(w io.Writer, doc StatusJSON, now time.Time, style Style) {
	if len(doc.Assets) > 0 {
		writeAssetStatus(w, doc.Assets, now, style)
	}
	if len(doc.Sources) > 0 {
		if len(doc.Assets) > 0 {
			fmt.Fprintln(w)
		}
		writeSourceStatus(w, doc.Sources, now, style)
	}
	if len(doc.Assets) > 0 {
		fmt.Fprintf(w, "\n%s\n", style.Bold(countStates(doc.Assets)))
	}
}

func writeAssetStatus(w io.Writer, list []AssetStatusJSON, now time.Time, style Style) {
	t := table{style: style, right: map[int]bool{3: true, 4: true}}
	t.add("ASSET", "STATE", "BUILT", "ROWS", "TOOK", "CHECKS")
	for _, a := range list {
		built, rows, took, checks := "never", "", "", a.Checks.String()
		if a.Last != nil {
			built, rows, took = Ago(a.Last.At, now), a.Last.rows(), Seconds(a.Last.Seconds)
			if a.Last.Quarantined > 0 {
				checks += ", " + Count(a.Last.Quarantined, "row") + " quarantined"
			}
		}
		t.add(a.Asset.String(), a.State, built, rows, took, checks)
	}
	t.paint = func(row, column int, text string) string {
		if column != 1 {
			return text
		}
		return paintState(list[row-1].State, text, style)
	}
	t.write(w)
}

func paintState(state, text string, style Style) string {
	switch state {
	case "fresh":
		return style.Green(text)
	case "failed":
		return style.Red(text)
	}
	return style.Yellow(text)
}

func writeSourceStatus(w io.Writer, list []SourceStatusJSON, now time.Time, style Style) {
	t := table{style: style}
	checked := ""
	if slices.ContainsFunc(list, func(s SourceStatusJSON) bool { return s.declared > 0 }) {
		checked = "CHECKS"
	}
	t.add("SOURCE", "VERSION", "ARRIVED", checked, "")
	for _, s := range list {
		version, arrived, trouble := "unseen", "", ""
		if s.Version != "" {
			version = s.Version.Short()
		}
		if s.Arrived != nil {
			arrived = Ago(*s.Arrived, now)
		}
		if s.Error != "" {
			trouble = "cannot be observed: " + s.Error
		}
		checks := s.Checks.String()
		if s.declared > 0 && !s.Judged {
			checks = "not run yet"
		}
		t.add(s.Source.String(), version, arrived, checks, trouble)
	}
	t.write(w)
}

// String is the outcome of checks for people; empty without checks.
func (c ChecksJSON) String() string {
	var parts []string
	for _, part := range []struct {
		n    int
		text string
	}{{c.Failed, "failed"}, {c.Warned, "warned"}, {c.Passed, "passed"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.text))
		}
	}
	return strings.Join(parts, ", ")
}

func countStates(list []AssetStatusJSON) string {
	counts := map[string]int{}
	for _, a := range list {
		counts[a.State]++
	}
	var parts []string
	for _, state := range []string{"fresh", "behind", "stale", "changed", "missing", "failed", "removed"} {
		if n := counts[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	return fmt.Sprintf("%s: %s.", Count(len(list), "asset"), strings.Join(parts, ", "))
}
