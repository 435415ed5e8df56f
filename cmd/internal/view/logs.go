package view

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// LogJSON is one line of `logs -json`: one thing that happened to an asset.
type LogJSON struct {
	At    time.Time   `json:"at"`
	Run   string      `json:"run"`
	Asset assets.Name `json:"asset"`
	// What is the status of a record: published, unchanged, revalidated, failed, skipped,
	// dropped. Of a run that goes on, it is what just happened: started, retry, check,
	// built, or how else it came out, before anything is visible.
	What        string                `json:"what"`
	Rows        *int64                `json:"rows,omitempty"`
	Quarantined int64                 `json:"quarantined,omitempty"`
	Seconds     *float64              `json:"seconds,omitempty"`
	Version     assets.Digest         `json:"version,omitempty"`
	Message     string                `json:"message,omitempty"`
	Checks      []planner.CheckResult `json:"checks,omitempty"` // those that did not pass, or put rows aside
	// Attempt counts from 1 on, in each run.
	Attempt     int        `json:"attempt,omitempty"`
	MaxAttempts int        `json:"max_attempts,omitempty"`
	Class       string     `json:"class,omitempty"`
	NextAttempt *time.Time `json:"next_attempt,omitempty"`

	isView bool
}

// NewLog are the lines that a record makes: what led to it, and last what came of it.
func NewLog(m planner.Materialization) []LogJSON {
	line := LogJSON{At: m.Ended.UTC(), Run: m.Run, Asset: m.Asset, What: string(m.Status), Message: m.Err}
	for _, c := range m.Checks {
		if c.Status != planner.CheckPassed || c.Quarantined > 0 {
			line.Checks = append(line.Checks, c)
		}
	}
	if m.Status != planner.Skipped && m.Status != planner.Dropped {
		seconds := m.Ended.Sub(m.Began).Seconds()
		line.Seconds = &seconds
	}
	if warehouse.IsCurrent(m.Status) {
		line.Version, line.Quarantined, line.isView = m.Made.ID, m.Quarantine.Count(), m.Table == ""
		if !line.isView {
			line.Rows = &m.Rows
		}
	}
	var lines []LogJSON
	for i, a := range m.Attempts {
		if m.Status == planner.Failed && i == len(m.Attempts)-1 { // the record says how that one came out
			line.Attempt, line.Class = a.Number, string(a.Class)
			continue
		}
		lines = append(lines, LogJSON{At: a.Ended.UTC(), Run: m.Run, Asset: m.Asset, What: "retry", Attempt: a.Number, Class: string(a.Class), Message: a.Err})
	}
	return append(lines, line)
}

// LiveLog is the line for an event of a run that goes on, as a line of `apply -json` holds
// it: without What, if that is not about an asset. published says that there is more among
// the records now.
func LiveLog(event []byte) (line LogJSON, published bool, err error) {
	var e EventJSON
	if err := json.Unmarshal(event, &e); err != nil || e.Asset == nil {
		return line, e.Type == string(materialize.RunPublished), err
	}
	line = LogJSON{At: e.At, Run: e.Run, Asset: *e.Asset, Message: e.Message,
		Attempt: e.Attempt, MaxAttempts: e.MaxAttempts, Class: e.Class, NextAttempt: e.NextAttempt}
	switch e.Type {
	case string(materialize.AssetStarted):
		line.What = "started"
	case string(materialize.CheckFinished):
		line.What = "check"
		if e.Check != nil {
			line.Checks = []planner.CheckResult{*e.Check}
		}
	case string(materialize.AssetFinished):
		line.What, line.Seconds = e.Status, e.Seconds
		if e.Status == string(materialize.Built) || e.Status == string(materialize.TakenUp) {
			line.Rows = e.Rows
		}
	case string(materialize.AssetRetry):
		line.What = "retry"
	}
	return line, false, nil
}

// LogText writes lines for people.
func LogText(w io.Writer, lines []LogJSON, style Style) {
	for _, l := range lines {
		fmt.Fprintf(w, "%s  %s  %s\n", Moment(l.At), style.Dim(l.Run), l.text(style))
		for _, c := range l.Checks {
			if l.What == "check" {
				continue // its own line says it
			}
			fmt.Fprintf(w, "  %s\n", CheckLine(c, style))
		}
	}
}

// text says what happened.
func (l LogJSON) text(style Style) string {
	what := l.What
	switch l.What {
	case string(planner.Published):
		what = style.Green("published")
	case string(planner.Failed):
		what = style.Red("failed")
	case "check":
		if len(l.Checks) > 0 {
			return CheckLine(l.Checks[0], style)
		}
	case string(planner.Skipped):
		what = style.Yellow(what)
	case "retry":
		what = style.Yellow(fmt.Sprintf("attempt %d failed", l.Attempt))
	case string(planner.Revalidated):
		return "up to date, not built"
	case string(materialize.Built):
		what = "built, not visible yet"
	case string(materialize.TakenUp):
		what = "taken up as an earlier run built it, not visible yet"
	}
	if l.Attempt > 1 && l.What != "retry" {
		what += fmt.Sprintf(" (attempt %d)", l.Attempt)
	}
	if l.Class != "" {
		what += " (" + l.Class + ")"
	}
	if l.Rows != nil {
		what += ": " + Count(*l.Rows, "row")
	}
	what += quarantined(l.Quarantined, style)
	if l.Seconds != nil {
		what += " in " + Seconds(*l.Seconds)
	}
	if l.Message != "" {
		what += ": " + firstLine(l.Message)
	}
	if l.NextAttempt != nil {
		what += "; again at " + Moment(*l.NextAttempt)
	}
	return what
}
