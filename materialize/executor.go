package materialize

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Executor carries out plans on one open warehouse.
type Executor struct {
	// ID is that of the run, from [NewID], for who has to know it before Apply; empty:
	// Apply makes one.
	ID    string
	DB    *warehouse.DB
	Graph *lineage.Graph
	// State and Sources are what the plan was made from.
	State   planner.State
	Sources map[assets.Name]observe.Look
	// Relook looks at sources again, to find out whether one moved while it was read.
	Relook      func(ctx context.Context, names []assets.Name) (map[assets.Name]observe.Look, error)
	Parallelism int // workers; at least 1
	// Shared is what this run has in common with others that go on at the same time on DB;
	// nil: there are none.
	Shared *Shared
	Now    func() time.Time
	// Redact takes the project's secrets out of a text that is shown or kept; nil: there are none.
	Redact func(string) string
	// Breaches says what a run that is about to be published enters in the ledger of
	// breaches, from the state that it finds and the one that it leaves; nil: none is kept.
	Breaches func(ctx context.Context, before, after planner.State, run warehouse.Run) ([]planner.Breach, error)
	// Pause waits before another attempt; nil: for as long as it is told, or until ctx is done.
	Pause func(ctx context.Context, d time.Duration) error
	// Random gives a number from 0 to less than 1, to spread attempts; nil: by chance.
	Random func() float64
	// Emit is told of everything that happens, one call at a time.
	Emit func(Event)
	// Trace is told of each part of the work when it has ended, from several goroutines
	// at once; nil: nobody wants to know.
	Trace func(Phase)
}

// maxRereads is how often a run builds again what read a source that moved
// meanwhile, before it gives up on these assets.
const maxRereads = 3

// run is the state of one Apply.
type run struct {
	*Executor
	project *assets.Project
	id      string
	began   time.Time
	tasks   map[assets.Name]*task
	steps   map[assets.Name]planner.Step // of the plan
	// rechecked holds stand-ins for published assets without a task whose checks
	// were run again, because something they look at moved.
	rechecked map[assets.Name]*task
	verdicts  verdicts
	onDemand  bool // nothing is built: one scan after the other has all cores
	shared    *Shared
	drops     []planner.Step
	catalog   *catalog
	// catalogName is the in-memory catalog in which the run's SQL resolves names.
	catalogName string
	staged      map[planner.Key]planner.Materialization
	// halted is closed when nothing more is to begin, because haltedBy failed.
	halted   chan struct{}
	haltedBy assets.Name

	releases []func() // of what was fetched and is being read

	mu sync.Mutex // guards what follows and the records' Digests
	// strayed are tables of other databases that were not what was looked at when
	// they were copied; see loadTable.
	strayed     map[assets.Name]bool
	done, total int // of what the run is expected to do
	// judgements are what checks found so far, in the order they were run.
	judgements []planner.Judgement
}

// Apply builds what plan says and publishes what passes its checks, in one
// transaction. The failure of an asset is no error: it and its descendants keep
// their last good version, and Result says so. An error means that nothing was
// published. After a crash or a cancelled ctx the next Apply goes on from what
// was staged; calling Apply again with the same plan does no harm.
func (x *Executor) Apply(ctx context.Context, p *assets.Project, plan planner.Plan) (Result, error) {
	r := &run{Executor: x, project: p, tasks: map[assets.Name]*task{}, rechecked: map[assets.Name]*task{}, strayed: map[assets.Name]bool{}, began: x.Now(), halted: make(chan struct{})}
	r.id = cmp.Or(x.ID, r.newID())
	r.plan(plan)
	leave := r.enter()
	defer leave()
	if err := r.open(ctx); err != nil {
		return Result{}, err
	}
	defer r.catalog.close(context.WithoutCancel(ctx))
	r.hold(x.Sources)
	defer r.release()
	r.emit(Event{Type: RunStarted})
	if err := r.build(ctx); err != nil {
		return Result{}, err
	}
	if err := r.checkTogether(ctx); err != nil {
		return Result{}, err
	}
	result, err := r.publish(ctx)
	if err != nil {
		return Result{}, err
	}
	r.emit(Event{Type: RunFinished, Result: &result})
	return result, nil
}

// plan makes a task of every step there is work for.
func (r *run) plan(plan planner.Plan) {
	r.steps = make(map[assets.Name]planner.Step, len(plan.Steps))
	for _, step := range plan.Steps {
		r.steps[step.Asset] = step
		switch step.Action {
		case planner.Create, planner.Rebuild, planner.Revalidate:
			r.addTask(step)
		case planner.Drop:
			r.drops = append(r.drops, step)
		case planner.None:
			if len(step.ConditionalOn) > 0 {
				r.addTask(step)
			}
		}
	}
	// A view is made anew whenever something it reads is, also if the plan was
	// narrowed to that: a published view must fit its inputs.
	for _, name := range r.Graph.Order {
		asset := r.project.Assets[name]
		_, published := r.State.Last[planner.Key{Asset: name}]
		if r.tasks[name] != nil || asset.Kind != assets.View || !published {
			continue
		}
		var touched []assets.Name
		action := planner.None
		for _, input := range r.Graph.Nodes[name].Inputs {
			t := r.tasks[input]
			switch {
			case t == nil:
			case t.step.Action == planner.Create, t.step.Action == planner.Rebuild:
				action = planner.Rebuild
				touched = append(touched, input)
			case len(t.step.ConditionalOn) > 0:
				touched = append(touched, input)
			}
		}
		if touched != nil {
			r.addTask(planner.Step{Key: planner.Key{Asset: name}, Action: action, ConditionalOn: touched})
		}
	}
	r.total = len(r.drops)
	for _, t := range r.tasks {
		if !t.latent() {
			r.total++
		}
	}
	r.link()
}

