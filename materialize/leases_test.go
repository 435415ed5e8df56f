package materialize

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// crew carries out the tasks of several runs as leases let it, one event at a time.
type crew struct {
	t       *rapid.T
	leases  *leases
	slots   map[string]int
	workers int
	runs    []*crewRun
	running []*task
}

type crewRun struct {
	line    *line
	ready   []*task
	waiting map[*task]int // inputs not done
	left    int
	// passed are, by the pools that tasks need, those in which one behind the first of
	// them started since one of them did.
	passed map[string]map[string]bool
}

func taskOf(name string, rest time.Duration, priority int, pools ...string) *task {
	return &task{step: planner.Step{Key: planner.Key{Asset: assets.MustName(name)}}, asset: &assets.Asset{Pools: pools, Priority: priority}, rest: rest}
}

// inOrder is the order in which tasks of a run start, said once more.
func inOrder(a, b *task) int {
	return cmp.Or(cmp.Compare(b.rest, a.rest), cmp.Compare(b.asset.Priority, a.asset.Priority), cmp.Compare(a.step.Asset.String(), b.step.Asset.String()))
}

func (c *crew) free(t *task) bool {
	return !slices.ContainsFunc(t.asset.Pools, func(pool string) bool {
		taken := 0
		for _, r := range c.running {
			if slices.Contains(r.asset.Pools, pool) {
				taken++
			}
		}
		return taken >= c.slots[pool]
	})
}

// open begins a run of random tasks.
func (c *crew) open() {
	r := &crewRun{waiting: map[*task]int{}, passed: map[string]map[string]bool{}, line: c.leases.open(9)}
	var tasks []*task
	for i := range rapid.IntRange(1, 12).Draw(c.t, "tasks") {
		pools := slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3).Draw(c.t, "pools"))))
		t := taskOf(fmt.Sprintf("t%d", i), time.Duration(rapid.IntRange(1, 4).Draw(c.t, "rest")), rapid.IntRange(-1, 1).Draw(c.t, "priority"), pools...)
		for _, input := range tasks {
			if rapid.IntRange(0, 5).Draw(c.t, "reads") == 0 {
				t.inputs, input.readers = append(t.inputs, input), append(input.readers, t)
			}
		}
		r.waiting[t] = len(t.inputs)
		tasks = append(tasks, t)
	}
	r.left = len(tasks)
	c.runs = append(c.runs, r)
	for _, t := range tasks {
		if r.waiting[t] == 0 {
			r.ready = append(r.ready, t)
		}
	}
	c.leases.queue(r.line, r.ready...)
	c.start()
}

// finish ends one of the tasks that are carried out.
func (c *crew) finish() {
	i := rapid.IntRange(0, len(c.running)-1).Draw(c.t, "finishes")
	t := c.running[i]
	c.running = slices.Delete(c.running, i, i+1)
	for _, r := range c.runs {
		if _, ours := r.waiting[t]; !ours {
			continue
		}
		var now []*task
		for _, reader := range t.readers {
			if r.waiting[reader]--; r.waiting[reader] == 0 {
				now = append(now, reader)
			}
		}
		r.ready = append(r.ready, now...)
		r.left--
		c.leases.done(r.line, t, now...)
	}
	c.start()
}

// start lets start what may, one by one, and looks at each. Between two events leases
// have no workers, so that nothing starts unseen.
func (c *crew) start() {
	for more := true; more; {
		more = false
		c.leases.workers = min(len(c.running)+1, c.workers)
		c.leases.assign()
		for at, r := range c.runs {
			if len(r.line.granted) == 0 {
				continue
			}
			more = true
			t := c.leases.next(r.line)
			r.ready = slices.DeleteFunc(r.ready, func(other *task) bool { return other == t })
			for _, other := range r.ready {
				if inOrder(other, t) < 0 && c.free(other) && !c.claimed(at, other) {
					c.t.Fatalf("%s started before %s, which could have", t.step.Asset, other.step.Asset)
				}
			}
			c.pass(at, t)
			c.running = append(c.running, t)
		}
	}
	c.leases.workers = 0
	if len(c.running) > c.workers {
		c.t.Fatalf("%d tasks have %d workers", len(c.running), c.workers)
	}
	for pool, slots := range c.slots {
		taken := 0
		for _, t := range c.running {
			if slices.Contains(t.asset.Pools, pool) {
				taken++
			}
		}
		if taken > slots {
			c.t.Fatalf("%d of %d slots of %s are taken", taken, slots, pool)
		}
	}
	for at, r := range c.runs {
		for _, t := range r.ready {
			if len(c.running) < c.workers && c.free(t) && !c.claimed(at, t) {
				c.t.Fatalf("%s waits for nothing", t.step.Asset)
			}
		}
	}
}

