package calendar

import "time"

// Schedule says at which minutes it ticks. It is comparable: equal Schedules tick
// alike. The zero Schedule never ticks; those that [Parse] returns never end.
type Schedule struct {
	// A set has a bit for each value: bit 5 of minutes is minute 5.
	minutes  uint64
	hours    uint32
	days     uint32 // of the month, from bit 1 on
	months   uint16 // from bit 1 on
	weekdays uint8  // Sunday is bit 0
	// eitherDay says that a day of days or one of weekdays is enough, not both needed:
	// cron's rule where both fields are restricted.
	eitherDay bool
	// elapsed says that ticks follow elapsed time when clocks change.
	elapsed bool
	// every is the interval in minutes of "@every"; the sets are empty then.
	every int64
}

// Moments are counted in minutes since 1970-01-01T00:00Z, civil times in minutes
// since 1970-01-01T00:00 on the clock of their zone.
const (
	hour = 60
	day  = 24 * hour
	// slack is more than two clocks of one zone ever differ by.
	slack = 2 * day
)

// First is the first tick at or after t: a second after a tick, it is the next one.
// It is zero only for the zero Schedule. The zone decides nothing for "@every".
func (s Schedule) First(t time.Time, zone *time.Location) time.Time {
	m := floor(t.Unix(), 60)
	if moment(m).Before(t) {
		m++
	}
	if s.every > 0 {
		return moment(-floor(-m, s.every) * s.every)
	}
	for {
		span := spanAt(m, zone)
		if tick, ok := s.firstIn(span, m); ok {
			return moment(tick)
		}
		// Nothing ticks long before the next civil time that matches, on whatever clock.
		civil, ok := s.after(m + span.offset - slack)
		if !ok {
			return time.Time{}
		}
		m = max(span.end, civil-span.offset-slack)
	}
}

// Latest is the last tick at or before t that is not before since; zero: there is none.
func (s Schedule) Latest(t, since time.Time, zone *time.Location) time.Time {
	m := floor(t.Unix(), 60)
	least := floor(since.Unix(), 60)
	if moment(least).Before(since) {
		least++
	}
	if s.every > 0 {
		if m = floor(m, s.every) * s.every; m < least {
			return time.Time{}
		}
		return moment(m)
	}
	for m >= least {
		span := spanAt(m, zone)
		if tick, ok := s.latestIn(span, m); ok {
			if tick < least {
				break
			}
			return moment(tick)
		}
		civil, ok := s.before(m + span.offset + slack)
		if !ok {
			break
		}
		m = min(span.start-1, civil-span.offset+slack)
	}
	return time.Time{}
}

// firstIn is the first tick of a span at or after the moment m in it.
func (s Schedule) firstIn(span span, m int64) (int64, bool) {
	civil := m + span.offset
	if !s.elapsed {
		skipped, repeated := span.start+span.before, span.start+span.offset
		if m == span.start && skipped < repeated {
			if c, ok := s.after(skipped); ok && c < repeated {
				return m, true
			}
		}
		civil = max(civil, skipped) // before that, the clock shows what it has shown already
	}
	c, ok := s.after(civil)
	return c - span.offset, ok && c < span.end+span.offset
}

// latestIn is the last tick of a span at or before the moment m in it.
func (s Schedule) latestIn(span span, m int64) (int64, bool) {
	first := span.start + span.offset // the civil time that the span begins with
	if !s.elapsed {
		first = max(first, span.start+span.before)
	}
	if c, ok := s.before(m + span.offset); ok && c >= first {
		return c - span.offset, true
	}
	if !s.elapsed && span.before < span.offset {
		c, ok := s.before(span.start + span.offset - 1)
		return span.start, ok && c >= span.start+span.before
	}
	return 0, false
}

func moment(minute int64) time.Time { return time.Unix(minute*60, 0).UTC() }

// floor divides and rounds down, also below zero.
func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
