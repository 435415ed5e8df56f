package session

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// fault is a diagnostic about something outside the project's files.
func fault(summary string, err error) hcl.Diagnostics {
	if errors.Is(err, context.Canceled) {
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Interrupted",
			Detail: "Nothing was published. What a run had built until now is kept, and the next apply goes on from there."}}
	}
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: view.Sentence(warehouse.Limited(err).Error())}}
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
