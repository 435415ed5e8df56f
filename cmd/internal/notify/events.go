package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage/export"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// events makes OpenLineage events of what happens in a run. It is for one goroutine.
type events struct {
	lineage export.OpenLineage
	engine  string // DuckDB's version
	// certain are the assets whose START can be told at once. Whether another one is
	// built depends on what its inputs come to: its START waits until that is known,
	// as what turns out to be up to date was never run.
	certain map[assets.Name]bool
	send    func(export.RunEvent)

	run     string // the ULID; empty: it has not begun
	began   map[assets.Name]time.Time
	told    map[assets.Name]bool // START was
	settled bool                 // how the assets came out was
	ended   bool                 // how the run came out was
	dropped []export.OutputDataset
}

func newEvents(o export.OpenLineage, plan planner.Plan, engine string, send func(export.RunEvent)) *events {
	v := &events{lineage: o, engine: engine, send: send, certain: map[assets.Name]bool{}, began: map[assets.Name]time.Time{}, told: map[assets.Name]bool{}}
	for _, step := range plan.Steps {
		if (step.Action == planner.Create || step.Action == planner.Rebuild) && len(step.ConditionalOn) == 0 {
			v.certain[step.Asset] = true
		}
	}
	return v
}

func (v *events) event(e materialize.Event) {
	switch e.Type {
	case materialize.RunStarted:
		v.run = e.Run
		v.ofRun(export.RunStart, e.At, nil)
	case materialize.AssetStarted:
		if _, again := v.began[e.Asset]; !again { // built twice if a source moved meanwhile
			v.began[e.Asset] = e.At
		}
		if v.certain[e.Asset] {
			v.start(e.Asset)
		}
	case materialize.AssetFinished:
		switch e.Outcome {
		case materialize.Built, materialize.TakenUp, materialize.Unchanged, materialize.FailedBuild:
			v.start(e.Asset)
		}
	case materialize.RunPublished:
		v.settled = true
		for _, result := range e.Result.Assets {
			v.settle(result, e.At)
		}
	case materialize.RunFinished:
		if e.Result.Failed+e.Result.Skipped > 0 {
			v.ofRun(export.RunFail, e.At, v.lineage.Failure(summary(*e.Result)))
		} else {
			v.ofRun(export.RunComplete, e.At, nil)
		}
	}
}

// stopped ends a run that did not come to its own end. What it had begun is not published,
// unless it failed after that.
func (v *events) stopped(state export.RunState, at time.Time, message string) {
	if v.run == "" || v.ended {
		return
	}
	failure := v.lineage.Failure(message)
	if !v.settled {
		for _, name := range assets.SortedNames(v.told) {
			run := v.part(name, tableOf)
			run.Facets.ErrorMessage = failure
			e := v.lineage.RunEvent(state, at, run, v.lineage.AssetJob(name))
			e.Inputs, e.Outputs = v.lineage.Inputs(name), v.lineage.Output(name)
			v.send(e)
		}
	}
	v.ofRun(state, at, failure)
}

func (v *events) ofRun(state export.RunState, at time.Time, failure *export.ErrorMessageFacet) {
	run := export.Run{ID: uuid(v.run), Facets: export.RunFacets{ProcessingEngine: export.NewEngine(v.engine), ErrorMessage: failure}}
	e := v.lineage.RunEvent(state, at, run, v.lineage.ApplyJob())
	if state != export.RunStart {
		v.ended = true
		e.Outputs = v.dropped
	}
	v.send(e)
}

// The parts that a run has for each asset.
const (
	tableOf  = "asset"
	checksOf = "checks"
)

func (v *events) part(name assets.Name, part string) export.Run {
	return export.Run{ID: partUUID(v.run, part+" "+name.String()), Facets: export.RunFacets{
		Parent:           export.NewParent(export.Run{ID: uuid(v.run)}, v.lineage.ApplyJob()),
		ProcessingEngine: export.NewEngine(v.engine),
	}}
}

