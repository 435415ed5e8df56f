package assets_test

import (
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// Pauses grow by the factor, from the delay on, and never beyond the longest.
func TestPausesGrowUpToTheLongest(t *testing.T) {
	for _, c := range []struct {
		retry assets.Retry
		want  []time.Duration // after the first attempt, after the second …
	}{
		{assets.Retry{Delay: 5 * time.Second, Backoff: 2, MaxDelay: 30 * time.Second}, []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second, 30 * time.Second}},
		{assets.Retry{Delay: time.Minute, Backoff: 1, MaxDelay: time.Hour}, []time.Duration{time.Minute, time.Minute, time.Minute}},
		{assets.Retry{Delay: time.Second, Backoff: 1.5, MaxDelay: time.Hour}, []time.Duration{time.Second, 1500 * time.Millisecond, 2250 * time.Millisecond}},
		{assets.Retry{Delay: 0, Backoff: 2, MaxDelay: time.Hour}, []time.Duration{0, 0, 0}},
		{assets.Retry{Delay: 10 * time.Second, Backoff: 2, MaxDelay: 10 * time.Second}, []time.Duration{10 * time.Second, 10 * time.Second}},
	} {
		for i, want := range c.want {
			if got := c.retry.Ceiling(i + 1); got != want {
				t.Errorf("%+v after %d attempts: %s, want %s", c.retry, i+1, got, want)
			}
		}
	}
	hour := assets.Retry{Delay: time.Second, Backoff: 10, MaxDelay: time.Hour}
	if got := hour.Ceiling(10_000); got != time.Hour {
		t.Errorf("after 10,000 attempts: %s, want the longest", got)
	}
}

// Of several blocks the first counts that is about the class of an error. One without
// classes is about errors that may pass by themselves.
func TestTheFirstBlockThatCoversAnErrorCounts(t *testing.T) {
	blocks := []assets.Retry{
		{On: []assets.ErrorClass{assets.LockError}, MaxAttempts: 10},
		{MaxAttempts: 3},
		{On: []assets.ErrorClass{assets.CheckError, assets.LockError}, MaxAttempts: 2},
	}
	for class, want := range map[assets.ErrorClass]int{
		assets.LockError: 10, assets.IOError: 3, assets.TimeoutError: 3, assets.CommandError: 3, assets.CheckError: 2, assets.SQLError: 0, "": 0,
	} {
		got := 0
		if block := assets.RetryFor(blocks, class); block != nil {
			got = block.MaxAttempts
		}
		if got != want {
			t.Errorf("%q: the block of %d attempts, want that of %d", class, got, want)
		}
	}
}
