package calendar

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestTicks(t *testing.T) {
	for _, c := range []struct{ name, expr, zone, from, want string }{
		{"a tick is at its moment", "0 8 * * *", "", "2026-05-04T08:00:00Z", "2026-05-04T08:00:00Z"},
		{"a second after it, the next one is", "0 8 * * *", "", "2026-05-04T08:00:01Z", "2026-05-05T08:00:00Z"},
		{"parts of a second count", "* * * * *", "", "2026-05-04T08:00:00.000000001Z", "2026-05-04T08:01:00Z"},
		{"before 1970", "30 * * * *", "", "1969-12-31T23:31:00Z", "1970-01-01T00:30:00Z"},
		{"either day, if both are restricted", "0 0 13 * FRI", "", "2026-05-02T00:00:00Z", "2026-05-08T00:00:00Z"},
		{"both days, if one begins with a star", "0 0 13 * */5", "", "2026-05-02T00:00:00Z", "2026-09-13T00:00:00Z"},
		{"? is *", "0 0 ? * MON", "", "2026-05-05T00:00:00Z", "2026-05-11T00:00:00Z"},
		{"Sunday is 7", "0 0 * * 7", "", "2026-05-04T00:00:00Z", "2026-05-10T00:00:00Z"},
		{"a week may end with Sunday", "0 0 * * SAT-SUN", "", "2026-05-10T00:00:00Z", "2026-05-10T00:00:00Z"},
		{"a leap day on a Sunday, past a century without one", "0 0 29 2 */7", "", "2088-03-01T00:00:00Z", "2128-02-29T00:00:00Z"},
		{"a zone", "0 8 * * *", "Asia/Kolkata", "2026-05-04T00:00:00Z", "2026-05-04T02:30:00Z"},

		{"skipped: at the first minute after the gap", "30 2 * * *", "Europe/Paris", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
		{"all that is skipped ticks once", "0,15,30 2 * * *", "Europe/Paris", "2026-03-29T01:00:01Z", "2026-03-30T00:00:00Z"},
		{"skipped with a star: not at all", "*/30 2 * * *", "Europe/Paris", "2026-03-28T12:00:00Z", "2026-03-30T00:00:00Z"},
		{"twice: the first one", "30 2 * * *", "Europe/Paris", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
		{"twice: not the second one", "30 2 * * *", "Europe/Paris", "2026-10-25T00:30:01Z", "2026-10-26T01:30:00Z"},
		{"twice with a star: both", "30 * * * *", "Europe/Paris", "2026-10-25T00:30:01Z", "2026-10-25T01:30:00Z"},
		{"half an hour skipped", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z"},
		{"a day skipped: the next one begins with it", "0 8 * * *", "Pacific/Apia", "2011-12-29T18:00:01Z", "2011-12-30T10:00:00Z"},
		{"and has its own, too", "0 8 * * *", "Pacific/Apia", "2011-12-30T10:00:01Z", "2011-12-30T18:00:00Z"},

		{"an interval", "@every 6h", "", "2026-05-04T06:00:01Z", "2026-05-04T12:00:00Z"},
		{"an interval knows no zone", "@every 1d", "Europe/Paris", "2026-05-04T06:00:01Z", "2026-05-05T00:00:00Z"},
		{"an interval that fits no day goes on at midnight", "@every 7h", "", "1970-01-01T21:00:01Z", "1970-01-02T04:00:00Z"},
		{"an interval before 1970", "@every 7h", "", "1969-12-31T00:00:00Z", "1969-12-31T03:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, zone, from, want := mustParse(t, c.expr), mustZone(t, c.zone), at(t, c.from), at(t, c.want)
			if got := s.First(from, zone); !got.Equal(want) {
				t.Errorf("%s in %s from %s: got %s, want %s", c.expr, zone, c.from, got, c.want)
			}
			if got := s.Latest(want.Add(time.Second), from, zone); !got.Equal(want) {
				t.Errorf("the latest from there is %s, want %s", got, c.want)
			}
			if got := s.Latest(want.Add(-1), from, zone); !got.IsZero() {
				t.Errorf("there is a tick between, at %s", got)
			}
		})
	}
}

func TestLatestKeepsToSince(t *testing.T) {
	now := at(t, "2026-05-04T10:00:00Z")
	for _, expr := range []string{"0 8 * * *", "@every 8h"} {
		s := mustParse(t, expr)
		for since, want := range map[string]string{
			"0001-01-01T00:00:00Z": "2026-05-04T08:00:00Z", "2026-05-04T08:00:00Z": "2026-05-04T08:00:00Z",
			"2026-05-04T08:00:00.5Z": "", "2026-05-04T11:00:00Z": "",
		} {
			got := s.Latest(now, at(t, since), time.UTC)
			if want == "" && !got.IsZero() || want != "" && !got.Equal(at(t, want)) {
				t.Errorf("%s since %s: got %s, want %q", expr, since, got, want)
			}
		}
	}
}

func TestNothingTicks(t *testing.T) {
	var s Schedule
	now := at(t, "2026-05-04T10:00:00Z")
	if first, latest := s.First(now, time.UTC), s.Latest(now, time.Time{}, time.UTC); !first.IsZero() || !latest.IsZero() {
		t.Errorf("the zero Schedule ticks: %s, %s", first, latest)
	}
}

func TestEqualSchedules(t *testing.T) {
	for _, same := range [][2]string{{"@daily", "0 0 * * *"}, {"0 0 * * 7", "00 0 * * sun"}, {"@every 60m", "@EVERY 1h"}, {"0 0 1-3 * ?", "0  0 1,2,3 * *"}} {
		if mustParse(t, same[0]) != mustParse(t, same[1]) {
			t.Errorf("%q and %q are not equal", same[0], same[1])
		}
	}
	for _, other := range [][2]string{{"0 * * * *", "0 0-23 * * *"}, {"0 0 1 * 0-6", "0 0 1 * *"}, {"@hourly", "@every 1h"}} {
		if mustParse(t, other[0]) == mustParse(t, other[1]) {
			t.Errorf("%q and %q are equal", other[0], other[1])
		}
	}
}

// genField draws a field that is often wide enough to tick soon.
func genField(lo, hi int, names string) *rapid.Generator[string] {
	value := rapid.Custom(func(t *rapid.T) string {
		n := rapid.IntRange(lo, hi).Draw(t, "value")
		if words := strings.Fields(names); n-lo < len(words) && rapid.Bool().Draw(t, "named") {
			return words[n-lo]
		}
		return fmt.Sprint(n)
	})
	part := rapid.Custom(func(t *rapid.T) string {
		step := rapid.IntRange(1, hi).Draw(t, "step")
		a := rapid.IntRange(lo, hi).Draw(t, "from")
		b := rapid.IntRange(a, hi).Draw(t, "to")
		switch rapid.IntRange(0, 5).Draw(t, "form") {
		case 0:
			return fmt.Sprintf("%d-%d", a, b)
		case 1:
			return fmt.Sprintf("%d-%d/%d", a, b, step)
		case 2:
			return fmt.Sprintf("%d/%d", a, step)
		case 3:
			return fmt.Sprintf("*/%d", step)
		}
		return value.Draw(t, "value")
	})
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.Bool().Draw(t, "star") {
			return "*"
		}
		return strings.Join(rapid.SliceOfN(part, 1, 3).Draw(t, "parts"), ",")
	})
}

