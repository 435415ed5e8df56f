package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/hashicorp/hcl/v2"
	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/planner"
)

// Keeper is what a daemon does things with: see [session.Keeper], and [Keep]. It is
// called from the loop alone; the functions it returns, and jobs, run beside it.
type Keeper interface {
	Load() func(context.Context) *session.Loaded
	Take(*session.Loaded) bool
	Declared() (*assets.Project, *lineage.Graph)
	Looks() map[assets.Name]observe.Look
	Observe(names []assets.Name) func(context.Context) (map[assets.Name]observe.Look, error)
	Admit(context.Context, map[assets.Name]observe.Look) (news bool, diags hcl.Diagnostics)
	Refresh(context.Context) (moved bool, err error)
	// Asked are the assets that failed and that somebody asks to be tried again at once.
	Asked() []assets.Name
	Plan() (planner.Input, planner.Plan)
	Open(context.Context) (moved bool, err error)
	Begin(context.Context, planner.Plan) (Job, error)
	End(context.Context, Job) hcl.Diagnostics
	Release() error
}

// Job is a run: see [session.Job].
type Job interface {
	// ID is that of the run.
	ID() string
	Run(context.Context)
	Tell(context.Context) hcl.Diagnostics
	Outcome() (materialize.Result, error)
	// Log is for lines about the run: they say which.
	Log() zerolog.Logger
	// Broken reports whether the warehouse has to be opened again after the job.
	Broken() bool
}

// Options are what a daemon needs.
type Options struct {
	Keeper Keeper
	Dir    string // the project's directory, absolute
	Clock  Clock
	Log    zerolog.Logger
	// Once ends the daemon when all is done that may be done now.
	Once bool
	// Grace is how long runs may go on after the daemon is told to stop.
	Grace time.Duration
	// Poll does without events of the file system: everything is looked at now and then.
	Poll bool
	// Others are files besides those of the project whose edits count, absolute: of variables.
	Others []string
	// Show tells people what is wrong with an edited project; nil: the log alone does.
	Show func(hcl.Diagnostics, map[string][]byte)
	// Watch is shown what the daemon knows at the end of each tick, in the loop: it must
	// not wait for anything; nil: nobody looks.
	Watch func(Snapshot)
}

// Daemon keeps one project.
type Daemon struct {
	Options
	do       chan func() // for the loop to call: whatever happened beside it
	ended    chan struct{}
	aside    sync.WaitGroup // what goes on beside the loop
	snapshot atomic.Pointer[Snapshot]
	lock     *lock
	watcher  *watcher // nil: there are polls only

	// What follows belongs to the loop.
	now     time.Time // of the latest wake
	work    context.Context
	runWork context.Context
	stopped bool // no new work
	hangs   bool // a run did not end when it was cancelled

	sources map[assets.Name]*source
	every   map[assets.Name]time.Duration
	runs    map[*run]bool
	rests   rests

	edited    bool // the project may have been
	checked   time.Time
	loading   bool
	files     []string // that the latest load read
	signature string
	waiting   *session.Loaded // to be taken when the warehouse is closed
	invalid   string          // what is wrong with the project's files; empty: nothing

	asked  bool // somebody may have asked for something to be tried again
	dirty  bool // another plan may come out
	in     planner.Input
	plan   planner.Plan
	begun  bool // there is a plan
	told   map[string]string
	counts Counts
	fault  error // the latest of the machinery; nil: all is well again

	faultSince time.Time

	pauses    *backoff.ExponentialBackOff
	notBefore time.Time // no run begins before, since the machinery failed
	broken    bool      // no run begins until the warehouse was closed
	foreign   bool      // what failed may succeed as soon as others change the warehouse
}

// source is what the loop knows of a source besides what was seen.
type source struct {
	looking bool
	last    time.Time // when the latest look began; zero: look now
	event   bool      // something happened that no look has seen
}

// run is one that goes on.
type run struct {
	job    Job
	log    zerolog.Logger // the job's
	names  []assets.Name
	began  time.Time
	cancel context.CancelFunc
	input  planner.Input
	ticks  map[assets.Name]time.Time
}

// Counts says what a daemon did, of all its runs.
type Counts struct {
	Runs, Built, Unchanged, Failed, Skipped int
	// Blocked is how many assets could not be built by the latest plan.
	Blocked int
}

// InvalidError says that a project that a daemon is to begin with has mistakes.
type InvalidError struct {
	Diags hcl.Diagnostics
	Texts map[string][]byte
}

func (e *InvalidError) Error() string { return e.Diags.Error() }

// New prepares a daemon: see Run.
func New(o Options) *Daemon {
	return &Daemon{Options: o, do: make(chan func()), ended: make(chan struct{}), sources: map[assets.Name]*source{},
		runs: map[*run]bool{}, rests: rests{}, told: map[string]string{}, pauses: pauses(longestPause)}
}

// longestPause is how long the loop waits at most before it tries again what the
// machinery failed at.
const longestPause = 30 * time.Second

