package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) logsCommand() *cobra.Command {
	var limit int
	var follow bool
	c := &cobra.Command{
		Use:   "logs NAME",
		Short: "Tell what happened to an asset, run by run",
		Long: `Tell what happened to an asset over its runs, newest last: what was published, found
unchanged, failed or skipped, how long it took, and which checks did not pass.

With -f go on with what happens from now on, until Ctrl-C: also what a run that goes on
in another process does, before anything of it is visible.`,
		Example: `  assets logs mart.daily_sales -n 5
  assets logs mart.daily_sales -f -json`,
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if limit < 0 || limit == 0 && !follow {
				return fmt.Errorf("-n is how many records are told, at least 1, not %d", limit)
			}
			s, diags := a.open()
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			defer s.Close()
			name, records, diags := s.RecordsOfAsset(c.Context(), args[0], max(limit, 1))
			if diags.HasErrors() {
				if follow && c.Context().Err() != nil {
					return nil // that is how it ends
				}
				return a.refuse(diags, s)
			}
			tell := func(lines ...view.LogJSON) error {
				if !a.json {
					view.LogText(a.out, lines, a.outStyle)
				}
				for _, line := range lines {
					if a.json {
						if err := view.JSONLine(a.out, line); err != nil {
							return err
						}
					}
				}
				return a.out.Flush() // whoever follows wants to see it now
			}
			if limit > 0 {
				for _, m := range records {
					if err := tell(view.NewLog(m)...); err != nil {
						return err
					}
				}
			}
			if !follow {
				if len(records) == 0 && !a.json {
					fmt.Fprintf(a.out, "%s was never built. To build it, run: %s\n", name, a.command("apply", "-target", name.String()))
				}
				return nil
			}
			return a.fail(s.FollowLog(c.Context(), name, records, tell), s)
		},
	}
	c.Flags().IntVarP(&limit, "limit", "n", 20, "begin with the latest `N` records; with -f, 0 is allowed")
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what happens from now on, until Ctrl-C")
	return c
}
