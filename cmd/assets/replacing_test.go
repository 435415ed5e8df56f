//go:build !windows

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRestoreBesideCompaction stops a compaction while it copies: a restore that went
// through meanwhile would be undone by it.
func TestRestoreBesideCompaction(t *testing.T) {
	if testing.Short() {
		t.Skip("runs many commands; left out with -short")
	}
	k := &killing{T: t, dir: t.TempDir()}
	k.write("project.hcl", k.project())
	k.deliver(0)
	k.apply()
	if out, err := k.command("backup", "kept.backup").CombinedOutput(); err != nil {
		t.Fatalf("backup: %v\n%s", err, out)
	}
	k.deliver(1)
	k.apply()
	var stopped *exec.Cmd
	for stopped == nil {
		c := k.command("gc", "-compact")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		copying := func() bool {
			paths, _ := filepath.Glob(filepath.Join(k.dir, "*.new"))
			return len(paths) > 0
		}
		for len(ended) == 0 && !copying() {
		}
		if c.Process.Signal(syscall.SIGSTOP) == nil && copying() {
			stopped = c
			defer func() { c.Process.Kill() }()
			out, err := k.command("restore", "kept.backup", "-force").CombinedOutput()
			if err == nil || !strings.Contains(string(out), "in use by `assets gc -compact` or `assets restore`") {
				t.Errorf("restore beside a compaction: %v\n%s", err, out)
			}
		}
		c.Process.Signal(syscall.SIGCONT)
		if err := <-ended; err != nil {
			t.Fatalf("gc -compact: %v", err)
		}
	}
	if seen := k.check(); seen != 1 {
		t.Errorf("delivery %d is visible after the compaction, not 1", seen)
	}
	if out, err := k.command("restore", "kept.backup", "-force").CombinedOutput(); err != nil || k.check() != 0 {
		t.Errorf("restore after it: %v\n%s", err, out)
	}
}
