package main

import (
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) impactCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "impact NAME[.COLUMN]",
		Short: "Show what a change of an asset, a source or a column would touch, and whose it is",
		Long: `Show what a change of an asset or a source would touch: the assets made from it,
nearest first, what of each may change, and who answers for them. Of a column,
only what really depends on it counts, by the lineage of columns.`,
		Example: `  assets impact raw.orders
  assets impact staging.orders.amount`,
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			s, diags := a.compile(c.Context())
			if s != nil {
				defer s.Close()
			}
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			name, column, more := s.Locate(args[0])
			if more.HasErrors() {
				return a.refuse(append(diags, more...), s)
			}
			doc := view.NewImpact(s.Project, s.Graph, name, column)
			if a.json {
				return a.document(doc, nil)
			}
			a.show(diags, s)
			view.ImpactText(a.out, doc, a.outStyle, columns(a.outTerm))
			return nil
		},
	}
}
