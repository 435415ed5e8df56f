package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/view"
)

// mostRows is how many example rows of each kind can be asked for: they are held in memory.
const mostRows = 10000

// diffFlags say what is compared, and how data is.
type diffFlags struct {
	data  bool
	key   []string
	limit int
}

func (a *app) diffCommand() *cobra.Command {
	var flags diffFlags
	c := &cobra.Command{
		Use:   "diff [SELECTOR...]",
		Short: "Show how what is declared differs from what is published, or two versions of data",
		Long: `Show, for each asset that the plan would create, rebuild or drop and for each
whose SQL is another text, how its definition differs from the one it was built
from: the SQL, what that does to each column and to the rows, and what downstream
is touched by it.

With -data, show how the rows of one asset's published version differ from those
of the version before, which the warehouse keeps.`,
		Example: `  assets diff
  assets diff mart.daily_sales
  assets diff -data mart.daily_sales
  assets diff -data -key order_date,country -limit 3 mart.daily_sales`,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case flags.data && len(args) != 1:
				return errors.New("-data compares the versions of one asset: write `assets diff -data NAME`")
			case flags.data && (flags.limit < 0 || flags.limit > mostRows):
				return fmt.Errorf("-limit is a number of rows from 0 to %d, not %d", mostRows, flags.limit)
			case flags.data:
				return a.diffData(c.Context(), args[0], flags)
			case c.Flags().Changed("key"), c.Flags().Changed("limit"):
				return errors.New("-key and -limit are about rows: give them along with -data")
			}
			return a.diffDefinitions(c.Context(), args)
		},
	}
	c.Flags().BoolVar(&flags.data, "data", false, "compare the rows of the published and the previous version of one asset")
	c.Flags().StringSliceVar(&flags.key, "key", nil, "with -data: match rows by these `COLUMNS`, as in a,b (default: those of a unique check)")
	c.Flags().IntVar(&flags.limit, "limit", 10, "with -data: show at most `N` rows of each kind")
	return c
}

func (a *app) diffDefinitions(ctx context.Context, selectors []string) error {
	p, diags := a.plan(ctx, planFlags{})
	defer p.close()
	if diags.HasErrors() {
		return a.refuse(diags, p.Session)
	}
	var selected []assets.Name
	if len(selectors) > 0 {
		names, more := p.Select(selectors)
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
}

func (a *app) diffData(ctx context.Context, name string, flags diffFlags) error {
	s, diags := a.open()
	if diags.HasErrors() {
		return a.refuse(diags, s)
	}
	defer s.Close()
	versions, diags := s.CompareVersions(ctx, name, flags.key, flags.limit)
	if diags.HasErrors() {
		return a.refuse(diags, s)
	}
	doc := view.NewDataDiff(versions.Now, versions.Before, versions.Comparison, a.now())
	if a.json {
		return a.document(doc, nil)
	}
	view.DataDiffText(a.out, doc, a.outStyle, columns(a.outTerm))
	return nil
}
