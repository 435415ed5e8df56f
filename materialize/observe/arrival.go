package observe

import (
	"slices"
	"time"

	"github.com/seed-4311623e/assets/planner"
)

// arrival is when content arrived that was delivered at a time, as its files say,
// and is first seen now: then, but not before the last look that saw its
// predecessor, not before its predecessor arrived, and never after now, whatever
// was recorded by a clock that was ahead.
func arrival(delivered time.Time, known planner.Observation, now time.Time) time.Time {
	if known.ID == "" {
		return earliest(delivered, now).UTC()
	}
	return earliest(latest(known.Arrived, delivered, known.At), now).UTC()
}

// lastDelivery is when content was delivered last, equal content included: not
// after now, and not before what was known of the same content. A time to come says
// nothing: such a file would be delivered anew with each look.
func lastDelivery(delivered time.Time, version planner.Version, known planner.Observation, now time.Time) time.Time {
	if delivered.After(now) {
		delivered = version.Arrived
	}
	if known.ID == version.ID {
		delivered = latest(delivered, known.Delivered)
	}
	return earliest(latest(delivered, version.Arrived), now).UTC()
}

// delivered is when the youngest of files, or its marker, was written.
func delivered(files []File) (when time.Time) {
	for _, f := range files {
		when = latest(when, f.ModTime, f.marked)
	}
	return when
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

func earliest(times ...time.Time) time.Time { return slices.MinFunc(times, time.Time.Compare) }
