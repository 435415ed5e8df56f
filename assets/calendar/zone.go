package calendar

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones are known on machines without a zone database, too

	"github.com/agext/levenshtein"
)

var zones sync.Map // name → *time.Location

// Zone finds a zone by its IANA name, such as "Europe/Paris"; "" is UTC. The zone
// database of the machine is asked first, which may be newer, then the one that this
// program carries. The error is one sentence for whoever wrote the name.
func Zone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	if name == "Local" {
		return nil, errors.New(`"Local" is another zone on each machine: name the one that is meant, such as "Europe/Paris"`)
	}
	// A machine's database also holds files that others do not have; their names begin small.
	zone, err := time.LoadLocation(name)
	if err != nil || name[0] < 'A' || name[0] > 'Z' {
		if near := nearestZone(name); near != "" {
			return nil, fmt.Errorf("there is no time zone %q. Did you mean %q?", name, near)
		}
		return nil, fmt.Errorf(`there is no time zone %q. Zones have names as in the IANA database, such as "Europe/Paris", "America/New_York" or "UTC"`, name)
	}
	zones.Store(name, zone)
	return zone, nil
}

// nearestZone is the zone that was meant: the same letters in another case, its city
// alone, or a slip or two; "" if there is none.
func nearestZone(name string) string {
	name = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), " ", "_"))
	best, least := "", 3
	for known := range strings.FieldsSeq(zoneNames) {
		lower := strings.ToLower(known)
		d := levenshtein.Distance(name, lower, nil)
		switch {
		case d == 0:
			return known
		case strings.HasSuffix(lower, "/"+name):
			best, least = known, 1
		case d < least && d <= len(name)/4:
			best, least = known, d
		}
	}
	return best
}

// span is a stretch of time during which a zone's clocks do not change. All in minutes.
type span struct {
	start, end int64 // moments; end is no part of it
	offset     int64 // added to a moment, it gives the civil time
	before     int64 // the offset before start
}

// spanAt is the span that the moment m is in, or a part of it that m is in. Offsets
// with seconds, which some zones had until 1972, are rounded down.
func spanAt(m int64, zone *time.Location) span {
	t := moment(m).In(zone)
	s := span{start: math.MinInt64 / 2, end: math.MaxInt64 / 2, offset: offset(t)}
	s.before = s.offset
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		s.start = ceil(start)
		s.before = offset(moment(s.start - 1).In(zone))
	}
	if !end.IsZero() {
		s.end = ceil(end)
	}
	if s.end <= m {
		// Where rules continue the table of a zone, ZoneBounds takes each year to have 365
		// days. The rules never change clocks at the end of the 366th.
		s.end = (floor(m, day) + 1) * day
	}
	return s
}

func offset(t time.Time) int64 {
	_, seconds := t.Zone()
	return floor(int64(seconds), 60)
}

func ceil(t time.Time) int64 { return -floor(-t.Unix(), 60) }
