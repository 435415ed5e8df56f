package planner

import (
	"iter"
	"strconv"
	"strings"
	"time"
)

// Cron as the reference model has it, minute by minute and without package
// calendar, so that a mistake of the one is none of the other.

var cronPresets = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
	"@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

var (
	cronMonths = cronNames(1, "jan feb mar apr may jun jul aug sep oct nov dec")
	cronDays   = cronNames(0, "sun mon tue wed thu fri sat")
)

func cronNames(first int, words string) map[string]int {
	numbers := map[string]int{}
	for i, w := range strings.Fields(words) {
		numbers[w] = first + i
	}
	return numbers
}

type cron struct {
	minute, hour, dom, month, dow map[int]bool
	domAny, dowAny, wildcard      bool
}

var parseCron = remembered(func(expr string) cron {
	if full, ok := cronPresets[strings.ToLower(strings.TrimSpace(expr))]; ok {
		expr = full
	}
	f := strings.Fields(expr)
	c := cron{
		minute: cronField(f[0], 0, 59, nil), hour: cronField(f[1], 0, 23, nil), dom: cronField(f[2], 1, 31, nil),
		month: cronField(f[3], 1, 12, cronMonths), dow: cronField(f[4], 0, 7, cronDays),
		domAny: strings.HasPrefix(f[2], "*"), dowAny: strings.HasPrefix(f[4], "*"),
		wildcard: strings.HasPrefix(f[0], "*") || strings.HasPrefix(f[1], "*"),
	}
	c.dow[0] = c.dow[0] || c.dow[7]
	return c
})

func cronField(text string, low, high int, names map[string]int) map[int]bool {
	number := func(s string) int {
		if n, ok := names[s]; ok {
			return n
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			panic(err)
		}
		return n
	}
	out := map[int]bool{}
	for part := range strings.SplitSeq(strings.ToLower(text), ",") {
		span, by, stepped := strings.Cut(part, "/")
		first, last, ranged := strings.Cut(span, "-")
		from, to, step := low, high, 1
		if span != "*" {
			from = number(first)
		}
		if stepped {
			step = number(by)
		}
		switch {
		case ranged:
			to = number(last)
		case span != "*" && !stepped:
			to = from
		}
		for n := from; n <= to; n += step {
			out[n] = true
		}
	}
	return out
}

// A day matches if its month does and both of day-of-month and day-of-week do;
// either is enough when both are restricted.
func (c cron) dayMatches(d time.Time) bool {
	dom, dow := c.dom[d.Day()], c.dow[int(d.Weekday())]
	if c.domAny || c.dowAny {
		return c.month[int(d.Month())] && dom && dow
	}
	return c.month[int(d.Month())] && (dom || dow)
}

func (c cron) matches(local time.Time) bool {
	return c.minute[local.Minute()] && c.hour[local.Hour()] && c.dayMatches(local)
}

// A tick: a job with `*` first in minute or hour ticks at every elapsed minute
// whose civil time matches. A fixed-time job ticks at the first of two equal civil
// times, and for times that a spring-forward skips, at the first minute after the gap.
func (c cron) ticksAt(t time.Time, zone *time.Location) bool {
	local := t.In(zone)
	if c.wildcard {
		return c.matches(local)
	}
	if c.matches(local) && !secondTime(local) {
		return true
	}
	for skipped := civilTime(t.Add(-time.Minute).In(zone)).Add(time.Minute); skipped.Before(civilTime(local)); skipped = skipped.Add(time.Minute) {
		if c.matches(skipped) {
			return true
		}
	}
	return false
}

// secondTime reports whether the clocks showed this civil time once before.
func secondTime(local time.Time) bool {
	start, _ := local.ZoneBounds()
	if start.IsZero() {
		return false
	}
	_, before := start.Add(-time.Second).Zone()
	_, after := local.Zone()
	return local.Sub(start) < time.Duration(before-after)*time.Second
}

// civilTime is what the clocks show, as if they stood in UTC.
func civilTime(local time.Time) time.Time {
	return time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
}

type cronDay struct {
	expr, zone string
	day        time.Time // midnight UTC
}

// All ticks of a day of UTC, minute by minute; days on which no civil date matches are passed over.
var cronTicksOfDay = remembered(func(d cronDay) (ticks []time.Time) {
	c, zone, end := parseCron(d.expr), cronZone(d.zone), d.day.Add(24*time.Hour)
	possible := false
	for date := civilTime(d.day.Add(-time.Minute).In(zone)).Truncate(24 * time.Hour); !date.After(civilTime(end.In(zone))); date = date.Add(24 * time.Hour) {
		possible = possible || c.dayMatches(date)
	}
	for t := d.day; possible && t.Before(end); t = t.Add(time.Minute) {
		if c.ticksAt(t, zone) {
			ticks = append(ticks, t)
		}
	}
	return ticks
})

// All ticks in [low, high].
func cronTicks(expr, zone string, low, high time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for day := low.UTC().Truncate(24 * time.Hour); !day.After(high); day = day.Add(24 * time.Hour) {
			for _, t := range cronTicksOfDay(cronDay{expr, zone, day}) {
				if !t.Before(low) && !t.After(high) && !yield(t) {
					return
				}
			}
		}
	}
}

// The first tick at or after a moment; zero: none within nine years.
func cronFirst(expr, zone string, from time.Time) time.Time {
	for t := range cronTicks(expr, zone, from, from.Add(9*366*24*time.Hour)) {
		return t
	}
	return time.Time{}
}

var cronZone = remembered(func(name string) *time.Location {
	zone, err := time.LoadLocation(name) // of "": UTC
	if err != nil {
		panic(err)
	}
	return zone
})

// remembered answers each question once.
func remembered[K comparable, V any](find func(K) V) func(K) V {
	known := map[K]V{}
	return func(k K) V {
		v, ok := known[k]
		if !ok {
			v = find(k)
			known[k] = v
		}
		return v
	}
}
