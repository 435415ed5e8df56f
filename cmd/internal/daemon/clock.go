package daemon

import (
	"context"
	"time"
)

// Clock tells the time and waits for it.
type Clock interface {
	Now() time.Time
	// Wait returns a channel that is closed when it is until, or when it may be so
	// because the clock was set or the host slept. Once ctx is done nobody waits.
	Wait(ctx context.Context, until time.Time) <-chan struct{}
}

// longestNap is how long a clock sleeps that is not told when it is set.
const longestNap = time.Minute

// naps is a clock that looks at the time now and then: a timer runs on a clock of
// its own, which neither a sleep of the host nor a new time moves.
type naps struct{}

func (naps) Now() time.Time { return time.Now().Round(0) } // without the other clock

func (naps) Wait(ctx context.Context, until time.Time) <-chan struct{} {
	woken := make(chan struct{})
	nap := time.NewTimer(min(max(until.Sub(time.Now().Round(0)), 0), longestNap))
	go func() {
		defer nap.Stop()
		select {
		case <-nap.C:
			close(woken)
		case <-ctx.Done():
		}
	}()
	return woken
}
