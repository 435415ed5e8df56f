package server

import (
	"net/http"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// StatusJSON is the document of `status -json`, and what only a daemon can tell.
type StatusJSON struct {
	view.StatusJSON
	At      time.Time     `json:"at"`      // of the plan that it was made from
	Running []RunningJSON `json:"running"` // runs under way
}

// RunningJSON is a run under way.
type RunningJSON struct {
	Run    string        `json:"run"`
	Since  time.Time     `json:"since"`
	Assets []assets.Name `json:"assets"`
}

// snapshot is the daemon's, with the time that has passed since; an error until
// there is a plan.
func (a *api) snapshot() (Snapshot, error) {
	s := a.daemon.Snapshot()
	if !s.Ready {
		return s, refusal(http.StatusServiceUnavailable, "There is no plan yet", "The daemon is starting: ask again in a moment. Its log says what it does.")
	}
	if now := a.Now().UTC(); now.After(s.Input.Now) {
		s.Input.Now = now
	}
	return s, nil
}

func (a *api) status(*http.Request) (any, error) {
	s, err := a.snapshot()
	if err != nil {
		return nil, err
	}
	doc := StatusJSON{view.NewStatus(s.Input, s.Plan, s.names(), diagnostics(s)), s.At.UTC(), []RunningJSON{}}
	for _, r := range s.Running {
		doc.Running = append(doc.Running, RunningJSON{r.Run, r.Since.UTC(), append([]assets.Name{}, r.Assets...)})
	}
	return doc, nil
}

func (a *api) plan(*http.Request) (any, error) {
	s, err := a.snapshot()
	if err != nil {
		return nil, err
	}
	return view.NewPlanJSON(s.Project.Name, s.Plan, diagnostics(s)), nil
}

func (a *api) asset(r *http.Request) (any, error) {
	s, err := a.snapshot()
	if err != nil {
		return nil, err
	}
	name, err := s.find(r.PathValue("name"), "asset or source", func(n assets.Name) bool {
		_, published := s.Input.State.Last[planner.Key{Asset: n}]
		return published || s.Project.Assets[n] != nil || s.Project.Sources[n] != nil
	})
	if err != nil {
		return nil, err
	}
	return view.NewWhy(s.Input, s.Plan, name), nil
}

// find reads a name that is one of those known; an error says which it may be a slip for.
func (s Snapshot) find(text, what string, known func(assets.Name) bool) (assets.Name, error) {
	name, err := assets.ParseName(text)
	if err == nil && known(name) {
		return name, nil
	}
	var elsewhere, all []string
	for _, n := range s.names() {
		switch {
		case !known(n):
		case n.Table == name.Table: // of another schema
			elsewhere = append(elsewhere, n.String())
		default:
			all = append(all, n.String())
		}
	}
	hint := ""
	if near := append(elsewhere, lineage.Nearest(text, all)...); len(near) > 0 {
		hint = " Did you mean " + near[0] + "?"
	}
	return name, refusal(http.StatusNotFound, "There is no such "+what, "No %s is called %s.%s", what, shown(text), hint)
}

// diagnostics are what people should know of a snapshot besides its plan.
func diagnostics(s Snapshot) []view.DiagnosticJSON {
	var diags hcl.Diagnostics
	if s.Invalid != "" {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "The project's files could not be loaded",
			Detail: "The daemon goes on with what they said before. " + view.Sentence(s.Invalid)})
	}
	if s.Fault != "" {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Nothing can be built at present",
			Detail: view.Sentence(s.Fault) + " It is tried again and again, since " + view.Moment(s.FaultSince) + "."})
	}
	return view.DiagnosticsJSON(slices.Concat(diags, view.ContractWarnings(s.Project, s.Plan)), s.Project.Files)
}
