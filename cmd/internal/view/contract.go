package view

import (
	"fmt"
	"io"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// brokenContracts writes which promises a plan breaks, and for whom.
func brokenContracts(w io.Writer, plan planner.Plan, style Style) {
	for _, c := range plan.Broken {
		fmt.Fprintf(w, "\n%s %s\n  Read by %s\n", style.Bold(style.Yellow("Contract change:")), style.Bold(c.String()), readersOf(c))
	}
}

// ContractWarnings are the promises that a plan breaks as diagnostics, each where
// the column is declared or, if it is not any more, at its asset. Without a
// project they have no place.
func ContractWarnings(p *assets.Project, plan planner.Plan) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, c := range plan.Broken {
		d := &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Contract change: " + c.String(),
			Detail: fmt.Sprintf("It is read by %s. Agree on the change with them, or keep the column as it was promised.", readersOf(c))}
		if p != nil && p.Assets[c.Asset] != nil {
			a := p.Assets[c.Asset]
			d.Subject = a.Decl.Ptr()
			if declared := a.DeclaredColumn(c.Column); declared != nil {
				d.Subject = declared.Decl.Ptr()
			}
		}
		diags = append(diags, d)
	}
	return diags
}

// readersOf lists who relies on what changes: "finance.report (owner finance@example.com)".
func readersOf(c planner.ContractChange) string {
	texts := make([]string, len(c.Readers))
	for i, r := range c.Readers {
		texts[i] = fmt.Sprintf("%s (owner %s)", r.Asset, r.Owner)
	}
	return list(texts, "and")
}