// Run keeps the project until stop is done. Then no run begins any more, and those
// that go on have the grace to end; when that is over, or kill is done, they are
// cancelled, and left behind if that does not end them within five seconds. What they
// had built is kept for whoever comes next. With Once it
// returns when nothing is left to do. Errors: *HeldError, *InvalidError, and with Once
// whatever went wrong besides the failure of assets.
func (d *Daemon) Run(stop, kill context.Context) (err error) {
	if d.lock, err = takeLock(d.Dir, d.Clock.Now()); err != nil {
		return err
	}
	defer d.lock.release()
	work, cancelWork := context.WithCancel(stop)
	runWork, cancelRuns := context.WithCancel(kill)
	d.work, d.runWork = work, runWork
	defer d.leave()
	defer close(d.ended)
	defer cancelRuns()
	defer cancelWork()

	if err := d.begin(); err != nil || d.work.Err() != nil {
		return err
	}
	return errors.Join(d.loop(stop, cancelRuns), d.Keeper.Release())
}

// begin loads the project for the first time. One with mistakes is refused: there
// is no good one to go on with.
func (d *Daemon) begin() error {
	load := d.Keeper.Load()
	before := d.sign(nil)
	loaded := make(chan *session.Loaded, 1)
	d.beside(func() { loaded <- load(d.work) })
	var l *session.Loaded
	select {
	case l = <-loaded: // it looks at all sources
	case <-d.work.Done():
		return nil
	}
	if l.Diags.HasErrors() {
		return &InvalidError{l.Diags, l.Texts}
	}
	if d.files, d.edited = l.Files, before != d.sign(nil); !d.edited {
		d.signature = d.sign(l.Files)
	}
	d.Keeper.Take(l)
	d.warn(l)
	if !d.Once && !d.Poll {
		w, err := newWatcher(d.Log, func(c change) { d.post(func() { d.changed(c) }) })
		if err != nil {
			d.Log.Warn().Err(err).Msg("the file system cannot be watched: everything is polled")
		} else {
			d.watcher = w
			d.asked = true // nobody told of what was asked before
			d.beside(func() { w.run(d.work) })
		}
	}
	d.taken(true)
	return nil
}

// patience is how long what was cancelled may take to end. Some of it cannot be
// interrupted: a server that is silent in the middle of an answer, a dead disk.
const patience = 5 * time.Second

// leave waits for what goes on beside the loop and was cancelled. What hangs is left behind:
// it can do no harm that the end of the process does not undo.
func (d *Daemon) leave() {
	gone := make(chan struct{})
	go func() {
		d.aside.Wait()
		close(gone)
	}()
	within := max(min(patience, d.Grace), time.Second) // what was cancelled may have something to write down
	if d.hangs {
		within = 0 // it has been waited for
	}
	select {
	case <-gone:
	case <-time.After(within):
		d.Log.Warn().Stringer("after", within).Msg("something hangs that cannot be interrupted, such as a look at a server that is silent: it is left behind")
	}
}

// beside does something on a goroutine that Run waits for.
func (d *Daemon) beside(do func()) { d.aside.Go(do) }

// post has the loop call do. After the loop has ended it is lost.
func (d *Daemon) post(do func()) {
	select {
	case d.do <- do:
	case <-d.ended:
	}
}

// loop ticks until the daemon is to stop and no run goes on.
func (d *Daemon) loop(stop context.Context, cancelRuns func()) error {
	stopping, cancelled := stop.Done(), d.runWork.Done()
	var grace, hanging <-chan time.Time
	for {
		d.tick()
		if len(d.runs) == 0 && (d.stopped || d.Once && d.finished()) {
			if d.Once {
				return d.fault
			}
			return nil
		}
		until, why := d.wake()
		waiting, cancel := context.WithCancel(context.Background())
		var alarm <-chan struct{}
		if !d.stopped && !until.IsZero() {
			d.Log.Debug().Time("until", until).Str("because", why).Int("runs", len(d.runs)).Msg("waiting")
			alarm = d.Clock.Wait(waiting, until)
		}
		select {
		case do := <-d.do:
			do()
			d.drain()
		case <-alarm:
		case <-stopping:
			stopping, d.stopped = nil, true
			grace = time.After(d.Grace)
			d.Log.Info().Int("runs", len(d.runs)).Stringer("grace", d.Grace).Msg("stopping: no run begins any more")
		case <-grace:
			d.Log.Warn().Int("runs", len(d.runs)).Msg("cancelling what still runs: what it has built is kept for the next time")
			cancelRuns()
		case <-cancelled:
			cancelled, hanging = nil, time.After(patience)
		case <-hanging:
			cancel()
			d.hangs = true
			d.Log.Error().Int("runs", len(d.runs)).Stringer("after", patience).Msg("a run that was cancelled hangs: it is left behind. Nothing of it is published, and what it has built is kept for the next time")
			return nil
		}
		cancel()
	}
}

// drain calls what else there is already: one plan for all of it.
func (d *Daemon) drain() {
	for {
		select {
		case do := <-d.do:
			do()
		default:
			return
		}
	}
}

// Look has sources looked at: something was pushed, or somebody says so. It may be
// called on any goroutine while the daemon runs.
func (d *Daemon) Look(names ...assets.Name) {
	d.post(func() {
		for _, name := range names {
			d.happened(name)
		}
	})
}

// Keep makes a Keeper of a session's.
func Keep(k *session.Keeper) Keeper { return kept{k} }

type kept struct{ *session.Keeper }

func (k kept) Begin(ctx context.Context, plan planner.Plan) (Job, error) {
	j, err := k.Keeper.Begin(ctx, plan)
	if err != nil {
		return nil, err
	}
	return j, nil
}

func (k kept) End(ctx context.Context, j Job) hcl.Diagnostics {
	own, ok := j.(*session.Job)
	if !ok {
		panic(fmt.Sprintf("%T is no job of this keeper", j))
	}
	return k.Keeper.End(ctx, own)
}
