//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A fault is something that goes wrong for a while.
type fault struct {
	kind string
	// begin makes it happen while victim runs, and returns what ends it; nil: nothing is
	// to be ended. It draws chance from r alone.
	begin func(c *chaos, victim *child, r *rand.Rand) (end func() error, err error)
	// needs tells whether it can be had here; nil: everywhere.
	needs func(c *chaos) bool
	// often is how many times as likely as others it is; 0: once.
	often int
}

// errNotNow is of a fault that cannot be had at this moment, since another goes on.
var errNotNow = errors.New("not now")

func isRoot(c *chaos) bool { return c.root }

// faults are all kinds there are, except a wrong clock, which a process is born with,
// and several processes at once.
func faults() []fault {
	all := []fault{
		{kind: "SIGKILL", begin: signalled(syscall.SIGKILL), often: 6},
		{kind: "SIGKILL while it writes", begin: killedWriting, often: 4},
		{kind: "SIGTERM", begin: signalled(syscall.SIGTERM), often: 2},
		{kind: "SIGINT", begin: signalled(syscall.SIGINT), often: 2},
		{kind: "SIGINT twice", begin: signalled(syscall.SIGINT, syscall.SIGINT), often: 2},
		{kind: "SIGSTOP and SIGCONT", begin: stopped, often: 2},
		{kind: "little memory", begin: starved, often: 2},
		{kind: "few open files", begin: limited(unix.RLIMIT_NOFILE, 8, 24)},
		{kind: "small files only", begin: limited(unix.RLIMIT_FSIZE, 1<<12, 1<<20)},
		{kind: "disk full", begin: fullDisk, needs: isRoot, often: 4},
		{kind: "directory read-only", begin: readOnlyDirectory},
		{kind: "warehouse read-only", begin: readOnlyFile},
		{kind: "warehouse held", begin: heldWarehouse},
		{kind: ".assets deleted", begin: deletedCache},
		{kind: "source replaced", begin: onFile(replaced), often: 4},
		{kind: "source overwritten in place", begin: onFile(overwritten), often: 2},
		{kind: "source truncated", begin: onFile(truncated)},
		{kind: "source deleted", begin: onFile(deleted)},
		{kind: "source half written", begin: onFile(halfWritten)},
		{kind: "source database held", begin: heldSource},
		{kind: "source database broken", begin: brokenSource},
		{kind: "project nonsense", begin: nonsense},
		{kind: "project half written", begin: halfProject},
		{kind: "project edited", begin: edited},
	}
	for _, mood := range moods {
		all = append(all, fault{kind: "web: " + mood, begin: func(c *chaos, _ *child, _ *rand.Rand) (func() error, error) {
			c.newest[rates]++
			if err := c.supplier.deliver(rates, c.newest[rates]); err != nil { // something that it is to fetch
				return nil, err
			}
			back, err := c.web.turn(mood)
			if err != nil {
				return nil, err
			}
			return func() error { back(); return nil }, nil
		}})
	}
	return all
}

func signalled(signals ...syscall.Signal) func(*chaos, *child, *rand.Rand) (func() error, error) {
	return func(_ *chaos, victim *child, r *rand.Rand) (func() error, error) {
		victim.hurt = true
		for i, s := range signals {
			if i > 0 {
				time.Sleep(time.Duration(r.Int64N(int64(100 * time.Millisecond))))
			}
			victim.signal(s)
		}
		return nil, nil
	}
}

// killedWriting kills a process just after one of the first times that it wrote to the
// warehouse's log: among these is the publish.
func killedWriting(c *chaos, victim *child, r *rand.Rand) (func() error, error) {
	size := func() int64 {
		info, err := os.Stat(c.warehouse() + ".wal")
		if err != nil {
			return 0
		}
		return info.Size()
	}
	writes, later := 1+r.IntN(8), time.Duration(r.Int64N(int64(5*time.Millisecond)))
	was := size()
	for deadline := time.Now().Add(3 * time.Second); writes > 0; time.Sleep(200 * time.Microsecond) {
		if !victim.alive() || time.Now().After(deadline) {
			return nil, errNotNow
		}
		if is := size(); is != was {
			if is > was {
				writes--
			}
			was = is
		}
	}
	time.Sleep(later)
	victim.hurt = true
	victim.signal(syscall.SIGKILL)
	return nil, nil
}

