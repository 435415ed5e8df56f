package planner

import (
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
)

// What is to be expected of sources, if history repeats.

// Pattern is what of a source's past repeats.
type Pattern string

const (
	RepeatsWeek     Pattern = "week"     // what arrived within the last week, at the same weekday and time of day
	RepeatsDay      Pattern = "day"      // what arrived within the last day, at the same time of day
	RepeatsInterval Pattern = "interval" // the median of the times between arrivals
	RepeatsNothing  Pattern = "nothing"  // it arrived once, or never
)

// Repetition is what is expected of a source.
type Repetition struct {
	Source  assets.Name
	Pattern Pattern
	At      []time.Time // sorted
}

// Repeat says of each source, sorted by name, which versions are to be expected after
// in.Now and not after until, if its past repeats. recorded is the end of each log as the
// warehouse has it: at least what arrived within a week, and one entry before that. What
// was observed since is added.
//
// If the log covers a week, the last week repeats, in the project's time zone: what came
// on Monday at 6:10 comes on Monday at 6:10, also when clocks have changed. If it covers a
// day, the last day repeats. If it covers less, or nothing arrived within that time, the
// source goes on from its last arrival in the median of its intervals, but not more often
// than once a minute. The time before in.Now that nobody has looked at yet does not
// count: in.Now may be in the future.
func Repeat(in Input, recorded map[assets.Name][]Arrival, until time.Time) []Repetition {
	in.State.Arrivals = recorded
	m := newModel(in, nil)
	zone, err := calendar.Zone(in.Project.Timezone)
	if err != nil { // the project's files were checked for that
		zone = time.UTC
	}
	list := make([]Repetition, 0, len(in.Project.Sources))
	for _, source := range assets.SortedNames(in.Project.Sources) {
		known := in.Now
		if looked := in.Observed[source].At; !looked.IsZero() {
			known = earlier(known, looked)
		}
		var past []time.Time
		for _, a := range m.log(source) {
			if !a.Arrived.After(known) {
				past = append(past, a.Arrived)
			}
		}
		r := Repetition{Source: source}
		r.Pattern, r.At = repeat(past, known, in.Now, until, zone)
		list = append(list, r)
	}
	return list
}

// repeat expects arrivals after from and not after until, by those before known.
func repeat(past []time.Time, known, from, until time.Time, zone *time.Location) (Pattern, []time.Time) {
	for _, period := range []struct {
		Pattern
		days int
	}{{RepeatsWeek, 7}, {RepeatsDay, 1}} {
		began := civilShift(known, -period.days, zone)
		if len(past) == 0 || past[0].After(began) {
			continue
		}
		recent := slices.DeleteFunc(slices.Clone(past), func(t time.Time) bool { return !t.After(began) })
		if len(recent) == 0 {
			break // it comes more rarely
		}
		var expected []time.Time
		for days := period.days; !civilShift(recent[0], days, zone).After(until); days += period.days {
			for _, t := range recent {
				if t = civilShift(t, days, zone); t.After(from) && !t.After(until) {
					expected = append(expected, t)
				}
			}
		}
		slices.SortFunc(expected, time.Time.Compare)
		return period.Pattern, slices.CompactFunc(expected, time.Time.Equal)
	}
	interval := medianInterval(past)
	if interval == 0 {
		return RepeatsNothing, nil
	}
	var expected []time.Time
	last := past[len(past)-1]
	next := last.Add(interval)
	if missed := from.Sub(last) / interval; missed > 0 {
		next = last.Add((missed + 1) * interval)
	}
	for ; !next.After(until); next = next.Add(interval) {
		expected = append(expected, next)
	}
	return RepeatsInterval, expected
}

// medianInterval is the median of the times between arrivals, a minute at least; 0: there
// is none.
func medianInterval(past []time.Time) time.Duration {
	if len(past) < 2 {
		return 0
	}
	between := make([]time.Duration, 0, len(past)-1)
	for i, t := range past[1:] {
		between = append(between, t.Sub(past[i]))
	}
	slices.Sort(between)
	return max(between[len(between)/2], simulationStep)
}

// civilShift is the moment so many days after t at which the clocks of the zone show
// what they do at t. Of a time that comes twice it is the first; for one that is skipped
// it is the first moment after the gap.
func civilShift(t time.Time, days int, zone *time.Location) time.Time {
	local := t.In(zone)
	_, offset := local.Zone()
	wanted := t.Add(time.Duration(offset)*time.Second).UTC().AddDate(0, 0, days) // as a clock that never changes shows it
	year, month, day := wanted.Date()
	shifted := time.Date(year, month, day, wanted.Hour(), wanted.Minute(), wanted.Second(), wanted.Nanosecond(), zone)
	began, ends := shifted.ZoneBounds()
	_, offset = shifted.Zone()
	switch shown := shifted.Add(time.Duration(offset) * time.Second).UTC(); {
	case shown.Before(wanted):
		return ends.UTC()
	case shown.After(wanted):
		return began.UTC()
	}
	if !began.IsZero() {
		_, before := began.Add(-time.Nanosecond).Zone()
		if first := shifted.Add(-time.Duration(before-offset) * time.Second); before > offset && first.Before(began) {
			return first.UTC()
		}
	}
	return shifted.UTC()
}

// Expected are the arrivals of repetitions, as [Simulate] takes them.
func Expected(list []Repetition) []Arriving {
	var all []Arriving
	for _, r := range list {
		for _, t := range r.At {
			all = append(all, Arriving{r.Source, t})
		}
	}
	slices.SortStableFunc(all, func(a, b Arriving) int { return a.At.Compare(b.At) })
	return all
}

// Eager is in as if nobody said how late anything may be: whatever arrives is built at
// once, ticks of schedules included.
func Eager(in Input) Input {
	project := *in.Project
	project.Freshness = nil
	project.Assets = make(map[assets.Name]*assets.Asset, len(in.Project.Assets))
	for name, a := range in.Project.Assets {
		eager := *a
		eager.Freshness = []assets.Freshness{{}}
		project.Assets[name] = &eager
	}
	in.Project = &project
	return in
}
