//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// options say how to attack.
type options struct {
	Assets  string        // the command
	Clocked string        // the command with a clock that can be set by NOW; empty: clocks go right
	Dir     string        // where to put everything; a small file system is mounted there if this process may
	For     time.Duration // how long
	Rounds  int           // how many rounds at most; 0: as many as there is time for
	Seed    uint64
	Kinds   string // only faults whose kind contains this
	Log     func(format string, args ...any)
}

// chaos is a run of attacks on one project.
type chaos struct {
	options
	r        *rand.Rand
	root     bool // this process may do everything
	mounted  bool
	full     bool // the disk is, at this moment
	crmBad   bool // the other database is held or broken, at this moment
	worlds   int  // projects there were; the latest is under attack
	web      *web
	supplier *supplier
	stranger *guest
	children []*child
	newest   generations
	whole    time.Duration // what an undisturbed apply takes
	report   report
	story    []string // what happened in this world, for the evidence
}

func (c *chaos) project() string   { return filepath.Join(c.Dir, fmt.Sprintf("project-%d", c.worlds)) }
func (c *chaos) home() string      { return filepath.Join(c.Dir, "home") }
func (c *chaos) declared() string  { return filepath.Join(c.project(), "project.hcl") }
func (c *chaos) warehouse() string { return filepath.Join(c.project(), "warehouse.duckdb") }
func (c *chaos) url() string       { return "http://" + c.web.address }

func (c *chaos) tell(format string, args ...any) {
	line := time.Now().Format("15:04:05.000 ") + fmt.Sprintf(format, args...)
	c.story = append(c.story, line)
	c.Log("%s", line)
}

// small is the size of the file system that can be filled.
const small = "size=160m,mode=0755"

// attack runs rounds until the time is over, and reports. The error is of this program
// itself; what the command did wrong stands in the report.
func attack(o options) (r report, err error) {
	c := &chaos{options: o, r: rand.New(rand.NewPCG(o.Seed, 0)), root: os.Geteuid() == 0}
	c.report = report{Seed: o.Seed, Faults: map[string]int{}, Exits: map[string]int{}}
	began := time.Now()
	defer func() { r = c.report; r.Seconds = time.Since(began).Seconds() }()
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return c.report, err
	}
	if c.root {
		c.mounted = syscall.Mount("tmpfs", c.Dir, "tmpfs", 0, small) == nil
		c.root = c.mounted // without it there is no room of our own to let others into
	}
	defer func() {
		if c.mounted {
			err = errors.Join(err, syscall.Unmount(c.Dir, syscall.MNT_DETACH))
		}
	}()
	if c.web, err = startWeb(); err != nil {
		return c.report, err
	}
	defer c.web.close()
	if err := c.begin(); err != nil {
		return c.report, err
	}
	defer func() { err = errors.Join(err, c.endWorld()) }()
	for n := 1; time.Since(began) < o.For && (o.Rounds == 0 || n <= o.Rounds); n++ {
		violations := len(c.report.Violations)
		c.report.Rounds++
		if err := c.round(); err != nil {
			return c.report, fmt.Errorf("round %d: %w", n, err)
		}
		if n%5 == 0 {
			if err := c.settle(); err != nil {
				return c.report, fmt.Errorf("round %d: %w", n, err)
			}
		}
		if len(c.report.Violations) > violations { // go on with another one
			c.keep()
			if err := errors.Join(c.endWorld(), c.begin()); err != nil {
				return c.report, err
			}
		}
	}
	if err := c.settle(); err != nil {
		return c.report, err
	}
	if err := c.rebuild(); err != nil {
		return c.report, err
	}
	if len(c.report.Violations) > 0 && c.report.Evidence == "" {
		c.keep()
	}
	return c.report, nil
}

