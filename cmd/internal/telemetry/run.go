package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/redact"
	"github.com/seed-4311623e/assets/materialize"
)

// Run is the trace of one run: the run, in it its assets, in them what was done for
// each. A nil Run traces nothing.
type Run struct {
	describer
	tracer trace.Tracer
	began  time.Time
	ctx    context.Context // of the run's span
	span   trace.Span

	mu     sync.Mutex
	assets map[assets.Name]*attempt // the latest of each
}

// attempt is one attempt at an asset.
type attempt struct {
	ctx     context.Context
	span    trace.Span
	ended   time.Time // zero: it goes on
	outcome materialize.Outcome
	problem string // error.type of the phase that failed; empty: none did
}

// Begin begins the trace of a run of p that has this id. It returns nil if nothing of it
// would be sent.
func (t *Telemetry) Begin(p *assets.Project, id string, now time.Time) *Run {
	to := t.configured(p)
	if to == nil || to.tracer == nil {
		return nil
	}
	r := &Run{describer: describer{p, t.Redact}, tracer: to.tracer.Tracer(scope), began: now, assets: map[assets.Name]*attempt{}}
	r.ctx, r.span = r.tracer.Start(t.parent.context(id), "run", trace.WithTimestamp(now), trace.WithAttributes(r.run(id)...))
	if !r.span.IsRecording() {
		return nil
	}
	return r
}

// TraceID is the id of the trace as people write it; empty: there is none.
func (r *Run) TraceID() string {
	if r == nil {
		return ""
	}
	return r.span.SpanContext().TraceID().String()
}

// at is t by a clock that nobody sets while the run goes on, so that what is in
// something lies within it.
func (r *Run) at(t time.Time) trace.SpanEventOption {
	return trace.WithTimestamp(r.began.Add(t.Sub(r.began)))
}

// Event takes note of what happened. It never waits.
func (r *Run) Event(e materialize.Event) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Type {
	case materialize.AssetStarted:
		if before := r.assets[e.Asset]; before != nil {
			r.repeat(before, e.At)
		}
		r.start(e)
	case materialize.AssetRetry:
		if a := r.assets[e.Asset]; a != nil {
			a.ended = e.At
			a.span.SetAttributes(outcome(repeated))
			r.fail(a, e.Class, e.Message)
		}
	case materialize.AssetFinished:
		a := r.assets[e.Asset]
		if a == nil { // nothing was attempted
			a = r.start(e)
		}
		// One that is withheld later comes out worse, but did not take longer.
		if a.ended.IsZero() {
			a.ended = e.At
		}
		a.outcome = e.Outcome
		a.span.SetAttributes(r.finished(e)...)
		r.judge(a, e.Class, e.Message)
	}
}

// repeat ends an attempt that another one follows: it failed, or a source moved while it
// was read.
func (r *Run) repeat(a *attempt, now time.Time) {
	if a.ended.IsZero() {
		a.ended = now
	}
	a.span.SetAttributes(outcome(repeated))
	r.end(a)
}

// start begins an attempt at an asset.
func (r *Run) start(e materialize.Event) *attempt {
	a := &attempt{}
	a.ctx, a.span = r.tracer.Start(r.ctx, "asset "+r.Redact(e.Asset.String()), r.at(e.At), trace.WithAttributes(r.asset(e.Asset, e.Action, e.Attempt)...))
	r.assets[e.Asset] = a
	return a
}

// judge sets the status of an asset's span.
func (r *Run) judge(a *attempt, class assets.ErrorClass, message string) {
	if a.outcome == materialize.FailedBuild {
		r.fail(a, class, message)
	}
}

// fail makes the span of an attempt an error. Without a class it is of the kind that the
// phase was that failed.
func (r *Run) fail(a *attempt, class assets.ErrorClass, message string) {
	a.span.SetStatus(codes.Error, r.text(message))
	a.span.SetAttributes(errorType(cmp.Or(string(class), a.problem, otherProblem)))
}

func (r *Run) end(a *attempt) { a.span.End(r.at(a.ended)) }

// Phases is who is told of the phases of the run; nil: nobody wants to know.
func (r *Run) Phases() func(materialize.Phase) {
	if r == nil {
		return nil
	}
	return r.phaseEnded
}

// phaseEnded takes note of a part of the work. It never waits.
func (r *Run) phaseEnded(p materialize.Phase) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// What is done for an asset beside others comes after its own part.
	ctx, a := r.ctx, r.assets[p.Asset]
	if a != nil && !a.ended.IsZero() {
		a = nil
	}
	if a != nil {
		ctx = a.ctx
	}
	_, span := r.tracer.Start(ctx, r.phaseName(p), r.at(p.Began), trace.WithAttributes(r.phase(p)...))
	for _, c := range p.Checks {
		if told, attributes := r.check(c); told {
			span.AddEvent("check", r.at(p.Ended), trace.WithAttributes(attributes...))
		}
	}
	if problem, message := problemOf(p); problem != "" {
		if of := r.project.Assets[p.Asset]; of != nil && of.SQL.Sensitive {
			message = redact.WithoutExcerpt(message)
		}
		span.SetStatus(codes.Error, r.text(message))
		span.SetAttributes(errorType(problem))
		if a != nil {
			a.problem = problem
		}
	}
	span.End(r.at(p.Ended))
}

// End ends the trace: with how the run came out, or with err if nothing was published.
func (r *Run) End(result materialize.Result, err error, now time.Time) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range result.Assets {
		// What was built from something that is not published is not, either.
		if of := r.assets[a.Asset]; of != nil && of.outcome != a.Outcome {
			of.outcome = a.Outcome
			of.span.SetAttributes(outcome(string(a.Outcome)), r.reason(a.Message))
			r.judge(of, a.Record.Class, a.Message)
		}
	}
	for _, a := range r.assets {
		if a.outcome == "" { // it goes on, or another was to follow
			a.span.SetAttributes(outcome(interrupted))
		}
		if a.ended.IsZero() {
			a.ended = now
		}
		r.end(a)
	}
	switch {
	case errors.Is(err, context.Canceled):
		r.span.SetAttributes(outcome(interrupted))
		r.span.SetStatus(codes.Error, "interrupted: nothing was published")
	case err != nil:
		r.span.SetAttributes(outcome(string(materialize.FailedBuild)), errorType(otherProblem))
		r.span.SetStatus(codes.Error, r.text(err.Error()))
	default:
		r.span.SetAttributes(r.totals(result)...)
		if result.Failed > 0 {
			r.span.SetStatus(codes.Error, fmt.Sprintf("%d of %d assets failed", result.Failed, len(result.Assets)))
		}
	}
	r.span.End(r.at(now))
}
