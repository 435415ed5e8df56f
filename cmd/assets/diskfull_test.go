//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDiskFull lets the disk run full in the middle of an apply. What was
// published stays as it was, the message says what is wrong, and once there is
// room the next apply goes through.
func TestDiskFull(t *testing.T) {
	_, write, run := onSmallDisk(t)
	project := func(rows int) string {
		return fmt.Sprintf(`project "full" {}
source "raw.seed" {
  files = "seed.csv"
}
asset "t" {
  sql = "select s.x, hash(i)::VARCHAR || hash(i + 1)::VARCHAR as noise from raw.seed s, range(%d) r(i)"
}
`, rows)
	}
	write("seed.csv", "x\n1\n")
	write("project.hcl", project(10))
	if out, err := run("apply", "-auto-approve"); err != nil {
		t.Fatalf("the first apply: %v\n%s", err, out)
	}

	write("project.hcl", project(2_000_000))
	out, err := run("apply", "-auto-approve")
	if err == nil || !strings.Contains(out, "he disk is full: free some space and apply again") && !strings.Contains(out, "The disk is full: nothing was published") {
		t.Fatalf("apply on a full disk: %v, want an error that says so\n%s", err, out)
	}
	if strings.Contains(out, "panic") || strings.Contains(out, "goroutine") {
		t.Errorf("a stack trace is no message:\n%s", out)
	}
	if out, err := run("query", "-format", "csv", "select count(*) as n from t"); err != nil || !strings.Contains(out, "10") {
		t.Errorf("what was published is not there any more: %v\n%s", err, out)
	}

	write("project.hcl", project(100))
	if out, err := run("apply", "-auto-approve"); err != nil {
		t.Fatalf("apply with room on the disk again: %v\n%s", err, out)
	}
	if out, err := run("query", "-format", "csv", "select count(*) as n from t"); err != nil || !strings.Contains(out, "100") {
		t.Errorf("after the disk had room: %v\n%s", err, out)
	}
	if out, err := run("plan", "-detailed-exitcode"); err != nil {
		t.Errorf("there is still something to do: %v\n%s", err, out)
	}
}

// TestHousekeepingOnAFullDisk has too little room for copies of the warehouse. Each is
// refused before it begins, the warehouse stays, and doctor says why.
func TestHousekeepingOnAFullDisk(t *testing.T) {
	dir, write, run := onSmallDisk(t)
	write("project.hcl", "project \"full\" {}\nasset \"t\" {\n  sql = \"select hash(i) as h from range(500000) r(i)\"\n}\n")
	if out, err := run("apply", "-auto-approve"); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	if out, err := run("backup", "b"); err != nil {
		t.Fatalf("backup: %v\n%s", err, out)
	}
	write("filler", strings.Repeat("x", 1<<20))
	for _, args := range [][]string{{"gc", "-compact"}, {"backup", "another"}, {"restore", "b"}} {
		if out, err := run(args...); err == nil || !strings.Contains(out, "are needed") || !strings.Contains(out, "Nothing was changed") {
			t.Errorf("%v: %v, want an error that says what is needed\n%s", args, err, out)
		}
	}
	if out, err := run("doctor", "-verify"); err == nil || !strings.Contains(out, "are free on the disk") || !strings.Contains(out, "1 problem") {
		t.Errorf("doctor: %v, want the disk and nothing else\n%s", err, out)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 5 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// onSmallDisk makes a project's directory with a disk of 12 MiB of its own.
func onSmallDisk(t *testing.T) (dir string, write func(path, text string), run func(args ...string) (string, error)) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=12m"); err != nil {
		t.Skip("needs the right to mount a small file system:", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	write = func(path, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run = func(args ...string) (string, error) {
		c := exec.Command("assets", append([]string{"-chdir=" + dir}, args...)...)
		c.Env = append(os.Environ(), "NO_COLOR=1")
		out, err := c.CombinedOutput()
		return string(out), err
	}
	return dir, write, run
}
