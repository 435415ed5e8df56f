package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets/calendar"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) calendarCommand() *cobra.Command {
	var timezone, from string
	var n int
	c := &cobra.Command{
		Use:   "calendar EXPR",
		Short: "Show the next ticks of a cron expression",
		Long: `Show the next ticks of a cron expression, a preset such as @daily or an interval
such as "@every 6h", as "schedule" and "at" have them in a project, also on the
days when clocks change.`,
		Example: `  assets calendar "0 8 * * MON-FRI"
  assets calendar "30 2 * * *" -timezone Europe/Paris -from 2026-03-28 -n 3`,
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if n < 1 {
				return fmt.Errorf("-n takes how many ticks to show, 1 or more, not %d", n)
			}
			s, err := calendar.Parse(args[0])
			if err != nil {
				return a.refuse(hcl.Diagnostics{{
					Severity: hcl.DiagError, Summary: fmt.Sprintf("Invalid cron expression %q", args[0]), Detail: view.Sentence(err.Error()) + " " + calendar.Help,
				}}, nil)
			}
			zone, project, diags := a.zone(timezone)
			if diags.HasErrors() {
				return a.refuse(diags, project)
			}
			now := a.now()
			after := now
			if from != "" {
				if after, err = moment(from, zone); err != nil {
					return fmt.Errorf("-from %w", err)
				}
			}
			doc := view.NewCalendar(s, zone, after, n)
			if a.json {
				return a.document(doc, nil)
			}
			view.CalendarText(a.out, doc, now, a.outStyle)
			return nil
		},
	}
	c.Flags().StringVar(&timezone, "timezone", "", "the `ZONE` of the expression, such as Europe/Paris (default: the project's, or else UTC)")
	c.Flags().StringVar(&from, "from", "", "show ticks after `TIME`, as in 2026-03-28, \"2026-03-28 12:00\" or 2026-03-28T11:00:00Z (default: now)")
	c.Flags().IntVarP(&n, "limit", "n", 5, "show `N` ticks")
	return c
}

// zone is the zone that is named, or else that of the project in this directory, if
// there is one: then the session is returned, too, for its diagnostics.
func (a *app) zone(name string) (*time.Location, *session.Session, hcl.Diagnostics) {
	var s *session.Session
	if files, _ := filepath.Glob("*.hcl"); name == "" && len(files) > 0 {
		var diags hcl.Diagnostics
		if s, diags = a.open(); diags.HasErrors() {
			return nil, s, append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagWarning, Summary: "The project's time zone is not known", Detail: "Name one with -timezone, and the project is not read.",
			})
		}
		defer s.Close()
		name = s.Project.Timezone
	}
	zone, err := calendar.Zone(name)
	if err != nil {
		return nil, s, failure("Unknown time zone", err)
	}
	return zone, s, nil
}

// momentIn is moment in the zone of that name.
func momentIn(text, zone string) (time.Time, error) {
	location, err := calendar.Zone(zone)
	if err != nil {
		return time.Time{}, err
	}
	return moment(text, location)
}

// moment reads a time as people write it: with its offset, or as the clock of a zone
// shows it.
func moment(text string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.DateTime, "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf(`takes a time, as in 2026-03-28, "2026-03-28 12:00" or 2026-03-28T11:00:00Z, not %q`, text)
}