func stopped(_ *chaos, victim *child, _ *rand.Rand) (func() error, error) {
	victim.signal(syscall.SIGSTOP)
	return func() error { victim.signal(syscall.SIGCONT); return nil }, nil
}

func limited(resource int, least, span uint64) func(*chaos, *child, *rand.Rand) (func() error, error) {
	return func(_ *chaos, victim *child, r *rand.Rand) (func() error, error) {
		victim.hurt, victim.starved = true, true
		restore, err := victim.limit(resource, least+r.Uint64N(span))
		if err != nil && !victim.alive() {
			return nil, errNotNow
		}
		return restore, err
	}
}

// starved lets a process have little more memory than it has.
func starved(c *chaos, victim *child, r *rand.Rand) (func() error, error) {
	space := victim.addressSpace()
	if space == 0 {
		return nil, errNotNow
	}
	return limited(unix.RLIMIT_AS, space, 200<<20)(c, victim, r)
}

// fullDisk leaves next to nothing of the small file system that the project lies on.
func fullDisk(c *chaos, victim *child, r *rand.Rand) (func() error, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(c.Dir, &fs); err != nil {
		return nil, err
	}
	left := r.Int64N(2 << 20)
	size := int64(fs.Bavail)*fs.Bsize - left
	ballast := filepath.Join(c.Dir, "ballast")
	file, err := os.OpenFile(ballast, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, errNotNow
	}
	defer file.Close()
	c.full = true
	for ; size > 0; size -= 64 << 10 { // the command may take some of it meanwhile
		if unix.Fallocate(int(file.Fd()), 0, 0, size) == nil {
			break
		}
	}
	c.hurtAll()
	return func() error { c.full = false; return os.Remove(ballast) }, nil
}

func readOnlyDirectory(c *chaos, _ *child, _ *rand.Rand) (func() error, error) {
	c.hurtAll()
	cache := filepath.Join(c.project(), ".assets")
	os.Chmod(cache, 0o555) // if it is there
	if err := os.Chmod(c.project(), 0o555); err != nil {
		return nil, err
	}
	return func() error {
		os.Chmod(cache, 0o755)
		return os.Chmod(c.project(), 0o755)
	}, nil
}

func readOnlyFile(c *chaos, _ *child, _ *rand.Rand) (func() error, error) {
	if os.Chmod(c.warehouse(), 0o444) != nil {
		return nil, errNotNow // there is none yet
	}
	c.hurtAll()
	return func() error { return os.Chmod(c.warehouse(), 0o644) }, nil
}

const holdCommand = "hold"

// heldWarehouse lets another program have the file, if it gets it.
func heldWarehouse(c *chaos, _ *child, _ *rand.Rand) (func() error, error) {
	holder, err := startGuest(holdCommand, c.warehouse())
	if err != nil {
		return nil, err
	}
	return holder.end, nil
}

func deletedCache(c *chaos, _ *child, _ *rand.Rand) (func() error, error) {
	c.hurtAll()
	err := os.RemoveAll(filepath.Join(c.project(), ".assets"))
	if err != nil {
		return nil, errNotNow // it is just being written to
	}
	return nil, nil
}

// onFile lets something happen to one of the files of sources, which ends with the
// next generation.
func onFile(do func(c *chaos, path string, next []byte, r *rand.Rand) error) func(*chaos, *child, *rand.Rand) (func() error, error) {
	return func(c *chaos, _ *child, r *rand.Rand) (func() error, error) {
		of := []string{orders, orders, events, part(r.IntN(parts))}[r.IntN(4)]
		c.newest[of]++
		next, err := c.supplier.make(of, c.newest[of])
		if err != nil {
			return nil, err
		}
		c.hurtAll() // it may fail for what it sees
		if err := do(c, c.supplier.fileOf(of), next, r); err != nil && !c.full {
			return nil, err
		}
		return func() error { return c.deliver(of) }, nil
	}
}

