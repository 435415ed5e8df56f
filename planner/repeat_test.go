package planner

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
)

// times reads moments of a zone: "2026-03-02 06:10", of UTC if a Z follows.
func times(t *testing.T, zone *time.Location, list string) (out []time.Time) {
	t.Helper()
	for text := range strings.SplitSeq(list, ", ") {
		if text == "" {
			continue
		}
		in := zone
		if utc, ok := strings.CutSuffix(text, "Z"); ok {
			text, in = utc, time.UTC
		}
		at, err := time.ParseInLocation("2006-01-02 15:04", text, in)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, at.UTC())
	}
	return out
}

func TestRepeat(t *testing.T) {
	for _, c := range []struct {
		name, zone  string
		past        string
		from, until string
		known       string // ""; from
		pattern     Pattern
		want        string
	}{
		{"never arrived", "UTC", "",
			"2026-03-02 10:00", "2026-03-03 10:00", "", RepeatsNothing, ""},
		{"arrived once", "UTC", "2026-03-02 06:00",
			"2026-03-02 10:00", "2026-03-03 10:00", "", RepeatsNothing, ""},
		{"arrived once, long ago", "UTC", "2026-01-02 06:00",
			"2026-03-02 10:00", "2026-03-03 10:00", "", RepeatsNothing, ""},
		{"a few hours are known", "UTC", "2026-03-02 06:00, 2026-03-02 08:00, 2026-03-02 09:30, 2026-03-02 09:35",
			"2026-03-02 10:00", "2026-03-02 15:00", "", RepeatsInterval, "2026-03-02 11:05, 2026-03-02 12:35, 2026-03-02 14:05"},
		{"twice at once", "UTC", "2026-03-02 09:59, 2026-03-02 09:59",
			"2026-03-02 10:00", "2026-03-02 10:02", "", RepeatsInterval, "2026-03-02 10:01, 2026-03-02 10:02"},
		{"a day is known", "UTC", "2026-03-01 06:00, 2026-03-01 22:00, 2026-03-02 06:30",
			"2026-03-02 10:00", "2026-03-04 00:00", "", RepeatsDay, "2026-03-02 22:00, 2026-03-03 06:30, 2026-03-03 22:00"},
		{"a week is known", "UTC", "2026-02-20 06:00, 2026-02-23 06:10, 2026-02-24 06:20, 2026-02-27 06:30, 2026-03-02 06:40",
			"2026-03-02 10:00", "2026-03-09 10:00", "", RepeatsWeek, "2026-03-03 06:20, 2026-03-06 06:30, 2026-03-09 06:40"},
		{"a week is known, for two weeks", "UTC", "2026-02-20 06:00, 2026-02-27 06:30",
			"2026-03-02 10:00", "2026-03-16 10:00", "", RepeatsWeek, "2026-03-06 06:30, 2026-03-13 06:30"},
		{"monthly", "UTC", "2026-01-01 06:00, 2026-02-01 06:00",
			"2026-03-02 10:00", "2026-04-10 10:00", "", RepeatsInterval, "2026-03-04 06:00, 2026-04-04 06:00"},
		{"a moment in the future", "UTC", "2026-03-01 06:00, 2026-03-01 22:00, 2026-03-02 06:30",
			"2026-03-05 10:00", "2026-03-06 10:00", "2026-03-02 10:00", RepeatsDay, "2026-03-05 22:00, 2026-03-06 06:30"},
		{"a moment in the past", "UTC", "2026-03-01 06:00, 2026-03-01 08:00, 2026-03-02 06:30",
			"2026-03-01 10:00", "2026-03-01 13:00", "", RepeatsInterval, "2026-03-01 12:00"},
		{"clocks go forward: 06:10 is an hour earlier in UTC", "Europe/London", "2026-03-20 06:10, 2026-03-27 06:10",
			"2026-03-27 10:00", "2026-04-10 10:00", "", RepeatsWeek, "2026-04-03 05:10Z, 2026-04-10 05:10Z"},
		{"clocks go back", "Europe/London", "2026-10-22 06:10, 2026-10-23 06:10, 2026-10-24 06:10",
			"2026-10-24 10:00", "2026-10-26 10:00", "", RepeatsDay, "2026-10-25 06:10Z, 2026-10-26 06:10Z"},
		{"a time that is skipped", "Europe/Paris", "2026-03-27 02:30, 2026-03-28 02:30",
			"2026-03-28 10:00", "2026-03-30 10:00", "", RepeatsDay, "2026-03-29 01:00Z, 2026-03-30 00:30Z"},
		{"times that are skipped are one", "Europe/Paris", "2026-03-27 02:10, 2026-03-28 02:10, 2026-03-28 02:50",
			"2026-03-28 10:00", "2026-03-29 10:00", "", RepeatsDay, "2026-03-29 01:00Z"},
		{"a time that comes twice", "Europe/Paris", "2026-10-23 02:30, 2026-10-24 02:30",
			"2026-10-24 10:00", "2026-10-26 10:00", "", RepeatsDay, "2026-10-25 00:30Z, 2026-10-26 01:30Z"},
		{"a time that came twice", "Europe/Paris", "2026-10-24 02:30, 2026-10-25 00:30Z, 2026-10-25 01:30Z",
			"2026-10-25 10:00", "2026-10-26 10:00", "", RepeatsDay, "2026-10-26 01:30Z"},
	} {
		zone, err := calendar.Zone(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		from := times(t, zone, c.from)[0]
		known := from
		if c.known != "" {
			known = times(t, zone, c.known)[0]
		}
		// Through Repeat: what is recorded and what was observed since.
		source := assets.MustName("raw.s")
		in := Input{Now: from, Project: &assets.Project{Timezone: c.zone, Sources: map[assets.Name]*assets.Source{source: {Name: source}}}}
		seen := Observation{At: known}
		var recorded []Arrival
		for i, at := range times(t, zone, c.past) {
			recorded = append(recorded, Arrival{assets.Digest("v:" + string(rune('a'+i))), at})
		}
		if n := len(recorded); n > 0 {
			last := recorded[n-1]
			seen.Version = Version{ID: last.ID, Arrived: last.Arrived}
			recorded = recorded[:n-1]
		}
		in.Observed = map[assets.Name]Observation{source: seen}
		got := Repeat(in, map[assets.Name][]Arrival{source: recorded}, times(t, zone, c.until)[0])
		if diff := cmp.Diff([]Repetition{{source, c.pattern, times(t, zone, c.want)}}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// A moment that is shifted shows the same time of day, the first time if that comes twice, or is the
// first after a gap; in Samoa that was a day long.
func TestCivilShift(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "America/Sao_Paulo"} {
		zone, err := calendar.Zone(name)
		if err != nil {
			t.Fatal(err)
		}
		for at := time.Date(2011, 12, 20, 0, 7, 0, 0, time.UTC); at.Year() < 2013; at = at.Add(30 * time.Minute) {
			for _, days := range []int{1, 7} {
				got := civilShift(at, days, zone).In(zone)
				local := at.In(zone)
				y, m, d := local.Date()
				want := time.Date(y, m, d+days, local.Hour(), local.Minute(), 0, 0, time.UTC)
				is := time.Date(got.Year(), got.Month(), got.Day(), got.Hour(), got.Minute(), 0, 0, time.UTC)
				began, _ := got.ZoneBounds()
				switch {
				case is.Equal(want):
					if civil(got.Add(-time.Hour)) == civil(got) {
						t.Fatalf("%s: %s in %d days is %s, which is the second one", name, local, days, got)
					}
				case is.Before(want) || !got.Equal(began):
					t.Fatalf("%s: %s in %d days is %s", name, local, days, got)
				}
			}
		}
	}
}

func civil(t time.Time) string { return t.Format("2006-01-02 15:04") }

// An eager scheduler builds whatever arrives at once, ticks included, and the project stays as it is.
func TestEager(t *testing.T) {
	w := newWorld("a < raw.s", "b < a")
	w.asset("b").Freshness = []assets.Freshness{{MaxLag: 6 * time.Hour}}
	w.Project.Freshness = []assets.Freshness{{MaxLag: 24 * time.Hour}}
	w.State.Estimates = map[assets.Name]time.Duration{assets.MustName("a"): time.Minute, assets.MustName("b"): time.Minute}
	list := Expected([]Repetition{{assets.MustName("raw.s"), RepeatsDay, []time.Time{at("11:00"), at("12:00")}}})
	want := []string{"16:58-17:00 a: raw.s of 11:00", "16:58-17:00 b: raw.s of 11:00"}
	if diff := cmp.Diff(want, foreseen(Simulate(w.Input, list, at("23:00")))); diff != "" {
		t.Errorf("as policies ask for (-want +got):\n%s", diff)
	}
	eager := Simulate(Eager(w.Input), list, at("23:00"))
	eager.Breaches = nil // there is no time that a build may take
	want = []string{"11:00-11:02 a: raw.s of 11:00", "11:00-11:02 b: raw.s of 11:00", "12:00-12:02 a: raw.s of 12:00", "12:00-12:02 b: raw.s of 12:00"}
	if diff := cmp.Diff(want, foreseen(eager)); diff != "" {
		t.Errorf("of whatever arrives (-want +got):\n%s", diff)
	}
	if w.asset("b").Freshness[0].MaxLag != 6*time.Hour || len(w.Project.Freshness) != 1 {
		t.Error("the project's own policies were changed")
	}
}
