package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) statusCommand() *cobra.Command {
	var watch bool
	var interval time.Duration
	c := &cobra.Command{
		Use:   "status [SELECTOR...]",
		Short: "Show how fresh each asset is",
		Long: `Show how fresh each asset is, the worst first: its state, how far it lags and up to
when it reflects all data that arrived, when it is due, when it is built next, and
the policy that asks for it.

With -watch the status stays on the screen and is kept up to date until Ctrl-C.`,
		Example: `  assets status
  assets status 'mart.*' -watch
  assets status -watch -interval 1m -json`,
		RunE: func(c *cobra.Command, selectors []string) error {
			if watch {
				return a.watchStatus(c.Context(), selectors, interval)
			}
			if c.Flags().Changed("interval") {
				return fmt.Errorf("-interval is how often -watch looks: give both")
			}
			return a.showStatus(c.Context(), selectors)
		},
	}
	c.Flags().BoolVar(&watch, "watch", false, "keep looking until Ctrl-C; with -json, write one document a line")
	c.Flags().DurationVar(&interval, "interval", 2*time.Second, "with -watch, look every `TIME`")
	return c
}

func (a *app) showStatus(ctx context.Context, selectors []string) error {
	p, selected, diags := a.status(ctx, selectors)
	defer p.close()
	if a.json {
		return a.document(view.NewStatus(p.in, p.plan, selected, a.diagnosticsJSON(diags, p.Session)), diags)
	}
	if err := a.fail(diags, p.Session); err != nil {
		return err
	}
	view.StatusText(a.out, view.NewStatus(p.in, p.plan, selected, nil), p.in.Now, a.outStyle, columns(a.outTerm))
	return nil
}

// status plans, and selects what is to be shown of that. The session is to be closed.
func (a *app) status(ctx context.Context, selectors []string) (*planned, []assets.Name, hcl.Diagnostics) {
	p, diags := a.plan(ctx, planFlags{})
	if diags.HasErrors() {
		return p, nil, diags
	}
	selected, more := p.Select(selectors)
	if len(selectors) == 0 {
		selected = append(selected, removed(p.in)...)
	}
	return p, selected, append(diags, more...)
}
