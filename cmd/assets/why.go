package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why NAME",
		Short: "Explain the state of an asset: what moved, and what it was built from",
		Args:  takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			p, diags := a.plan(c.Context(), planFlags{})
			defer p.close()
			if diags.HasErrors() {
				return a.refuse(diags, p.Session)
			}
			names, more := p.Select(args)
			if len(names) > 1 {
				more = failure("Which asset?", errors.New("`assets why` explains one asset at a time, and "+args[0]+" stands for several"))
			}
			if more.HasErrors() {
				return a.refuse(append(diags, more...), p.Session)
			}
			doc := view.NewWhy(p.in, p.plan, names[0])
			if a.json {
				return a.document(doc, nil)
			}
			a.show(diags, p.Session)
			view.WhyText(a.out, doc, a.outStyle, columns(a.outTerm))
			return nil
		},
	}
}
