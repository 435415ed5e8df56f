package planner

import (
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
)

// clock answers when schedules tick. It parses each expression once.
type clock struct {
	project   string // the default zone
	schedules map[string]*calendar.Schedule
	zones     map[string]*time.Location
}

// parsed is the schedule of an expression, or nil for one that is none: the project's
// files were checked for that.
func (c *clock) parsed(expr string) *calendar.Schedule {
	s, known := c.schedules[expr]
	if !known {
		if parsed, err := calendar.Parse(expr); err == nil {
			s = &parsed
		}
		if c.schedules == nil {
			c.schedules = map[string]*calendar.Schedule{}
		}
		c.schedules[expr] = s
	}
	return s
}

func (c *clock) zone(name string) *time.Location {
	if name == "" {
		name = c.project
	}
	zone, known := c.zones[name]
	if !known {
		var err error
		if zone, err = calendar.Zone(name); err != nil {
			zone = time.UTC
		}
		if c.zones == nil {
			c.zones = map[string]*time.Location{}
		}
		c.zones[name] = zone
	}
	return zone
}

// firstTick is the first tick of s at or after t; zero: there is none.
func (c *clock) firstTick(s assets.Schedule, t time.Time) time.Time {
	parsed := c.parsed(s.Expr)
	if s.IsZero() || parsed == nil {
		return time.Time{}
	}
	return parsed.First(t, c.zone(s.Timezone))
}

// latestTick is the last tick of s from since to now; zero: there is none.
func (c *clock) latestTick(s assets.Schedule, since, now time.Time) time.Time {
	if s.IsZero() || c.parsed(s.Expr) == nil {
		return time.Time{}
	}
	return c.parsed(s.Expr).Latest(now, since, c.zone(s.Timezone))
}

// PlannedSchedule is the key under which [State.Planned] says since when the asset's
// schedule has been planned with. zone is the project's.
func PlannedSchedule(a *assets.Asset, zone string) Planned {
	return Planned{a.Name, "schedule", ScheduleDigest(a.Schedule, zone)}
}

// ScheduleDigest is the digest of what decides when a schedule ticks.
func ScheduleDigest(s assets.Schedule, zone string) assets.Digest {
	if s.Timezone != "" {
		zone = s.Timezone
	}
	return assets.NewDigest("schedule1", s.Expr, zone)
}

// moment is a time as a message shows it, to the minute, or to the second if it lies
// within one.
func moment(t time.Time) string {
	t = t.UTC()
	if t.Second() == 0 {
		return t.Format("2006-01-02 15:04 UTC")
	}
	return t.Format("2006-01-02 15:04:05 UTC")
}

// duration is a duration as it is declared: "24h", "1h30m", "0s".
func duration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
