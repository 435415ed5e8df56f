package session

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Keeper keeps a project for as long as a daemon runs: it has the last good
// version of its files, what was seen of its sources, and the warehouse's state.
// It is for one goroutine; what takes long is a function or a Job that may run on another.
//
// Nothing it holds is needed after a restart.
type Keeper struct {
	options Options
	current atomic.Pointer[Session] // for Read and Push, on any goroutine

	s *Session
	// mark is that of the file that the state was read from, or that was left behind.
	mark warehouse.Mark
	// left is the revision of what was left behind; empty: another process may have
	// written since the state was read.
	left string

	// While the warehouse is open for jobs:
	db      *warehouse.DB
	shared  *materialize.Shared
	release func() error
	jobs    map[*Job]bool
	clean   bool // all jobs since it was opened ended well, with what comes after the publish
}

// NewKeeper has no project yet: see Load.
func NewKeeper(o Options) *Keeper { return &Keeper{options: o, jobs: map[*Job]bool{}} }

// Loaded is a project read anew.
type Loaded struct {
	// Files are the paths of what it was read from, as far as it could be.
	Files []string
	// Diags are the project's mistakes. With errors among them it is of no use.
	Diags hcl.Diagnostics
	// Texts are the files' texts by name, to show where the mistakes are.
	Texts map[string][]byte

	session *Session
	mark    warehouse.Mark
}

// Load returns a function that reads and compiles the project's files as they are
// when it is called, on any goroutine. What comes out is for Take.
func (k *Keeper) Load() func(context.Context) *Loaded {
	var before *Session
	if k.s != nil {
		before = k.s.frozen()
		before.State.Last = maps.Clone(before.State.Last) // the new session may reread some of it
	}
	mark := k.mark
	return func(ctx context.Context) *Loaded {
		n, diags := Open(k.options)
		l := &Loaded{session: n, mark: mark, Texts: n.Project.Files}
		for path := range n.Project.Files {
			l.Files = append(l.Files, filepath.Join(n.Project.Dir, filepath.FromSlash(path)))
		}
		if before != nil {
			n.memory = before.memory
		}
		if diags.HasErrors() {
			l.Diags = n.CompileRest(ctx, diags)
			return l
		}
		n.prepared = planner.Prepare(n.Project)
		switch {
		case before == nil || before.Project.Warehouse != n.Project.Warehouse:
			n.Tidy(ctx) // there may be nothing to do for which a run would begin by that
			var err error
			if l.mark, err = warehouse.MarkOf(n.Project.Warehouse); err != nil {
				l.Diags = append(diags, fault("Cannot read the warehouse's state", err)...)
				return l
			}
			l.Diags = append(diags, n.look(ctx, false)...)
			return l
		}
		n.hold, n.State = before.hold, before.State
		n.recorded, n.lately, n.known = before.recorded, before.lately, before.known
		n.planned = before.planned
		n.sincePlanned()
		if diags = append(diags, n.Compile(ctx)...); !diags.HasErrors() {
			if err := n.rereadSyntax(ctx); err != nil {
				diags = append(diags, fault("Cannot compare with what another DuckDB built", err)...)
			}
		}
		l.Diags = diags
		return l
	}
}

// Take goes on with a project that was loaded without mistakes. It refuses one
// with another warehouse while the one there is is open: then Take it later.
func (k *Keeper) Take(l *Loaded) bool {
	if k.s != nil && k.db != nil && k.s.Project.Warehouse != l.session.Project.Warehouse {
		return false
	}
	n := l.session
	if k.s != nil && k.s.Project.Warehouse == n.Project.Warehouse {
		// What was learned while it was loaded is newer than what it was loaded with.
		n.recorded = k.s.recorded
		n.State = k.s.State
		n.known = maps.Clone(n.known)
		maps.Copy(n.known, k.s.known)
		n.overtake()
	} else {
		k.mark = l.mark
	}
	n.learn()
	k.s = n
	k.current.Store(n)
	k.reread()
	n.Telemetry.Configure(n.Project)
	return true
}

// reread adds to the state that the warehouse has what is not recorded there yet, and makes
// what another DuckDB built comparable.
func (k *Keeper) reread() {
	k.s.sincePlanned()
	k.s.State.Last = maps.Clone(k.s.State.Last)
	if err := k.s.rereadSyntax(context.Background()); err != nil {
		k.s.Log.Warn().Err(err).Msg("cannot compare with what another DuckDB built")
	}
}

