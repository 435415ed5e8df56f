package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) diffCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "diff [SELECTOR...]",
		Short: "Show how what the project declares differs from what is published",
		Long: `Show, for each asset that the plan would create, rebuild or drop and for each
whose SQL is another text, how its definition differs from the one it was built
from: the SQL, what that does to each column and to the rows, and what downstream
is touched by it.`,
		Example: `  assets diff
  assets diff mart.daily_sales`,
		RunE: func(c *cobra.Command, args []string) error {
			p, diags := a.plan(c.Context(), planFlags{})
			defer p.close()
			if diags.HasErrors() {
				return a.refuse(diags, p.Session)
			}
			var selected []assets.Name
			if len(args) > 0 {
				names, more := p.Select(args)
				if more.HasErrors() {
					return a.refuse(append(diags, more...), p.Session)
				}
				selected = names
			}
			doc := view.NewDiff(p.in, p.plan, selected)
			if a.json {
				return a.document(doc, nil)
			}
			a.show(diags, p.Session)
			view.DiffText(a.out, doc, a.outStyle, columns(a.outTerm))
			return nil
		},
	}
}
