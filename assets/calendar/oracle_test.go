package calendar

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The oracle walks through time minute by minute and asks of each whether it is a
// tick. It shares no code with what it judges: it parses into sets of its own, and
// knows of a zone only what its clock shows.

// A cronOracle is a parsed expression.
type cronOracle struct {
	minute, hour, dom, month, dow map[int]bool
	domAny, dowAny, wildcard      bool
}

func newOracle(expr string) cronOracle {
	f := strings.Fields(expr)
	c := cronOracle{
		oracleSet(f[0], 0, 59, nil), oracleSet(f[1], 0, 23, nil), oracleSet(f[2], 1, 31, nil),
		oracleSet(f[3], 1, 12, strings.Fields("- jan feb mar apr may jun jul aug sep oct nov dec")),
		oracleSet(f[4], 0, 7, strings.Fields("sun mon tue wed thu fri sat")),
		f[2][0] == '*', f[4][0] == '*', f[0][0] == '*' || f[1][0] == '*',
	}
	if c.dow[7] {
		c.dow[0] = true
	}
	return c
}

func oracleSet(text string, lo, hi int, names []string) map[int]bool {
	number := func(s string) int {
		if i := slices.Index(names, s); i >= 0 {
			return i
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			panic(err)
		}
		return n
	}
	set := map[int]bool{}
	for part := range strings.SplitSeq(strings.ToLower(text), ",") {
		span, step, stepped := strings.Cut(part, "/")
		first, last, isRange := strings.Cut(span, "-")
		a, b, by := lo, hi, 1
		if span != "*" {
			a, b = number(first), number(first)
			if isRange {
				b = number(last)
			} else if stepped {
				b = hi
			}
		}
		if stepped {
			by = number(step)
		}
		for v := a; v <= b; v += by {
			set[v] = true
		}
	}
	return set
}

// matches says whether a civil time, held as if it were UTC, matches.
func (c cronOracle) matches(civil time.Time) bool {
	if !c.minute[civil.Minute()] || !c.hour[civil.Hour()] || !c.month[int(civil.Month())] {
		return false
	}
	dom, dow := c.dom[civil.Day()], c.dow[int(civil.Weekday())]
	if c.domAny || c.dowAny {
		return dom && dow
	}
	return dom || dow
}

// An oracleMinute is what a zone's clock shows at a moment, and what that follows.
type oracleMinute struct {
	at      time.Time
	civil   time.Time // as if it were UTC
	again   bool      // the clock has shown this before
	skipped []time.Time
}

// oracleMinutes are the minutes from lo to hi.
func oracleMinutes(zone *time.Location, lo, hi time.Time) (minutes []oracleMinute) {
	const longest = 26 * time.Hour // that a clock was ever set back
	shown := map[time.Time]bool{}
	at := lo.Add(-longest).Truncate(time.Minute)
	last := clock(zone, at.Add(-time.Minute))
	for ; !at.After(hi); at = at.Add(time.Minute) {
		m := oracleMinute{at: at, civil: clock(zone, at)}
		m.again = shown[m.civil]
		shown[m.civil] = true
		for skipped := last.Add(time.Minute); skipped.Before(m.civil); skipped = skipped.Add(time.Minute) {
			m.skipped = append(m.skipped, skipped)
		}
		last = m.civil
		if !at.Before(lo) {
			minutes = append(minutes, m)
		}
	}
	return minutes
}

// clock is what a zone's clock shows at a moment, as if it were UTC.
func clock(zone *time.Location, at time.Time) time.Time {
	local := at.In(zone)
	return time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), 0, 0, time.UTC)
}

// ticks are those of the minutes at which the expression ticks.
func (c cronOracle) ticks(minutes []oracleMinute) (ticks []time.Time) {
	for _, m := range minutes {
		if c.matches(m.civil) && (c.wildcard || !m.again) || !c.wildcard && slices.ContainsFunc(m.skipped, c.matches) {
			ticks = append(ticks, m.at)
		}
	}
	return ticks
}

// A transition is a moment at which a zone's clock is set.
type transition struct {
	at            time.Time
	before, after int // seconds east of UTC
}

// transitions are those of a zone from lo to hi, no two within six hours.
func transitions(zone *time.Location, lo, hi time.Time) (found []transition) {
	offset := func(t time.Time) int {
		_, seconds := t.In(zone).Zone()
		return seconds
	}
	const step = 6 * time.Hour
	for lo = lo.Truncate(time.Second); lo.Before(hi); lo = lo.Add(step) {
		before, after := offset(lo), offset(lo.Add(step))
		if before == after {
			continue
		}
		low, high := lo, lo.Add(step) // the clock is set in (low, high]
		for high.Sub(low) > time.Second {
			middle := low.Add(high.Sub(low) / 2).Truncate(time.Second)
			if offset(middle) == before {
				low = middle
			} else {
				high = middle
			}
		}
		found = append(found, transition{high, before, after})
	}
	return found
}
