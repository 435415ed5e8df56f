package session

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/notify"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// AlertOptions are those of a process that tells of what goes wrong.
func (s *Session) AlertOptions() notify.AlertOptions {
	return notify.AlertOptions{Dir: s.cache(""), Now: s.Now, Redact: s.Redactor.String, Log: s.Log, Disk: warehouse.DiskOf}
}

// Alerts prepares to tell people of what goes wrong; nil: the project names nobody.
func (s *Session) Alerts() *notify.Alerts {
	if len(s.Project.Notify) == 0 || s.Graph == nil { // what does not compile can be destroyed
		return nil
	}
	o := s.AlertOptions()
	o.Quiet = true
	return notify.NewAlerts(o)
}

// Scene is what alerts are made from, as things stand now.
func (s *Session) Scene() notify.Scene {
	if len(s.Project.Notify) == 0 || s.Graph == nil {
		return notify.Scene{}
	}
	in, plan := s.Replan(planner.Options{})
	scene := notify.Scene{Input: in, Plan: plan}
	for _, name := range assets.SortedNames(s.Looks) {
		if look := s.Looks[name]; look.Err != "" && look.Waiting() {
			scene.Waiting = append(scene.Waiting, name)
		}
	}
	return scene
}

// Alert tells of what holds after a run, and ends the telling. failure are the errors of a
// run that published nothing. What could not be delivered is told in warnings.
func (s *Session) Alert(ctx context.Context, alerts *notify.Alerts, failure hcl.Diagnostics) (warnings hcl.Diagnostics) {
	if alerts == nil {
		return nil
	}
	if scene := s.Scene(); ctx.Err() == nil && !s.Overtaken && !s.Stopped {
		if failure.HasErrors() {
			scene.Fault, scene.FaultSince = notify.Sentences(failure), s.Now()
		}
		alerts.Look(scene)
	}
	for _, t := range alerts.Close(ctx) {
		warn := func(summary string, n int, why, fate string) {
			what := "1 message"
			if n > 1 {
				what = fmt.Sprintf("%d messages", n)
			}
			warnings = append(warnings, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: summary, Subject: t.Notify.Decl.Ptr(),
				Detail: fmt.Sprintf("%s to notify %q (%s): %s. %s What was built is not affected.", what, t.Name, t.Place, strings.TrimSuffix(why, "."), fate)})
		}
		if t.GivenUp > 0 {
			warn("Alerts were given up", t.GivenUp, t.GivenUpFor, "It is not sent again. Whether others arrive says `assets notify test`.")
		}
		if t.Undelivered > 0 {
			fate := "It is kept, and the next run or the daemon sends it first."
			if t.Undelivered > 1 {
				fate = "They are kept, and the next run or the daemon sends them first."
			}
			if t.Unkept != nil {
				fate = fmt.Sprintf("What did not arrive could not be kept for the next run either: %s.", plain(t.Unkept))
			}
			warn("Alerts could not be delivered", t.Undelivered, cmp.Or(t.Error, "there was no time for it before the end of the run"), fate)
		}
	}
	return warnings
}
