package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/daemon"
	"github.com/seed-4311623e/assets/cmd/internal/notify"
	"github.com/seed-4311623e/assets/cmd/internal/server"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// service is a daemon as the HTTP server wants it: see [server.Daemon].
type service struct {
	keeper *session.Keeper
	daemon *daemon.Daemon
	alerts *notify.Alerts
	now    func() time.Time

	counted atomic.Pointer[countedBreaches]
	recount chan struct{} // holds one: there is another plan since they were counted
}

// countedBreaches are how many breaches there were as of a plan.
type countedBreaches struct {
	plan time.Time
	server.Breaches
	// What is in the warehouse, and which run had entered it last.
	serial string
	ledger planner.Ledger
	ended  int
}

func newService(k *session.Keeper, d *daemon.Daemon, alerts *notify.Alerts) *service {
	return &service{keeper: k, daemon: d, alerts: alerts, now: time.Now, recount: make(chan struct{}, 1)}
}

// Snapshot is that of the daemon.
func (s *service) Snapshot() server.Snapshot {
	d := s.daemon.Snapshot()
	out := server.Snapshot{At: d.Plan.At, Tick: d.At, Project: d.Project, Input: d.Input, Plan: d.Plan, Invalid: d.Invalid,
		Fault: d.Fault, FaultSince: d.FaultSince, Ready: d.Ready, Stopping: d.Stopping}
	for _, r := range d.Running {
		out.Running = append(out.Running, server.Running{Run: r.Run, Since: r.Began, Assets: r.Assets})
	}
	for _, t := range s.alerts.Targets() {
		out.Notified = append(out.Notified, server.Notified{Name: t.Name, Delivered: t.Delivered, Failed: t.Failed, Undelivered: t.Undelivered})
	}
	counted := s.counted.Load()
	if d.Ready && (counted == nil || !counted.plan.Equal(d.Plan.At)) {
		select {
		case s.recount <- struct{}{}:
		default: // it will be
		}
	}
	if counted != nil {
		out.Breaches = &counted.Breaches
	}
	return out
}

// countBreaches counts the breaches again for each plan that somebody asked about,
// until ctx is done. It goes on beside the requests: none waits for the warehouse.
func (s *service) countBreaches(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.recount:
		}
		d := s.daemon.Snapshot()
		c := countedBreaches{serial: "never read"}
		if counted := s.counted.Load(); counted != nil {
			c = *counted
		}
		if c.serial != d.Input.State.Serial {
			_, err := s.keeper.Read(ctx, func(db *warehouse.DB) (err error) {
				c.ledger, c.ended, err = readLedger(ctx, db, d.Input.Now)
				return err
			})
			if err != nil {
				continue // the next request asks for it again
			}
		}
		c.serial, c.plan, c.Breaches = d.Input.State.Serial, d.Plan.At, server.Breaches{Total: c.ended}
		for _, b := range c.ledger.Breaches(d.Input) {
			c.Total++
			if b.Ended.IsZero() {
				c.Open++
			}
		}
		s.counted.Store(&c)
	}
}

// readLedger reads what goes on, and counts what has ended.
func readLedger(ctx context.Context, db *warehouse.DB, now time.Time) (l planner.Ledger, ended int, err error) {
	l, err = db.Ledger(ctx, now)
	recorded, err2 := db.Breaches(ctx)
	for _, b := range recorded {
		if !b.Ended.IsZero() {
			ended++
		}
	}
	return l, ended, errors.Join(err, err2)
}

// Push writes the event down and has the daemon look at once.
func (s *service) Push(_ context.Context, source assets.Name, version string) error {
	if declared := s.daemon.Snapshot().Project.Sources[source]; declared != nil && !declared.Event {
		return fmt.Errorf("source %s %w: its versions are found by looking at it. Those of a source with a block `event {}`, and nothing else, are pushed", source, server.ErrNoEvents)
	}
	if diags := s.keeper.Push(source.String(), version, s.now().UTC()); diags.HasErrors() {
		return diags
	}
	go s.daemon.Look(source) // not waited for: the event is on the disk, and the loop may be busy
	return nil
}

// Runs returns the latest finished runs.
func (s *service) Runs(ctx context.Context, limit int) (runs []warehouse.Run, err error) {
	_, err = s.keeper.Read(ctx, func(db *warehouse.DB) (err error) {
		runs, err = db.Runs(ctx, limit)
		return err
	})
	return runs, busy(err)
}

// Records returns what one run did: see findRun.
func (s *service) Records(ctx context.Context, id string) (run warehouse.Run, records []planner.Materialization, err error) {
	exists, err := s.keeper.Read(ctx, func(db *warehouse.DB) error {
		runs, err := db.Runs(ctx, allRuns)
		if err != nil {
			return err
		}
		if run, err = findRun(runs, id); err != nil {
			return fmt.Errorf("%w: %w", server.ErrNoRun, err)
		}
		records, err = db.RecordsOfRun(ctx, run.ID)
		return err
	})
	if err == nil && !exists {
		err = fmt.Errorf("%w: nothing was ever built", server.ErrNoRun)
	}
	return run, records, busy(err)
}

// breaches is the document of `breaches -json`.
func (s *service) breaches(ctx context.Context, values url.Values) (any, error) {
	d := s.daemon.Snapshot()
	if !d.Ready {
		return nil, fmt.Errorf("%w: there is no plan yet. Ask again in a moment", server.ErrBusy)
	}
	q, err := session.BreachQuery(values, d.Project)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", server.ErrQuery, err)
	}
	in := d.Input
	if now := s.now().UTC(); now.After(in.Now) {
		in.Now = now
	}
	var doc view.BreachesJSON
	exists, err := s.keeper.Read(ctx, func(db *warehouse.DB) (err error) {
		doc, err = session.Breaches(ctx, db, in, q)
		return err
	})
	if !exists { // nor anything that could have been kept
		doc = view.NewBreaches(in, planner.Ledger{}.Breaches(in), nil, q)
	}
	return doc, busy(err)
}

// busy marks the error that another process holds the warehouse.
func busy(err error) error {
	if _, locked := session.LockedBy(err); locked {
		return fmt.Errorf("%w: %w", server.ErrBusy, err)
	}
	return err
}
