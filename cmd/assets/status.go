package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status [SELECTOR...]",
		Short: "Show how fresh each asset is",
		RunE: func(c *cobra.Command, selectors []string) error {
			p, diags := a.plan(c.Context(), planFlags{})
			defer p.close()
			var selected []assets.Name
			if !diags.HasErrors() {
				names, more := p.Select(selectors)
				selected, diags = names, append(diags, more...)
				if len(selectors) == 0 {
					selected = append(selected, removed(p.in)...)
				}
			}
			if a.json {
				return a.document(view.NewStatus(p.in, p.plan, selected, a.diagnosticsJSON(diags, p.Session)), diags)
			}
			if err := a.fail(diags, p.Session); err != nil {
				return err
			}
			view.StatusText(a.out, view.NewStatus(p.in, p.plan, selected, nil), p.in.Now, a.outStyle)
			return nil
		},
	}
}
