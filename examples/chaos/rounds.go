//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// moment is something that happens in a round.
type moment struct {
	at    time.Duration
	begin func() error
}

// round lets the command work on what arrives, disturbs it, and looks what came of it.
func (c *chaos) round() error {
	c.children = nil
	for _, d := range dimensions {
		if d != edit && (d == orders || c.r.IntN(2) == 0) {
			c.newest[d]++
			if err := c.deliver(d); err != nil {
				return err
			}
		}
	}
	var err error
	switch n := c.r.IntN(10); {
	case n < 2:
		err = c.roundOfSeveral()
	case n < 5:
		err = c.roundOfDaemon()
	default:
		err = c.roundOfApply()
	}
	if err != nil {
		return err
	}
	for _, p := range c.children {
		c.judge(p)
	}
	return c.look(question{})
}

// apply starts an apply, now and then with a wrong clock.
func (c *chaos) apply() (*child, error) {
	var ahead time.Duration
	if c.Clocked != "" && c.r.IntN(6) == 0 {
		ahead = time.Duration(c.r.Int64N(int64(1000*24*time.Hour))) - 500*24*time.Hour
		c.fault("clock wrong")
	}
	p, err := c.start(ahead, "apply", "-auto-approve")
	if err == nil {
		c.children = append(c.children, p)
		c.report.Applies++
		c.tell("apply is process %d, clock ahead by %v", p.cmd.Process.Pid, ahead)
	}
	return p, err
}

func (c *chaos) fault(kind string) { c.report.Faults[kind]++ }

func (c *chaos) roundOfApply() error {
	p, err := c.apply()
	if err != nil {
		return err
	}
	return errors.Join(c.disturb([]*child{p}, c.whole*5/4), c.await())
}

// others are commands that people give while something is built.
var others = [][]string{{"gc"}, {"gc", "-compact"}, {"backup", "-force", kept}, {"doctor", "-verify", "-fix"}, {"status"}, {"query", "from mart.all"}}

// kept is the file of backups, in the project.
const kept = "kept.backup"

// roundOfSeveral lets two or three processes do the same at once, and now and then others
// look or keep house beside them.
func (c *chaos) roundOfSeveral() error {
	if c.r.IntN(2) == 0 {
		for range 2 {
			p, err := c.start(0, others[c.r.IntN(len(others))]...)
			if err != nil {
				return err
			}
			c.children = append(c.children, p)
			c.tell("%s is process %d", strings.Join(p.args, " "), p.cmd.Process.Pid)
		}
		c.fault("other commands")
	}
	for range 2 + c.r.IntN(2) {
		if _, err := c.apply(); err != nil {
			return err
		}
		time.Sleep(time.Duration(c.r.Int64N(int64(c.whole))))
	}
	c.fault("several processes")
	return errors.Join(c.disturb(c.children, c.whole*5/4), c.await())
}

// roundOfDaemon keeps a daemon for a while. What kills it is followed by the next one.
func (c *chaos) roundOfDaemon() error {
	keep := func() (*child, error) {
		var ahead time.Duration
		if c.Clocked != "" && c.r.IntN(6) == 0 {
			ahead = time.Duration(c.r.Int64N(int64(20*time.Hour))) - 10*time.Hour
			c.fault("clock wrong")
		}
		d, err := c.start(ahead, "daemon", "-listen=none", "-log-level=debug")
		if err == nil {
			c.children = append(c.children, d)
			c.report.Daemons++
			c.tell("the daemon is process %d, clock ahead by %v", d.cmd.Process.Pid, ahead)
		}
		return d, err
	}
	for range 1 + c.r.IntN(3) {
		d, err := keep()
		if err != nil {
			return err
		}
		if c.r.IntN(3) == 0 { // a person beside it
			if _, err := c.apply(); err != nil {
				return err
			}
		}
		for range 1 + c.r.IntN(3) {
			dimension := dimensions[c.r.IntN(len(dimensions)-1)]
			c.newest[dimension]++
			if err := c.deliver(dimension); err != nil {
				return err
			}
			if err := c.disturb([]*child{d}, c.whole*3/2); err != nil {
				return err
			}
		}
		if c.r.IntN(3) == 0 && d.alive() && !d.starved {
			if err := c.converge(d); err != nil {
				return err
			}
		}
		d.signal(syscall.SIGTERM)
		if err := c.await(); err != nil {
			return err
		}
	}
	return nil
}