func needs(t *task) string { return strings.Join(t.asset.Pools, " ") }

// first reports whether none before t in its run needs the same pools.
func (r *crewRun) first(t *task) bool {
	return !slices.ContainsFunc(r.ready, func(other *task) bool { return needs(other) == needs(t) && inOrder(other, t) < 0 })
}

// claimed reports whether another task, before t, was passed over in all its pools and
// needs one of those of t.
func (c *crew) claimed(at int, t *task) bool {
	for i, r := range c.runs[:at+1] {
		for _, other := range r.ready {
			before := i < at || inOrder(other, t) < 0
			if before && r.first(other) && len(r.passed[needs(other)]) == len(other.asset.Pools) && slices.ContainsFunc(other.asset.Pools, func(p string) bool { return slices.Contains(t.asset.Pools, p) }) {
				return true
			}
		}
	}
	return false
}

// pass notes whom the start of t passes over. Nobody may be, once that has happened to
// it in every pool that it waits for: so each has its turn.
func (c *crew) pass(at int, t *task) {
	if c.claimed(at, t) {
		c.t.Fatalf("%s started before one that had been passed over in all its pools", t.step.Asset)
	}
	delete(c.runs[at].passed, needs(t))
	for i, r := range c.runs[:at+1] {
		for _, other := range r.ready {
			if !r.first(other) || i == at && inOrder(t, other) < 0 {
				continue
			}
			for _, pool := range t.asset.Pools {
				if slices.Contains(other.asset.Pools, pool) {
					if r.passed[needs(other)] == nil {
						r.passed[needs(other)] = map[string]bool{}
					}
					r.passed[needs(other)][pool] = true
				}
			}
		}
	}
}

// Whatever runs there are and in whatever order their tasks finish: no pool gives out
// more slots than it has, no worker idles while something could start, tasks of a run
// start in their order, and all of them finish.
func TestLeases(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &crew{t: t, workers: rapid.IntRange(1, 4).Draw(t, "workers"), slots: map[string]int{}}
		c.leases = newLeases(c.workers)
		c.leases.workers = 0
		pools := map[string]*assets.Pool{}
		for _, name := range []string{"a", "b", "c"} {
			c.slots[name] = rapid.IntRange(1, 3).Draw(t, "slots")
			pools[name] = &assets.Pool{Name: name, Slots: c.slots[name]}
		}
		c.leases.resize(pools)
		runs := rapid.IntRange(1, 3).Draw(t, "runs")
		for runs > 0 || len(c.running) > 0 {
			if runs > 0 && (len(c.running) == 0 || rapid.IntRange(0, 3).Draw(t, "begins") == 0) {
				runs--
				c.open()
			} else {
				c.finish()
			}
		}
		for i, r := range c.runs {
			if r.left > 0 {
				t.Fatalf("%d tasks of run %d never started", r.left, i)
			}
			c.leases.close(r.line)
			if c.leases.next(r.line) != nil {
				t.Fatal("a line that is closed has a task")
			}
		}
		if c.leases.busy != 0 || len(c.leases.lines) != 0 {
			t.Fatal("something is left:", c.leases.busy, c.leases.lines)
		}
	})
}

// drain takes all that may start.
func drain(l *leases, n *line) (names []string) {
	for len(n.granted) > 0 {
		names = append(names, l.next(n).step.Asset.Table)
	}
	return names
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("started %q, want %q", got, want)
	}
}

func TestTasksStartInTheirOrder(t *testing.T) {
	l := newLeases(6)
	n := l.open(9)
	l.queue(n, taskOf("short", 1, 9), taskOf("long", 3, 0), taskOf("b", 2, 0), taskOf("a", 2, 0), taskOf("urgent", 2, 1), taskOf("low", 2, -1))
	expect(t, drain(l, n), "long", "urgent", "a", "b", "low", "short")
}

