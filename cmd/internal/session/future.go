package session

import (
	"maps"
	"slices"
	"time"

	"github.com/seed-4311623e/assets/planner"
)

// planInput is input for a plan that is made now, whatever the clock said before.
func (s *Session) planInput(o planner.Options) planner.Input {
	in := s.input(o)
	now := in.Now
	if !s.At.IsZero() { // the plan is for another moment
		now = s.Now().UTC()
	}
	withoutFuture(&in, now)
	return in
}

// withoutFuture mends what was recorded while the clock was ahead: taken as it stands,
// nothing would be due until that time has come. What is shared is copied first.
func withoutFuture(in *planner.Input, now time.Time) {
	for name, seen := range in.Observed {
		if !seen.Arrived.After(now) && !seen.Delivered.After(now) && !slices.ContainsFunc(seen.Before, late(now)) {
			continue
		}
		if seen.Arrived.After(now) { // with the one before it, so that it is not due ever later
			seen.Arrived = now
			for _, a := range in.State.Arrivals[name] {
				if !a.Arrived.After(now) {
					seen.Arrived = a.Arrived
				}
			}
		}
		seen.Before = slices.Clone(seen.Before)
		if seen.Delivered.After(now) {
			seen.Delivered = now
		}
		next := seen.Arrived // when the one before it had arrived at the latest
		for i := len(seen.Before) - 1; i >= 0; i-- {
			next = earlier(seen.Before[i].Arrived, next)
			seen.Before[i].Arrived = next
		}
		in.Observed[name] = seen
	}
	copied := false
	for name, log := range in.State.Arrivals {
		mended := mend(log, in.Observed[name], now)
		if len(mended) == 0 {
			continue
		}
		if !copied {
			in.State.Arrivals, copied = maps.Clone(in.State.Arrivals), true
		}
		in.State.Arrivals[name] = mended
	}
	copied = false
	for name, a := range in.Project.Assets {
		key := planner.Key{Asset: name}
		if last := in.State.Last[key]; !a.Schedule.IsZero() && last.Tick.After(now) {
			if !copied {
				in.State.Last, copied = maps.Clone(in.State.Last), true
			}
			last.Tick = time.Time{} // of the ticks there were, none is known to be reflected
			in.State.Last[key] = last
		}
	}
}

// mend is a log without arrivals that are to come, or nil if there are none. Such a
// version arrived at some time between its neighbours: at the latest, with the next one.
// The last one is taken to have come with the one before, so that it is not due ever later.
func mend(log []planner.Arrival, seen planner.Observation, now time.Time) []planner.Arrival {
	if !slices.ContainsFunc(log, late(now)) {
		return nil
	}
	log = slices.Clone(log)
	next, last := now, log[len(log)-1]
	if seen.ID != "" && seen.ID != last.ID {
		next = earlier(seen.Arrived, now)
	} else if before := slices.IndexFunc(log, late(now)); before > 0 && last.Arrived.After(now) {
		next = log[before-1].Arrived
	}
	for i := len(log) - 1; i >= 0; i-- {
		next = earlier(log[i].Arrived, next)
		log[i].Arrived = next
	}
	return log
}

func late(now time.Time) func(planner.Arrival) bool {
	return func(a planner.Arrival) bool { return a.Arrived.After(now) }
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
