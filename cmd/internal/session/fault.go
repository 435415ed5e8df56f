package session

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// fault is a diagnostic about something outside the project's files.
func fault(summary string, err error) hcl.Diagnostics {
	var stopped *StoppedError
	switch {
	case errors.As(err, &stopped):
		return hcl.Diagnostics{stopped.diagnostic()}
	case warehouse.IsInterrupted(err):
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Interrupted", Detail: "Nothing was published, and nothing was changed."}}
	}
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: view.Sentence(warehouse.Limited(err).Error())}}
}

// diagnostic says what became of the run, and how to go on.
func (e *StoppedError) diagnostic() *hcl.Diagnostic {
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Extra: e, Summary: "Interrupted", Detail: "Nothing was published: the warehouse shows what it did before."}
	if e.By != "" {
		d.Summary = "Run " + e.Run + " was cancelled"
		d.Detail = "It was cancelled by " + e.By + ". " + d.Detail
	}
	if e.Built > 0 {
		d.Detail += fmt.Sprintf(" What was built and checked until then (%s) is kept: the next apply goes on from there.", view.Count(int64(e.Built), "asset"))
	} else {
		d.Detail += " Nothing was built until then. To begin anew, run: assets apply"
	}
	return d
}

// stale refuses a plan whose basis is no longer what it was.
func stale(moved []string) hcl.Diagnostics {
	return hcl.Diagnostics{{
		Severity: hcl.DiagError,
		Summary:  "The plan is out of date",
		Detail: "Since it was made:\n  - " + strings.Join(moved, "\n  - ") +
			"\n\nNothing was done. Make a new plan and look at it before applying.",
	}}
}

// halted is a diagnostic about housekeeping that failed, or was interrupted.
func halted(ctx context.Context, summary string, err error) hcl.Diagnostics {
	if ctx.Err() != nil {
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Interrupted", Detail: "Nothing is half done: it can be done again at any time."}}
	}
	return fault(summary, err)
}
