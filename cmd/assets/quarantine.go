package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func (a *app) quarantineCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "quarantine",
		Short: "Look at rows that checks have put aside, export or purge them",
		Long: `Rows that violate a check with quarantine = true are not published with the
others but put aside: those of the asset staging.orders in the table
quarantine."staging.orders", which "assets query" reads, too. It holds the bad
rows of the published version: the next build replaces them.`,
		Args: takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.quarantineList(), a.quarantineShow(), a.quarantineExport(), a.quarantinePurge())
	return c
}

func (a *app) quarantineList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the assets of which rows are put aside",
		Args:  takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			s, list, err := a.quarantined(c.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			doc := view.NewQuarantine(list)
			if a.json {
				return a.document(doc, nil)
			}
			view.QuarantineText(a.out, doc, a.now(), a.outStyle)
			return nil
		},
	}
}

func (a *app) quarantineShow() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use:   "show NAME",
		Short: "Show the rows of an asset that are put aside, and what each violates",
		Args:  takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if limit < 0 {
				return fmt.Errorf("-limit is how many rows are shown, 0 for all, not %d", limit)
			}
			s, q, err := a.quarantineOf(c.Context(), args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			if q.Rows == 0 && !a.json {
				fmt.Fprintf(a.out, "No rows of %s are quarantined.\n", q.Asset)
				return nil
			}
			format := "table"
			if a.json {
				format = "json"
			}
			if err := a.quarantineRows(c.Context(), s, q, limit, format, a.out); err != nil {
				return err
			}
			if shown := int64(limit); shown > 0 && shown < q.Rows && !a.json {
				fmt.Fprintf(a.out, "There are %s in all. To see them, run: %s\n", view.Count(q.Rows, "row"), a.command("quarantine", "show", q.Asset.String(), "-limit", "0"))
			}
			return nil
		},
	}
	c.Flags().IntVar(&limit, "limit", 20, "how many rows: `N`; 0 is all")
	return c
}

func (a *app) quarantinePurge() *cobra.Command {
	var all, approved bool
	c := &cobra.Command{
		Use:   "purge NAME | -all",
		Short: "Delete rows that are put aside",
		Long: `Delete the rows of an asset that are put aside, or with -all those of all assets.
What is published is not touched. As long as a row is still bad in what the asset
is made from, the next build puts it aside again.`,
		Args: takes(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return errors.New("name one asset, or give -all")
			}
			s, list, err := a.toPurge(c.Context(), args)
			if err != nil {
				return err
			}
			defer s.Close()
			doc := view.NewQuarantine(list)
			if len(list) == 0 && !a.json {
				view.QuarantineText(a.out, doc, a.now(), a.outStyle)
				return nil
			}
			if !a.json {
				view.QuarantineText(a.out, doc, a.now(), a.outStyle)
				fmt.Fprintln(a.out)
			}
			if !approved && len(list) > 0 {
				err := a.ask(c.Context(), "Do you really want to delete these rows?", "What is published is not touched.", func(why string) error {
					return fmt.Errorf("%s. Look at the rows with `%s`, then give -auto-approve", why, a.command("quarantine", "show", list[0].Asset.String()))
				})
				if err != nil {
					return a.refuse(failure("Not approved", err), s)
				}
			}
			if len(list) > 0 {
				if diags := s.Purge(c.Context(), list); diags.HasErrors() {
					return a.refuse(diags, s)
				}
			}
			if a.json {
				doc.Purged = true
				return a.document(doc, nil)
			}
			rows := int64(0)
			for _, q := range list {
				rows += q.Rows
			}
			fmt.Fprintf(a.out, "%s deleted.\n", view.Count(rows, "row"))
			return nil
		},
	}
	c.Flags().BoolVar(&all, "all", false, "the rows of all assets")
	c.Flags().BoolVar(&approved, "auto-approve", false, "do not ask for approval")
	return c
}

// toPurge lists what args ask to purge: an asset, or all.
func (a *app) toPurge(ctx context.Context, args []string) (*session.Session, []warehouse.Quarantined, error) {
	if len(args) == 0 {
		return a.quarantined(ctx)
	}
	s, q, err := a.quarantineOf(ctx, args[0])
	if err != nil || q.Rows == 0 {
		return s, nil, err
	}
	return s, []warehouse.Quarantined{q}, nil
}

// quarantined lists the assets of which rows are put aside. An error was told.
func (a *app) quarantined(ctx context.Context) (*session.Session, []warehouse.Quarantined, error) {
	s, diags := a.open()
	var list []warehouse.Quarantined
	if !diags.HasErrors() {
		list, diags = s.Quarantine(ctx)
	}
	if diags.HasErrors() {
		return nil, nil, a.giveUp(diags, s)
	}
	return s, slices.DeleteFunc(list, func(q warehouse.Quarantined) bool { return q.Rows == 0 }), nil
}

// quarantineOf tells what is put aside of one asset. An error was told.
func (a *app) quarantineOf(ctx context.Context, name string) (*session.Session, warehouse.Quarantined, error) {
	s, diags := a.open()
	var q warehouse.Quarantined
	if !diags.HasErrors() {
		q, diags = s.QuarantineOf(ctx, name)
	}
	if diags.HasErrors() {
		return nil, q, a.giveUp(diags, s)
	}
	return s, q, nil
}

// giveUp refuses and closes the session.
func (a *app) giveUp(diags hcl.Diagnostics, s *session.Session) error {
	if s != nil {
		defer s.Close()
	}
	return a.refuse(diags, s)
}
