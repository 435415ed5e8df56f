package view

import (
	"io"
	"time"

	"github.com/seed-4311623e/assets/assets/calendar"
)

// CalendarJSON is the document of `calendar -json`.
type CalendarJSON struct {
	FormatVersion string     `json:"format_version"`
	Timezone      string     `json:"timezone"`
	Ticks         []TickJSON `json:"ticks"`
}

// TickJSON is a tick, in UTC and as the clocks of the zone show it.
type TickJSON struct {
	UTC   time.Time `json:"utc"`
	Local time.Time `json:"local"`
}

// NewCalendar lists the first n ticks after a moment.
func NewCalendar(s calendar.Schedule, zone *time.Location, after time.Time, n int) CalendarJSON {
	doc := CalendarJSON{FormatVersion: FormatVersion, Timezone: zone.String(), Ticks: []TickJSON{}}
	for range n {
		after = s.First(after.Add(time.Nanosecond), zone)
		doc.Ticks = append(doc.Ticks, TickJSON{after.UTC(), after.In(zone)})
	}
	return doc
}

// CalendarText writes ticks for people.
func CalendarText(w io.Writer, doc CalendarJSON, now time.Time, style Style) {
	const layout = "Mon 2006-01-02 15:04 MST"
	t := table{style: style}
	if doc.Timezone == "UTC" {
		t.add("UTC", "")
	} else {
		t.add("UTC", doc.Timezone, "")
	}
	for _, tick := range doc.Ticks {
		row := []string{tick.UTC.Format(layout)}
		if doc.Timezone != "UTC" {
			row = append(row, tick.Local.Format(layout))
		}
		t.add(append(row, Ago(tick.UTC, now))...)
	}
	t.write(w)
}
