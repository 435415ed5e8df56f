package notify

import (
	"context"
	"errors"
	"time"
)

// patience says how often a delivery is tried, and how long its end is waited for.
type patience struct {
	// again is how long to wait after so many failures in a row, the last of which is
	// err; false: the place is taken for dead, and left alone for the rest of the run.
	again func(failures int, err error, ending bool) (time.Duration, bool)
	// grace is how long the end waits for the next delivery to get through, longest how
	// long it waits if they do, one after another.
	grace, longest time.Duration
}

// ofRun is the patience of a run, which others wait for.
var ofRun = patience{again: threeTimes, grace: 500 * time.Millisecond, longest: 10 * time.Second}

// threeTimes gives up after the third failure.
func threeTimes(failures int, _ error, _ bool) (time.Duration, bool) {
	pauses := []time.Duration{50 * time.Millisecond, 150 * time.Millisecond}
	if failures > len(pauses) {
		return 0, false
	}
	return pauses[failures-1], true
}

// refused is an answer that says the event itself is wrong: sending it again would
// change nothing.
type refused string

func (r refused) Error() string { return string(r) }

// later is an answer that says when to come again.
type later struct {
	error
	after time.Duration
}

func (l later) Unwrap() error { return l.error }

// delivery brings lines to one place, in order, on a goroutine of its own. A line
// that fails is tried again before the next one, so that a START never comes after
// its COMPLETE.
type delivery struct {
	patience
	send  func(ctx context.Context, line []byte) error
	lines *queue[[]byte]
	// tried is told how each attempt came out; nil: nobody wants to know.
	tried func(line []byte, err error)
	// progress is signalled whenever a line got through.
	progress chan struct{}
	cancel   context.CancelFunc
	ending   chan struct{} // closed when nothing more is added: there is no time to pause
	done     chan struct{}

	// After done:
	kept    [][]byte // not delivered, in order
	err     error    // why the first of kept was not
	refused int      // the place would not have them
	refusal error    // why
}

// deliver begins with lines that are left over from before. Of tried see [delivery].
func deliver(leftover [][]byte, p patience, send func(context.Context, []byte) error, tried func([]byte, error)) *delivery {
	ctx, cancel := context.WithCancel(context.Background())
	d := &delivery{patience: p, send: send, tried: tried, lines: newQueue[[]byte](), progress: make(chan struct{}, 1), cancel: cancel,
		ending: make(chan struct{}), done: make(chan struct{})}
	for _, line := range leftover {
		d.lines.add(line)
	}
	go d.work(ctx)
	return d
}

func (d *delivery) work(ctx context.Context) {
	defer close(d.done)
	failures, dead := 0, false // in a row
	for {
		line, ok := d.lines.next()
		if !ok {
			return
		}
		if dead || ctx.Err() != nil {
			d.kept = append(d.kept, line)
			continue
		}
		for {
			err := d.send(ctx, line)
			if d.tried != nil {
				d.tried(line, err)
			}
			if err == nil {
				failures, d.err = 0, nil
				signal(d.progress)
				break
			}
			failures++
			long, again := d.again(failures, err, d.isEnding())
			dead = !again
			if errors.As(err, new(refused)) {
				d.refused, d.refusal = d.refused+1, err
				break
			}
			if d.err == nil || ctx.Err() == nil { // why it failed, not that it was given up
				d.err = err
			}
			if dead = dead || !d.pause(ctx, long, errors.As(err, new(later))); dead {
				d.kept = append(d.kept, line)
				break
			}
		}
	}
}

func (d *delivery) isEnding() bool {
	select {
	case <-d.ending:
		return true
	default:
		return false
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pause waits before another attempt, which is made at once when the end comes, unless
// it was asked for this pause; false: there is to be none.
func (d *delivery) pause(ctx context.Context, long time.Duration, asked bool) bool {
	t := time.NewTimer(long)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-d.ending:
		return !asked && ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// end says that nothing more will be added.
func (d *delivery) end() {
	d.lines.close()
	close(d.ending)
}

// abandon ends at once.
func (d *delivery) abandon() {
	d.end()
	d.cancel()
	<-d.done
}

// finish waits, after end, for what was added, as long as lines get through, and
// gives up on the rest.
func (d *delivery) finish() {
	defer d.cancel()
	idle, limit := time.NewTimer(d.grace), time.NewTimer(d.longest)
	defer idle.Stop()
	defer limit.Stop()
	for {
		select {
		case <-d.done:
			return
		case <-d.progress:
			idle.Reset(d.grace)
			continue
		case <-idle.C:
		case <-limit.C:
		}
		d.cancel()
		<-d.done
		return
	}
}
