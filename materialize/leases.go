package materialize

import (
	"container/heap"
	"slices"
	"sync"

	"github.com/seed-4311623e/assets/assets"
)

// leases decide which task starts next, of all runs on one open warehouse. A task
// needs a worker and a slot in each of its pools, and gets all of them at once.
//
// Within a run tasks start in their order (see [ready]); one that lacks a slot lets
// those behind it go ahead. Between runs a free worker goes to the run that has the
// fewest. So that nobody waits for ever, a task that was passed over in every one of
// its pools gets the next slots in them, before whatever is behind it in its run and
// before later runs. A task that waits for one busy pool keeps no other pool idle.
type leases struct {
	mu      sync.Mutex
	changed *sync.Cond
	workers int            // tasks that may be carried out at a moment
	busy    int            // tasks that are
	slots   map[string]int // of each pool
	taken   map[string]int // of each pool
	lines   []*line        // of the runs, in the order in which they began
	begun   int            // lines, ever
}

// line is what is ready in one run.
type line struct {
	number  int // in the order in which runs began
	workers int // that the run has
	groups  []*group
	// granted are tasks that may start and that no worker has taken yet.
	granted []*task
	busy    int // tasks granted or carried out
	closed  bool
}

// group is the ready tasks of a run that need the same pools: if the first of them
// cannot start, none can.
type group struct {
	line  *line
	pools []string
	ready ready
	// passed are the pools in which one that is behind got a slot, since one of the group did.
	passed map[string]bool
}

func newLeases(workers int) *leases {
	l := &leases{workers: max(workers, 1), slots: map[string]int{}, taken: map[string]int{}}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// resize takes over how many slots a project's pools have. A pool that has become
// smaller gives nothing out until no more are taken than it has.
func (l *leases) resize(pools map[string]*assets.Pool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, p := range pools {
		l.slots[name] = p.Slots
	}
	l.assign()
}

// open begins the line of a run that has so many workers.
func (l *leases) open(workers int) *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun++
	n := &line{number: l.begun, workers: workers}
	l.lines = append(l.lines, n)
	return n
}

// close ends a line: next returns nil, and nothing in it starts any more. What is
// being carried out keeps its slots until it is done.
func (l *leases) close(n *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n.closed = true
	l.lines = slices.DeleteFunc(l.lines, func(other *line) bool { return other == n })
	for _, t := range n.granted {
		l.give(n, t)
	}
	n.granted, n.groups = nil, nil
	l.assign()
}

// queue adds tasks whose inputs are done.
func (l *leases) queue(n *line, tasks ...*task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n.push(tasks)
	l.assign()
}

func (n *line) push(tasks []*task) {
	if n.closed {
		return
	}
	for _, t := range tasks {
		heap.Push(&n.group(t.asset.Pools).ready, t)
	}
}

// next waits for a task that may start; nil: the line is closed.
func (l *leases) next(n *line) *task {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(n.granted) == 0 && !n.closed {
		l.changed.Wait()
	}
	if n.closed {
		return nil
	}
	t := n.granted[0]
	n.granted = n.granted[1:]
	return t
}

// done gives back what a task had, to tasks that are ready now among others.
func (l *leases) done(n *line, t *task, now ...*task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.give(n, t)
	n.push(now)
	l.assign()
}

func (l *leases) give(n *line, t *task) {
	l.busy--
	n.busy--
	for _, pool := range t.asset.Pools {
		l.taken[pool]--
	}
}

// assign lets start whatever may.
func (l *leases) assign() {
	for l.busy < l.workers {
		waiting := l.waiting()
		i := slices.IndexFunc(waiting, func(g *group) bool { return l.free(g) && !claimed(waiting, g) })
		if i < 0 {
			break
		}
		l.start(waiting, waiting[i])
	}
	l.changed.Broadcast()
}

// waiting lists the groups with a task that is ready and could have a worker of its run,
// in the order in which they get one.
func (l *leases) waiting() []*group {
	lines := slices.Clone(l.lines)
	slices.SortStableFunc(lines, func(a, b *line) int { return a.busy - b.busy })
	var all []*group
	for _, n := range lines {
		if n.busy >= n.workers {
			continue
		}
		first := len(all)
		for _, g := range n.groups {
			if len(g.ready) > 0 {
				all = append(all, g)
			}
		}
		slices.SortFunc(all[first:], func(a, b *group) int { return a.ready[0].compare(b.ready[0]) })
	}
	return all
}

// free reports whether each of a group's pools has a slot.
func (l *leases) free(g *group) bool {
	return !slices.ContainsFunc(g.pools, func(pool string) bool { return l.taken[pool] >= l.slots[pool] })
}

// claimed reports whether the next slot of one of a group's pools is another's, which
// is before it and was passed over in all of its own.
func claimed(waiting []*group, g *group) bool {
	return slices.ContainsFunc(waiting, func(other *group) bool {
		return other.before(g) && len(other.passed) == len(other.pools) && other.shares(g)
	})
}

func (l *leases) start(waiting []*group, g *group) {
	for _, other := range waiting {
		if other.before(g) {
			for _, pool := range g.pools {
				if slices.Contains(other.pools, pool) {
					other.passed[pool] = true
				}
			}
		}
	}
	for _, pool := range g.pools {
		l.taken[pool]++
	}
	l.busy++
	g.line.busy++
	g.line.granted = append(g.line.granted, heap.Pop(&g.ready).(*task))
	clear(g.passed)
}

// before reports whether a group's first task is before another's: of an earlier run,
// or of the same and earlier in its order. That stays so while both wait.
func (g *group) before(other *group) bool {
	if g.line != other.line {
		return g.line.number < other.line.number
	}
	return g != other && g.ready[0].compare(other.ready[0]) < 0
}

func (g *group) shares(other *group) bool {
	return slices.ContainsFunc(g.pools, func(pool string) bool { return slices.Contains(other.pools, pool) })
}

// group is that of the tasks that need these pools.
func (n *line) group(pools []string) *group {
	for _, g := range n.groups {
		if slices.Equal(g.pools, pools) {
			return g
		}
	}
	g := &group{line: n, pools: pools, passed: map[string]bool{}}
	n.groups = append(n.groups, g)
	return g
}
