package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/notify"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Apply carries out a plan that was made by this session, or that this session
// found to hold still. A run that could not publish everything is no error; see
// the result.
func (s *Session) Apply(ctx context.Context, plan planner.Plan) (materialize.Result, hcl.Diagnostics) {
	db, release, err := s.hold.acquire(ctx, s.warehouse(false))
	if err != nil {
		return materialize.Result{}, fault("Cannot open the warehouse for writing", err)
	}
	s.begin()
	callbacks := s.callbacks()
	result, diags := s.apply(ctx, db, plan, callbacks)
	err = release()
	mark, _ := warehouse.MarkOf(s.Project.Warehouse) // what has none is not cached
	diags = append(diags, callbacks.Wait(ctx)...)    // others may have the warehouse meanwhile
	if err != nil {
		return result, append(diags, fault("Cannot close the warehouse", err)...)
	}
	if diags.HasErrors() {
		return result, diags
	}
	observed := map[assets.Name]planner.Observation{}
	for name, seen := range s.recorded {
		observed[name] = seen
	}
	for _, seen := range s.news() {
		observed[seen.Source] = seen
	}
	s.State = result.State
	s.State.Arrivals = s.arrivals()
	s.planned = nil
	if result.Untidy != nil { // the next plan finds out what is left
		return result, diags
	}
	s.end()
	// The next plan need not open the file to know what this run left in it.
	warehouse.Save(mark, s.cache("state"), warehouse.Snapshot{State: s.State, Observed: observed})
	return result, diags
}

// overtook refuses a plan that another run came before. The next one is made from what the
// warehouse holds, whatever is cached of it.
func (s *Session) overtook(moved []string) hcl.Diagnostics {
	s.Overtaken = true
	if err := os.Remove(s.cache("state")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.Log.Debug().Err(err).Msg("the cached state stays")
	}
	return stale(moved)
}

// arrivals are the logs of sources with what was recorded by this run.
func (s *Session) arrivals() map[assets.Name][]planner.Arrival {
	logs := map[assets.Name][]planner.Arrival{}
	maps.Copy(logs, s.State.Arrivals)
	for _, seen := range s.news() {
		logs[seen.Source] = slices.Concat(logs[seen.Source], seen.Before, []planner.Arrival{{ID: seen.ID, Arrived: seen.Arrived}})
	}
	return logs
}

// unfinished is a file in .assets that is there from the beginning of a run to its good end.
const unfinished = "unfinished"

func (s *Session) begin() {
	if err := os.WriteFile(s.cache(unfinished), nil, 0o666); err != nil {
		s.Log.Debug().Err(err).Msg("the run is not marked as begun")
	}
}

func (s *Session) end() {
	if err := os.Remove(s.cache(unfinished)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.Log.Debug().Err(err).Msg("the run is not marked as ended")
	}
}

// Tidy drops what a run left behind that was killed after it had published, when
// there is nothing to do for which a run would begin by that. Nothing depends on it.
func (s *Session) Tidy(ctx context.Context) {
	if _, err := os.Stat(s.cache(unfinished)); err != nil {
		return
	}
	o := s.warehouse(false)
	o.LockTimeout = 0 // whoever holds it may be in the middle of a run, and will tidy up itself
	db, release, err := s.hold.acquire(ctx, o)
	if err == nil {
		err = errors.Join(tidy(ctx, db), release())
	}
	if err != nil {
		s.Log.Debug().Err(err).Msg("what an interrupted run left behind stays for now")
		return
	}
	s.end()
}

// warnUntidy tells of what could not be done after a run that is published.
func warnUntidy(log zerolog.Logger, err error) {
	log.Warn().Err(warehouse.Limited(err)).Msg("the run is published. Something that comes after that failed, and is left to the next run")
}

func tidy(ctx context.Context, db *warehouse.DB) error {
	keep := map[string]bool{}
	state, err := db.State(ctx)
	if err == nil {
		var staged map[planner.Key]planner.Materialization
		staged, err = db.Staged(ctx)
		for _, records := range []map[planner.Key]planner.Materialization{state.Last, staged} {
			for _, m := range records {
				for _, table := range m.Tables() {
					keep[table] = true
				}
			}
		}
	}
	if err == nil {
		_, err = db.Sweep(ctx, keep)
	}
	return err
}

func (s *Session) apply(ctx context.Context, db *warehouse.DB, plan planner.Plan, callbacks *notify.Callbacks) (materialize.Result, hcl.Diagnostics) {
	// Between the plan and now, while a person thought, another run may have been published.
	now, err := db.State(ctx)
	if err != nil {
		return materialize.Result{}, fault("Cannot read the warehouse's state", err)
	}
	in := s.input(planner.Options{})
	in.State = now
	if moved := plan.Basis.Moved(planner.BasisOf(in)); len(moved) > 0 {
		return materialize.Result{}, s.overtook(moved)
	}
	if moved, err := s.overtakenSince(ctx, db); err != nil {
		return materialize.Result{}, fault("Cannot read which versions of sources were recorded", err)
	} else if len(moved) > 0 {
		return materialize.Result{}, s.overtook(moved)
	}
	news := s.news()
	if err := db.Observe(ctx, news); err != nil {
		return materialize.Result{}, fault("Cannot record what was observed", err)
	}
	if err := db.Plan(ctx, s.planned); err != nil {
		return materialize.Result{}, fault("Cannot record since when schedules are planned with", err)
	}
	s.forgetEvents()
	trace, id := s.beginTrace()
	if trace != nil {
		s.Log.Info().Msg("the run is traced")
	}
	running, c := s.conduct(ctx)
	executor := materialize.Executor{
		ID: id, DB: db, Graph: s.Graph, State: now, Sources: s.Looks, Relook: s.observe,
		Parallelism: s.Parallelism, Now: s.Now, Redact: s.Redactor.String, Trace: trace.Phases(),
		Emit: s.telling(c.event, callbacks.Event, trace.Event),
		Breaches: func(ctx context.Context, before, after planner.State, run warehouse.Run) ([]planner.Breach, error) {
			return s.settle(ctx, db, before, after, run, false)
		},
	}
	result, err := executor.Apply(running, s.Project, plan)
	err = c.stopped(running, db, err)
	c.end(result, err)
	trace.End(result, err, s.Now())
	if err != nil {
		var stopped *StoppedError
		s.Stopped = errors.As(err, &stopped)
		return result, fault("The run failed", err)
	}
	// A source that moved while it was read was looked at again.
	late := slices.DeleteFunc(s.news(), func(o planner.Observation) bool {
		return slices.ContainsFunc(news, func(before planner.Observation) bool { return before.Source == o.Source && before.ID == o.ID })
	})
	if err := db.Observe(context.WithoutCancel(ctx), late); err != nil {
		result.Untidy = errors.Join(result.Untidy, fmt.Errorf("record what was observed during the run: %w", err))
	}
	if result.Untidy != nil { // the run is published all the same
		warnUntidy(s.Log, result.Untidy)
		return result, nil
	}
	s.retain(ctx, db)
	return result, nil
}
