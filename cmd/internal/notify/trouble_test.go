package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// A clock that was ahead while a process before told of something, or was about to, holds
// nothing up.
func TestAClockThatWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.fails(clean, "broken")
		now := func() time.Time { return time.Now().Add(365 * 24 * time.Hour) }
		ahead := NewAlerts(AlertOptions{Dir: h.dir, Now: now, Redact: h.graph.Redact, Log: zerolog.Nop(), Daemon: true, Transport: &h.line})
		ahead.Look(h.scene())
		time.Sleep(time.Minute)
		h.want("firing staging.orders failed")
		h.fails(late, "broken, too")
		ahead.Look(h.scene())
		time.Sleep(5 * time.Second) // killed before it is told
		close(ahead.stop)
		<-ahead.done
		ahead.targets["ops"].delivery.abandon()
		if err := ahead.lock.Unlock(); err != nil {
			t.Fatal(err)
		}

		a := h.alerts(true)
		a.Look(h.scene())
		time.Sleep(time.Minute)
		began := moment(time.Now().Add(-time.Minute), time.UTC)
		h.want(fmt.Sprintf("resolved The daemon was down from %s until %s; firing late failed, resolved staging.orders failed", began, began))
		time.Sleep(4 * time.Hour)
		h.want("firing late failed")
		a.Close(context.Background())
	})
}

// A target that takes nothing delays nobody, and gets everything later, in order.
func TestWhatDoesNotArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.set(errors.New("no route to host"), 0)
		h.fails(clean, "one")
		if kept := h.apply(); kept != 1 {
			t.Errorf("%d are kept", kept)
		}
		h.fails(late, "two")
		if kept := h.apply(); kept != 2 {
			t.Errorf("%d are kept", kept)
		}
		status := ReadTargets(h.project, h.dir)[0]
		if status.Undelivered != 2 || !strings.Contains(status.Error, "no route to host") || status.Oldest.IsZero() || status.Firing != 1 || status.Place != "http://ops.example.com" {
			t.Errorf("%+v", status)
		}
		// One that hangs is waited for a few seconds.
		h.set(nil, time.Hour)
		began := time.Now()
		h.apply()
		if took := time.Since(began); took > 7*time.Second {
			t.Errorf("it took %s", took)
		}
		// A daemon tries now and then, and repeats nothing meanwhile.
		h.set(errors.New("no route to host"), 0)
		a := h.alerts(true)
		a.Look(h.scene())
		time.Sleep(12 * time.Hour)
		if waiting := a.Targets()[0].Undelivered; waiting != 2 {
			t.Errorf("%d wait", waiting)
		}
		h.set(nil, 0)
		time.Sleep(longestPause + time.Second)
		h.want("firing staging.orders failed; firing late failed, resolved staging.orders failed; firing late failed")
		if waiting := a.Targets()[0]; waiting.Undelivered != 0 || waiting.Error != "" || waiting.Delivered != 3 {
			t.Errorf("%+v", waiting)
		}
		a.Close(context.Background())
		if _, err := os.Stat(outboxPath(h.dir, "ops")); err == nil {
			t.Error("the file is still there")
		}
	})
}

// What could neither be delivered nor kept was not told: the next process tells it.
func TestWhatCannotBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		if err := os.MkdirAll(outboxPath(h.dir, "ops"), 0o777); err != nil { // no file can be there
			t.Fatal(err)
		}
		h.set(errors.New("no route to host"), 0)
		h.fails(clean, "one")
		h.apply()
		if err := os.Remove(outboxPath(h.dir, "ops")); err != nil {
			t.Fatal(err)
		}
		h.set(nil, 0)
		h.apply()
		h.want("firing staging.orders failed")
		h.apply()
		h.want("")
	})
}

// Interrupted, it gives up after half a second, and forgets nothing.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.set(nil, time.Minute)
		h.fails(clean, "one")
		a := h.alerts(false)
		a.Look(h.scene())
		time.Sleep(time.Minute) // it is on its way
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		a.Close(ctx)
		if took := time.Since(began); took > ofRun.grace {
			t.Errorf("it took %s", took)
		}
		h.set(nil, 0)
		h.apply()
		h.want("firing staging.orders failed")
	})
}

func TestAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, used := newHouse(t), 50
		var mu sync.Mutex
		fill := func(percent int) {
			mu.Lock()
			defer mu.Unlock()
			used = percent
		}
		a := NewAlerts(AlertOptions{Dir: h.dir, Now: time.Now, Redact: h.graph.Redact, Log: zerolog.Nop(), Daemon: true, Transport: &h.line,
			Disk: func(string) (warehouse.Disk, error) {
				mu.Lock()
				defer mu.Unlock()
				if used > 100 {
					return warehouse.Disk{}, errors.New("unknown")
				}
				return warehouse.Disk{Used: uint64(used), Free: uint64(100 - used)}, nil
			}})
		a.Look(h.scene())
		time.Sleep(5 * time.Minute)
		h.want("")
		fill(93)
		time.Sleep(2 * time.Minute)
		h.want("firing The disk of the warehouse is nearly full: 93% are used")
		fill(101) // not known: that is no reason to say that it is well again
		time.Sleep(2 * time.Minute)
		h.want("")
		fill(40)
		time.Sleep(2 * time.Minute)
		h.want("resolved The disk of the warehouse is nearly full: 93% are used")
		a.Close(context.Background())
	})
}