var genExpr = rapid.Custom(func(t *rapid.T) string {
	return strings.Join([]string{
		genField(0, 59, "").Draw(t, "minute"),
		rapid.OneOf(genField(0, 23, ""), genField(0, 4, "")).Draw(t, "hour"), // clocks change at night
		genField(1, 31, "").Draw(t, "day"),
		genField(1, 12, "JAN feb Mar apr may jun jul aug sep oct nov dec").Draw(t, "month"),
		genField(0, 7, "SUN mon tue wed thu fri sat").Draw(t, "weekday"),
	}, " ")
})

var (
	from1972 = time.Date(1972, 6, 1, 0, 0, 0, 0, time.UTC) // from when on offsets are whole minutes
	to2045   = time.Date(2045, 1, 1, 0, 0, 0, 0, time.UTC) // beyond 2037, zones are rules and no tables
)

// genMoment draws a moment, in half of the cases one near to which the zone's clock is set.
func genMoment(t *rapid.T, zone *time.Location) time.Time {
	seconds := rapid.Int64Range(from1972.Unix(), to2045.Unix()).Draw(t, "seconds")
	moment := time.Unix(seconds, rapid.SampledFrom([]int64{0, 0, 1}).Draw(t, "nanoseconds")).UTC()
	if rapid.Bool().Draw(t, "anywhere") {
		return moment
	}
	near := transitions(zone, moment, moment.AddDate(0, 8, 0))
	if len(near) == 0 {
		return moment
	}
	return near[0].at.Add(time.Duration(rapid.IntRange(-26*60, 4*60).Draw(t, "minutes")) * time.Minute)
}