// converge lets a daemon do its work undisturbed, until what arrived is published.
func (c *chaos) converge(d *child) error {
	for _, dimension := range dimensions {
		if dimension != edit {
			c.newest[dimension] = sound(c.newest[dimension])
		}
		if err := c.deliver(dimension); err != nil {
			return err
		}
	}
	c.report.Converged++
	var missing string
	for deadline := time.Now().Add(limit); time.Now().Before(deadline) && d.alive(); time.Sleep(50 * time.Millisecond) {
		a, err := c.ask(question{})
		if err != nil {
			return err
		}
		missing = ""
		for _, one := range assets {
			for _, dimension := range dimensionsOf(one.name) {
				if is := a.Shown[one.name][dimension]; is != c.newest[dimension] && !one.lags {
					missing = fmt.Sprintf("%s shows generation %d of %s, not %d", one.name, is, dimension, c.newest[dimension])
				}
			}
		}
		if missing == "" {
			return nil
		}
	}
	if d.alive() {
		c.violated("an undisturbed daemon did not publish what arrived %v ago: %s", limit, missing)
	}
	return nil
}

// disturb begins one to three faults at random moments and ends them again.
func (c *chaos) disturb(victims []*child, within time.Duration) error {
	var kinds []fault
	for _, f := range faults() {
		if (f.needs == nil || f.needs(c)) && strings.Contains(f.kind, c.Kinds) {
			kinds = append(kinds, slices.Repeat([]fault{f}, max(f.often, 1))...)
		}
	}
	var moments []moment
	began := time.Now()
	for range 1 + c.r.IntN(3) {
		if len(kinds) == 0 {
			break
		}
		f := kinds[c.r.IntN(len(kinds))]
		victim := victims[c.r.IntN(len(victims))]
		at, lasts := time.Duration(c.r.Int64N(int64(within))), time.Duration(c.r.Int64N(int64(2*time.Second)))
		chance := rand.New(rand.NewPCG(c.r.Uint64(), 0))
		moments = append(moments, moment{at, func() error {
			if !victim.alive() {
				return nil
			}
			end, err := f.begin(c, victim, chance)
			if errors.Is(err, errNotNow) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%s: %w", f.kind, err)
			}
			c.fault(f.kind)
			c.tell("%s on process %d", f.kind, victim.cmd.Process.Pid)
			if end != nil {
				moments = append(moments, moment{time.Since(began) + lasts, func() error {
					c.tell("%s ends", f.kind)
					if err := end(); err != nil && !c.full {
						return fmt.Errorf("%s ends: %w", f.kind, err)
					}
					return nil
				}})
			}
			return nil
		}})
	}
	for len(moments) > 0 {
		slices.SortStableFunc(moments, func(a, b moment) int { return int(a.at - b.at) })
		next := moments[0]
		moments = moments[1:]
		time.Sleep(next.at - time.Since(began))
		if err := next.begin(); err != nil {
			return err
		}
	}
	return nil
}

// await waits for all processes of the round.
func (c *chaos) await() error {
	for _, p := range c.children {
		if !p.wait(limit) {
			c.violated("%s did not end within %v after the last fault:\n%s", strings.Join(p.args, " "), limit, p.output)
		}
	}
	return nil
}

// judge looks at how a process ended, and at what it said.
func (c *chaos) judge(p *child) {
	code := p.code()
	c.report.Exits[fmt.Sprintf("%s %d", p.args[0], code)]++
	c.tell("process %d, %s: exit code %d", p.cmd.Process.Pid, p.args[0], code)
	text := p.output.String()
	for _, sign := range []string{"panic:", "goroutine 1", "SIGSEGV", "INTERNAL Error", "FATAL Error"} {
		if !p.starved && strings.Contains(text, sign) {
			c.violated("process %d says %q:\n%s", p.cmd.Process.Pid, sign, text)
		}
	}
	if p.args[0] == "daemon" && code != 0 && !p.hurt {
		c.violated("a daemon that was told to stop ended with %d:\n%s", code, text)
	}
	var ended *exec.ExitError
	if errors.As(p.err, &ended) && ended.Sys().(syscall.WaitStatus).Signaled() && !p.hurt {
		c.violated("process %d died by itself: %v\n%s", p.cmd.Process.Pid, p.err, text)
	}
}
