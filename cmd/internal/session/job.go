package session

import (
	"context"
	"errors"
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/notify"
	"github.com/seed-4311623e/assets/cmd/internal/telemetry"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Job is one run of a part of a plan, beside others. It goes on with the project
// that it began with, whatever becomes of that meanwhile.
type Job struct {
	Plan   planner.Plan
	Result materialize.Result
	// Err says why nothing was published; nil: Result says what was.
	Err error

	session *Session
	db      *warehouse.DB
	shared  *materialize.Shared
	began   map[assets.Name]observe.Look
	told    *notify.Run
	id      string
	trace   *telemetry.Run
	// callbacks are commands that are told, too.
	callbacks *notify.Callbacks
	// recorded says that what the job looked at again stands in the warehouse.
	recorded bool
}

// ID is that of the run.
func (j *Job) ID() string { return j.id }

// Log is for lines about the run: they say which.
func (j *Job) Log() zerolog.Logger { return j.session.Log }

// Session is the project that the job carries a plan out of, as it was when the job began.
func (j *Job) Session() *Session { return j.session }

// Broken reports whether the job found that the warehouse has to be closed and
// opened again before anything else can be done.
func (j *Job) Broken() bool { return warehouse.IsBroken(j.Err) || warehouse.IsBroken(j.Result.Untidy) }

// Run carries the plan out, on any goroutine. How it came out stands in the job.
func (j *Job) Run(ctx context.Context) {
	s := j.session
	j.told, j.callbacks = s.Notify(j.Plan), s.callbacks()
	running, c := s.conduct(ctx)
	executor := materialize.Executor{
		ID: j.id, DB: j.db, Graph: s.Graph, State: s.State, Sources: s.Looks, Relook: s.observe,
		Parallelism: s.Parallelism, Shared: j.shared, Now: s.Now, Redact: s.Redactor.String, Trace: j.trace.Phases(),
		Breaches: func(ctx context.Context, before, after planner.State, run warehouse.Run) ([]planner.Breach, error) {
			return s.settle(ctx, j.db, before, after, run, true)
		},
		Emit: s.telling(c.event, j.told.Event, j.callbacks.Event, j.trace.Event, j.logRetry),
	}
	j.Result, j.Err = executor.Apply(running, s.Project, j.Plan)
	j.Err = c.stopped(running, j.db, j.Err)
	c.end(j.Result, j.Err)
	j.trace.End(j.Result, j.Err, s.Now())
	if j.Err != nil {
		return
	}
	if j.Result.Untidy != nil {
		warnUntidy(s.Log, j.Result.Untidy)
	}
	// A source that moved while it was read was looked at again.
	err := s.recordNews(func(news []planner.Observation) error { return j.shared.Observe(ctx, j.db, news) })
	if j.recorded = err == nil; !j.recorded {
		s.Log.Debug().Err(err).Msg("what was observed during the run is recorded by the next one")
	}
}

// logRetry logs that an attempt failed: what else happens in a run is told when it has ended.
func (j *Job) logRetry(e materialize.Event) {
	if e.Type == materialize.AssetRetry {
		j.session.Log.Warn().Stringer("asset", e.Asset).Int("attempt", e.Attempt).Int("max_attempts", e.MaxAttempts).Str("class", string(e.Class)).
			Time("next", e.Next.UTC()).Str("why", e.Message).Msg("attempt failed: another follows")
	}
}

// Tell waits until whoever the project names was told of the job. Call it once,
// after Run; with ctx done it says that the job was interrupted.
func (j *Job) Tell(ctx context.Context) hcl.Diagnostics {
	var failure hcl.Diagnostics
	if j.Err != nil {
		failure = fault("The run failed", j.Err)
	}
	return append(j.told.Close(ctx, failure), j.callbacks.Wait(ctx)...)
}

// moved are the looks at sources that the job had to look at again.
func (j *Job) moved() map[assets.Name]observe.Look {
	moved := map[assets.Name]observe.Look{}
	for name, look := range j.session.Looks {
		if !sameLook(j.began[name], look) {
			moved[name] = look
		}
	}
	return moved
}

// newJob prepares a run on an open warehouse.
func (s *Session) newJob(db *warehouse.DB, shared *materialize.Shared, plan planner.Plan) *Job {
	f := s.frozen()
	f.State = shared.State()
	j := &Job{Plan: plan, session: f, db: db, shared: shared, began: maps.Clone(f.Looks)}
	j.trace, j.id = f.beginTrace()
	return j
}

// LockedBy is the program that holds the warehouse, if that is what err says.
func LockedBy(err error) (holder *warehouse.LockedError, locked bool) {
	locked = errors.As(err, &holder)
	return holder, locked
}

// Outcome is how the job came out, once it was run.
func (j *Job) Outcome() (materialize.Result, error) { return j.Result, j.Err }
