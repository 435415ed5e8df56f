package view

import (
	"fmt"
	"io"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// FailureJSON is an attempt at an asset that failed, with the inputs and the definition
// that the next one would have.
type FailureJSON struct {
	Class   string `json:"class,omitempty"` // of the error: lock, io, timeout, check, sql or command
	Message string `json:"message"`
	Run     string `json:"run"`
	// Attempts counts those that failed since Since. Both are missing of what older
	// versions of the program recorded.
	Attempts int        `json:"attempts,omitempty"`
	Since    *time.Time `json:"since,omitempty"`
	At       time.Time  `json:"at"` // the last one's end
	// NextAttempt is when a daemon makes another if nothing changes; missing: then none
	// is made by itself.
	NextAttempt *time.Time `json:"next_attempt,omitempty"`
}

func newFailure(failed planner.Materialization) *FailureJSON {
	return &FailureJSON{Class: string(failed.Class), Message: failed.Err, Run: failed.Run, Attempts: failed.Tried,
		Since: moment(failed.FailedSince), At: failed.Ended.UTC(), NextAttempt: moment(failed.Retry)}
}

// history says how often it failed since when, and of which class the error is.
func (f FailureJSON) history(now time.Time) string {
	text := "Failed " + Ago(f.At, now)
	if f.Attempts > 1 && f.Since != nil {
		text = fmt.Sprintf("%d attempts failed since %s (%s)", f.Attempts, minute(*f.Since), Ago(*f.Since, now))
	}
	if f.Class != "" {
		text += ", class " + f.Class
	}
	return text
}

// next says when another attempt is made by itself.
func (f FailureJSON) next(now time.Time) string {
	switch {
	case f.NextAttempt == nil:
		return "no daemon makes another by itself"
	case !f.NextAttempt.After(now):
		return "a daemon makes another now"
	}
	return fmt.Sprintf("a daemon makes another at %s (%s)", minute(*f.NextAttempt), Ago(*f.NextAttempt, now))
}

// writeFailure says of one asset how often it failed, and what would make it be tried again.
func writeFailure(w io.Writer, f FailureJSON, name assets.Name, now time.Time) {
	when := "Another is made"
	if f.NextAttempt != nil {
		when = "Sooner"
	}
	fmt.Fprintf(w, "%s; %s.\n%s when an input, the definition or a check changes, or by: assets retry %s\n", f.history(now), f.next(now), when, name)
}

// writeFailed says it below a table of assets.
func writeFailed(w io.Writer, list []AssetStatusJSON, now time.Time, style Style) {
	first := true
	for _, a := range list {
		if a.Failure == nil {
			continue
		}
		if first {
			fmt.Fprintln(w)
			first = false
		}
		next := a.Failure.next(now)
		if a.Failure.NextAttempt == nil {
			next = fmt.Sprintf("tried again when an input, the definition or a check changes, or by: assets retry %s", a.Asset)
		}
		fmt.Fprintf(w, "%s  %s\n  %s; %s\n", style.Bold(a.Asset.String()), firstLine(a.Failure.Message), a.Failure.history(now), next)
	}
}
