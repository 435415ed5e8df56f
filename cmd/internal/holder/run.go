package holder

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
)

// CancelledError says that a person ended a run from another process.
type CancelledError struct{ By string }

func (e *CancelledError) Error() string { return "cancelled by " + e.By }

// Runs are the runs that go on in this process, for others to see, to follow and to end.
// The zero value has none.
type Runs struct {
	mu        sync.Mutex
	going     map[*Run]bool
	followers map[chan materialize.Event]bool
}

// Run is one that goes on.
type Run struct {
	of     *Runs
	cancel context.CancelCauseFunc

	// Guarded by of.mu:
	info RunInfo
	busy map[assets.Name]materialize.Event // what is being built, and when that began
	how  string

	ended chan struct{}
}

// Begin makes a run known. It is to be carried out with the context that is returned, and
// to be ended whatever comes of it.
func (rs *Runs) Begin(ctx context.Context) (context.Context, *Run) {
	ctx, cancel := context.WithCancelCause(ctx)
	r := &Run{of: rs, cancel: cancel, busy: map[assets.Name]materialize.Event{}, ended: make(chan struct{})}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.going == nil {
		rs.going = map[*Run]bool{}
	}
	rs.going[r] = true
	return ctx, r
}

// Event tells what happens in the run, in its order.
func (r *Run) Event(e materialize.Event) {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.info.ID == "" {
		r.info.ID, r.info.Began = e.Run, e.At.UTC()
	}
	r.info.Done, r.info.Total = e.Done, e.Total
	switch e.Type {
	case materialize.AssetStarted:
		r.busy[e.Asset] = e
	case materialize.CheckFinished:
	default: // it has ended, or this attempt at it has
		delete(r.busy, e.Asset)
	}
	for follower := range r.of.followers {
		select {
		case follower <- e:
		default: // it is too slow, and the run does not wait
			delete(r.of.followers, follower)
			close(follower)
		}
	}
}

// End says how the run ended, as in "succeeded".
func (r *Run) End(how string) {
	r.cancel(nil)
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.how = how
	delete(r.of.going, r)
	close(r.ended)
}

// ID is the id of the run; empty: it has not begun.
func (r *Run) ID() string {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	return r.info.ID
}

// list tells which runs go on, the newest first.
func (rs *Runs) list() []RunInfo {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	var list []RunInfo
	for r := range rs.going {
		if r.info.ID != "" {
			list = append(list, r.info)
		}
	}
	slices.SortFunc(list, func(a, b RunInfo) int { return strings.Compare(b.ID, a.ID) })
	return list
}

// end cancels a run and waits until it has ended: how says how.
func (rs *Runs) end(ctx context.Context, id, by string) (how string, err error) {
	rs.mu.Lock()
	var found *Run
	for r := range rs.going {
		if r.info.ID == id {
			found = r
		}
	}
	rs.mu.Unlock()
	if found == nil {
		return "", fmt.Errorf("no run %s goes on here", id)
	}
	found.cancel(&CancelledError{By: by})
	select {
	case <-found.ended:
		return found.how, nil
	case <-ctx.Done():
		return "", errors.New("it is to end, and this process is about to")
	}
}

// followed is how many events may wait for a follower.
const followed = 1000

// follow returns what happens from now on, and first what has begun and not ended. It is
// closed when the follower is too slow.
func (rs *Runs) follow() (events chan materialize.Event, leave func()) {
	events = make(chan materialize.Event, followed)
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.followers == nil {
		rs.followers = map[chan materialize.Event]bool{}
	}
	rs.followers[events] = true
	for r := range rs.going {
		for _, begun := range r.busy {
			if len(events) < followed {
				events <- begun
			}
		}
	}
	return events, func() {
		rs.mu.Lock()
		defer rs.mu.Unlock()
		delete(rs.followers, events)
	}
}

// Cause is the person's wish because of which ctx is done; nil: there is none.
func Cause(ctx context.Context) *CancelledError {
	var cancelled *CancelledError
	errors.As(context.Cause(ctx), &cancelled)
	return cancelled
}
