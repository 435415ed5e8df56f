package view

import (
	"fmt"
	"io"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// CancelledJSON is the document of `cancel -json`.
type CancelledJSON struct {
	FormatVersion string `json:"format_version"`
	Run           string `json:"run"`
	// Status is how the run ended: "cancelled", unless it was too late for that.
	Status string `json:"status"`
}

// NewCancelled is the document for a run that was to be cancelled, and how it ended.
func NewCancelled(run, how string) CancelledJSON { return CancelledJSON{FormatVersion, run, how} }

// CancelledText says for people how the run ended, and what comes next. again says that a
// daemon carried it out.
func CancelledText(w io.Writer, run, how string, again bool, style Style) {
	if how != string(warehouse.Cancelled) {
		fmt.Fprintf(w, "It was too late: run %s %s. `assets runs show %[1]s` tells what it did.\n", style.Bold(run), how)
		return
	}
	fmt.Fprintf(w, "%s Nothing of run %s was published. What it had built is kept.\n", style.Green("Cancelled."), style.Bold(run))
	if again {
		fmt.Fprintln(w, "The daemon tries the same again in 5 minutes, or when something it is made from changes.")
	}
}
