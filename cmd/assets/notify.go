package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/daemon"
	"github.com/seed-4311623e/assets/cmd/internal/notify"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func (a *app) notifyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "notify",
		Short: "Look at who is told of what goes wrong, and try whether that arrives",
		Args:  takesCommand,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(&cobra.Command{
		Use:   "list",
		Short: "List who is told of what, and which messages have not arrived",
		Args:  takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			s, diags := a.open()
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			defer s.Close()
			doc := view.NewNotifyList(notify.ReadTargets(s.Project, s.AlertOptions().Dir))
			if a.json {
				return a.document(doc, nil)
			}
			view.NotifyListText(a.out, doc, a.now(), a.outStyle)
			return nil
		},
	}, &cobra.Command{
		Use:   "test [NAME...]",
		Short: "Send a test message to each target, or to those named",
		Long: `Send a test message to each target that a notify block declares, or to those named,
and say how that went. Exits 1 if a message did not arrive.`,
		Args: takes(0, -1),
		RunE: func(c *cobra.Command, names []string) error {
			s, diags := a.open()
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			defer s.Close()
			targets, err := chosenTargets(s, names)
			if err != nil {
				return a.refuse(failure("Nobody to tell", err), s)
			}
			doc := view.NewNotifyTest(notify.Tester{Project: s.Project, Now: a.now}.Test(c.Context(), targets))
			if a.json {
				err = view.JSON(a.out, doc)
			} else {
				view.NotifyTestText(a.out, doc, a.outStyle)
			}
			if err == nil && doc.Failed > 0 {
				return exit(1)
			}
			return err
		},
	})
	return c
}

// chosenTargets are the notify blocks of these names, all without any.
func chosenTargets(s *session.Session, names []string) ([]*assets.Notify, error) {
	all := s.Project.Notify
	var known []string
	for _, n := range all {
		known = append(known, n.Name)
	}
	switch {
	case len(all) == 0:
		return nil, fmt.Errorf("the project has no notify block. Write one:\n\n%s", view.NotifyBlock)
	case len(names) == 0:
		return all, nil
	}
	var chosen []*assets.Notify
	for _, name := range names {
		found := false
		for _, n := range all {
			if n.Name == name {
				chosen, found = append(chosen, n), true
			}
		}
		if !found {
			hint := "There are " + strings.Join(known, ", ")
			if near := lineage.Nearest(name, known); len(near) > 0 {
				hint = fmt.Sprintf("Did you mean %q?", near[0])
			}
			return nil, fmt.Errorf("no notify block is called %q. %s", name, hint)
		}
	}
	return chosen, nil
}

// daemonAlerts tell of what goes wrong while a daemon keeps the project in dir; with stays,
// also when that ends.
func (a *app) daemonAlerts(dir string, stays bool) *notify.Alerts {
	return notify.NewAlerts(notify.AlertOptions{Dir: filepath.Join(dir, ".assets"), Now: a.now, Redact: a.redactor.String, Log: a.log,
		Disk: warehouse.DiskOf, Daemon: stays})
}

// lookAt shows alerts what a daemon knows.
func lookAt(alerts *notify.Alerts, s daemon.Snapshot) {
	if !s.Ready {
		return
	}
	scene := notify.Scene{Input: s.Input, Plan: s.Plan, Fault: s.Fault, FaultSince: s.FaultSince, Invalid: s.Invalid, Waiting: s.Waiting, Before: s.Before}
	if len(s.Input.Project.Notify) > 0 {
		scene.Running = runningSince(s)
	}
	alerts.Look(scene)
}

func runningSince(s daemon.Snapshot) map[assets.Name]time.Time {
	since := map[assets.Name]time.Time{}
	for _, r := range s.Running {
		for _, name := range r.Assets {
			since[name] = r.Began
		}
	}
	return since
}