// Declared is the project as it is now; nil before the first Take.
func (k *Keeper) Declared() (*assets.Project, *lineage.Graph) {
	if k.s == nil {
		return nil, nil
	}
	return k.s.Project, k.s.Graph
}

// Looks are the latest looks at the sources. They are not to be changed. Those of which
// another process has recorded another version since are to be looked at again.
func (k *Keeper) Looks() map[assets.Name]observe.Look { return k.s.Looks }

// Observe is [Session.Observe].
func (k *Keeper) Observe(names []assets.Name) func(context.Context) (map[assets.Name]observe.Look, error) {
	return k.s.Observe(names)
}

// Admit is [Session.Admit].
func (k *Keeper) Admit(ctx context.Context, looks map[assets.Name]observe.Look) (news bool, diags hcl.Diagnostics) {
	return k.s.Admit(ctx, looks)
}

// Refresh reads the warehouse's state again if another process wrote to it, and
// reports whether it did.
func (k *Keeper) Refresh(ctx context.Context) (moved bool, err error) {
	if k.db != nil {
		return false, nil // nobody else can
	}
	mark, err := warehouse.MarkOf(k.s.Project.Warehouse)
	if err != nil || mark == k.mark && mark.Settled() {
		return false, err
	}
	snapshot, err := k.s.hold.snapshot(ctx, func() (warehouse.Snapshot, error) {
		return k.s.load(ctx)
	})
	if err != nil {
		return false, err
	}
	k.adopt(snapshot)
	k.left = ""
	if k.mark = (warehouse.Mark{}); snapshot.Held { // nothing tells when that changes
		return true, nil
	}
	// Reading it may have put its log into the file.
	k.mark, err = warehouse.MarkOf(k.s.Project.Warehouse)
	return true, err
}

func (k *Keeper) adopt(snapshot warehouse.Snapshot) {
	k.s.State = snapshot.State
	k.s.know(snapshot.Observed)
	k.s.overtake()
	k.s.learn()
	k.reread()
}

// Plan makes a plan as of now from what is known.
func (k *Keeper) Plan() (planner.Input, planner.Plan) { return k.s.Replan(planner.Options{}) }

// Asked are the assets that failed and that somebody asks to be tried again: see
// [Session.AskRetry].
func (k *Keeper) Asked() []assets.Name { return assets.SortedNames(k.s.asked()) }

// Open opens the warehouse for jobs, unless it is open. moved says that its state is not
// the one that was planned from: plan again before beginning a job.
func (k *Keeper) Open(ctx context.Context) (moved bool, err error) {
	if k.db != nil {
		return false, nil
	}
	db, release, err := k.s.hold.acquire(ctx, k.s.warehouse(false))
	if err != nil {
		return false, err
	}
	if state, ok := k.unchanged(ctx, db); ok {
		k.db, k.release, k.clean = db, release, true
		k.shared = materialize.NewShared(state, k.s.Parallelism)
		k.s.begin()
		return false, nil
	}
	snapshot, err := db.Snapshot(ctx)
	if err != nil {
		return false, errors.Join(err, release())
	}
	in := k.s.input(planner.Options{})
	before := planner.BasisOf(in)
	in.State = snapshot.State
	moved = len(before.Moved(planner.BasisOf(in))) > 0 || len(k.s.overtaken(snapshot.Observed)) > 0
	if moved {
		k.adopt(snapshot)
	}
	k.db, k.release, k.clean = db, release, true
	k.shared = materialize.NewShared(snapshot.State, k.s.Parallelism)
	k.s.begin()
	return moved, nil
}

// unchanged is the state that the warehouse, which is open, holds, as it is known: true if nobody wrote
// to the file since it was left. To read it takes seconds with 10,000 assets. What
// another DuckDB built is known otherwise than it stands there.
func (k *Keeper) unchanged(ctx context.Context, db *warehouse.DB) (planner.State, bool) {
	mark, err := warehouse.MarkOf(k.s.Project.Warehouse)
	if err != nil || mark != k.mark || !mark.Settled() || k.left == "" {
		return planner.State{}, false
	}
	// The mark was taken after the file was given up: somebody may have come in between.
	if revision, err := db.Revision(ctx); err != nil || revision != k.left {
		return planner.State{}, false
	}
	state := k.s.State
	for _, m := range state.Last {
		if m.Definition.Engine != warehouse.Engine() {
			return planner.State{}, false
		}
	}
	state.Planned = maps.Clone(state.Planned)
	maps.DeleteFunc(state.Planned, func(p planner.Planned, _ time.Time) bool {
		_, unrecorded := k.s.planned[p]
		return unrecorded
	})
	return state, true
}

