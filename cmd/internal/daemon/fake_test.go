package daemon

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/planner"
)

// fake is a keeper without files or a warehouse. Of each asset it knows whether it
// has to be built, and how building it goes.
type fake struct {
	mu      sync.Mutex // tests look at it while the loop runs
	project *assets.Project
	graph   *lineage.Graph
	clock   Clock

	content map[assets.Name]int // of sources, as they are
	looks   map[assets.Name]observe.Look
	stale   map[assets.Name]bool
	// builds says how building an asset goes; nil: well, in no time.
	builds map[assets.Name]func(context.Context) error
	wakes  func(now time.Time) time.Time // Plan.NextWake
	opens  func() (moved bool, err error)
	breaks error         // of the machinery, in every run
	end    chan struct{} // what builds wait for that go on and on; of the bubble
	loads  func() *session.Loaded
	// observes is what a look at a source waits for; nil: nothing.
	observes func(assets.Name)

	plans, looked, began, opened int
	running                      map[assets.Name]int
	overlaps                     []string
	built                        []string
	released                     bool
}

// newFake is of sources s1, s2, … and for each a chain of assets, as in "a1 b1".
func newFake(chains ...string) *fake {
	f := &fake{
		project: &assets.Project{Name: "fake", Sources: map[assets.Name]*assets.Source{}, Assets: map[assets.Name]*assets.Asset{}},
		graph:   &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{}},
		content: map[assets.Name]int{}, looks: map[assets.Name]observe.Look{}, stale: map[assets.Name]bool{},
		builds: map[assets.Name]func(context.Context) error{}, running: map[assets.Name]int{}, released: true,
	}
	for i, chain := range chains {
		before := assets.MustName(fmt.Sprintf("s%d", i+1))
		f.project.Sources[before] = &assets.Source{Name: before, Poll: time.Minute}
		f.graph.Nodes[before] = &lineage.Node{Name: before}
		for _, name := range names(chain) {
			f.project.Assets[name] = &assets.Asset{Name: name, Enabled: true, Kind: assets.Table}
			f.graph.Nodes[name] = &lineage.Node{Name: name, Inputs: []assets.Name{before}}
			f.graph.Nodes[before].Readers = append(f.graph.Nodes[before].Readers, name)
			f.graph.Order = append(f.graph.Order, name)
			before = name
		}
	}
	return f
}

func (f *fake) Load() func(context.Context) *session.Loaded {
	return func(context.Context) *session.Loaded {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.loads != nil {
			return f.loads()
		}
		return &session.Loaded{}
	}
}

func (f *fake) Take(*session.Loaded) bool                   { return true }
func (f *fake) Declared() (*assets.Project, *lineage.Graph) { return f.project, f.graph }
func (f *fake) Looks() map[assets.Name]observe.Look         { return f.looks }

func (f *fake) Observe(names []assets.Name) func(context.Context) (map[assets.Name]observe.Look, error) {
	return func(context.Context) (map[assets.Name]observe.Look, error) {
		if f.observes != nil {
			for _, name := range names {
				f.observes(name)
			}
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.looked += len(names)
		looks := map[assets.Name]observe.Look{}
		for _, name := range names {
			look := observe.Look{}
			look.ID = assets.Digest(fmt.Sprint("v:", f.content[name]))
			looks[name] = look
		}
		return looks, nil
	}
}

func (f *fake) Admit(_ context.Context, looks map[assets.Name]observe.Look) (news bool, _ hcl.Diagnostics) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, look := range looks {
		if before, known := f.looks[name]; known && before.ID == look.ID {
			continue
		}
		f.looks[name], news = look, true
		for reader := range f.graph.Downstream(name) {
			f.stale[reader] = true
		}
	}
	return news, nil
}

func (f *fake) Asked() []assets.Name { return nil }

func (f *fake) Refresh(context.Context) (bool, error) { return false, nil }

func (f *fake) Plan() (in planner.Input, plan planner.Plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plans++
	now := f.clock.Now()
	in = planner.Input{Project: f.project, Graph: f.graph, Now: now, Observed: map[assets.Name]planner.Observation{}}
	for name, look := range f.looks {
		in.Observed[name] = look.Observation
	}
	plan.At = now
	if f.wakes != nil {
		plan.NextWake = f.wakes(now)
	}
	for _, name := range f.graph.Order {
		s := planner.Step{Key: planner.Key{Asset: name}, Action: planner.None, Estimate: time.Hour}
		if f.stale[name] {
			s.Action = planner.Rebuild
		}
		plan.Steps = append(plan.Steps, s)
	}
	return in, plan
}

func (f *fake) Open(context.Context) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened++
	if f.opens != nil {
		return f.opens()
	}
	f.released = false
	return false, nil
}

func (f *fake) Begin(_ context.Context, plan planner.Plan) (Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.began++
	return &fakeJob{f: f, plan: plan, err: f.breaks}, nil
}

