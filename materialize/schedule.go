package materialize

import (
	"cmp"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/planner"
)

// task is one asset's part in a run.
type task struct {
	step    planner.Step
	asset   *assets.Asset
	node    *lineage.Node
	inputs  []*task // those of its inputs that have a task
	readers []*task
	rest    time.Duration // longest path of estimates from here on

	began   time.Time
	outcome Outcome // empty: not done
	message string
	record  planner.Materialization
	// replaces says that the publish makes a new view: new content, or the
	// published object is gone or not ours.
	replaces bool
	// became is what a latent task turned out to have to do after all; 0: nothing.
	became planner.Action
	// audited says that the version was checked in this run, so that the checks it
	// shares with other assets are due as well.
	audited bool
	// condemned is the source whose checks keep it from being built; zero: none do.
	condemned assets.Name
	tries     tries
	// lastGood are the inputs that failed, and of which it read the last good version.
	lastGood map[assets.Name]bool
	// lent says of each source which version, as its place in the log, is the first that it
	// does not reflect because of last good versions.
	lent map[assets.Name]int
}

func (t *task) reset() {
	t.tries, t.lastGood, t.lent = tries{}, nil, nil
	t.outcome, t.message, t.record, t.replaces = "", "", planner.Materialization{}, false
	t.audited, t.became, t.began, t.condemned = false, 0, time.Time{}, assets.Name{}
}

// latent reports whether the task is of an asset that is up to date as far as the
// plan could tell, and has not turned out not to be. It is in the run without
// being seen: its record stays as it is.
func (t *task) latent() bool { return t.step.Action == planner.None && t.became == 0 }

// action is what the task does, as it turned out.
func (t *task) action() planner.Action {
	if t.became != 0 {
		return t.became
	}
	return t.step.Action
}

// rest ends a latent task: its asset stays as it is.
func (r *run) rest(t *task) {
	t.outcome, t.record = Revalidated, r.State.Last[t.step.Key]
}

// wake makes a latent task one that is seen, and does what it turned out to have to.
func (r *run) wake(t *task, action planner.Action) {
	t.became = action
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
}

// ok reports whether the task is done and what it made may be published.
func (t *task) ok() bool {
	return t.outcome != "" && t.outcome != FailedBuild && t.outcome != Skipped
}

// built reports whether the task read its inputs in this run.
func (t *task) built() bool { return t.outcome == Built || t.outcome == Unchanged }

// link joins tasks to those of their inputs and works out the longest path from each.
func (r *run) link() {
	for _, t := range r.tasks {
		for _, input := range t.node.Inputs {
			if i := r.tasks[input]; i != nil {
				t.inputs = append(t.inputs, i)
				i.readers = append(i.readers, t)
			}
		}
	}
	for i := len(r.Graph.Order) - 1; i >= 0; i-- {
		t := r.tasks[r.Graph.Order[i]]
		if t == nil {
			continue
		}
		for _, reader := range t.readers {
			t.rest = max(t.rest, reader.rest)
		}
		t.rest += max(t.step.Estimate, time.Millisecond)
	}
}

// compare orders tasks that are ready: longest remaining path first, then the higher
// priority, then by name.
func (t *task) compare(other *task) int {
	return cmp.Or(-cmp.Compare(t.rest, other.rest), -cmp.Compare(t.asset.Priority, other.asset.Priority), t.step.Asset.Compare(other.step.Asset))
}

// ready is a heap of tasks whose inputs are done, the first of their order on top.
type ready []*task

func (q ready) Len() int           { return len(q) }
func (q ready) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q ready) Less(i, j int) bool { return q[i].compare(q[j]) < 0 }
func (q *ready) Push(t any)        { *q = append(*q, t.(*task)) }
func (q *ready) Pop() any {
	old := *q
	t := old[len(old)-1]
	*q = old[:len(old)-1]
	return t
}

// runTasks runs every task that is not done, each after its inputs, on
// Parallelism workers, while the flusher writes what they built to the file.
// The failure of a task is recorded in it; an error is one of the machinery.
func (r *run) runTasks(ctx context.Context) error {
	var (
		mu      sync.Mutex
		waiting = map[*task]int{} // inputs not done
		left    int
		first   []*task
	)
	for _, name := range r.Graph.Order {
		t := r.tasks[name]
		if t == nil || t.outcome != "" {
			continue
		}
		left++
		r.catalog.pin(t)
		for _, input := range t.inputs {
			if input.outcome == "" {
				waiting[t]++
			}
		}
		if waiting[t] == 0 {
			first = append(first, t)
		}
	}
	leases := r.shared.leases
	size := min(max(r.Parallelism, 1), max(left, 1))
	line := leases.open(size)
	defer leases.close(line)
	leases.queue(line, first...)
	if left == 0 {
		leases.close(line)
	}
	finish := func(t *task) {
		mu.Lock()
		defer mu.Unlock()
		var next []*task
		for _, reader := range t.readers {
			if waiting[reader]--; waiting[reader] == 0 {
				next = append(next, reader)
			}
		}
		leases.done(line, t, next...)
		if left--; left == 0 {
			leases.close(line)
		}
	}

	flush := r.newFlusher()
	group, ctx := errgroup.WithContext(ctx)
	release := context.AfterFunc(ctx, func() { leases.close(line) })
	defer release()
	var workers sync.WaitGroup
	for range size {
		workers.Add(1)
		group.Go(func() error {
			defer workers.Done()
			c, err := r.catalog.conn(ctx)
			if err != nil {
				return err
			}
			defer r.catalog.release(c)
			for t := leases.next(line); t != nil; t = leases.next(line) {
				r.execute(ctx, c, t)
				if ctx.Err() != nil {
					leases.done(line, t)
					return ctx.Err()
				}
				if !t.ok() { // its name does not mean what was made of it
					if err := r.catalog.forget(ctx, t.step.Asset); err != nil {
						leases.done(line, t)
						return err
					}
				}
				if t.outcome == "" { // it is attempted again, and leaves its place to others until then
					leases.done(line, t)
					group.Go(func() error {
						if err := r.await(ctx, t); err != nil {
							return err
						}
						leases.queue(line, t)
						return nil
					})
					continue
				}
				done := r.catalog.reads(t.node)
				if t.outcome == Built && t.record.Table != "" {
					flush.add(t)
				} else {
					done = append(done, t.step.Asset)
				}
				err := r.catalog.unpin(ctx, done...)
				finish(t)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error { return flush.run(ctx) })
	go func() { workers.Wait(); flush.close() }()
	if err := group.Wait(); err != nil {
		return err
	}
	for _, failure := range flush.failed {
		for _, t := range failure.tasks {
			r.failOutside(t, failure.err)
		}
	}
	r.skipOrphans()
	return nil
}

// skipOrphans marks as skipped what was built from something that is not to be
// published: a published asset never reads unpublished ones.
func (r *run) skipOrphans() {
	for _, name := range r.Graph.Order {
		t := r.tasks[name]
		if t == nil || !t.ok() || t.latent() {
			continue
		}
		for _, input := range t.inputs {
			if !input.ok() && !t.lastGood[input.step.Asset] {
				r.finish(t, Skipped, input.missed())
				break
			}
		}
	}
}
