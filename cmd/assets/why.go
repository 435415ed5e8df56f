package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why NAME[.COLUMN]",
		Short: "Explain an asset's state, or where a column's values come from",
		Long: `Explain the state of an asset: what moved, and what it was built from.

Of a column: what its values are computed from, down to the sources; what decides
which rows there are; its checks; and whether the next plan would change it.`,
		Example: `  assets why mart.daily_sales
  assets why mart.daily_sales.revenue`,
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			p, diags := a.plan(c.Context(), planFlags{})
			defer p.close()
			if diags.HasErrors() {
				return a.refuse(diags, p.Session)
			}
			name, column, more := p.Locate(args[0])
			if more.HasErrors() {
				return a.refuse(append(diags, more...), p.Session)
			}
			if column != "" {
				doc := view.NewWhyColumn(p.in, p.plan, name, column)
				if a.json {
					return a.document(doc, nil)
				}
				a.show(diags, p.Session)
				view.WhyColumnText(a.out, doc, a.outStyle, columns(a.outTerm))
				return nil
			}
			doc := view.NewWhy(p.in, p.plan, name)
			if a.json {
				return a.document(doc, nil)
			}
			a.show(diags, p.Session)
			view.WhyText(a.out, doc, a.outStyle, columns(a.outTerm))
			return nil
		},
	}
}