// begin makes a new project, and builds it.
func (c *chaos) begin() error {
	c.worlds++
	c.story, c.children = nil, nil
	c.newest = generations{}
	for _, dir := range []string{c.home(), c.project(), filepath.Join(c.project(), "data", "parts")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if c.root {
		for _, dir := range []string{c.home(), c.project()} {
			if err := os.Chown(dir, nobody, nobody); err != nil {
				return err
			}
		}
	}
	var err error
	if c.supplier, err = newSupplier(c.project(), c.web); err != nil {
		return err
	}
	for _, d := range dimensions {
		c.newest[d] = 1
		if err := c.deliver(d); err != nil {
			return err
		}
	}
	if c.stranger, err = startGuest(strangerCommand, c.warehouse()); err != nil {
		return err
	}
	began := time.Now()
	if err := c.calm("apply", "-auto-approve", "-all"); err != nil {
		return err
	}
	if c.whole = time.Since(began); c.children[0].err != nil {
		return fmt.Errorf("a new project cannot be built:\n%s", c.children[0].output)
	}
	c.tell("a new project; an undisturbed apply takes %v", c.whole.Round(time.Millisecond))
	return c.look(question{Settled: true, All: true, Newest: c.newest})
}

func (c *chaos) endWorld() error {
	return errors.Join(c.stranger.end(), c.supplier.close(), os.RemoveAll(c.project()))
}

// deliver puts the newest generation into its place.
func (c *chaos) deliver(dimension string) error {
	var err error
	if dimension == edit {
		err = c.declare()
	} else {
		err = c.supplier.deliver(dimension, c.newest[dimension])
	}
	if c.full { // it will be delivered again
		return nil
	}
	return err
}

// declare writes the project's file.
func (c *chaos) declare() error {
	return replace(c.declared(), []byte(declaration(c.url(), c.newest[edit])))
}

// calm runs the command undisturbed. That it fails is a violation.
func (c *chaos) calm(args ...string) error {
	p, err := c.run(args...)
	if err == nil && p.err != nil {
		c.violated("an undisturbed %s: %v\n%s", strings.Join(args, " "), p.err, p.output)
	}
	return err
}

// run runs the command undisturbed. That it does not end is a violation.
func (c *chaos) run(args ...string) (*child, error) {
	p, err := c.start(0, args...)
	if err != nil {
		return nil, err
	}
	c.children = append(c.children, p)
	if !p.wait(limit) {
		c.violated("an undisturbed %s did not end in %v:\n%s", args[0], limit, p.output)
	}
	c.tell("%s: exit code %d", strings.Join(args, " "), p.code())
	return p, nil
}

func (c *chaos) violated(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	c.report.Violations = append(c.report.Violations, text)
	c.tell("VIOLATION: %s", text)
}

// limit is how long a process may take once nothing disturbs it any more.
const limit = 2 * time.Minute

// look has the stranger look.
func (c *chaos) look(q question) error {
	a, err := c.ask(q)
	if err != nil {
		return err
	}
	c.report.Runs = max(c.report.Runs, a.Runs)
	return nil
}

func (c *chaos) ask(q question) (answer, error) {
	a, err := c.stranger.ask(q)
	if err != nil {
		return a, err
	}
	c.report.Looks += a.Looks
	c.report.Held += a.Held
	c.report.Checks += a.Checks
	c.report.Mixed += a.Mixed
	c.report.Lent += a.Lent
	for _, v := range a.Violations {
		c.violated("%s", v)
	}
	return a, nil
}

// settle ends everything that goes wrong, and lets the command do its work undisturbed.
func (c *chaos) settle() error {
	for _, d := range dimensions {
		if d != edit {
			c.newest[d] = sound(c.newest[d])
		}
		if err := c.deliver(d); err != nil {
			return err
		}
	}
	if err := c.planTwice(); err != nil {
		return err
	}
	all := c.r.IntN(2) == 0
	args := []string{"apply", "-auto-approve"}
	if all {
		args = append(args, "-all")
	}
	c.report.Applies++
	if err := c.calm(args...); err != nil {
		return err
	}
	if all { // otherwise what may lag becomes due at any moment
		if err := c.calm("plan", "-detailed-exitcode"); err != nil {
			return err
		}
	}
	for _, args := range [][]string{{"gc", "-compact"}, {"backup", "-force", kept}} {
		if err := c.calm(args...); err != nil {
			return err
		}
	}
	if err := c.refused(); err != nil {
		return err
	}
	return c.look(question{Settled: true, All: all, Newest: c.newest, Rebuilt: filepath.Join(c.project(), kept)})
}

// planTwice makes the same plan twice: of the same project, inputs and clock.
func (c *chaos) planTwice() error {
	if err := c.calm("plan"); err != nil { // it records when what is polled was seen
		return err
	}
	at := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	var plans []string
	for range 2 {
		p, err := c.run("plan", "-json", "-at", at)
		if err != nil {
			return err
		}
		if p.err != nil {
			c.violated("an undisturbed plan: %v\n%s", p.err, p.output)
		}
		plans = append(plans, p.output.String())
	}
	if plans[0] != plans[1] {
		c.violated("the same plan twice is not the same:\n%s\n%s", plans[0], plans[1])
	}
	return nil
}

// refused applies what is no project, which changes nothing.
func (c *chaos) refused() error {
	was, err := os.ReadFile(c.warehouse())
	if err != nil {
		return err
	}
	if err := replace(c.declared(), []byte(c.noProject(c.r))); err != nil {
		return err
	}
	p, err := c.run("apply", "-auto-approve")
	if err != nil {
		return err
	}
	if p.code() != 1 {
		c.violated("apply of what is no project ended with %d:\n%s", p.code(), p.output)
	}
	if is, err := os.ReadFile(c.warehouse()); err != nil || !bytes.Equal(was, is) {
		c.violated("apply of what is no project changed the warehouse (%v)", err)
	}
	return c.declare()
}

// rebuild builds the same from nothing, and compares cell by cell.
func (c *chaos) rebuild() error {
	if err := c.calm("apply", "-auto-approve", "-all"); err != nil {
		return err
	}
	was := c.warehouse()
	old := *c
	c.worlds++
	defer func() { c.worlds-- }()
	if err := errors.Join(os.MkdirAll(c.project(), 0o755), os.CopyFS(filepath.Join(c.project(), "data"), os.DirFS(filepath.Join(old.project(), "data"))), c.declare()); err != nil {
		return err
	}
	defer os.RemoveAll(c.project())
	if c.root {
		if err := os.Chown(c.project(), nobody, nobody); err != nil {
			return err
		}
	}
	if err := c.calm("apply", "-auto-approve", "-all"); err != nil {
		return err
	}
	c.tell("comparing %s with a full rebuild", was)
	return c.look(question{Settled: true, All: true, Newest: c.newest, Rebuilt: c.warehouse()})
}

// keep saves what there is of a world in which something was violated.
func (c *chaos) keep() {
	dir, err := os.MkdirTemp("", fmt.Sprintf("chaos-%d-", c.Seed))
	if err == nil {
		err = os.CopyFS(filepath.Join(dir, "project"), os.DirFS(c.project()))
	}
	if err == nil {
		var b strings.Builder
		for _, line := range c.story {
			b.WriteString(line + "\n")
		}
		for _, p := range c.children {
			fmt.Fprintf(&b, "\n== process %d: %s\n%s", p.cmd.Process.Pid, strings.Join(p.args, " "), p.output)
		}
		err = os.WriteFile(filepath.Join(dir, "story"), []byte(b.String()), 0o644)
	}
	if c.report.Evidence = dir; err != nil {
		c.tell("the evidence could not be kept: %v", err)
	}
}

// hurtAll notes that whatever runs now may fail.
func (c *chaos) hurtAll() {
	for _, p := range c.children {
		if p.alive() {
			p.hurt = true
		}
	}
}