func replaced(c *chaos, path string, next []byte, _ *rand.Rand) error {
	return replace(path, next)
}

// overwritten writes without truncating, slowly: meanwhile the file is of two generations.
func overwritten(_ *chaos, path string, next []byte, r *rand.Rand) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil // it is deleted just now
	}
	defer file.Close()
	for len(next) > 0 {
		n := min(len(next), 1+r.IntN(20_000))
		if _, err := file.Write(next[:n]); err != nil {
			return err
		}
		next = next[n:]
		time.Sleep(time.Duration(r.Int64N(int64(60 * time.Millisecond))))
	}
	return nil
}

func truncated(_ *chaos, path string, next []byte, r *rand.Rand) error {
	if err := os.Truncate(path, r.Int64N(int64(len(next)))); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func deleted(_ *chaos, path string, _ []byte, _ *rand.Rand) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func halfWritten(_ *chaos, path string, next []byte, r *rand.Rand) error {
	return os.WriteFile(path, next[:r.IntN(len(next))], 0o644)
}

func heldSource(c *chaos, _ *child, _ *rand.Rand) (func() error, error) {
	if c.crmBad {
		return nil, errNotNow
	}
	end, err := c.supplier.hold("SELECT 1")
	if err != nil {
		return nil, err
	}
	c.hurtAll()
	c.crmBad = true
	return func() error { c.crmBad = false; return end() }, nil
}

// brokenSource puts half a database in the place of the other database.
func brokenSource(c *chaos, _ *child, r *rand.Rand) (func() error, error) {
	if c.crmBad {
		return nil, errNotNow
	}
	text, err := os.ReadFile(c.supplier.crm())
	if err != nil {
		return nil, err
	}
	c.hurtAll()
	c.crmBad = true
	if err := replace(c.supplier.crm(), text[:r.IntN(len(text))]); err != nil && !c.full {
		return nil, err
	}
	return func() error {
		c.crmBad = false
		c.newest[customers]++
		if err := os.Remove(c.supplier.crm()); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return c.deliver(customers)
	}, nil
}

// nonsense is written into the project's file.
func nonsense(c *chaos, _ *child, r *rand.Rand) (func() error, error) {
	c.hurtAll()
	if err := replace(c.declared(), []byte(c.noProject(r))); err != nil && !c.full {
		return nil, err
	}
	return c.declare, nil
}

// noProject is a text that no project can be read from.
func (c *chaos) noProject(r *rand.Rand) string {
	good := declaration(c.url(), c.newest[edit])
	return []string{
		"}{", good + "}{", "\x00\xff\xfe", good + "asset \"stg.orders\" { sql = \"select 1\" }\n",
		good + "asset \"mart.more\" { sql = \"select nothing from stg.orders\" }\n", good + "asset \"a\" { sql = \"from b\" }\nasset \"b\" { sql = \"from a\" }\n",
	}[r.IntN(6)]
}

// halfProject writes the project's file as an editor does that is killed.
func halfProject(c *chaos, _ *child, r *rand.Rand) (func() error, error) {
	good := declaration(c.url(), c.newest[edit])
	c.hurtAll()
	if err := os.WriteFile(c.declared(), []byte(good[:r.IntN(len(good)-3)]), 0o644); err != nil && !c.full {
		return nil, err
	}
	return c.declare, nil
}

// edited changes the definition of an asset.
func edited(c *chaos, _ *child, _ *rand.Rand) (func() error, error) {
	c.newest[edit]++
	if err := c.declare(); err != nil && !c.full {
		return nil, fmt.Errorf("edit the project: %w", err)
	}
	return nil, nil
}
