package main

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
	"github.com/seed-4311623e/assets/cmd/internal/view"
)

const longestHorizon = 366 * 24 * time.Hour

// showHorizon shows what would be built within a time, as people write it, if history
// repeats.
func (a *app) showHorizon(ctx context.Context, flags planFlags, within string) error {
	horizon, err := calendar.ParseDuration(within)
	if err != nil || horizon <= 0 || horizon > longestHorizon {
		return fmt.Errorf("-horizon takes a duration of up to 366d, as in 24h, 7d or 1d12h, not %q", within)
	}
	p, diags := a.plan(ctx, flags)
	defer p.close()
	doc := view.NoHorizon()
	if !diags.HasErrors() {
		outlook, more := p.Horizon(ctx, p.in, p.in.Now.Add(horizon))
		if diags = append(diags, more...); !diags.HasErrors() {
			doc = view.NewHorizon(p.in, p.plan, outlook, p.shown())
		}
	}
	if a.json {
		doc.Diagnostics = a.diagnosticsJSON(diags, p.Session)
		return a.document(doc, diags)
	}
	if err := a.fail(diags, p.Session); err != nil {
		return err
	}
	view.HorizonText(a.out, doc, a.outStyle)
	return nil
}

// shown are the targets of a plan and all that they need; nil: it has none.
func (p *planned) shown() map[assets.Name]bool {
	if len(p.options.Targets) == 0 {
		return nil
	}
	return p.in.Graph.Upstream(p.options.Targets...)
}
