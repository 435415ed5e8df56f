package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/planner"
)

// planFlags narrow or force what a plan does.
type planFlags struct {
	targets, replace []string
	destroy          bool
	all              bool   // build what waits, too
	retry            bool   // try again what failed
	at               string // the moment to plan for
	warn             bool   // of policies that cannot be promised
}

func (f *planFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.targets, "target", nil, "only `SELECTOR` and what it needs; may be repeated")
	c.Flags().StringArrayVar(&f.replace, "replace", nil, "build `SELECTOR` even if it is up to date; may be repeated")
	c.Flags().BoolVar(&f.all, "all", false, "also build what is behind but not due yet")
	f.retry, f.warn = true, true
}

func (a *app) planCommand() *cobra.Command {
	var flags planFlags
	var out, horizon string
	var detailed bool
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show what apply would do, and why",
		Long: `Show what apply would do, and why.

With -horizon show what would be built when within that time if history repeats, and
which freshness policies would be broken: each source is expected to move as it did in
the last week, or day, and each build to take as long as most did.`,
		Example: `  assets plan
  assets plan -at 2026-03-02T08:00
  assets plan -horizon 24h -target mart.daily_sales`,
		Args: takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("horizon") {
				for _, flag := range []string{"all", "destroy", "detailed-exitcode", "out", "replace"} {
					if c.Flags().Changed(flag) {
						return fmt.Errorf("-horizon simulates what happens by itself: leave out -%s", flag)
					}
				}
				return a.showHorizon(c.Context(), flags, horizon)
			}
			p, diags := a.plan(c.Context(), flags)
			defer p.close()
			if out != "" && flags.at != "" {
				diags = append(diags, failure("Invalid flags", errors.New("a plan for another moment cannot be saved: leave out -at or -out"))...)
			}
			if out != "" && !diags.HasErrors() {
				if err := a.savePlan(out, p); err != nil {
					diags = append(diags, failure("Cannot save the plan", err)...)
				}
			}
			if err := a.showPlan(p, diags); err != nil {
				return err
			}
			if out != "" && !a.json {
				fmt.Fprintf(a.out, "\nSaved the plan to %s. To carry out exactly this, run: %s\n", out, a.command("apply", out))
			}
			if detailed && p.plan.Changes() {
				return exit(2)
			}
			return nil
		},
	}
	flags.register(c)
	c.Flags().BoolVar(&flags.destroy, "destroy", false, "plan the removal of everything that is published")
	c.Flags().StringVar(&flags.at, "at", "", "plan for another moment: `TIME` such as 2026-03-02T08:00 (in the project's zone) or 2026-03-02T08:00:00Z")
	c.Flags().StringVar(&horizon, "horizon", "", "show what would be built within `TIME`, such as 24h or 7d, if history repeats")
	c.Flags().StringVar(&out, "out", "", "save the plan to `FILE`, for apply")
	c.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit 0 if there is nothing to do, 1 on errors, 2 if something is to be created, rebuilt or dropped")
	return c
}

// planned is a plan and the session it was made in.
type planned struct {
	*session.Session
	options planner.Options
	in      planner.Input
	plan    planner.Plan
	again   bool // plan anew if another run comes first: nobody looked at this plan
}

func (p *planned) close() {
	if p.Session != nil {
		p.Close()
	}
}

// plan makes a plan. It returns what it has even if diagnostics has errors.
func (a *app) plan(ctx context.Context, flags planFlags) (*planned, hcl.Diagnostics) {
	s, diags := a.open()
	p := &planned{Session: s}
	if s == nil {
		return p, diags
	}
	if diags.HasErrors() {
		return p, s.CompileRest(ctx, diags)
	}
	var more hcl.Diagnostics
	if flags.at != "" {
		at, err := momentIn(flags.at, s.Project.Timezone)
		if err != nil {
			return p, append(diags, failure("Invalid flag", fmt.Errorf("-at %w", err))...)
		}
		s.At = at
	}
	p.in, p.plan, more = s.Plan(ctx, session.Narrow{Targets: flags.targets, Replace: flags.replace, Destroy: flags.destroy, All: flags.all, Retry: flags.retry})
	p.options = p.in.Options
	diags = append(diags, more...)
	if diags.HasErrors() || a.json { // else the text of the plan tells
		diags = append(diags, view.ContractWarnings(s.Project, p.plan)...)
	}
	if !diags.HasErrors() && !flags.destroy && flags.warn {
		diags = append(diags, view.PromiseWarnings(p.in)...)
	}
	return p, diags
}

// showPlan writes a plan for people or as JSON; with errors, those.
func (a *app) showPlan(p *planned, diags hcl.Diagnostics) error {
	if a.json {
		name := ""
		if p.Session != nil {
			name = p.Project.Name
		}
		if p.plan.At.IsZero() { // there is none
			p.plan.At = a.now()
		}
		return a.document(view.NewPlanJSON(name, p.plan, a.diagnosticsJSON(diags, p.Session)), diags)
	}
	if err := a.fail(diags, p.Session); err != nil {
		return err
	}
	view.PlanText(a.out, p.plan, p.options, a.outStyle)
	return nil
}