func (f *fake) End(context.Context, Job) hcl.Diagnostics { return nil }

func (f *fake) Release() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.released = true
	return nil
}

type fakeJob struct {
	f      *fake
	plan   planner.Plan
	result materialize.Result
	err    error
}

func (j *fakeJob) Run(ctx context.Context) {
	failed := map[assets.Name]bool{}
	for _, s := range j.plan.Steps {
		failed[s.Asset] = slices.ContainsFunc(j.f.graph.Nodes[s.Asset].Inputs, func(i assets.Name) bool { return failed[i] })
		if s.Action != planner.Rebuild || j.err != nil || failed[s.Asset] {
			continue
		}
		f, name := j.f, s.Asset
		f.mu.Lock()
		if f.running[name]++; f.running[name] > 1 {
			f.overlaps = append(f.overlaps, name.String())
		}
		build := f.builds[name]
		f.mu.Unlock()
		a := materialize.AssetResult{Asset: name, Outcome: materialize.Built}
		if build != nil {
			if err := build(ctx); err != nil {
				a.Outcome, a.Message, failed[name] = materialize.FailedBuild, err.Error(), true
			}
		}
		f.mu.Lock()
		f.running[name]--
		switch {
		case ctx.Err() != nil:
			j.err = ctx.Err()
		case a.Outcome == materialize.Built:
			delete(f.stale, name)
			f.built = append(f.built, name.String())
			j.result.Built++
		default:
			j.result.Failed++
		}
		f.mu.Unlock()
		j.result.Assets = append(j.result.Assets, a)
	}
}

func (j *fakeJob) Tell(context.Context) hcl.Diagnostics { return nil }
func (j *fakeJob) Outcome() (materialize.Result, error) { return j.result, j.err }
func (j *fakeJob) ID() string                           { return "" }
func (j *fakeJob) Broken() bool                         { return false }
func (j *fakeJob) Log() zerolog.Logger                  { return zerolog.Nop() }

// deliver changes what a source holds. The next look sees it.
func (f *fake) deliver(source string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.content[assets.MustName(source)]++
}

func (f *fake) build(name string, how func(context.Context) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.builds[assets.MustName(name)] = how
}

// count reads one of the counters.
func (f *fake) count(n *int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return *n
}

// did returns what was built since the last call, sorted.
func (f *fake) did() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	built := slices.Sorted(slices.Values(f.built))
	f.built = nil
	return built
}

// settable is a clock that can be set, as on a computer.
type settable struct {
	naps
	mu    sync.Mutex
	ahead time.Duration
	set   chan struct{}
}

func newSettable() *settable { return &settable{set: make(chan struct{})} }

func (c *settable) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.naps.Now().Add(c.ahead)
}

func (c *settable) Wait(ctx context.Context, until time.Time) <-chan struct{} {
	c.mu.Lock()
	ahead, set := c.ahead, c.set
	c.mu.Unlock()
	woken, inner := make(chan struct{}), c.naps.Wait(ctx, until.Add(-ahead))
	go func() {
		select {
		case <-inner:
		case <-set:
		case <-ctx.Done():
			return
		}
		close(woken)
	}()
	return woken
}

// step sets the clock ahead, or back.
func (c *settable) step(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += by
	close(c.set)
	c.set = make(chan struct{})
}

// running is a daemon on a fake, in a bubble of time.
type bubble struct {
	*testing.T
	*fake
	d     *Daemon
	clock *settable
	stop  func() // as a first signal does
	kill  func() // as a second one does
	ended chan error
}

// run runs a daemon in a bubble in which time passes when everybody waits.
func runFake(t *testing.T, f *fake, change func(*Options), do func(*bubble)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		clock := newSettable()
		f.end = make(chan struct{})
		f.clock = clock
		o := Options{Keeper: f, Dir: dir, Clock: clock, Log: zerolog.Nop(), Poll: true, Grace: 30 * time.Second}
		if change != nil {
			change(&o)
		}
		b := &bubble{T: t, fake: f, d: New(o), clock: clock, ended: make(chan error, 1)}
		var stopped, killed context.Context
		stopped, b.stop = context.WithCancel(context.Background())
		killed, b.kill = context.WithCancel(context.Background())
		for name := range maps.Keys(f.project.Sources) { // loading looks at all of them
			looks, _ := f.Observe([]assets.Name{name})(stopped)
			f.Admit(stopped, looks)
		}
		go func() { b.ended <- b.d.Run(stopped, killed) }()
		synctest.Wait()
		do(b)
		b.stop()
		b.kill()
		synctest.Wait()
		if len(f.overlaps) > 0 {
			t.Errorf("two builds at once of %v", f.overlaps)
		}
		if !f.released {
			t.Error("the warehouse is still open")
		}
	})
}

// pass lets time pass.
func (b *bubble) pass(d time.Duration) {
	time.Sleep(d) // in the bubble: nobody waits
	synctest.Wait()
}
