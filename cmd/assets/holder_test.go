//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// readers are commands that only read, and what stands in their answer while the project of
// slowly builds.
var readers = []struct {
	args []string
	want string
}{
	{[]string{"status"}, "l0.t0"},
	{[]string{"status", "-json"}, `"assets"`},
	{[]string{"plan"}, "slow"},
	{[]string{"why", "slow"}, "slow is missing"},
	{[]string{"show", "l0.t0"}, "delivery"},
	{[]string{"lineage", "-format=dot"}, "slow"},
	{[]string{"impact", "raw.d"}, "slow"},
	{[]string{"runs"}, "succeeded"},
	{[]string{"runs", "show", "latest"}, "Run "},
	{[]string{"breaches"}, "policy"},
	{[]string{"check", "-history"}, "not_null"},
	{[]string{"logs", "l1.t1"}, "published"},
	{[]string{"diff"}, "slow"},
	{[]string{"query", "select count(*) as n from l7.t1"}, "500"},
	{[]string{"query", "-format=csv", "from l3.t2"}, "delivery,n,m"},
	{[]string{"query", "select count(*) as n from l0.t0 join raw.d using (n)"}, "500"},
}

// slowly is a published project with one more asset, whose build takes longer than any test.
func slowly(t *testing.T) *killing {
	k := &killing{T: t, dir: t.TempDir()}
	k.write("project.hcl", k.project())
	k.deliver(0)
	k.apply()
	k.write("slow.hcl", `asset "slow" { sql = "select count(*) as n from range(1000000000000) t(i), l0.t0 where i % 7 = n" }`)
	return k
}

// build begins an apply, and returns when its run goes on.
func (k *killing) build() (apply *exec.Cmd, stderr *bytes.Buffer) {
	k.Helper()
	apply, stderr = k.command("apply", "-auto-approve"), &bytes.Buffer{}
	apply.Stderr = stderr
	if err := apply.Start(); err != nil {
		k.Fatal(err)
	}
	k.Cleanup(func() { apply.Process.Kill(); apply.Wait() })
	for range 500 {
		if out, _ := k.command("runs").CombinedOutput(); bytes.Contains(out, []byte("running")) {
			return apply, stderr
		}
		time.Sleep(20 * time.Millisecond)
	}
	k.Fatal("the run did not begin")
	return nil, nil
}

// Twenty others at once read while one process builds, and while that process is killed:
// each gets its answer, from it or, after that, from the file.
func TestReadersAndKill(t *testing.T) {
	k := slowly(t)
	apply, _ := k.build()
	var wg sync.WaitGroup
	answered := make(chan bool, 1000)
	for i := range 20 {
		wg.Go(func() {
			for round := range 4 {
				r := readers[(i+round*5)%len(readers)]
				out, err := k.command(r.args...).CombinedOutput()
				// An answer that had begun to be written cannot begin again.
				if err != nil && r.args[0] == "query" && bytes.Contains(out, []byte("has ended. Ask again")) {
					continue
				}
				if err != nil || !bytes.Contains(out, []byte(r.want)) {
					t.Errorf("%v: %v\n%s", r.args, err, out)
				}
				answered <- true
			}
		})
	}
	for range 25 {
		<-answered
	}
	if err := apply.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	apply.Wait()
	wg.Wait()
	k.check()
}

// Others read while one run after the other begins, publishes and ends: each answer is of
// one moment, before a publish or after it, and none is missing.
func TestReadersBesideRuns(t *testing.T) {
	k := &killing{T: t, dir: t.TempDir()}
	k.write("project.hcl", k.project())
	k.deliver(0)
	k.apply()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	asked := 0
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			// Both tables are published together, from the same delivery.
			out, err := k.command("query", "-format=csv", "select min(a.delivery) = max(b.delivery) as same from l0.t0 a, l7.t1 b").CombinedOutput()
			if err != nil || string(out) != "same\ntrue\n" {
				t.Errorf("query: %v\n%s", err, out)
			}
			out, err = k.command("status", "-json").CombinedOutput()
			if err != nil || bytes.Contains(out, []byte(`"changed"`)) || bytes.Contains(out, []byte(`"missing"`)) {
				t.Errorf("status: %v\n%s", err, out)
			}
			asked += 2
		}
	})
	for delivery := 1; delivery <= 6; delivery++ {
		k.deliver(delivery)
		k.apply()
	}
	close(stop)
	wg.Wait()
	t.Logf("%d answers", asked)
	if seen := k.check(); seen != 6 {
		t.Errorf("delivery %d is visible", seen)
	}
}

