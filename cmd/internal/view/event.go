package view

import (
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// Progress is told of everything that happens during a run.
type Progress interface {
	Event(materialize.Event)
	Close() // after the last event
}

// EventJSON is one line of `apply -json`.
type EventJSON struct {
	Type    string               `json:"type"`
	At      time.Time            `json:"at"`
	Run     string               `json:"run,omitempty"`
	Asset   *assets.Name         `json:"asset,omitempty"`
	Action  string               `json:"action,omitempty"`
	Status  string               `json:"status,omitempty"`
	Rows    *int64               `json:"rows,omitempty"`
	Seconds *float64             `json:"seconds,omitempty"`
	Message string               `json:"message,omitempty"`
	Check   *planner.CheckResult `json:"check,omitempty"`
	// Attempt counts from 1 on. NextAttempt is when the next one begins.
	Attempt     int        `json:"attempt,omitempty"`
	MaxAttempts int        `json:"max_attempts,omitempty"`
	Class       string     `json:"class,omitempty"`
	NextAttempt *time.Time `json:"next_attempt,omitempty"`
	Done        *int       `json:"done,omitempty"`
	Total       *int       `json:"total,omitempty"`
	*TotalsJSON
	// Quarantined is how many rows were put aside: of an asset, or in all.
	Quarantined *int64          `json:"quarantined,omitempty"`
	Diagnostic  *DiagnosticJSON `json:"diagnostic,omitempty"`
}

// TotalsJSON are the counts of the last line.
type TotalsJSON struct {
	Built     int `json:"built"`
	Unchanged int `json:"unchanged"` // revalidated and cut-off ones
	Failed    int `json:"failed"`
	Skipped   int `json:"skipped"`
	Dropped   int `json:"dropped"`
	Blocked   int `json:"blocked"`
	Warnings  int `json:"warnings"` // violated checks that warn
	// Quarantined is how many rows are put aside of the assets of the run. It has a
	// place of its own in the line.
	Quarantined int64 `json:"-"`
}

// NewTotals counts how the assets of a plan came out of its run.
func NewTotals(plan planner.Plan, r materialize.Result) TotalsJSON {
	t := TotalsJSON{r.Built, r.Unchanged, r.Failed, r.Skipped, r.Dropped, plan.Summary().Blocked, 0, 0}
	warned := func(checks []planner.CheckResult) {
		for _, check := range checks {
			if check.Status == planner.CheckWarned {
				t.Warnings++
			}
		}
	}
	for _, a := range r.Assets {
		t.Quarantined += a.Record.Quarantine.Count()
		warned(a.Record.Checks)
	}
	for _, verdict := range r.Sources {
		warned(verdict.Checks)
	}
	return t
}

// Complete says whether nothing is left that was to be done.
func (t TotalsJSON) Complete() bool { return t.Failed+t.Blocked == 0 }

// NewEventJSON is the line for an event.
func NewEventJSON(e materialize.Event) EventJSON {
	doc := EventJSON{Type: string(e.Type), At: e.At.UTC(), Run: e.Run, Status: string(e.Outcome), Message: e.Message, Check: e.Check, Done: &e.Done, Total: &e.Total,
		Attempt: e.Attempt, MaxAttempts: e.MaxAttempts, Class: string(e.Class)}
	if !e.Next.IsZero() {
		next := e.Next.UTC()
		doc.NextAttempt = &next
	}
	if e.Asset != (assets.Name{}) {
		doc.Asset = &e.Asset
	}
	if e.Action != 0 {
		doc.Action = e.Action.String()
	}
	if e.Type == materialize.AssetFinished {
		seconds := e.Took.Seconds()
		doc.Rows, doc.Seconds = &e.Rows, &seconds
		if e.Quarantined > 0 {
			doc.Quarantined = &e.Quarantined
		}
	}
	if r := e.Result; r != nil && e.Type == materialize.RunFinished {
		seconds := r.Took.Seconds()
		doc.Status, doc.Seconds, doc.Done, doc.Total = r.Status, &seconds, nil, nil
		doc.TotalsJSON = &TotalsJSON{Built: r.Built, Unchanged: r.Unchanged, Failed: r.Failed, Skipped: r.Skipped, Dropped: r.Dropped}
	}
	return doc
}

// DiagnosticLines writes diagnostics among the lines of a run.
func DiagnosticLines(w io.Writer, diags []DiagnosticJSON, at time.Time) {
	for _, d := range diags {
		// Where nobody reads, there is nobody to tell of an error of the writer.
		_ = JSONLine(w, EventJSON{Type: "diagnostic", At: at.UTC(), Diagnostic: &d})
	}
}

// FinishedLine tells how an asset came out, for people. A view has no rows of its own.
func FinishedLine(e materialize.Event, isView bool, style Style) string {
	name := style.Bold(e.Asset.String())
	count := style.Dim(fmt.Sprintf("[%d/%d]", e.Done, e.Total))
	if isView && (e.Outcome == materialize.Built || e.Outcome == materialize.Unchanged) {
		return fmt.Sprintf("%s: view %s %s", name, style.Green("made"), count)
	}
	switch e.Outcome {
	case materialize.Built:
		with := ""
		if e.Message != "" {
			with = ", " + style.Yellow(e.Message)
		}
		return fmt.Sprintf("%s: %s %s%s in %s%s %s", name, style.Green("built"), Count(e.Rows, "row"), quarantined(e.Quarantined, style), Seconds(e.Took.Seconds()), with, count)
	case materialize.TakenUp:
		return fmt.Sprintf("%s: %s as an earlier run built it, %s%s %s", name, style.Green("taken up"), Count(e.Rows, "row"), quarantined(e.Quarantined, style), count)
	case materialize.Unchanged:
		return fmt.Sprintf("%s: built in %s, content unchanged%s %s", name, Seconds(e.Took.Seconds()), quarantined(e.Quarantined, style), count)
	case materialize.FailedBuild:
		if e.Message == "" {
			return fmt.Sprintf("%s: %s %s", name, style.Red("failed"), count)
		}
		return fmt.Sprintf("%s: %s %s", name, style.Red("failed: ")+firstLine(e.Message), count)
	case materialize.Revalidated:
		if e.Message != "" {
			return fmt.Sprintf("%s: not built: %s %s", name, style.Yellow(e.Message), count)
		}
		return fmt.Sprintf("%s: up to date, not built %s", name, count)
	case materialize.Skipped:
		return fmt.Sprintf("%s: %s %s", name, style.Yellow("skipped: ")+e.Message, count)
	}
	text := string(e.Outcome)
	if e.Message != "" {
		text += ": " + e.Message
	}
	return fmt.Sprintf("%s: %s %s", name, text, count)
}

// RetryLine tells of an attempt that failed, and when the next one begins.
func RetryLine(e materialize.Event, style Style) string {
	pause := "at once"
	if wait := e.Next.Sub(e.At); wait > 0 {
		pause = "in " + Seconds(wait.Seconds())
	}
	why := ""
	if e.Message != "" {
		why = ": " + firstLine(e.Message)
	}
	return fmt.Sprintf("%s: %s%s", style.Bold(e.Asset.String()), style.Yellow(fmt.Sprintf("attempt %d of %d failed (%s), again %s", e.Attempt, e.MaxAttempts, e.Class, pause)), why)
}

// quarantined says how many rows were put aside; nothing if none were.
func quarantined(rows int64, style Style) string {
	if rows == 0 {
		return ""
	}
	return ", " + style.Yellow(humanize.Comma(rows)+" quarantined")
}

// FinishedJSON is the last line of `apply -json`.
func FinishedJSON(e materialize.Event, totals TotalsJSON) EventJSON {
	doc := NewEventJSON(e)
	if !totals.Complete() {
		doc.Status = string(materialize.FailedBuild)
	}
	doc.TotalsJSON, doc.Quarantined = &totals, &totals.Quarantined
	return doc
}

// ResultLine is the last line of an apply.
func ResultLine(t TotalsJSON, took time.Duration, verb string, style Style) string {
	outcome := style.Green(verb + " complete:")
	if !t.Complete() {
		outcome = style.Red(verb + " incomplete:")
	}
	text := fmt.Sprintf("%d built, %d unchanged, %d failed, %d skipped", t.Built, t.Unchanged, t.Failed, t.Skipped)
	if t.Dropped > 0 {
		text += fmt.Sprintf(", %d dropped", t.Dropped)
	}
	if t.Blocked > 0 {
		text += fmt.Sprintf(", %d blocked", t.Blocked)
	}
	if t.Warnings > 0 {
		text += ", " + Count(t.Warnings, "warning")
	}
	if t.Quarantined > 0 {
		text += ", " + Count(t.Quarantined, "row") + " quarantined"
	}
	if took > 0 { // there was a run
		text += ", in " + Seconds(took.Seconds())
	}
	return style.Bold(outcome) + " " + text + "."
}

// NewLines is progress in plain lines.
func NewLines(w io.Writer, style Style, isView func(assets.Name) bool) Progress {
	return lines{w, newTeller(style, isView)}
}

type lines struct {
	w io.Writer
	*teller
}

func (l lines) Close() {}

func (l lines) Event(e materialize.Event) {
	for _, line := range l.lines(e) {
		fmt.Fprintln(l.w, line)
	}
}

// teller writes the lines that stay of a run's events.
type teller struct {
	style  Style
	isView func(assets.Name) bool
	failed map[assets.Name]bool // a check of it was told to have failed
}

func newTeller(style Style, isView func(assets.Name) bool) *teller {
	return &teller{style, isView, map[assets.Name]bool{}}
}

func (t *teller) lines(e materialize.Event) []string {
	switch e.Type {
	case materialize.AssetFinished:
		if e.Outcome == materialize.FailedBuild && t.failed[e.Asset] {
			e.Message = "" // it repeats the checks
		}
		return []string{FinishedLine(e, t.isView(e.Asset), t.style)}
	case materialize.AssetRetry:
		if t.failed[e.Asset] {
			e.Message = "" // it repeats the checks
		}
		delete(t.failed, e.Asset) // the next attempt tells of its checks itself
		return []string{RetryLine(e, t.style)}
	case materialize.CheckFinished:
		if e.Check != nil {
			t.failed[e.Asset] = t.failed[e.Asset] || e.Check.Status == planner.CheckFailed
			return []string{t.style.Bold(e.Asset.String()) + ": " + CheckLine(*e.Check, t.style)}
		}
	}
	return nil
}

// NewJSONLines is progress as one JSON object a line.
func NewJSONLines(w io.Writer) Progress { return jsonLines{w} }

type jsonLines struct{ w io.Writer }

func (l jsonLines) Close() {}

// Event drops an error of the writer: the run goes on if nobody reads.
func (l jsonLines) Event(e materialize.Event) { _ = JSONLine(l.w, NewEventJSON(e)) }
