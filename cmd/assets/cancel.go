package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/holder"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func (a *app) cancelCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cancel RUN",
		Short: "End a run that goes on, of whichever process",
		Long: `End a run that another process carries out, an apply or a daemon, and wait until it
has ended. Nothing of it is published; what it had built is kept, and the next apply
goes on from there. What is just being published is finished.

RUN is the run's id, the beginning or the end of it, or "latest".
"assets runs" lists those that go on.`,
		Example: `  assets cancel latest`,
		Args:    takes(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			s, diags := a.open()
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			defer s.Close()
			path := s.Project.Warehouse
			info, err := holder.Ask(c.Context(), path)
			if err != nil && !errors.Is(err, holder.ErrNobody) {
				return a.refuse(failure("Cannot cancel the run", err), s)
			}
			run, err := findGoing(info.Runs, args[0])
			if err != nil {
				return a.refuse(failure("Cannot cancel the run", a.notGoing(c.Context(), s, args[0], err)), s)
			}
			if !a.json {
				fmt.Fprintf(a.err, "Waiting for run %s of %s to end …\n", run.ID, info)
			}
			how, err := holder.Cancel(c.Context(), path, run.ID, whoAmI())
			switch {
			case c.Context().Err() != nil:
				err = fmt.Errorf("run %s was told to end, and was not waited for. `assets runs show %[1]s` tells how it ended", run.ID)
			case errors.Is(err, holder.ErrNobody):
				err = fmt.Errorf("%s ended before it could say what became of run %s. `assets runs` lists it if it was published", info, run.ID)
			}
			if err != nil {
				return a.refuse(failure("Cannot tell how the run ended", err), s)
			}
			if a.json {
				return a.document(view.NewCancelled(run.ID, how), nil)
			}
			view.CancelledText(a.out, run.ID, how, info.Command == "daemon", a.outStyle)
			return nil
		},
	}
}

// whoAmI is how this process is named to one that it asks for something.
func whoAmI() string {
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return fmt.Sprintf("%s (process %d)", name, os.Getpid())
}

// errNotGoing says that a run is not among those that go on.
var errNotGoing = errors.New("no run goes on")

// findGoing finds a run among those that go on, as findRun does.
func findGoing(runs []holder.RunInfo, id string) (holder.RunInfo, error) {
	if id == "latest" && len(runs) > 0 {
		return runs[0], nil
	}
	part := strings.ToUpper(id)
	found := slices.DeleteFunc(slices.Clone(runs), func(r holder.RunInfo) bool {
		return part == "" || !strings.HasPrefix(r.ID, part) && !strings.HasSuffix(r.ID, part)
	})
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return holder.RunInfo{}, fmt.Errorf("%q is part of the ids of %d runs, as %s and %s: give more of it", id, len(found), found[0].ID, found[1].ID)
	}
	return holder.RunInfo{}, errNotGoing
}

// notGoing says why there is no run to be cancelled.
func (a *app) notGoing(ctx context.Context, s *session.Session, id string, err error) error {
	if !errors.Is(err, errNotGoing) {
		return err
	}
	runs, diags := s.Runs(ctx, allRuns)
	if diags.HasErrors() { // another program has the file, perhaps, which knows of no runs
		return fmt.Errorf("%w. %s", errNotGoing, diags[0].Detail)
	}
	run, err := findRun(runs, id)
	switch {
	case id == "latest" && len(runs) == 0:
		return fmt.Errorf("%w, and none ever did", errNotGoing)
	case id == "latest":
		return fmt.Errorf("%w. The latest, %s, ended %s: %s", errNotGoing, run.ID, view.Ago(run.Ended, a.now()), ending(run))
	case err != nil:
		return err
	}
	return fmt.Errorf("run %s ended %s already: %s", run.ID, view.Ago(run.Ended, a.now()), ending(run))
}

func ending(r warehouse.Run) string {
	switch r.Status {
	case warehouse.Succeeded:
		return "it succeeded"
	case warehouse.Cancelled:
		return "it was cancelled"
	}
	return "some of it failed, and what could be published was"
}
