package daemon

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// start begins a run for every part of the plan that may be begun.
func (d *Daemon) start() {
	if d.now.Before(d.notBefore) || d.broken || d.waiting != nil {
		return
	}
	groups := d.divide()
	if len(groups) == 0 {
		return
	}
	moved, err := d.Keeper.Open(d.work)
	if err != nil {
		if d.work.Err() == nil {
			d.trouble(openWarehouse, err)
		}
		return
	}
	if moved {
		d.Log.Info().Msg("another process changed the warehouse: planning again")
		d.look() // at what it has seen of sources
		d.replan()
		groups = d.divide()
	}
	for _, steps := range groups {
		if err := d.launch(steps); err != nil {
			d.trouble("begin a run", err)
			return
		}
	}
}

// divide splits the plan into what each new run is to do.
func (d *Daemon) divide() [][]planner.Step {
	_, graph := d.Keeper.Declared()
	busy := map[assets.Name]bool{}
	for r := range d.runs {
		for _, name := range r.names {
			busy[name] = true
		}
	}
	resting := map[assets.Name]bool{}
	for name := range d.resting() {
		resting[name] = true
	}
	published := func(name assets.Name) bool {
		_, ok := d.in.State.Last[planner.Key{Asset: name}]
		return ok
	}
	isView := func(name assets.Name) bool { return d.in.Project.Assets[name].Kind == assets.View }
	return share(parts(graph, d.plan, published, isView, busy, resting), mostRuns-len(d.runs))
}

// launch begins one run.
func (d *Daemon) launch(steps []planner.Step) error {
	plan := d.plan
	plan.Steps = steps
	job, err := d.Keeper.Begin(d.work, plan)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(d.runWork)
	r := &run{job: job, log: job.Log(), began: d.now, cancel: cancel, input: d.in, ticks: map[assets.Name]time.Time{}}
	for _, s := range steps {
		r.names = append(r.names, s.Asset)
		r.ticks[s.Asset] = s.Tick
	}
	d.runs[r] = true
	d.runStarted(r, plan)
	d.beside(func() {
		job.Run(ctx)
		d.post(func() { d.end(r) })
		untold(r, job.Tell(ctx))
		cancel()
	})
	return nil
}

// end takes into account how a run came out.
func (d *Daemon) end(r *run) {
	delete(d.runs, r)
	diags := d.Keeper.End(d.work, r.job)
	if diags.HasErrors() && d.work.Err() == nil {
		d.once("admit", "the project does not compile with what its sources hold now: "+summary(diags), d.Log.Error())
	}
	result, err := r.job.Outcome()
	d.broken = d.broken || r.job.Broken()
	d.dirty = true
	took := d.Clock.Now().Sub(r.began)
	if err != nil {
		var stopped *session.StoppedError
		if errors.As(err, &stopped) && stopped.By != "" {
			d.cancelled(r, stopped, took)
			return
		}
		if errors.Is(err, context.Canceled) {
			r.log.Warn().Int("assets", len(r.names)).Stringer("took", took).Msg("run interrupted: nothing of it was published, and what it had built is kept")
			return
		}
		d.troubleOf(r.log, "carry out a run", err)
		return
	}
	if !d.Once { // whose caller wants to know
		d.fault = nil
	}
	d.pauses.Reset()
	d.counts.add(result)
	for _, a := range result.Assets {
		switch {
		case a.Outcome == materialize.Skipped:
		case !a.Record.Retry.IsZero():
			delete(d.rests, a.Asset) // the record says when, also to the next daemon
		default:
			d.rests.made(a.Asset, attemptOf(r.input, a.Asset, r.ticks[a.Asset], a.Record.Reads), d.Clock.Now())
		}
	}
	runFinished(r, result, took)
	if len(d.runs) == 0 {
		d.giveBack()
	}
}

// cancelled takes note that a person ended a run: the same is not begun again at once.
func (d *Daemon) cancelled(r *run, stopped *session.StoppedError, took time.Duration) {
	d.Log.Warn().Str("run", stopped.Run).Str("by", stopped.By).Int("kept", stopped.Built).Stringer("took", took).
		Stringer("rests", longestRest).Msg("run cancelled: nothing of it was published, and what it had built is kept")
	for _, name := range r.names {
		d.rests.put(name, attemptOf(r.input, name, r.ticks[name], nil), d.Clock.Now())
	}
}

func (c *Counts) add(r materialize.Result) {
	c.Runs++
	c.Built += r.Built
	c.Unchanged += r.Unchanged
	c.Failed += r.Failed
	c.Skipped += r.Skipped
}

// Counts says what the daemon did. Call it after Run.
func (d *Daemon) Counts() Counts { return d.counts }

// What fails because of others, as long as the warehouse is not open.
const (
	openWarehouse = "open the warehouse"
	readWarehouse = "read the warehouse"
)

// trouble notes that the machinery failed, not an asset: everything rests a while,
// longer each time.
func (d *Daemon) trouble(doing string, err error) { d.troubleOf(d.Log, doing, err) }

// troubleOf is trouble that to is told of.
func (d *Daemon) troubleOf(to zerolog.Logger, doing string, err error) {
	// What failed with the warehouse open has changed its file itself.
	d.foreign = len(d.runs) == 0 && (doing == openWarehouse || doing == readWarehouse)
	pause := d.pauses.NextBackOff()
	d.notBefore = d.Clock.Now().Add(pause)
	if d.fault == nil {
		d.faultSince = d.Clock.Now()
	}
	const full = "the disk is full"
	if err = warehouse.Limited(err); warehouse.IsDiskFull(err) && !strings.HasPrefix(err.Error(), full) {
		err = fmt.Errorf(full+": free some space, what is published is as it was (%w)", err)
	}
	if d.Once { // whose caller is told of everything, as nothing is tried again
		d.stopped, d.fault = true, errors.Join(d.fault, err)
		return
	}
	d.fault = err
	e := to.Error()
	if holder, locked := session.LockedBy(err); locked {
		e = to.Warn().Int("pid", holder.PID).Str("program", holder.Program)
	}
	e.Err(err).Stringer("again_in", pause.Round(time.Millisecond)).Msg("could not " + doing)
}
