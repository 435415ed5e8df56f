package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func (a *app) runsCommand() *cobra.Command {
	var limit int
	list := &cobra.Command{
		Use:   "runs",
		Short: "List the latest runs; `runs show RUN` tells what one did",
		Args:  takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			s, diags := a.open()
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			defer s.Close()
			runs, diags := s.Runs(c.Context(), limit)
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			if a.json {
				return a.document(view.NewRuns(runs), nil)
			}
			view.RunsText(a.out, runs, a.now(), a.outStyle)
			return nil
		},
	}
	list.Flags().IntVarP(&limit, "limit", "n", 20, "how many: `N`")
	list.AddCommand(&cobra.Command{
		Use:   "show RUN",
		Short: "Show what one run did to each asset",
		Args:  takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			s, diags := a.open()
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			defer s.Close()
			runs, diags := s.Runs(c.Context(), allRuns)
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			run, err := findRun(runs, args[0])
			if err != nil {
				return a.refuse(failure("No such run", err), s)
			}
			records, diags := s.RecordsOfRun(c.Context(), run.ID)
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			if a.json {
				return a.document(view.NewRun(run, records), nil)
			}
			view.RunText(a.out, run, records, a.now(), a.outStyle)
			return nil
		},
	})
	return list
}

// allRuns is among how many of the latest runs one is looked for.
const allRuns = 10_000

// findRun finds a run by its id, the beginning or the end of it, or "latest".
func findRun(runs []warehouse.Run, id string) (warehouse.Run, error) {
	if id == "latest" && len(runs) > 0 {
		return runs[0], nil
	}
	var found []warehouse.Run
	for _, r := range runs {
		if part := strings.ToUpper(id); strings.HasPrefix(r.ID, part) || strings.HasSuffix(r.ID, part) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return warehouse.Run{}, fmt.Errorf("no run is called %q. `assets runs` lists them", id)
	case 1:
		return found[0], nil
	}
	return warehouse.Run{}, fmt.Errorf("%q is part of the ids of %d runs, as %s and %s: give more of it", id, len(found), found[0].ID, found[1].ID)
}