// A task that needs two pools of which one or the other is always in use gets its turn.
func TestATaskOfTwoPoolsIsNotStarved(t *testing.T) {
	l := newLeases(4)
	l.resize(map[string]*assets.Pool{"a": {Slots: 1}, "b": {Slots: 1}})
	n := l.open(9)
	a, b, both := taskOf("a0", 9, 0, "a"), taskOf("b0", 9, 0, "b"), taskOf("both", 5, 0, "a", "b")
	l.queue(n, a, b)
	expect(t, drain(l, n), "a0", "b0")
	l.queue(n, both)
	for i := range 3 {
		l.queue(n, taskOf(fmt.Sprintf("a%d", i+1), 1, 0, "a"), taskOf(fmt.Sprintf("b%d", i+1), 1, 0, "b"))
	}
	expect(t, drain(l, n))
	l.done(n, a)
	expect(t, drain(l, n), "a1") // b is in use: why should a idle
	l.done(n, b)
	expect(t, drain(l, n), "b1") // now it was passed over in both
	l.done(n, taskOf("a1", 1, 0, "a"))
	expect(t, drain(l, n))
	l.done(n, taskOf("b1", 1, 0, "b"))
	expect(t, drain(l, n), "both")
	l.done(n, both)
	expect(t, drain(l, n), "a2", "b2")
}

// While one pool is held for hours, what waits for it keeps no other pool idle.
func TestWhoeverWaitsForABusyPoolKeepsNoOtherIdle(t *testing.T) {
	l := newLeases(4)
	l.resize(map[string]*assets.Pool{"a": {Slots: 1}, "b": {Slots: 1}})
	n := l.open(9)
	l.queue(n, taskOf("hours", 9, 0, "a"))
	l.queue(n, taskOf("both", 8, 0, "a", "b"))
	expect(t, drain(l, n), "hours")
	for i := range 20 {
		name := fmt.Sprintf("b%d", i)
		b := taskOf(name, 1, 0, "b")
		l.queue(n, b)
		expect(t, drain(l, n), name)
		l.done(n, b)
	}
}

// A run that began later is served while an earlier one has all workers, as soon as
// one is free, and does not take a pool from it for ever.
func TestRunsShareWorkersAndPools(t *testing.T) {
	l := newLeases(2)
	l.resize(map[string]*assets.Pool{"a": {Slots: 1}})
	big, small := l.open(9), l.open(9)
	x, y := taskOf("x", 9, 0), taskOf("y", 9, 0)
	l.queue(big, x, y, taskOf("z", 9, 0), taskOf("pooled", 1, 0, "a"))
	expect(t, drain(l, big), "x", "y")
	p := taskOf("p", 1, 0, "a")
	l.queue(small, p, taskOf("q", 1, 0, "a"))
	l.done(big, x)
	expect(t, drain(l, small), "p") // big has another worker
	l.done(small, p)
	expect(t, drain(l, small)) // the pool is big's turn now
	expect(t, drain(l, big), "z")
	l.done(big, y)
	expect(t, drain(l, big), "pooled")
}

func TestAPoolThatBecameSmallerGivesNothingOut(t *testing.T) {
	l := newLeases(4)
	l.resize(map[string]*assets.Pool{"a": {Slots: 2}})
	n := l.open(9)
	a, b := taskOf("a", 1, 0, "a"), taskOf("b", 1, 0, "a")
	l.queue(n, a, b, taskOf("c", 1, 0, "a"))
	expect(t, drain(l, n), "a", "b")
	l.resize(map[string]*assets.Pool{"a": {Slots: 1}})
	l.done(n, a)
	expect(t, drain(l, n))
	l.done(n, b)
	expect(t, drain(l, n), "c")
}

// A run gets no more than it has workers for: what it could not begin would keep slots from others.
func TestARunGetsWhatItHasWorkersFor(t *testing.T) {
	l := newLeases(4)
	l.resize(map[string]*assets.Pool{"a": {Slots: 2}})
	one, other := l.open(1), l.open(2)
	x := taskOf("x", 1, 0, "a")
	l.queue(one, x, taskOf("y", 1, 0, "a"))
	expect(t, drain(l, one), "x")
	l.queue(other, taskOf("z", 1, 0, "a"))
	expect(t, drain(l, other), "z")
	l.done(one, x)
	expect(t, drain(l, one), "y")
}

// What a line held that is closed, others get.
func TestALineThatIsClosedGivesBack(t *testing.T) {
	l := newLeases(4)
	l.resize(map[string]*assets.Pool{"a": {Slots: 1}})
	first, second := l.open(9), l.open(9)
	l.queue(first, taskOf("a", 1, 0, "a"))
	l.queue(second, taskOf("b", 1, 0, "a"))
	expect(t, drain(l, second))
	l.close(first) // no worker came for it
	expect(t, drain(l, second), "b")
}
