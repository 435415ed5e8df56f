package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/holder"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
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
			going := goingRuns(c.Context(), s)
			runs, diags := s.Runs(c.Context(), limit)
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			going = slices.DeleteFunc(going, func(r view.RunningJSON) bool { // it has ended since
				return slices.ContainsFunc(runs, func(ended warehouse.Run) bool { return ended.ID == r.Run })
			})
			if a.json {
				doc := view.NewRuns(runs)
				doc.Running = going
				return a.document(doc, nil)
			}
			view.RunsText(a.out, going, runs, a.now(), a.outStyle, columns(a.outTerm))
			return nil
		},
	}
	list.Flags().IntVarP(&limit, "limit", "n", 20, "how many: `N`")
	list.AddCommand(&cobra.Command{
		Use:   "show RUN [NAME]",
		Short: "Show what one run did to each asset, or all there is to know of one",
		Long: `Show what one run did to each asset: how it came out and why, how many rows it has, when
it began and how long it took, and which checks did not pass. With NAME show all that
is recorded of that asset: also what it read, and its SQL unless that is sensitive.

RUN is the run's id, the beginning or the end of it, or "latest".`,
		Example: `  assets runs show latest
  assets runs show latest mart.daily_sales`,
		Args: takes(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			s, diags := a.open()
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			defer s.Close()
			return a.showRun(c.Context(), s, args)
		},
	})
	return list
}

// goingRuns are the runs that go on in whichever process holds the warehouse.
func goingRuns(ctx context.Context, s *session.Session) (going []view.RunningJSON) {
	info, err := holder.Ask(ctx, s.Project.Warehouse)
	if err != nil { // who holds it without answering is told of when the records are read
		return nil
	}
	for _, r := range info.Runs {
		going = append(going, view.RunningJSON{Run: r.ID, Status: "running", Began: r.Began, Command: info.Command, PID: info.PID, Done: r.Done, Total: r.Total})
	}
	return going
}

// showRun shows a run, or one asset's part in it.
func (a *app) showRun(ctx context.Context, s *session.Session, args []string) error {
	for _, r := range goingRuns(ctx, s) {
		if _, err := findRun([]warehouse.Run{{ID: r.Run}}, args[0]); err != nil {
			continue
		}
		if a.json {
			r.FormatVersion = view.FormatVersion
			return a.document(r, nil)
		}
		view.RunningText(a.out, r, a.now(), a.outStyle)
		return nil
	}
	runs, diags := s.Runs(ctx, allRuns)
	if diags.HasErrors() {
		return a.refuse(diags, s)
	}
	run, err := findRun(runs, args[0])
	if args[0] == "latest" && len(runs) == 0 {
		err = errors.New("there was no run yet. To build what the project declares, run: assets apply")
	}
	if err != nil {
		return a.refuse(failure("No such run", err), s)
	}
	records, diags := s.RecordsOfRun(ctx, run.ID)
	if diags.HasErrors() {
		return a.refuse(diags, s)
	}
	if len(args) > 1 {
		if records, err = recordsOf(records, args[1]); err != nil {
			return a.refuse(failure("Cannot show the asset", err), s)
		}
	}
	switch {
	case a.json:
		return a.document(view.NewRun(run, records), nil)
	case len(args) > 1:
		view.RunAssetText(a.out, run, records[0], a.outStyle)
	default:
		view.RunText(a.out, run, records, a.now(), a.outStyle)
	}
	return nil
}

// recordsOf are the records of one asset.
func recordsOf(records []planner.Materialization, text string) ([]planner.Materialization, error) {
	name, err := assets.ParseName(text)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range records {
		if m.Asset == name {
			return []planner.Materialization{m}, nil
		}
		names = append(names, m.Asset.String())
	}
	if near := lineage.Nearest(name.String(), names); len(near) > 0 {
		return nil, fmt.Errorf("the run did nothing to %s. Did you mean %s?", name, strings.Join(near, " or "))
	}
	return nil, fmt.Errorf("the run did nothing to %s", name)
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
