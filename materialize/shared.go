package materialize

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Shared is what the runs on one open warehouse have in common, so that several
// may go on at once. They must be apart: no asset that one works on may be worked
// on, read or looked at by another. Each is planned from [Shared.State].
type Shared struct {
	leases *leases // of workers and of slots in pools

	// publishing is held while a run publishes or sweeps: DuckDB would let one of two
	// transactions on the state tables fail.
	publishing sync.Mutex
	state      planner.State // what is published now
	// observed are the latest looks at sources that were recorded.
	observed map[assets.Name]planner.Observation

	mu     sync.Mutex
	flying map[*run]bool
	begun  int  // runs, ever
	single bool // DuckDB uses one thread a statement
}

// NewShared is for a warehouse in this state, and for at most parallelism tasks at
// a moment, of all runs together.
func NewShared(state planner.State, parallelism int) *Shared {
	return &Shared{leases: newLeases(parallelism), state: state, flying: map[*run]bool{}, observed: map[assets.Name]planner.Observation{}}
}

// State is the state that the latest publish left, of whichever run.
func (s *Shared) State() planner.State {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	return s.state
}

// enter registers a run and gives it the name of its catalog.
func (s *Shared) enter(r *run) (catalog string) {
	s.leases.resize(r.project.Pools)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying[r] = true
	s.begun++
	return runCatalog + strconv.Itoa(s.begun)
}

func (s *Shared) leave(r *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.flying, r)
}

// threads sets how many threads DuckDB uses for a statement: one, or as many as it may if
// anything big is to be built. One thread a worker is a third faster: below a row
// group or so DuckDB cannot use more, and handing work between threads costs. The
// number is lowered only for a run that is alone: to lower it waits for what runs.
func (s *Shared) threads(ctx context.Context, db *warehouse.DB, big bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !big && !s.single && len(s.flying) == 1:
		s.single = true
		return db.Exec(ctx, "SET threads=1")
	case big && s.single:
		s.single = false
		return db.AllThreads(ctx)
	}
	return nil
}

// sweep drops the physical tables that nothing names: no record of what is
// published or staged, and no run that goes on beside this one. It returns what is staged.
func (s *Shared) sweep(ctx context.Context, r *run) (map[planner.Key]planner.Materialization, error) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	staged, err := r.DB.Staged(ctx)
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, records := range []map[planner.Key]planner.Materialization{s.state.Last, staged} {
		for _, m := range records {
			for _, table := range m.Tables() {
				named[table] = true
			}
		}
	}
	others := s.others(r)
	_, err = r.DB.SweepExcept(ctx, func(table string) bool { return named[table] || others[builtFor(table)] })
	return staged, err
}

// others names the assets that runs beside r work on.
func (s *Shared) others(r *run) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := map[string]bool{}
	for other := range s.flying {
		if other != r {
			for name := range other.tasks {
				names[name.String()] = true
			}
		}
	}
	return names
}

// tableOf names the physical table of one materialization of an asset.
func tableOf(name assets.Name, materialization string) string {
	return name.String() + "@" + materialization
}

// builtFor is the name of the asset that a physical table was built for.
func builtFor(table string) string {
	if i := strings.LastIndexByte(table, '@'); i >= 0 {
		return table[:i]
	}
	return table
}

// publish makes a run visible, together with the breaches that end by it, and says
// what the state is then.
func (s *Shared) publish(ctx context.Context, r *run, p warehouse.Publication) (planner.State, error) {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if r.Breaches != nil {
		var err error
		if p.Breaches, err = r.Breaches(ctx, s.state, After(s.state, p), p.Run); err != nil {
			return planner.State{}, err
		}
	}
	// What has begun to be published is: nobody could say afterwards whether it was.
	if err := r.DB.Publish(context.WithoutCancel(ctx), p); err != nil {
		return planner.State{}, err
	}
	s.state = After(s.state, p)
	return s.state, nil
}

// Observe records versions of sources, seen for the first time, in the warehouse. What
// another run recorded of a later look stays the newest.
func (s *Shared) Observe(ctx context.Context, db *warehouse.DB, seen []planner.Observation) error {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if len(seen) == 0 {
		return nil
	}
	var inOrder []planner.Observation
	latest := maps.Clone(s.observed)
	for _, o := range seen {
		inOrder = append(inOrder, o)
		if later := latest[o.Source]; later.At.After(o.At) {
			later.Before = nil // which are recorded
			inOrder = append(inOrder, later)
		} else {
			latest[o.Source] = o
		}
	}
	if err := db.Observe(ctx, inOrder); err != nil {
		return err
	}
	s.observed = latest
	logs := cloned(s.state.Arrivals)
	for _, o := range inOrder {
		logs[o.Source] = slices.Concat(logs[o.Source], o.Before, []planner.Arrival{{ID: o.ID, Arrived: o.Arrived}})
	}
	s.state.Arrivals = logs
	return nil
}

// Plan records since when schedules and policies are planned with.
func (s *Shared) Plan(ctx context.Context, db *warehouse.DB, since map[planner.Planned]time.Time) error {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	if len(since) == 0 {
		return nil
	}
	if err := db.Plan(ctx, since); err != nil {
		return err
	}
	s.state.Planned = cloned(s.state.Planned)
	maps.Copy(s.state.Planned, since)
	return nil
}
