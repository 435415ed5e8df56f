package server

import (
	"context"
	"errors"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Daemon is what the server asks. Its methods are called from many goroutines at once.
type Daemon interface {
	// Snapshot is what is known now. It never waits for a plan or a run.
	Snapshot() Snapshot
	// Push hands on a version of a source with an event block; empty: the daemon names
	// it. It returns when the version is sure not to be lost. The source is one of the
	// snapshot's project.
	Push(ctx context.Context, source assets.Name, version string) error
	// Runs returns the latest finished runs, newest first.
	Runs(ctx context.Context, limit int) ([]warehouse.Run, error)
	// Records returns a run, called by its id, by the beginning or the end of it, or
	// "latest", with what it did to each asset.
	Records(ctx context.Context, run string) (warehouse.Run, []planner.Materialization, error)
}

// What a Daemon refuses with, wrapped in an error that says why and what to do.
var (
	// ErrBusy says that the same may be asked again in a moment.
	ErrBusy = errors.New("busy")
	// ErrNoEvents says that the source is observed otherwise: it has no event block.
	ErrNoEvents = errors.New("takes no events")
	// ErrNoRun says that no run, or more than one, is called so.
	ErrNoRun = errors.New("no such run")
	// ErrQuery says that a parameter of the request is wrong.
	ErrQuery = errors.New("wrong parameter")
)

// Snapshot is what a daemon knows at one moment. Nobody changes it, or what it points
// to, once it is handed out.
type Snapshot struct {
	At      time.Time // when Plan was made
	Tick    time.Time // when the daemon last came round; zero: it never does
	Project *assets.Project
	Input   planner.Input // what Plan was made from
	Plan    planner.Plan
	// Invalid says why the project's files could not be loaded, so that the last good
	// ones are in use; empty: they could.
	Invalid string
	// Fault says why nothing can be built, whatever the plan says, and FaultSince
	// since when; empty: it can.
	Fault      string
	FaultSince time.Time
	Running    []Running // under way, oldest first
	// Ready says that a plan was made: before that, Project, Input and Plan are empty.
	Ready bool
	// Stopping says that no run begins any more.
	Stopping bool
	// Breaches counts what the ledger of breaches holds; nil: none is kept.
	Breaches *Breaches
	// Notified is how the delivery of alerts goes, of each notify block.
	Notified []Notified
}

// Notified is how the delivery of alerts to one target goes.
type Notified struct {
	Name string
	// Delivered counts messages that arrived, Failed attempts that did not get through.
	Delivered, Failed int
	Undelivered       int // messages that wait
}

// Running is a run under way.
type Running struct {
	Run    string
	Since  time.Time
	Assets []assets.Name // those it is about
}

// Breaches counts breaches of declared policies.
type Breaches struct {
	Open  int // in progress
	Total int // that ever began, the open ones included
}

// names are the sources, and the assets, those included that left the
// project and are still published: each has a step.
func (s Snapshot) names() []assets.Name {
	selected := assets.SortedNames(s.Project.Sources)
	seen := make(map[assets.Name]bool, len(s.Plan.Steps))
	for i := range s.Plan.Steps {
		if name := s.Plan.Steps[i].Asset; !seen[name] {
			seen[name] = true
			selected = append(selected, name)
		}
	}
	return selected
}
