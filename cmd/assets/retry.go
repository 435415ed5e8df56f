package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/daemon"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/planner"
)

// retried is the document of what is tried again by a daemon.
type retried struct {
	FormatVersion string                `json:"format_version"`
	Retried       []assets.Name         `json:"retried"`
	NotFailed     []assets.Name         `json:"not_failed"`
	By            string                `json:"by"` // "daemon", or "none" if there is nothing to try again
	PID           int                   `json:"pid,omitempty"`
	Diagnostics   []view.DiagnosticJSON `json:"diagnostics"`
}

func (a *app) retryCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "retry SELECTOR...",
		Short: "Try again what failed, before its time",
		Long: `Try assets again of which the last attempt failed: now, whatever their retry
policies say, and with equal inputs.

If a daemon keeps the project, it is asked to, and the command ends at once.
Otherwise they are built here and now, together with what is made from them.`,
		Example: `  assets retry staging.orders
  assets retry 'staging.*' tag:finance`,
		Args: takes(1, -1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.checkParallelism(c); err != nil {
				return err
			}
			return a.retry(c.Context(), args)
		},
	}
	c.Flags().IntVar(&a.parallelism, "parallelism", 0, "build `N` assets at once (default: as many as there are cores)")
	return c
}

func (a *app) retry(ctx context.Context, selectors []string) error {
	p, diags := a.plan(ctx, planFlags{})
	defer p.close()
	if diags.HasErrors() {
		return a.refuse(diags, p.Session)
	}
	failed, others, more := p.Failed(selectors, p.plan)
	if more.HasErrors() {
		return a.refuse(append(diags, more...), p.Session)
	}
	doc := retried{FormatVersion: view.FormatVersion, Retried: append([]assets.Name{}, failed...), NotFailed: append([]assets.Name{}, others...), By: "none", Diagnostics: []view.DiagnosticJSON{}}
	dir, err := filepath.Abs(".")
	if err != nil {
		return a.refuse(failure("Cannot find the project's directory", err), p.Session)
	}
	if !a.json {
		for _, name := range others {
			fmt.Fprintf(a.out, "%s did not fail: %s\n", name, notFailed(p.plan, name))
		}
	}
	if len(failed) == 0 {
		if a.json {
			return view.JSON(a.out, doc)
		}
		fmt.Fprintln(a.out, "Nothing is tried again.")
		return nil
	}
	keeper, err := daemon.KeptBy(dir)
	if err != nil {
		return a.refuse(failure("Cannot find out whether a daemon keeps the project", err), p.Session)
	}
	if keeper == nil {
		return a.retryHere(ctx, failed)
	}
	if err := p.AskRetry(failed); err != nil {
		return a.refuse(failure("Cannot ask the daemon to try again", err), p.Session)
	}
	if a.json {
		doc.By, doc.PID = "daemon", keeper.PID
		return view.JSON(a.out, doc)
	}
	if host, _ := os.Hostname(); keeper.Host != "" && keeper.Host != host {
		fmt.Fprintf(a.out, "The daemon on %s (process %d) is asked to try again now:\n", keeper.Host, keeper.PID)
	} else {
		fmt.Fprintf(a.out, "The daemon (process %d) is asked to try again now:\n", keeper.PID)
	}
	for _, name := range failed {
		fmt.Fprintf(a.out, "  %s\n", name)
	}
	fmt.Fprintln(a.out, "`assets status` says how it comes out.")
	return nil
}

// retryHere builds what failed, and what is made from that.
func (a *app) retryHere(ctx context.Context, failed []assets.Name) error {
	defer a.telemeter()()
	flags := planFlags{retry: true}
	for _, name := range failed {
		flags.targets = append(flags.targets, name.String()+"+")
	}
	if !a.json {
		fmt.Fprintf(a.out, "No daemon keeps this project: what failed is tried again here and now.\n\n")
	}
	return a.planAndApply(ctx, flags, true)
}

// notFailed says how an asset is that did not fail.
func notFailed(plan planner.Plan, name assets.Name) string {
	step, ok := view.Steps(plan)[name]
	switch {
	case !ok:
		return "it is not in the project"
	case step.Action == planner.Blocked:
		return "it is " + view.Why(step, plan.At)
	}
	return "it is " + view.StateOf(step)
}
