//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/examples/synthetic/project"
)

// daemon is one that keeps a project, in a process of its own, which tells what it does.
type daemon struct {
	*testing.B
	process *exec.Cmd
	lines   chan string
}

func startDaemon(b *testing.B, dir string) *daemon {
	b.Helper()
	d := &daemon{B: b, process: exec.Command(command(b), "-chdir="+dir, "-no-color", "-log-level=debug", "daemon"), lines: make(chan string, 1000)}
	log, err := d.process.StderrPipe()
	if err == nil {
		err = d.process.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		defer close(d.lines)
		for s := bufio.NewScanner(log); s.Scan(); {
			d.lines <- s.Text()
		}
	}()
	return d
}

// stop ends the daemon.
func (d *daemon) stop() {
	if err := d.process.Process.Signal(syscall.SIGTERM); err != nil {
		d.Error(err)
	}
	for range d.lines { // until it has ended
	}
	if err := d.process.Wait(); err != nil {
		d.Error(err)
	}
}

// await returns the next line of the log that holds all words, and those before it.
func (d *daemon) await(words ...string) (line string, before []string) {
	d.Helper()
	limit := time.After(5 * time.Minute)
	for {
		select {
		case line, open := <-d.lines:
			if !open {
				d.Fatalf("the daemon ended before it said %q:\n%s", words, strings.Join(before, "\n"))
			}
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
				return line, before
			}
			before = append(before, line)
		case <-limit:
			d.Fatalf("the daemon never said %q:\n%s", words, strings.Join(before, "\n"))
		}
	}
}

// read finds a number in a file of /proc about the daemon; 0 where there is none.
func (d *daemon) read(file, key string) (n int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", d.process.Process.Pid, file))
	if _, after, ok := strings.Cut(string(text), key); ok {
		fmt.Sscan(after, &n)
	}
	return n
}

// cpu is what the daemon has used so far, of the processor and in wakes of any thread.
func (d *daemon) cpu() (ticks, wakes int64) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.process.Process.Pid))
	if _, rest, ok := strings.Cut(string(stat), ") "); ok {
		fields := strings.Fields(rest)
		for _, f := range fields[11:13] { // utime and stime, counted from the state
			n, _ := strconv.ParseInt(f, 10, 64)
			ticks += n
		}
	}
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", d.process.Process.Pid))
	for _, t := range threads {
		wakes += d.read(filepath.Join("task", filepath.Base(t), "status"), "\nvoluntary_ctxt_switches:")
	}
	return ticks, wakes
}

var planTook = regexp.MustCompile(`planned .*took="?([0-9a-zµ.]+)`)

// BenchmarkDaemon keeps a built project: what it takes while nothing happens for a
// minute, and how long it is from a file that lands to the run for it.
//
//	go test -run='^$' -bench=Daemon/1000 -benchtime=1x -timeout=60m ./examples/synthetic
func BenchmarkDaemon(b *testing.B) {
	for _, size := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			options := project.Options{Tables: size, Rows: 20, Seed: 1}
			dir := b.TempDir()
			if err := project.Write(dir, options); err != nil {
				b.Fatal(err)
			}
			assets(b, dir, "apply", "-auto-approve")
			for b.Loop() {
				keepBuilt(b, dir, project.Tables(options))
			}
		})
	}
}

// landings are how often a file lands.
const landings = 20

func keepBuilt(b *testing.B, dir string, tables []project.Table) {
	d := startDaemon(b, dir)
	defer d.stop()
	d.await("planned")
	d.await("waiting", "runs=0")
	time.Sleep(10 * time.Second) // until the collector has given back what starting took
	idle := d.read("status", "VmRSS:")
	ticks, wakes := d.cpu()
	time.Sleep(time.Minute)
	ticksAfter, wakesAfter := d.cpu()

	var begun, planned []float64
	for _, source := range readSources(tables)[:landings] {
		path := filepath.Join(dir, "raw", strings.TrimPrefix(source, "raw.")+".csv")
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		header, rest, _ := strings.Cut(string(text), "\n")
		first, rest, _ := strings.Cut(rest, "\n")
		if err := os.WriteFile(path+".new", []byte(header+"\n"+first+"!\n"+rest), 0o666); err != nil {
			b.Fatal(err)
		}
		landed := time.Now()
		if err := os.Rename(path+".new", path); err != nil {
			b.Fatal(err)
		}
		_, before := d.await("run started")
		begun = append(begun, time.Since(landed).Seconds())
		for _, line := range before {
			if m := planTook.FindStringSubmatch(line); m != nil {
				took, err := time.ParseDuration(m[1])
				if err != nil {
					b.Fatal(err)
				}
				planned = append(planned, took.Seconds())
			}
		}
		d.await("run finished")
		d.await("waiting", "runs=0")
	}
	slices.Sort(begun)
	slices.Sort(planned)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(idle)/1e3, "idle-MB")
	b.ReportMetric(float64(d.read("status", "VmHWM:"))/1e3, "peak-MB")
	b.ReportMetric(float64(ticksAfter-ticks), "idle-ticks/min")
	b.ReportMetric(float64(wakesAfter-wakes), "idle-wakes/min")
	b.ReportMetric(begun[len(begun)/2], "begun-s")
	b.ReportMetric(begun[len(begun)-1], "begun-max-s")
	b.ReportMetric(planned[len(planned)/2]*1e3, "plan-ms")
}

// readSources are the sources that anything is built from.
func readSources(tables []project.Table) (read []string) {
	for _, source := range tables {
		if strings.HasPrefix(source.Name, "raw.") && slices.ContainsFunc(tables, func(t project.Table) bool { return slices.Contains(t.Inputs, source.Name) }) {
			read = append(read, source.Name)
		}
	}
	return read
}
