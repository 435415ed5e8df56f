package session

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

// fault is a diagnostic about something outside the project's files.
func fault(summary string, err error) hcl.Diagnostics {
	if errors.Is(err, context.Canceled) {
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Interrupted",
			Detail: "Nothing was published. What a run had built until now is kept, and the next apply goes on from there."}}
	}
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: view.Sentence(err.Error())}}
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
