package calendar

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestZone(t *testing.T) {
	for name, wrong := range map[string]string{
		"": "", "UTC": "", "Europe/Paris": "", "America/Argentina/Buenos_Aires": "", "Etc/GMT+5": "",
		"Local":           "another zone on each machine",
		"Paris":           `there is no time zone "Paris". Did you mean "Europe/Paris"?`,
		"europe/paris":    `Did you mean "Europe/Paris"?`,
		"new york":        `Did you mean "America/New_York"?`,
		"Europe/Pari":     `Did you mean "Europe/Paris"?`,
		"utc":             `Did you mean "UTC"?`,
		"Mars/Olympus":    "IANA database",
		"Europe":          "there is no time zone",
		"../Europe/Paris": "there is no time zone",
		"localtime":       "there is no time zone",
		"right/UTC":       "there is no time zone",
	} {
		zone, err := Zone(name)
		switch {
		case wrong == "" && (err != nil || zone.String() != name && name != ""):
			t.Errorf("%q: got %v, %v", name, zone, err)
		case wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)):
			t.Errorf("%q: got %v, want %q", name, err, wrong)
		}
	}
	one, _ := Zone("Europe/Paris")
	if other, _ := Zone("Europe/Paris"); one != other {
		t.Error("a zone is read twice")
	}
}

// eachZone calls f for each zone, but once only for those whose clocks are set alike
// between lo and hi.
func eachZone(t *testing.T, lo, hi time.Time, f func(*time.Location, []transition)) {
	seen := map[string]bool{}
	names := strings.Fields(zoneNames)
	if len(names) < 500 {
		t.Fatalf("there are %d zones only", len(names))
	}
	for _, name := range names {
		zone := mustZone(t, name)
		_, offset := lo.In(zone).Zone()
		set := transitions(zone, lo, hi)
		if key := fmt.Sprint(offset, set); !seen[key] {
			seen[key] = true
			f(zone, set)
		}
	}
	if len(seen) < 50 {
		t.Fatalf("only %d zones differ", len(seen))
	}
}

// TestSpans: where a zone's clock is set, and only there, a span ends.
func TestSpans(t *testing.T) {
	eachZone(t, from1972, to2045, func(zone *time.Location, want []transition) {
		var got []transition
		for m := floor(from1972.Unix(), 60); m < to2045.Unix()/60; {
			s := spanAt(m, zone)
			if s.end <= m || s.start > m {
				t.Fatalf("%s: %s is not in its span, %s to %s", zone, moment(m), moment(s.start), moment(s.end))
			}
			if s.start == m && s.before != s.offset {
				got = append(got, transition{moment(m), int(s.before) * 60, int(s.offset) * 60})
			}
			m = s.end
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %v\nwant %v", zone, got, want)
		}
	})
}

var (
	from2020 = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	to2031   = time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
)

// TestDailyInEveryZone: whatever clocks do, what is due once a day ticks once for each
// local day of 2020 to 2030. Where its time is skipped at the end of a day, as in
// America/Nuuk, the tick is the first minute of the next.
func TestDailyInEveryZone(t *testing.T) {
	eachZone(t, from2020, to2031, func(zone *time.Location, set []transition) {
		times := map[string]bool{"0 00 * * *": true, "30 23 * * *": true}
		for _, tr := range set { // the times that are skipped, or come twice
			for _, offset := range []int{tr.before, tr.after, (tr.before + tr.after) / 2} {
				civil := tr.at.Add(time.Duration(offset) * time.Second)
				times[civil.Format("4 15 * * *")] = true
			}
		}
		for expr := range times {
			s := mustParse(t, expr)
			day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
			tick := s.First(time.Date(2020, 1, 1, 0, 0, 0, 0, zone), zone)
			for day.Before(to2031) {
				civil := clock(zone, tick)
				if civil.Format("4 15 * * *") != expr {
					// The time was skipped after the minute before.
					for civil = clock(zone, tick.Add(-time.Minute)); civil.Format("4 15 * * *") != expr; {
						if civil = civil.Add(time.Minute); civil.After(clock(zone, tick)) {
							t.Fatalf("%s in %s: nothing ticks at %s", expr, zone, tick.In(zone))
						}
					}
				}
				if got := civil.Truncate(24 * time.Hour); got != day {
					t.Fatalf("%s in %s: expected the tick of %s, got %s", expr, zone, day.Format(time.DateOnly), tick.In(zone))
				}
				day = day.AddDate(0, 0, 1)
				tick = s.First(tick.Add(1), zone)
			}
		}
	})
}

// TestEveryTransition compares with the oracle around each change of clocks of 2020 to 2030.
func TestEveryTransition(t *testing.T) {
	count, seen := 0, map[transition]bool{}
	eachZone(t, from2020, to2031, func(zone *time.Location, set []transition) {
		for _, tr := range set {
			if seen[tr] { // zones are alike around it
				continue
			}
			seen[tr] = true
			count++
			lo, hi := tr.at.Add(-20*time.Hour), tr.at.Add(28*time.Hour)
			minutes := oracleMinutes(zone, lo, hi)
			civil := func(d time.Duration) string {
				return tr.at.Add(time.Duration(min(tr.before, tr.after))*time.Second + d).Format("4 15")
			}
			for _, expr := range []string{
				"0 0 * * *", "59 23 * * *", civil(0) + " * * *", civil(29*time.Minute) + " * * *", civil(-time.Minute) + " * * *", civil(time.Hour) + " * * *",
				"15,45 0-5 * * *", "0,30 0-23 * * *", "*/20 * * * *", "*/15 1-3 * * *", "7 */2 * * *",
				fmt.Sprintf("30 0-4 %d * *", tr.at.Day()), "20 0-23/3 * * SUN",
			} {
				want := newOracle(expr).ticks(minutes)
				if got := walk(mustParse(t, expr), zone, lo, hi); !slices.EqualFunc(got, want, time.Time.Equal) {
					t.Fatalf("%s in %s around %s:\ngot  %s\nwant %s", expr, zone, tr.at, got, want)
				}
			}
		}
	})
	if count < 200 {
		t.Errorf("only %d transitions were found", count)
	}
}
