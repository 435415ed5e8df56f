package view

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
	"github.com/seed-4311623e/assets/planner"
)

// BreachesJSON is the document of `breaches -json`.
type BreachesJSON struct {
	FormatVersion string           `json:"format_version"`
	Breaches      []BreachJSON     `json:"breaches"` // newest first
	Months        []MonthJSON      `json:"months"`
	Diagnostics   []DiagnosticJSON `json:"diagnostics"`
}

// BreachJSON is a time in which a declared policy was not kept.
type BreachJSON struct {
	Name        assets.Name `json:"name"`           // an asset, or a source that came late
	Kind        string      `json:"kind,omitempty"` // "asset" or "source"; empty: it left the project
	Policy      string      `json:"policy"`
	From        time.Time   `json:"from"`
	Until       *time.Time  `json:"until,omitempty"` // absent: it is going on
	Seconds     float64     `json:"seconds"`         // so far
	BehindSince time.Time   `json:"behind_since"`
	Source      string      `json:"source"` // whose version was not reflected
	Cause       string      `json:"cause"`
	Run         string      `json:"run,omitempty"` // that ended it
}

// MonthJSON is how much of a month the policies of an asset were kept.
type MonthJSON struct {
	Name     assets.Name `json:"name"`
	Month    string      `json:"month"` // "2026-03", of the project's time zone
	Fresh    float64     `json:"fresh"` // from 0 to 1, of the time that is counted
	Breaches int         `json:"breaches"`
	// Seconds are counted: since the policy was first planned and could be kept.
	Seconds       float64 `json:"seconds"`
	BrokenSeconds float64 `json:"broken_seconds"`
}

// BreachQuery narrows what is told of breaches.
type BreachQuery struct {
	Names []assets.Name // of assets and sources; nil: all
	Since time.Time     // breaches that went on later, and months from its month on
	Open  bool          // only those that go on
}

// NewBreaches is the document for breaches, those included that go on. since says from
// when on each name's policies are counted.
func NewBreaches(in planner.Input, list []planner.Breach, since map[assets.Name]time.Time, q BreachQuery) BreachesJSON {
	doc := BreachesJSON{FormatVersion: FormatVersion, Breaches: []BreachJSON{}, Months: []MonthJSON{}, Diagnostics: []DiagnosticJSON{}}
	asked := func(name assets.Name) bool { return q.Names == nil || slices.Contains(q.Names, name) }
	for _, b := range list {
		if asked(b.Name) && (b.Ended.IsZero() || !q.Open && b.Ended.After(q.Since)) {
			doc.Breaches = append(doc.Breaches, breachJSON(in, b))
		}
	}
	slices.SortFunc(doc.Breaches, func(a, b BreachJSON) int {
		return cmp.Or(b.From.Compare(a.From), a.Name.Compare(b.Name), cmp.Compare(a.Policy, b.Policy))
	})
	zone, err := calendar.Zone(in.Project.Timezone)
	if err != nil { // the project's files were checked for that
		zone = time.UTC
	}
	from := q.Since.In(zone)
	for _, s := range planner.Shares(list, since, in.Now, zone) {
		if asked(s.Name) && !s.Month.AddDate(0, 1, 0).Before(from) && !s.Month.AddDate(0, 1, 0).Equal(from) {
			doc.Months = append(doc.Months, MonthJSON{s.Name, s.Month.Format("2006-01"), s.Fresh(), s.Breaches, s.Counted.Seconds(), s.Broken.Seconds()})
		}
	}
	return doc
}

func breachJSON(in planner.Input, b planner.Breach) BreachJSON {
	doc := BreachJSON{Name: b.Name, Policy: b.Policy, From: b.Due, BehindSince: b.BehindSince, Source: b.Source, Cause: b.Cause, Run: b.Run}
	switch {
	case in.Project.Assets[b.Name] != nil:
		doc.Kind = "asset"
	case in.Project.Sources[b.Name] != nil:
		doc.Kind = "source"
	}
	until := in.Now
	if !b.Ended.IsZero() {
		until, doc.Until = b.Ended, &b.Ended
	} else if doc.Cause == "" {
		doc.Cause = "no run has built it yet"
	}
	doc.Seconds = until.Sub(b.Due).Seconds()
	return doc
}

// BreachesText writes breaches for people, and the share of each month kept.
func BreachesText(w io.Writer, doc BreachesJSON, q BreachQuery, style Style) {
	switch {
	case len(doc.Breaches) > 0:
		breachTable(w, doc.Breaches, style)
	case q.Open:
		fmt.Fprintln(w, "No freshness policy is broken.")
	case len(doc.Months) > 0:
		fmt.Fprintln(w, "No freshness policy was broken.")
	default:
		fmt.Fprintln(w, "No freshness policy has been in force yet: one is when an asset declares it and was built.")
	}
	if q.Open || len(doc.Months) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := table{style: style, right: map[int]bool{2: true, 3: true, 4: true}}
	t.add("NAME", "MONTH", "FRESH", "BREACHES", "IN BREACH")
	for _, m := range doc.Months {
		broken := "-"
		if m.BrokenSeconds > 0 {
			broken = lasted(m.BrokenSeconds)
		}
		t.add(m.Name.String(), m.Month, percent(m.Fresh), fmt.Sprint(m.Breaches), broken)
	}
	t.write(w)
}

func breachTable(w io.Writer, list []BreachJSON, style Style) {
	t := table{style: style, right: map[int]bool{3: true}}
	t.add("NAME", "FROM", "UNTIL", "FOR", "POLICY", "CAUSE")
	for _, b := range list {
		until := "going on"
		if b.Until != nil {
			until = Moment(*b.Until)
		}
		t.add(b.Name.String(), Moment(b.From), until, lasted(b.Seconds), b.Policy, b.Cause)
	}
	t.paint = func(row, column int, text string) string {
		if column == 2 && list[row-1].Until == nil {
			return style.Red(text)
		}
		return text
	}
	t.write(w)
}

// lasted writes a duration in its two largest units: "5h 12m", "3d 4h".
func lasted(seconds float64) string {
	if seconds < 60 {
		return Seconds(seconds)
	}
	d := time.Duration(seconds * float64(time.Second)).Truncate(time.Second)
	for _, unit := range []struct {
		large, small   time.Duration
		larger, lesser string
	}{{24 * time.Hour, time.Hour, "d", "h"}, {time.Hour, time.Minute, "h", "m"}, {time.Minute, time.Second, "m", "s"}} {
		if d >= unit.large {
			return fmt.Sprintf("%d%s %d%s", d/unit.large, unit.larger, d%unit.large/unit.small, unit.lesser)
		}
	}
	return d.String()
}

// percent writes a share so that only a whole one is 100%.
func percent(share float64) string {
	hundredths := math.Round(share * 10000)
	if share < 1 {
		hundredths = min(hundredths, 9999)
	}
	return fmt.Sprintf("%.2f%%", hundredths/100)
}
