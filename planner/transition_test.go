package planner

import (
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// What is asked for at a time of day is due at it on the days, too, on which the clocks
// are set: once, at the first minute after a gap, and at the first of two equal times.
func TestDueAcrossChangesOfTheClock(t *testing.T) {
	for _, c := range []struct{ zone, at, arrived, due, next string }{
		{"Europe/Paris", "30 2 * * *", "2026-03-28T20:00Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"},
		{"Europe/Paris", "30 2 * * *", "2026-10-24T20:00Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"},
		{"Europe/Paris", "*/30 * * * *", "2026-03-28T23:45Z", "2026-03-29T01:00Z", "2026-03-29T01:30Z"},
		{"Europe/Paris", "*/30 * * * *", "2026-10-24T23:45Z", "2026-10-25T01:00Z", "2026-10-25T01:30Z"},
		{"Europe/London", "0 8 * * MON-FRI", "2026-03-27T10:00Z", "2026-03-30T07:00Z", "2026-03-31T07:00Z"},
		{"America/New_York", "15 2 * * *", "2026-03-08T01:00Z", "2026-03-08T07:00Z", "2026-03-09T06:15Z"},
		{"America/New_York", "30 1 * * *", "2026-11-01T01:00Z", "2026-11-01T05:30Z", "2026-11-02T06:30Z"},
		{"America/Havana", "0 0 * * *", "2026-03-08T01:00Z", "2026-03-08T05:00Z", "2026-03-09T04:00Z"},
		{"Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00Z", "2026-10-03T15:30Z", "2026-10-04T15:15Z"},
		{"Australia/Lord_Howe", "45 1 * * *", "2026-04-04T12:00Z", "2026-04-04T14:45Z", "2026-04-05T15:15Z"},
		{"Africa/Casablanca", "30 2 * * *", "2026-03-21T12:00Z", "2026-03-22T02:00Z", "2026-03-23T01:30Z"},
		{"Asia/Kolkata", "30 2 * * *", "2026-03-28T12:00Z", "2026-03-28T21:00Z", "2026-03-29T21:00Z"},
	} {
		t.Run(c.zone+" "+c.at+" "+c.arrived, func(t *testing.T) {
			due := utc(t, c.due)
			w := newWorld("a < raw.s", "b < raw.s")
			w.State.Estimates = map[assets.Name]time.Duration{assets.MustName("a"): 20 * time.Minute}
			w.asset("a").Freshness = []assets.Freshness{{MaxLag: time.Hour, At: c.at, Timezone: c.zone}}
			w.asset("b").Schedule = assets.Schedule{Expr: c.at, Timezone: c.zone}
			w.State.Planned = map[Planned]time.Time{PlannedSchedule(w.asset("b"), ""): utc(t, c.arrived)}
			w.observe("raw.s", func(o *Observation) { o.ID, o.Arrived = "file:2", utc(t, c.arrived) })

			start := due.Add(-20 * time.Minute)
			for _, at := range []struct {
				now    time.Time
				action Action
				state  AssetState
			}{{start.Add(-time.Second), Wait, StateBehind}, {start, Rebuild, StateBehind}, {due, Rebuild, StateStale}} {
				w.Now = at.now
				if s := Make(w.Input).Steps[0]; s.Action != at.action || s.State != at.state || !s.Due.Equal(due) || !s.StartBy.Equal(start) {
					t.Errorf("at %s: %s, %s, due %s, to be begun by %s", moment(at.now), s.Action.Symbol(), s.State, moment(s.Due), moment(s.StartBy))
				}
			}
			// A schedule ticks at the same moments, and not again before the next.
			for _, at := range []struct{ now, tick time.Time }{{due, due}, {utc(t, c.next).Add(-time.Second), due}, {utc(t, c.next), utc(t, c.next)}} {
				w.Now = at.now
				if s := Make(w.Input).Steps[1]; !s.Tick.Equal(at.tick) {
					t.Errorf("at %s the latest tick is %s", moment(at.now), moment(s.Tick))
				}
			}
			// What arrives an hour before the next tick, or just after that, is asked for at it, or not.
			next := utc(t, c.next)
			for _, arrives := range []time.Duration{0, time.Second} {
				w.observe("raw.s", func(o *Observation) { o.ID, o.Arrived = "file:3", next.Add(arrives-time.Hour) })
				w.Now = next.Add(-time.Second)
				if s := Make(w.Input).Steps[0]; s.Due.Equal(next) != (arrives == 0) || s.Due.Before(next) {
					t.Errorf("what arrives %v after the last moment is due %s", arrives, moment(s.Due))
				}
			}
		})
	}
}

func utc(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse("2006-01-02T15:04Z", text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}
