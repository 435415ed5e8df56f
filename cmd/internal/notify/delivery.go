package notify

import (
	"context"
	"errors"
	"time"
)

const (
	// attempts is how often a delivery is tried before the endpoint is taken for dead
	// and left alone for the rest of the run.
	attempts = 3
	// grace is how long the end of a run waits for a delivery to get through.
	grace = 500 * time.Millisecond
	// longest is how long it waits if they do get through, one after another.
	longest = 10 * time.Second
)

// pauses are how long to wait before the second attempt, and the third.
var pauses = [attempts - 1]time.Duration{50 * time.Millisecond, 150 * time.Millisecond}

// refused is an answer that says the event itself is wrong: sending it again would
// change nothing.
type refused string

func (r refused) Error() string { return string(r) }

// delivery brings lines to one place, in order, on a goroutine of its own. A line
// that fails is tried again before the next one, so that a START never comes after
// its COMPLETE.
type delivery struct {
	send  func(ctx context.Context, line []byte) error
	lines *queue[[]byte]
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

// deliver begins with lines that are left over from before.
func deliver(leftover [][]byte, send func(context.Context, []byte) error) *delivery {
	ctx, cancel := context.WithCancel(context.Background())
	d := &delivery{send: send, lines: newQueue[[]byte](), progress: make(chan struct{}, 1), cancel: cancel,
		ending: make(chan struct{}), done: make(chan struct{})}
	for _, line := range leftover {
		d.lines.add(line)
	}
	go d.work(ctx)
	return d
}

func (d *delivery) work(ctx context.Context) {
	defer close(d.done)
	failures := 0 // in a row
	for {
		line, ok := d.lines.next()
		if !ok {
			return
		}
		if failures >= attempts || ctx.Err() != nil {
			d.kept = append(d.kept, line)
			continue
		}
		for {
			err := d.send(ctx, line)
			if err == nil {
				failures, d.err = 0, nil
				signal(d.progress)
				break
			}
			failures++
			if errors.As(err, new(refused)) {
				d.refused, d.refusal = d.refused+1, err
				break
			}
			if d.err == nil || ctx.Err() == nil { // why it failed, not that it was given up
				d.err = err
			}
			if failures >= attempts || !d.pause(ctx, pauses[failures-1]) {
				d.kept = append(d.kept, line)
				break
			}
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pause waits before another attempt; false: there is to be none.
func (d *delivery) pause(ctx context.Context, long time.Duration) bool {
	t := time.NewTimer(long)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-d.ending:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// end says that nothing more will be added.
func (d *delivery) end() {
	d.lines.close()
	close(d.ending)
}

// finish waits, after end, for what was added, as long as lines get through, and
// gives up on the rest.
func (d *delivery) finish() {
	defer d.cancel()
	idle, limit := time.NewTimer(grace), time.NewTimer(longest)
	defer idle.Stop()
	defer limit.Stop()
	for {
		select {
		case <-d.done:
			return
		case <-d.progress:
			idle.Reset(grace)
			continue
		case <-idle.C:
		case <-limit.C:
		}
		d.cancel()
		<-d.done
		return
	}
}
