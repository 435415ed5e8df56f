package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// kept is a project that a real daemon keeps, in a process of its own.
type kept struct {
	*testing.T
	dir     string
	process *exec.Cmd
	log     *log
	ended   chan error
}

// log collects what a process writes, for one who waits for a line of it.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed with the next write
}

func newLog() *log { return &log{more: make(chan struct{})} }

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.more)
	l.more = make(chan struct{})
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// keep writes files into a directory and starts a daemon there.
func keep(t *testing.T, files map[string]string, args ...string) *kept {
	t.Helper()
	if testing.Short() {
		t.Skip("starts processes; left out with -short")
	}
	k := &kept{T: t, dir: t.TempDir()}
	for path, text := range files {
		k.write(path, text)
	}
	k.start(args...)
	t.Cleanup(func() {
		if k.process != nil {
			k.process.Process.Kill()
			<-k.ended
		}
		for _, line := range leaksInLog(k.log.String()) {
			t.Errorf("a secret was logged: %s", line)
		}
		if found, err := leaksIn(k.dir, sought()); err != nil || len(found) > 0 {
			t.Errorf("secrets were written to files: %q %v", found, err)
		}
		if t.Failed() {
			t.Logf("the daemon's log:\n%s", k.log)
		}
	})
	return k
}

func (k *kept) write(path, text string) {
	k.Helper()
	path = filepath.Join(k.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		k.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o666); err != nil {
		k.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		k.Fatal(err)
	}
}

func (k *kept) start(args ...string) {
	k.Helper()
	k.log = newLog()
	k.process = exec.Command("assets", append([]string{"-chdir=" + k.dir, "-log-level=debug", "daemon"}, args...)...)
	k.process.Env = append(os.Environ(), "NO_COLOR=1")
	for name, value := range canaries {
		k.process.Env = append(k.process.Env, name+"="+value)
	}
	k.process.Stderr = k.log
	if err := k.process.Start(); err != nil {
		k.Fatal(err)
	}
	k.ended = make(chan error, 1)
	process := k.process
	go func() { k.ended <- process.Wait() }()
}

// signal stops the daemon and returns how it ended.
func (k *kept) signal(s os.Signal) error {
	k.Helper()
	if err := k.process.Process.Signal(s); err != nil {
		k.Fatal(err)
	}
	return k.end()
}

func (k *kept) end() error {
	k.Helper()
	select {
	case err := <-k.ended:
		k.process = nil
		return err
	case <-time.After(time.Minute):
		k.Fatalf("the daemon did not stop:\n%s", k.log)
		return nil
	}
}

// await waits until the log has had a line with all of these words, after what was awaited before.
func (k *kept) await(words ...string) {
	k.Helper()
	k.awaitLine(words...)
}

// awaitLine is await, and returns the line.
func (k *kept) awaitLine(words ...string) string {
	k.Helper()
	limit := time.After(time.Minute)
	for {
		k.log.mu.Lock()
		text, more := k.log.text.String(), k.log.more
		k.log.mu.Unlock()
		rest := text
		for line := range strings.Lines(text) {
			rest = rest[len(line):]
			found := true
			for _, word := range words {
				found = found && strings.Contains(line, word)
			}
			if found && strings.HasSuffix(line, "\n") {
				k.log.mu.Lock()
				k.log.text.Next(len(text) - len(rest))
				k.log.mu.Unlock()
				return line
			}
		}
		select {
		case <-more:
		case <-limit:
			k.Fatalf("the log has no line with %q:\n%s", words, text)
		}
	}
}

// value reads one value of what is published, once the warehouse can be opened.
func (k *kept) value(sql string) string {
	k.Helper()
	c := exec.Command("assets", "-chdir="+k.dir, "-lock-timeout=30s", "query", "-format", "csv", sql)
	out, err := c.Output()
	if err != nil {
		k.Fatalf("%s: %v", sql, err)
	}
	_, value, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return value
}

const twoChains = `
project "p" {}
source "raw.a" { files = "a/*.csv" }
source "raw.b" { files = "b.csv" }
asset "a" { sql = "select count(*) as n from raw.a" }
asset "b" { sql = "select sum(n) as n from raw.b" }
asset "b2" { sql = "select n * 2 as n from b" }
`

