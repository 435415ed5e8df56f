package materialize

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// tries is what the attempts at a task came to so far.
type tries struct {
	number int // of the one that goes on, or was the last; 0: none yet
	most   int // attempts there may be, as of the last error; 0: not known yet
	list   []planner.Attempt
	final  bool          // every other would come to the same as the last one
	err    error         // of the last one, if another follows
	pause  time.Duration // before that
	// until is when all attempts together have to be done; zero: there is no limit.
	until time.Time
}

// classed is an error whose class is known where it happens.
type classed struct {
	class assets.ErrorClass
	error
}

func (e classed) Class() assets.ErrorClass { return e.class }
func (e classed) Unwrap() error            { return e.error }

func unreadable(source assets.Name, look observe.Look) error {
	return classed{assets.IOError, fmt.Errorf("source %s cannot be read: %s", source, look.Err)}
}

// begin begins another attempt. The context that it returns ends when the attempt, or
// all of them together, take too long.
func (r *run) begin(ctx context.Context, t *task) (context.Context, context.CancelFunc) {
	limit, now := t.asset.Failure, time.Now()
	if t.tries.number == 0 && limit.MaxRuntime > 0 {
		t.tries.until = now.Add(limit.MaxRuntime)
	}
	t.tries.number++
	t.tries.err = nil
	until, why := t.tries.until, fmt.Sprintf("all attempts together took longer than its max_runtime, which is %s", limit.MaxRuntime)
	if alone := now.Add(limit.Timeout); limit.Timeout > 0 && (until.IsZero() || alone.Before(until)) {
		until, why = alone, fmt.Sprintf("it took longer than its timeout, which is %s", limit.Timeout)
	}
	if until.IsZero() {
		return ctx, func() {}
	}
	return context.WithDeadlineCause(ctx, until, classed{assets.TimeoutError, errors.New(why + ", and was interrupted")})
}

// overtime is why an attempt failed: whatever DuckDB said when it was interrupted, it took too long.
func overtime(attempt context.Context, err error) error {
	if attempt.Err() != nil {
		return context.Cause(attempt)
	}
	return err
}

// attemptFailed notes that.
func (r *run) attemptFailed(t *task, err error) {
	var class assets.ErrorClass
	class, t.tries.final = warehouse.ClassOf(err)
	t.tries.list = append(t.tries.list, planner.Attempt{Number: t.tries.number, Began: t.began, Ended: r.Now(), Class: class, Err: r.says(t, err)})
	t.record.Class = class
}

// again notes that an attempt failed, and reports whether another one follows, after t.tries.pause.
func (r *run) again(t *task, err error) bool {
	r.attemptFailed(t, err)
	policy := t.policy()
	if policy == nil {
		t.tries.most = t.tries.number
		return false
	}
	if t.tries.most = policy.MaxAttempts; t.tries.number >= policy.MaxAttempts {
		return false
	}
	pause := time.Duration(r.random() * float64(policy.Ceiling(t.tries.number)))
	if until := t.tries.until; !until.IsZero() && !time.Now().Add(pause).Before(until) {
		return false
	}
	t.tries.err, t.tries.pause = err, pause
	last := t.tries.list[len(t.tries.list)-1]
	r.emit(Event{Type: AssetRetry, Asset: t.step.Asset, Action: t.action(), Attempt: last.Number, MaxAttempts: t.tries.most,
		Class: last.Class, Message: last.Err, Took: last.Ended.Sub(last.Began), Next: last.Ended.Add(pause)})
	return true
}

// policy is the retry block that is about the last error; nil: none is, or no attempt helps
// as long as nothing changes.
func (t *task) policy() *assets.Retry {
	if t.tries.final || t.condemned != (assets.Name{}) {
		return nil
	}
	return assets.RetryFor(t.asset.Failure.Retry, t.record.Class)
}

func (r *run) random() float64 {
	if r.Random != nil {
		return r.Random()
	}
	return rand.Float64()
}

// await waits until another attempt at t begins, or nothing more is to begin. An error is that of ctx.
func (r *run) await(ctx context.Context, t *task) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // until the pause is over
		select {
		case <-r.halted:
			cancel()
		case <-waiting.Done():
		}
	}()
	pause := r.Pause
	if pause == nil {
		pause = sleep
	}
	if err := pause(waiting, t.tries.pause); err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// giveUp notes how often an attempt with these inputs and this definition failed, and when
// the next run may make it again: the pause goes on growing as if no run had ended.
func (r *run) giveUp(t *task) {
	list := t.tries.list
	if len(list) == 0 {
		return
	}
	t.record.Tried, t.record.FailedSince = len(list), list[0].Ended
	before, ok := r.State.Failed[t.step.Key]
	if ok && before.Tried > 0 && before.Audit == t.record.Audit && sameDefinition(before.Definition, t.record.Definition) && sameVersions(before.Reads, t.record.Reads) {
		t.record.Tried += before.Tried
		t.record.FailedSince = before.FailedSince
	}
	if policy := t.policy(); policy != nil {
		t.record.Retry = list[len(list)-1].Ended.Add(policy.Ceiling(t.record.Tried))
	}
}

// halt lets nothing more begin. The first to say so is why.
func (r *run) halt(t *task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.halted:
	default:
		r.haltedBy = t.step.Asset
		close(r.halted)
	}
}
