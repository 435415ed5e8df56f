//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/examples/synthetic/project"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// built holds the command under test, linked once.
var built struct {
	sync.Once
	dir, output string
	err         error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// command is the path of the assets command.
func command(tb testing.TB) string {
	tb.Helper()
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "assets-bench-"); built.err != nil {
			return
		}
		var output []byte
		output, built.err = exec.Command("go", "build", "-o", filepath.Join(built.dir, "assets.exe"), "../../cmd/assets").CombinedOutput()
		built.output = string(output)
	})
	if built.err != nil {
		tb.Fatalf("build the command: %v\n%s", built.err, built.output)
	}
	return filepath.Join(built.dir, "assets.exe")
}

// cost is what a process or a stretch of code took.
type cost struct {
	wall, cpu time.Duration
	memory    int64 // peak resident set of a process, in bytes; 0: not known
}

// assets runs the command in dir and fails unless it exits with 0.
func assets(tb testing.TB, dir string, args ...string) (cost, string) {
	tb.Helper()
	c := exec.Command(command(tb), append([]string{"-chdir=" + dir, "-no-color"}, args...)...)
	var output strings.Builder
	c.Stdout, c.Stderr = &output, &output
	began := time.Now()
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	ended, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- peakMemory(c.Process.Pid, ended) }()
	err := c.Wait()
	took := time.Since(began)
	close(ended)
	if err != nil {
		tb.Fatalf("assets %s: %v\n%s", strings.Join(args, " "), err, tail(output.String()))
	}
	return cost{wall: took, cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime(), memory: <-peak}, output.String()
}

// peakMemory reads the high-water mark of a process from /proc until it has
// ended; 0 where there is none. What wait reports would count this process, too.
func peakMemory(pid int, ended <-chan struct{}) (peak int64) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, after, ok := strings.Cut(string(text), "VmHWM:"); ok {
			var kilobytes int64
			if _, err := fmt.Sscan(after, &kilobytes); err == nil {
				peak = max(peak, kilobytes*1024)
			}
		}
		select {
		case <-ended:
			return peak
		case <-tick.C:
		}
	}
}

func tail(s string) string { return s[max(0, len(s)-4000):] }

// measure runs do in this process.
func measure(tb testing.TB, do func() error) cost {
	tb.Helper()
	cpu := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			tb.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	began, before := time.Now(), cpu()
	if err := do(); err != nil {
		tb.Fatal(err)
	}
	return cost{wall: time.Since(began), cpu: cpu() - before}
}

// likeOurs are the storage options that this program gives a new warehouse. A
// bare loop may give them too, which few do.
const likeOurs = " (STORAGE_VERSION 'v1.2.0', BLOCK_SIZE 65536)"

// bareLoop is what people write who need no program: the same SQL and the same
// checks, statement by statement on one connection into a DuckDB file.
func bareLoop(dir string, tables []project.Table, storage string) error {
	statements := []string{"CREATE SCHEMA raw", "CREATE SCHEMA staging", "CREATE SCHEMA core", "CREATE SCHEMA mart"}
	for _, t := range tables {
		if t.Layer == 0 {
			statements = append(statements, "CREATE TABLE "+t.Name+" AS FROM "+t.Reader(dir))
			continue
		}
		statements = append(statements, "CREATE TABLE "+t.Name+" AS "+t.SQL)
		statements = append(statements, checks(t)...)
	}
	return runBare(filepath.Join(dir, "bare.duckdb"), storage, statements)
}

// checks are an asset's two checks as queries that yield how often they are violated.
func checks(t project.Table) []string {
	return []string{
		fmt.Sprintf("SELECT count(*) FROM (SELECT %[1]s FROM %[2]s WHERE %[1]s IS NOT NULL GROUP BY %[1]s HAVING count(*) > 1)", project.UniqueColumn, t.Name),
		fmt.Sprintf("SELECT count(*) FROM %s WHERE %s IS NULL", t.Name, project.NotNullColumn),
	}
}

// runBare runs statements on one connection, those that begin with SELECT as
// checks, and closes the file.
func runBare(path, storage string, statements []string) (err error) {
	ctx := context.Background()
	db, err := warehouse.Memory(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := conn.Exec(ctx, "ATTACH "+warehouse.Literal(path)+" AS bare"+storage+"; USE bare"); err != nil {
		return err
	}
	for _, statement := range statements {
		if !strings.HasPrefix(statement, "SELECT") {
			if err := conn.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%w in:\n%s", err, statement)
			}
			continue
		}
		var violations int
		if err := conn.QueryRow(ctx, statement).Scan(&violations); err != nil {
			return fmt.Errorf("%w in:\n%s", err, statement)
		}
		if violations > 0 {
			return fmt.Errorf("%d violations of: %s", violations, statement)
		}
	}
	return conn.Exec(ctx, "USE memory; DETACH bare") // checkpoints, as closing does
}

// median of what pick takes from each.
func median(costs []cost, pick func(cost) float64) float64 {
	var values []float64
	for _, c := range costs {
		values = append(values, pick(c))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func wall(c cost) float64   { return c.wall.Seconds() }
func cpu(c cost) float64    { return c.cpu.Seconds() }
func memory(c cost) float64 { return float64(c.memory) / 1e6 }
