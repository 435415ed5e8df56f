package daemon

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// The system's clock wakes at the moment asked for, also if that has passed, and
// leaves nobody behind when it is no longer needed.
func TestTheSystemsClock(t *testing.T) {
	clock := NewClock()
	for _, in := range []time.Duration{-time.Hour, 0, 20 * time.Millisecond} {
		until := clock.Now().Add(in)
		select {
		case <-clock.Wait(context.Background(), until):
			if now := clock.Now(); now.Before(until) {
				t.Errorf("woken %v early", until.Sub(now))
			}
		case <-time.After(10 * time.Second):
			t.Errorf("not woken in %v", in)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	woken := clock.Wait(ctx, clock.Now().Add(time.Hour))
	cancel()
	select {
	case <-woken:
		t.Error("woken although nobody waits")
	default:
	}
}

// A clock that is not told when it is set looks now and then.
func TestNaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for in, want := range map[time.Duration]time.Duration{time.Second: time.Second, time.Hour: longestNap, -time.Second: 0} {
			began := time.Now()
			<-naps{}.Wait(context.Background(), began.Add(in))
			if took := time.Since(began); took != want {
				t.Errorf("it napped %v of %v", took, in)
			}
		}
	})
}