// start tells that the build of an asset has begun, once.
func (v *events) start(name assets.Name) {
	at, began := v.began[name]
	if !began || v.told[name] {
		return
	}
	v.told[name] = true
	e := v.lineage.RunEvent(export.RunStart, at, v.part(name, tableOf), v.lineage.AssetJob(name))
	e.Inputs, e.Outputs = v.lineage.Inputs(name), v.lineage.Output(name)
	v.send(e)
}

// settle tells how an asset came out, now that what was published is known.
func (v *events) settle(result materialize.AssetResult, published time.Time) {
	name, record := result.Asset, result.Record
	if result.Outcome == materialize.Dropped {
		v.dropped = append(v.dropped, v.lineage.DroppedDataset(name))
	}
	if !v.told[name] {
		return
	}
	at := record.Ended // of the build: the publish came later, for all at once
	if at.Before(v.began[name]) {
		at = published
	}
	v.checks(name, record, result.Outcome, at)
	versions := map[assets.Name]assets.Digest{}
	for input, read := range record.Reads {
		versions[input] = read.Version
	}
	run := v.part(name, tableOf)
	e := v.lineage.RunEvent(export.RunComplete, at, run, v.lineage.AssetJob(name))
	e.Inputs = v.lineage.Read(name, versions)
	switch result.Outcome {
	case materialize.FailedBuild, materialize.Skipped:
		// What is visible is the version before: nothing is said of its columns.
		e.EventType, e.Outputs = export.RunFail, v.lineage.Output(name)
		e.Run.Facets.ErrorMessage = v.lineage.Failure(result.Message)
	default:
		var rows *int64
		if record.Table != "" { // a view's rows are counted by nobody
			rows = &record.Rows
		}
		e.Outputs = v.lineage.Made(name, record.Made.ID, rows)
	}
	v.send(e)
}

// checks tells what the checks of an asset found, as a run of a job of their own.
func (v *events) checks(name assets.Name, record planner.Materialization, outcome materialize.Outcome, at time.Time) {
	if len(record.Checks) == 0 || outcome == materialize.Revalidated {
		return
	}
	var outcomes []export.CheckOutcome
	var failed []string
	for _, c := range record.Checks {
		outcomes = append(outcomes, export.CheckOutcome{
			Check: c.Check, Kind: c.Kind, Severity: c.Severity, Passed: c.Status == planner.CheckPassed, Violations: c.Violations})
		if c.Status == planner.CheckFailed {
			failed = append(failed, fmt.Sprintf("check %s: %s", c.Check, c.Message))
		}
	}
	run, job := v.part(name, checksOf), v.lineage.ChecksJob(name)
	// The checks share one scan with the count of rows: when each began nobody knows.
	start := v.lineage.RunEvent(export.RunStart, at, run, job)
	start.Inputs = v.lineage.Checked(name, nil)
	v.send(start)
	end := v.lineage.RunEvent(export.RunComplete, at, run, job)
	if failed != nil {
		end.EventType = export.RunFail
		end.Run.Facets.ErrorMessage = v.lineage.Failure(strings.Join(failed, "; "))
	}
	end.Inputs = v.lineage.Checked(name, outcomes)
	v.send(end)
}

// summary says in one line what did not go well.
func summary(r materialize.Result) string {
	var failed, skipped []string
	for _, a := range r.Assets {
		switch a.Outcome {
		case materialize.FailedBuild:
			failed = append(failed, a.Asset.String())
		case materialize.Skipped:
			skipped = append(skipped, a.Asset.String())
		}
	}
	var parts []string
	for _, list := range []struct {
		what  string
		names []string
	}{{"failed", failed}, {"skipped", skipped}} {
		if len(list.names) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s: %s", len(list.names), list.what, strings.Join(list.names, ", ")))
		}
	}
	return strings.Join(parts, "; ")
}
