package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) breachesCommand() *cobra.Command {
	var since string
	var q view.BreachQuery
	c := &cobra.Command{
		Use:   "breaches [SELECTOR...]",
		Short: "List when freshness policies were broken, and why",
		Long: `List when the freshness policies that assets declare were broken, and the max_age
that a source's supplier promised: from when until when, and why. What came about
while nothing was running is found by the next run and recorded by it.

A second table tells for each month which share of the time everything was kept,
counted from when the policy was first planned with and the asset was built.`,
		Example: `  assets breaches
  assets breaches mart.* -since 2026-01
  assets breaches -open`,
		RunE: func(c *cobra.Command, selectors []string) error {
			p, diags := a.plan(c.Context(), planFlags{})
			defer p.close()
			if since != "" && !diags.HasErrors() {
				t, err := monthOrMoment(since, p.Project.Timezone)
				if err != nil {
					return fmt.Errorf("-since %w", err)
				}
				q.Since = t
			}
			doc := view.BreachesJSON{FormatVersion: view.FormatVersion, Breaches: []view.BreachJSON{}, Months: []view.MonthJSON{}}
			if len(selectors) > 0 && !diags.HasErrors() {
				names, more := p.Select(selectors)
				q.Names, diags = names, append(diags, more...)
			}
			if !diags.HasErrors() {
				found, more := p.Breaches(c.Context(), p.in, q)
				if diags = append(diags, more...); !more.HasErrors() {
					doc = found
				}
			}
			if a.json {
				doc.Diagnostics = a.diagnosticsJSON(diags, p.Session)
				return a.document(doc, diags)
			}
			if err := a.fail(diags, p.Session); err != nil {
				return err
			}
			view.BreachesText(a.out, doc, q, a.outStyle)
			return nil
		},
	}
	c.Flags().StringVar(&since, "since", "", "leave out what ended before `TIME`, as in 2026-01, 2026-01-15 or 2026-01-15T08:00 (in the project's zone)")
	c.Flags().BoolVar(&q.Open, "open", false, "only those that are going on")
	return c
}

// monthOrMoment reads a time as momentIn does, or a month, which is its beginning.
func monthOrMoment(text, zone string) (time.Time, error) {
	if _, err := time.Parse("2006-01", text); err == nil {
		text += "-01"
	}
	return momentIn(text, zone)
}