func (r *run) addTask(step planner.Step) {
	r.tasks[step.Asset] = &task{
		step:  step,
		asset: r.project.Assets[step.Asset],
		node:  r.Graph.Nodes[step.Asset],
	}
}

// open clears away what a crash left behind and sets up the run's catalog.
func (r *run) open(ctx context.Context) (err error) {
	if r.staged, err = r.shared.sweep(ctx, r); err != nil {
		return fmt.Errorf("drop what an interrupted run left behind: %w", err)
	}
	r.catalog, err = newCatalog(ctx, r)
	return err
}

// enter makes the run known to those beside it, which leave its tables alone until leave.
func (r *run) enter() (leave func()) {
	if r.shared = r.Shared; r.shared == nil {
		r.shared = NewShared(r.State, r.Parallelism)
	}
	r.catalogName = r.shared.enter(r)
	return func() { r.shared.leave(r) }
}

// build runs all tasks, again where a source moved while it was read.
func (r *run) build(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		if err := r.runTasks(ctx); err != nil {
			return err
		}
		moved, err := r.movedSources(ctx)
		if err != nil || len(moved) == 0 {
			return err
		}
		if attempt == maxRereads {
			for _, name := range moved {
				r.failReaders(name, fmt.Sprintf("source %s kept changing while it was read. Apply again when it is complete", name))
			}
			return nil
		}
		if err := r.readAgain(ctx, moved); err != nil {
			return err
		}
	}
}

// movedSources looks again at every source that a build of this run read.
func (r *run) movedSources(ctx context.Context) ([]assets.Name, error) {
	read := r.verdicts.read()
	for _, t := range r.tasks {
		if !t.built() {
			continue
		}
		for input := range t.record.Reads {
			if r.project.Sources[input] != nil {
				read[input] = true
			}
		}
	}
	var suspects []assets.Name
	for name := range read {
		changed, err := r.changed(ctx, name)
		if err != nil {
			return nil, err
		}
		if changed {
			suspects = append(suspects, name)
		}
	}
	if len(suspects) == 0 {
		return nil, nil
	}
	slices.SortFunc(suspects, assets.Name.Compare)
	looks, err := r.Relook(ctx, suspects)
	if err != nil {
		return nil, err
	}
	r.hold(looks)
	var moved []assets.Name
	for _, name := range suspects {
		before, now := r.Sources[name], looks[name]
		r.Sources[name] = now
		// What was copied is none of both, even if these two are the same.
		same := now.ID == before.ID && !r.hasStrayed(name)
		delete(r.strayed, name)
		var others []assets.Name
		if !now.Readable() || !same {
			others = r.verdicts.forget(name) // nobody knows which content was judged
		}
		switch {
		case !now.Readable():
			r.failReaders(name, fmt.Sprintf("source %s can no longer be read: %s", name, now.Err))
		case same:
		case !slices.Equal(now.Columns, before.Columns):
			r.failReaders(name, fmt.Sprintf("source %s got other columns while it was read. Apply again", name))
		default:
			moved = append(moved, name)
		}
		moved = append(moved, others...)
	}
	slices.SortFunc(moved, assets.Name.Compare)
	return slices.Compact(moved), nil
}

// readers lists the tasks that read name, directly or not, in the graph's order.
func (r *run) readers(name assets.Name) []*task {
	reached := map[assets.Name]bool{name: true}
	var out []*task
	for _, n := range r.Graph.Order {
		t := r.tasks[n]
		if t == nil || !slices.ContainsFunc(t.node.Inputs, func(i assets.Name) bool { return reached[i] }) {
			continue
		}
		reached[n] = true
		out = append(out, t)
	}
	return out
}

// failReaders fails the assets that read a source directly; their descendants are skipped.
func (r *run) failReaders(source assets.Name, message string) {
	for _, t := range r.readers(source) {
		if t.ok() && slices.Contains(t.node.Inputs, source) {
			r.failOutside(t, classed{assets.IOError, errors.New(message)})
		}
	}
	r.skipOrphans()
}

// readAgain puts the tasks that read moved sources back to the start.
func (r *run) readAgain(ctx context.Context, moved []assets.Name) error {
	again := map[*task]bool{}
	for _, name := range moved {
		for _, t := range r.readers(name) {
			again[t] = true
		}
		if err := r.catalog.forget(ctx, name); err != nil {
			return err
		}
	}
	for t := range again {
		r.mu.Lock()
		if t.outcome != "" && !t.latent() {
			r.done--
		}
		if t.became != 0 {
			r.total--
		}
		r.mu.Unlock()
		t.reset()
		if err := r.catalog.forget(ctx, t.step.Asset); err != nil {
			return err
		}
	}
	return nil
}

// hold keeps what was fetched of sources from being removed until the run releases it.
func (r *run) hold(looks map[assets.Name]observe.Look) {
	r.releases = append(r.releases, observe.Hold(looks))
}

func (r *run) release() {
	for _, release := range r.releases {
		release()
	}
}

func (r *run) newID() string { return NewID(r.Now()) }

// NewID is an id for a run that begins now: a ULID, so that ids sort by time.
func NewID(now time.Time) string {
	return ulid.MustNew(ulid.Timestamp(now), ulid.DefaultEntropy()).String()
}

func (r *run) emit(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Run, e.At = r.id, r.Now()
	e.Done, e.Total = r.done, r.total
	if r.Emit != nil {
		r.Emit(e)
	}
}

func (r *run) redact(text string) string {
	if r.Redact == nil {
		return text
	}
	return r.Redact(text)
}