// A holder that is stopped answers nobody: who asks is told so, and by which process, and
// does not hang. When it goes on, so does everything.
func TestStoppedHolder(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until a holder is given up; left out with -short")
	}
	k := slowly(t)
	apply, _ := k.build()
	asking := k.command("query", "select count(*) from range(1000000000000) t(i) where i % 7 = 3")
	var answer bytes.Buffer
	asking.Stderr = &answer
	if err := asking.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // it is being answered, or about to be
	if err := apply.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer apply.Process.Signal(syscall.SIGCONT)
	tells := func(text string) bool {
		text = strings.Join(strings.Fields(text), " ") // it is wrapped
		return strings.Contains(text, fmt.Sprintf("(process %d)", apply.Process.Pid)) && strings.Contains(text, "Let it go on (kill -CONT), or end it")
	}
	for _, args := range [][]string{{"runs"}, {"query", "from l0.t0"}, {"cancel", "latest"}, {"apply", "-auto-approve", "-lock-timeout=1s"}} {
		if out, err := k.command(args...).CombinedOutput(); err == nil || !tells(string(out)) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	if err := asking.Wait(); err == nil || !tells(answer.String()) {
		t.Errorf("%v\n%s", err, answer.String())
	}
	if err := apply.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if out, err := k.command("status").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Of several applies at once, one builds; the others wait and find nothing left to do.
func TestApplyRace(t *testing.T) {
	k := &killing{T: t, dir: t.TempDir()}
	k.write("project.hcl", k.project())
	k.deliver(0)
	k.apply()
	for delivery := 1; delivery <= 3; delivery++ {
		k.deliver(delivery)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if out, err := k.command("apply", "-auto-approve").CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
		wg.Wait()
		if seen := k.check(); seen != delivery {
			t.Errorf("delivery %d is visible, not %d", seen, delivery)
		}
	}
	k.checkOrphans()
	out, err := k.command("runs", "-json").Output()
	if runs := bytes.Count(out, []byte(`"run":`)); err != nil || runs != 4 {
		t.Errorf("%d runs, not one for each delivery: %v\n%s", runs, err, out)
	}
}

// One interrupt, at whatever moment, ends an apply in good order: what it says of what was
// published is true. A second one ends it at once. In both cases the next apply goes on.
func TestInterrupts(t *testing.T) {
	k := &killing{T: t, dir: t.TempDir()}
	k.write("project.hcl", k.project())
	k.deliver(0)
	began := time.Now()
	k.apply()
	whole := time.Since(began)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d; an undisturbed apply takes %v", seed, whole)
	r := rand.New(rand.NewPCG(seed, 0))
	shown, interrupted, published := 0, 0, 0
	for delivery := 1; delivery <= 24; delivery++ {
		k.deliver(delivery)
		apply, stderr := k.command("apply", "-auto-approve"), &bytes.Buffer{}
		apply.Stderr = stderr
		if err := apply.Start(); err != nil {
			t.Fatal(err)
		}
		twice := delivery%4 == 0
		signal := []os.Signal{os.Interrupt, syscall.SIGTERM}[delivery%2]
		time.Sleep(time.Duration(r.Int64N(int64(whole))))
		apply.Process.Signal(signal)
		if twice {
			time.Sleep(time.Duration(r.Int64N(int64(20 * time.Millisecond))))
			apply.Process.Signal(signal)
		}
		err := apply.Wait()
		seen := k.check()
		killed := false // by the signal itself: it was the second one, or came before the program was there
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			killed = exit.Sys().(syscall.WaitStatus).Signaled()
		}
		switch {
		case killed && (seen == shown || seen == delivery):
			interrupted++
		case err == nil && seen == delivery:
			published++
		case err != nil && seen == shown && strings.Contains(stderr.String(), "Nothing was published"):
			interrupted++
		default:
			t.Fatalf("delivery %d: %v; %d was visible, now %d is\n%s", delivery, err, shown, seen, stderr)
		}
		shown = seen
	}
	t.Logf("%d were interrupted, %d too late", interrupted, published)
	k.deliver(25)
	k.apply()
	if seen := k.check(); seen != 25 {
		t.Errorf("delivery %d is visible", seen)
	}
	k.checkOrphans()
}
