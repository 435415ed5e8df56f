package view

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/seed-4311623e/assets/assets/calendar"
	"github.com/seed-4311623e/assets/planner"
)

// shownRows is how many rows of a table are shown of which people want the first.
const shownRows = 20

// HorizonText writes for people what would be built when, and what would be late.
func HorizonText(w io.Writer, doc HorizonJSON, style Style) {
	zone, err := calendar.Zone(doc.Timezone)
	if err != nil { // the project's files were checked for that
		zone = time.UTC
	}
	h := horizonText{w, doc, zone, style}
	fmt.Fprintf(w, "If history repeats, from %s until %s (%s):\n\n", h.at(doc.From), h.at(doc.Until), zone)
	h.builds()
	h.breaches()
	h.sources()
	h.counts()
	fmt.Fprintf(w, "%s; building whatever arrives would take %s.\n", Count(doc.TotalBuilds, "build"), humanize.Comma(int64(doc.EagerBuilds)))
}

type horizonText struct {
	io.Writer
	doc   HorizonJSON
	zone  *time.Location
	style Style
}

// at is a moment in the project's zone, with the weekday.
func (h horizonText) at(t time.Time) string { return t.In(h.zone).Format("Mon 2006-01-02 15:04 MST") }

// near is a moment in the project's zone beside one of which the day is shown.
func (h horizonText) near(t, shown time.Time) string {
	t, shown = t.In(h.zone), shown.In(h.zone)
	if t.Format(time.DateOnly) == shown.Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

func (h horizonText) builds() {
	if len(h.doc.Builds) == 0 {
		fmt.Fprint(h, "Nothing is expected to be built.\n\n")
		return
	}
	t := table{style: h.style}
	t.add("BEGINS", "BUILDS", "BECAUSE", "DUE")
	for _, run := range h.doc.Builds[:min(shownRows, len(h.doc.Builds))] {
		due := "-"
		if run.Due != nil {
			due = h.near(*run.Due, run.Began)
		}
		because := h.cause(run.ForeseenCauseJSON, run.Began)
		if because == "" {
			because = run.Reason
		}
		built := names(run.Assets[:min(3, len(run.Assets))], ",")
		if more := len(run.Assets) - 3; more > 0 {
			built += fmt.Sprintf(" (+%d more)", more)
		}
		t.add(h.at(run.Began), built, because, due)
	}
	t.write(h)
	h.more(len(h.doc.Builds))
}

// cause says what arrived, beside a moment of which the day is shown.
func (h horizonText) cause(c ForeseenCauseJSON, shown time.Time) string {
	if c.Source == nil {
		return ""
	}
	happens := "arrives"
	switch past := !c.Since.After(h.doc.From); {
	case c.Tick && past:
		return fmt.Sprintf("the schedule of %s ticked %s", c.Source, h.near(*c.Since, shown))
	case c.Tick:
		return fmt.Sprintf("the schedule of %s ticks %s", c.Source, h.near(*c.Since, shown))
	case past:
		happens = "arrived"
	}
	return fmt.Sprintf("%s %s %s", c.Source, happens, h.near(*c.Since, shown))
}

func (h horizonText) breaches() {
	if len(h.doc.Breaches) == 0 {
		fmt.Fprint(h, "No policy is expected to be broken.\n\n")
		return
	}
	fmt.Fprintln(h, h.style.Red("Predicted breaches:"))
	t := table{style: h.style, right: map[int]bool{3: true}}
	t.add("ASSET", "FROM", "UNTIL", "FOR", "CAUSE")
	for _, b := range h.doc.Breaches[:min(shownRows, len(h.doc.Breaches))] {
		until, lasts := "later", "-"
		if b.Ended != nil {
			until, lasts = h.near(*b.Ended, b.Due), lasted(b.Ended.Sub(b.Due).Seconds())
		}
		cause := b.Cause
		if arrival := h.cause(b.ForeseenCauseJSON, b.Due); arrival != "" {
			cause = arrival + ": " + cause
		}
		t.add(b.Asset.String(), h.at(b.Due), until, lasts, cause)
	}
	t.write(h)
	h.more(len(h.doc.Breaches))
}

// patternTexts say what repeats.
var patternTexts = map[planner.Pattern]string{
	planner.RepeatsWeek:     "as in the last week",
	planner.RepeatsDay:      "as in the last day",
	planner.RepeatsInterval: "in the median of its intervals",
	planner.RepeatsNothing:  "it has not arrived twice: nothing repeats",
}

// sources says what is expected to arrive, first of what nothing is known.
func (h horizonText) sources() {
	if len(h.doc.Sources) == 0 {
		return
	}
	list := slices.Clone(h.doc.Sources)
	rank := func(r RepetitionJSON) int {
		if r.Pattern == planner.RepeatsNothing {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b RepetitionJSON) int { return rank(a) - rank(b) })
	t := table{style: h.style, right: map[int]bool{1: true}}
	t.add("SOURCE", "ARRIVALS", "EXPECTED")
	for _, r := range list[:min(shownRows, len(list))] {
		t.add(r.Source.String(), humanize.Comma(int64(r.Arrivals)), patternTexts[r.Pattern])
	}
	t.write(h)
	h.more(len(list))
}

func (h horizonText) counts() {
	if len(h.doc.Assets) == 0 {
		return
	}
	t := table{style: h.style, right: map[int]bool{1: true, 2: true}}
	t.add("ASSET", "BUILDS", "OF WHATEVER ARRIVES")
	for _, c := range h.doc.Assets[:min(shownRows, len(h.doc.Assets))] {
		t.add(c.Asset.String(), humanize.Comma(int64(c.Builds)), humanize.Comma(int64(c.EagerBuilds)))
	}
	t.write(h)
	h.more(len(h.doc.Assets))
}

// more ends a table of which only the first rows are shown.
func (h horizonText) more(rows int) {
	if rows > shownRows {
		fmt.Fprintf(h, "… and %s more: -target narrows this, -json has all.\n", humanize.Comma(int64(rows-shownRows)))
	}
	fmt.Fprintln(h)
}
