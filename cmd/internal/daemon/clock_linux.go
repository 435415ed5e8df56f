package daemon

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// NewClock is the system's clock.
func NewClock() Clock { return timerfd{} }

// timerfd is a clock on which the kernel itself waits for a moment: it wakes on
// time however long the host slept, and at once when the clock is set.
type timerfd struct{ naps }

func (t timerfd) Wait(ctx context.Context, until time.Time) <-chan struct{} {
	timer, err := newTimer(until)
	if err != nil { // no such call in this sandbox, or no more files
		return t.naps.Wait(ctx, until)
	}
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { timer.Close() })
	go func() {
		defer timer.Close()
		defer stop()
		// An error is ECANCELED, which says that the clock was set, or that ctx is done.
		_, _ = timer.Read(make([]byte, 8))
		if ctx.Err() == nil {
			close(woken)
		}
	}()
	return woken
}

func newTimer(until time.Time) (*os.File, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	// Zero would mean never.
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(until.UnixNano(), 1))}
	if err := unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME|unix.TFD_TIMER_CANCEL_ON_SET, &spec, nil); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "timerfd"), nil
}