func TestDaemonBuildsWhatLands(t *testing.T) {
	k := keep(t, map[string]string{"p.hcl": twoChains, "a/1.csv": "n\n1\n", "b.csv": "n\n1\n"})
	k.await("run finished")
	k.write("a/2.csv", "n\n1\n2\n")
	k.await("run started", "assets=a") // how soon is measured by BenchmarkDaemon
	k.await("run finished", "built=1")
	if got := k.value("from a"); got != "3" {
		t.Errorf("a is %s", got)
	}
	// The second says who keeps it.
	out, err := exec.Command("assets", "-chdir="+k.dir, "daemon").CombinedOutput()
	if code := exitCode(err); code != 1 || !strings.Contains(string(out), fmt.Sprintf("process %d on", k.process.Process.Pid)) {
		t.Errorf("exit code %d: %s", code, out)
	}
	if err := k.signal(syscall.SIGTERM); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func exitCode(err error) int {
	if e, ok := err.(*exec.ExitError); ok {
		return e.ExitCode()
	}
	return 0
}

// An edit with a mistake is told, and the last good version goes on; mended, it is used.
func TestDaemonAndEdits(t *testing.T) {
	k := keep(t, map[string]string{"p.hcl": twoChains, "a/1.csv": "n\n1\n", "b.csv": "n\n1\n"})
	k.await("run finished")
	k.write("more/c.hcl", `asset "c" { sql = "select n from nowhere" }`)
	k.await("has mistakes", "more/c.hcl:1")
	k.write("b.csv", "n\n5\n")
	k.await("run finished", "built=2")
	k.write("more/c.hcl", `asset "c" { sql = "select n + 1 as n from b" }`)
	k.await("valid again")
	k.await("run finished", "built=1")
	if b2, c := k.value("from b2"), k.value("from c"); b2 != "10" || c != "6" {
		t.Errorf("b2 is %s, c is %s", b2, c)
	}
	// What leaves the project stays: to drop it needs a person.
	if err := os.Remove(filepath.Join(k.dir, "more/c.hcl")); err != nil {
		t.Fatal(err)
	}
	k.await("the project was edited")
	k.write("b.csv", "n\n6\n")
	k.await("run finished", "built=2")
	if got := k.valueOf("c"); got != "6" {
		t.Errorf("c is %q", got)
	}
}

// valueOf reads the one value of a published asset, as a stranger would.
func (k *kept) valueOf(name string) (value string) {
	k.Helper()
	db, err := warehouse.Open(context.Background(), warehouse.Options{Path: filepath.Join(k.dir, "warehouse.duckdb"), LockTimeout: 30 * time.Second})
	if err != nil {
		k.Fatal(err)
	}
	defer db.Close()
	c, err := db.Conn(context.Background())
	if err != nil {
		k.Fatal(err)
	}
	defer c.Close()
	if err := c.QueryRow(context.Background(), "SELECT n::VARCHAR FROM _wh."+name).Scan(&value); err != nil {
		k.Fatal(err)
	}
	return value
}

// forever takes longer than anybody waits.
const forever = `
asset "many" { sql = "select i from range(1000000) t(i)" }
asset "long" { sql = "select sum(hash(x.i + y.i)) as n from many x cross join many y" }
`

// While one part is built for ever, others are built and the project is edited.
// The second signal cancels what runs; the next daemon goes on from what there is.
func TestDaemonBesideALongBuild(t *testing.T) {
	k := keep(t, map[string]string{"p.hcl": twoChains, "long.hcl": forever, "a/1.csv": "n\n1\n", "b.csv": "n\n1\n"})
	k.await("run finished")
	k.write("b.csv", "n\n2\n")
	k.await("run started", "assets=\"b, b2\"", "runs=2")
	k.await("run finished", "built=2")
	k.write("c.hcl", `asset "c" { sql = "select n from b2" }`)
	k.await("run finished", "built=1")
	if err := os.Remove(filepath.Join(k.dir, "long.hcl")); err != nil { // while it runs
		t.Fatal(err)
	}
	k.await("the project was edited")
	k.write("b.csv", "n\n3\n")
	k.await("run finished", "built=3")
	if err := k.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	k.await("stopping", "runs=1")
	if err := k.signal(os.Interrupt); err != nil {
		t.Errorf("it ended with %v", err)
	}
	k.start()
	k.await("planned")
	if got := k.value("from c"); got != "6" {
		t.Errorf("c is %s", got)
	}
	if err := k.signal(syscall.SIGTERM); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// checkTables finds physical tables that no record names, and the other way round.
func (k *kept) checkTables() {
	k.Helper()
	(&killing{T: k.T, dir: k.dir}).checkOrphans()
}

// Killed at any moment, a daemon is as good as new: the next one publishes what this
// one would have, and nothing is half done.
func TestDaemonKilled(t *testing.T) {
	k := keep(t, map[string]string{"p.hcl": twoChains, "a/1.csv": "n\n1\n", "b.csv": "n\n0\n"})
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	k.await("run finished")
	for n := 1; n <= 8; n++ {
		k.write("b.csv", fmt.Sprintf("n\n%d\n", n))
		k.write(fmt.Sprintf("a/%d.csv", n+1), "n\n1\n")
		// At a random moment of what that sets off.
		select {
		case err := <-k.ended:
			t.Fatal(err)
		case <-time.After(time.Duration(r.Int64N(int64(600 * time.Millisecond)))):
		}
		if err := k.signal(os.Kill); err == nil {
			t.Fatal("it ended well")
		}
		k.start()
		k.await("keeping the project")
		k.await("planned", `"rebuild":0`)
	}
	// What landed last may still lie too shortly to be taken.
	for limit := time.Now().Add(time.Minute); k.value("from a") != "9" || k.value("from b2") != "16"; {
		if time.Now().After(limit) {
			t.Fatalf("a is %s, b2 is %s", k.value("from a"), k.value("from b2"))
		}
	}
	if err := k.signal(syscall.SIGTERM); err != nil {
		t.Errorf("it ended with %v", err)
	}
	k.checkTables()
}

// What a person applies meanwhile is seen, and a warehouse that somebody holds is waited for.
func TestDaemonAndOtherProcesses(t *testing.T) {
	k := keep(t, map[string]string{"p.hcl": twoChains, "a/1.csv": "n\n1\n", "b.csv": "n\n1\n"})
	k.await("run finished")
	k.await("waiting", "runs=0")
	out, err := exec.Command("assets", "-chdir="+k.dir, "-lock-timeout=30s", "apply", "-auto-approve", "-replace", "b").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	k.await("the warehouse was written to, by another process")

	holder := k.hold()
	k.write("b.csv", "n\n4\n")
	k.await("could not open the warehouse", fmt.Sprintf("pid=%d", holder.Pid))
	if err := holder.Kill(); err != nil {
		t.Fatal(err)
	}
	k.await("run finished", "built=2")
	var state planner.State
	if db, err := warehouse.Open(context.Background(), warehouse.Options{Path: filepath.Join(k.dir, "warehouse.duckdb"), LockTimeout: 30 * time.Second}); err != nil {
		t.Fatal(err)
	} else if state, err = db.State(context.Background()); err != nil || db.Close() != nil {
		t.Fatal(err)
	}
	if len(state.Last) != 3 {
		t.Errorf("%d assets are published", len(state.Last))
	}
}

// hold has another program hold the warehouse.
func (k *kept) hold() *os.Process {
	k.Helper()
	holder := exec.Command("hold", filepath.Join(k.dir, "warehouse.duckdb"), filepath.Join(k.dir, "held"))
	if err := holder.Start(); err != nil {
		k.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- holder.Wait() }()
	k.Cleanup(func() {
		holder.Process.Kill()
		<-ended
	})
	for {
		if _, err := os.Stat(filepath.Join(k.dir, "held")); err == nil {
			return holder.Process
		}
		select {
		case err := <-ended:
			ended <- err
			k.Fatalf("the holder ended: %v", err)
		default:
		}
	}
}

// What is behind is built when its policy asks for it, not before. What failed is tried
// again when something new arrived for it, and what is pushed is built at once.
func TestDaemonWaitsForItsTime(t *testing.T) {
	k := keep(t, map[string]string{"d.csv": "n\n1\n", "p.hcl": `
project "p" {}
source "raw.d" { files = "d.csv" }
source "hook" {
  event {}
}
asset "lazy" {
  sql = "select n from raw.d"
  freshness { max_lag = "8s" } # of which a run may take five
}
asset "failing" { sql = "select case when n < 3 then error('too small') else n end as n from raw.d" }
asset "told" { sql = "select count(*) as n from hook" }
`})
	k.await("asset failed", "asset=failing")
	k.await("cannot be built now", "asset=failing")
	landed := time.Now()
	k.write("d.csv", "n\n2\n")
	k.await("run started", "assets=failing")
	k.await("run started", "assets=lazy")
	if took := time.Since(landed); took < 2*time.Second {
		t.Errorf("it was begun already after %v", took)
	}
	k.await("run finished", "built=1")
	k.write("d.csv", "n\n3\n")
	k.await("run finished", "built=1")
	if out, err := exec.Command("assets", "-chdir="+k.dir, "event", "hook").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	k.await("run started", "assets=told")
	k.await("run finished", "built=1")
	k.await("run finished", "built=1") // lazy, by now
	if err := k.signal(syscall.SIGTERM); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if failing, lazy := k.value("from failing"), k.value("from lazy"); failing != "3" || lazy != "3" {
		t.Errorf("failing is %s, lazy is %s", failing, lazy)
	}
}
