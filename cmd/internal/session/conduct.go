package session

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/redact"
	"github.com/seed-4311623e/assets/cmd/internal/holder"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// conduct is a run as other processes see it, which follow what happens in it and may
// cancel it.
type conduct struct {
	run    *holder.Run
	now    func() time.Time
	redact func(string) string
	// sofar is what the run has come to, and failed what has failed in it, if it publishes
	// nothing: then nobody else records it.
	sofar  warehouse.Run
	failed map[assets.Name]planner.Materialization
}

// conduct makes a run known. It is carried out with the context that is returned.
func (s *Session) conduct(ctx context.Context) (context.Context, *conduct) {
	ctx, run := s.hold.runs.Begin(ctx)
	return ctx, &conduct{run: run, now: s.Now, redact: s.Redactor.String, failed: map[assets.Name]planner.Materialization{}}
}

// event is told of all that happens in the run.
func (c *conduct) event(e materialize.Event) {
	if c.sofar.ID == "" {
		c.sofar.ID, c.sofar.Began = e.Run, e.At
	}
	switch {
	case e.Type != materialize.AssetFinished:
	case e.Outcome == materialize.Built || e.Outcome == materialize.TakenUp:
		c.sofar.Built++
	case e.Outcome == materialize.Unchanged || e.Outcome == materialize.Revalidated:
		c.sofar.Unchanged++
	case e.Outcome == materialize.FailedBuild:
		c.sofar.Failed++
		began := e.At.Add(-e.Took)
		c.failed[e.Asset] = planner.Materialization{
			ID: materialize.NewID(e.At), Key: planner.Key{Asset: e.Asset}, Run: e.Run, Status: planner.Failed, Began: began, Ended: e.At, Class: e.Class, Err: e.Message,
			Attempts: []planner.Attempt{{Number: e.Attempt, Began: began, Ended: e.At, Class: e.Class, Err: e.Message}},
		}
	case e.Outcome == materialize.Skipped:
		c.sofar.Skipped++
	}
	c.run.Event(e)
}

// telling tells others of what happens, and then whoever asked for the session.
func (s *Session) telling(others ...func(materialize.Event)) func(materialize.Event) {
	return func(e materialize.Event) {
		for _, tell := range others {
			tell(e)
		}
		if s.Emit != nil {
			s.Emit(e)
		}
	}
}

// stopped turns the error of a run that was cancelled, or interrupted, into what a person
// has to know of it, and records the run. Other errors stay as they are.
func (c *conduct) stopped(ctx context.Context, db *warehouse.DB, err error) error {
	if err == nil || ctx.Err() == nil || !warehouse.IsInterrupted(err) {
		return err
	}
	stopped := &StoppedError{Run: c.sofar.ID, Built: c.sofar.Built}
	if cancelled := holder.Cause(ctx); cancelled != nil {
		stopped.By = cancelled.By
	}
	if stopped.Run == "" {
		return stopped
	}
	c.sofar.Ended = c.now()
	if err := db.RecordCancelled(context.WithoutCancel(ctx), c.sofar, slices.Collect(maps.Values(c.failed))); err != nil {
		return errors.Join(stopped, fmt.Errorf("record that the run was cancelled: %w", err))
	}
	return stopped
}

// end tells whoever waits for it how the run ended. That is another process, which may not
// know what is secret.
func (c *conduct) end(result materialize.Result, err error) {
	switch stopped := (*StoppedError)(nil); {
	case errors.As(err, &stopped):
		c.run.End(string(warehouse.Cancelled))
	case err != nil:
		c.run.End("failed: " + c.redact(redact.WithoutExcerpt(err.Error())))
	default:
		c.run.End(result.Status)
	}
}

// StoppedError says that a run was ended by a person before it published anything.
type StoppedError struct {
	Run   string // empty: it had not begun
	By    string // who asked for it from another process; empty: it was interrupted
	Built int    // assets that are kept
}

func (e *StoppedError) Error() string {
	how := "interrupted"
	if e.By != "" {
		how = "cancelled by " + e.By
	}
	if e.Run == "" {
		return "the run was " + how
	}
	return "run " + e.Run + " was " + how
}

// Stopped tells it from an error that nobody wanted.
func (e *StoppedError) Stopped() bool { return true }

// Unwrap makes it what it comes from: a context that was cancelled.
func (e *StoppedError) Unwrap() error { return context.Canceled }