// Begin prepares a job that carries out plan, a part of the latest one. The
// warehouse must be open. What is new of sources is recorded first.
func (k *Keeper) Begin(ctx context.Context, plan planner.Plan) (*Job, error) {
	err := k.s.recordNews(func(news []planner.Observation) error {
		return errors.Join(k.shared.Observe(ctx, k.db, news), k.shared.Plan(ctx, k.db, k.s.planned))
	})
	if err != nil {
		return nil, err
	}
	k.s.planned = nil
	k.s.forgetEvents()
	j := k.s.newJob(k.db, k.shared, plan)
	k.jobs[j] = true
	return j, nil
}

// End takes into account how a job came out.
func (k *Keeper) End(ctx context.Context, j *Job) hcl.Diagnostics {
	delete(k.jobs, j)
	k.clean = k.clean && j.Err == nil && j.Result.Untidy == nil
	k.s.State = k.shared.State()
	k.reread()
	moved := j.moved()
	maps.DeleteFunc(moved, func(name assets.Name, look observe.Look) bool { // it was looked at again since
		return look.At.Before(k.s.Looks[name].At)
	})
	_, diags := k.s.Admit(ctx, moved)
	if j.recorded && len(moved) > 0 {
		k.s.recorded = maps.Clone(k.s.recorded)
		for name, look := range moved {
			if look.Err == "" && look.ID != "" {
				k.s.recorded[name] = look.Observation
			}
		}
	}
	return diags
}

// Release gives the warehouse up once no job is going on any more.
func (k *Keeper) Release() error {
	if k.db == nil || len(k.jobs) > 0 {
		return nil
	}
	snapshot := warehouse.Snapshot{State: k.shared.State(), Observed: k.s.recorded}
	k.s.State = snapshot.State
	k.reread()
	if k.clean {
		k.s.retain(context.Background(), k.db)
	}
	left, err := k.db.Revision(context.Background())
	if err != nil {
		left = "" // then the state is read anew
	}
	k.left = left
	err = k.release()
	k.db, k.shared, k.release = nil, nil, nil
	if err != nil {
		return err
	}
	if !k.clean { // what failed may have been written all the same: it is read anew
		k.left, k.mark = "", warehouse.Mark{}
		return nil
	}
	if k.mark, err = warehouse.MarkOf(k.s.Project.Warehouse); err != nil {
		return err
	}
	k.s.end()
	// The next plan, of whichever process, need not open the file to know what is in it.
	warehouse.Save(k.mark, k.s.cache("state"), snapshot)
	return nil
}

// Close gives up what is open.
func (k *Keeper) Close() error {
	err := k.Release()
	if k.s != nil {
		k.s.Close()
	}
	return err
}

// Read has do read the warehouse, unless there is none yet: done says which. It may be
// called on any goroutine, while jobs run, too. Of another process that holds the file it
// is read by way of that, if it is one of this program; else it is not waited for: see
// [LockedBy].
func (k *Keeper) Read(ctx context.Context, do func(*warehouse.DB) error) (done bool, err error) {
	s := k.current.Load()
	if s == nil {
		return false, nil
	}
	if _, err := os.Stat(s.Project.Warehouse); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	o := s.warehouse(false)
	o.LockTimeout = 0 // the loop may be waiting for the same
	db, release, err := s.hold.acquire(ctx, o)
	if _, locked := LockedBy(err); locked {
		return s.readThrough(ctx, err, do)
	}
	if err != nil {
		return false, err
	}
	return true, errors.Join(do(db), release())
}

// readThrough has do read the warehouse by way of the process that holds it, or fails with
// locked. It never opens the file: the loop may be about to.
func (s *Session) readThrough(ctx context.Context, locked error, do func(*warehouse.DB) error) (done bool, err error) {
	o := s.forReading()
	ask := o.Held
	o.Held = func(ctx context.Context) (*sql.DB, error) {
		pool, err := ask(ctx)
		if pool == nil && err == nil {
			err = locked
		}
		return pool, err
	}
	o.LockTimeout = 0
	err = warehouse.Read(ctx, o, func(db *warehouse.DB) error {
		done = true
		return do(db)
	})
	return done, err
}

// Push is [Session.Push], of the project as it is now. It may be called on any goroutine.
func (k *Keeper) Push(name, version string, at time.Time) hcl.Diagnostics {
	s := k.current.Load()
	if s == nil {
		return fault("The event was not pushed", errors.New("the project is not loaded yet"))
	}
	_, _, diags := s.Push(name, version, at)
	return diags
}