var genZone = rapid.Custom(func(t *rapid.T) *time.Location {
	zone, err := Zone(rapid.SampledFrom(strings.Fields(zoneNames)).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	return zone
})

// walk lists the ticks from lo to hi as First finds them.
func walk(s Schedule, zone *time.Location, lo, hi time.Time) (ticks []time.Time) {
	for tick := s.First(lo, zone); !tick.IsZero() && !tick.After(hi); tick = s.First(tick.Add(1), zone) {
		ticks = append(ticks, tick)
	}
	return ticks
}

// TestAsMinuteByMinute: whoever walks through time ticks at the same minutes.
func TestAsMinuteByMinute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		expr, zone := genExpr.Draw(t, "expr"), genZone.Draw(t, "zone")
		s, err := Parse(expr)
		if err != nil {
			if strings.Contains(err.Error(), "never ticks") {
				t.Skip()
			}
			t.Fatalf("%q: %v", expr, err)
		}
		lo := genMoment(t, zone)
		hi := lo.Add(30 * time.Hour)
		want := newOracle(expr).ticks(oracleMinutes(zone, lo.Add(time.Minute-1).Truncate(time.Minute), hi))
		if got := walk(s, zone, lo, hi); !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("%s in %s from %s:\ngot  %s\nwant %s", expr, zone, lo, got, want)
		}
	})
}

// TestLatestIsTheInverse: between neighbouring ticks, First finds the one and Latest the other.
func TestLatestIsTheInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		expr, zone := genExpr.Draw(t, "expr"), genZone.Draw(t, "zone")
		if rapid.IntRange(0, 9).Draw(t, "interval") == 0 {
			expr = fmt.Sprintf("@every %dm", rapid.IntRange(1, 100_000).Draw(t, "minutes"))
		}
		s, err := Parse(expr)
		if err != nil {
			t.Skip()
		}
		moment := genMoment(t, zone)
		next := s.First(moment, zone)
		if next.Before(moment) || next != s.Latest(next, time.Time{}, zone) {
			t.Fatalf("the first tick from %s on is %s, the latest from there %s", moment, next, s.Latest(next, time.Time{}, zone))
		}
		last := s.Latest(next.Add(-1), time.Time{}, zone)
		if !last.Before(moment) || s.First(last.Add(1), zone) != next {
			t.Fatalf("the first tick from %s on is %s, the one before that %s, and from there the first is %s", moment, next, last, s.First(last.Add(1), zone))
		}
	})
}

func BenchmarkTicks(b *testing.B) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ expr, zone string }{
		{"*/5 * * * *", "UTC"}, {"0 8 * * MON-FRI", "Europe/Paris"}, {"0 0 29 2 *", "UTC"}, {"0 0 29 2 *", "Europe/Paris"},
		{"0 0 29 2 */7", "America/New_York"}, {"@every 6h", "UTC"},
	} {
		s, zone := mustParse(b, c.expr), mustZone(b, c.zone)
		b.Run("First/"+c.expr+"/"+c.zone, func(b *testing.B) {
			for b.Loop() {
				s.First(now, zone)
			}
		})
		b.Run("Latest/"+c.expr+"/"+c.zone, func(b *testing.B) {
			for b.Loop() {
				s.Latest(now, time.Time{}, zone)
			}
		})
	}
}
