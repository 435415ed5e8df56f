//go:build linux

package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	chaosFor  = flag.Duration("chaos", 45*time.Second, "how long TestChaos attacks")
	chaosSeed = flag.Uint64("chaos-seed", 0, "the seed of TestChaos (default: another one each time)")
)

// The test binary is this program, too: the stranger is a process of its own.
func TestMain(m *testing.M) {
	if served, err := serve(os.Args[1:]); served {
		if err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// build links the command, once as it is and once with a clock that obeys NOW, where
// others may run it.
func build(t *testing.T) (command, clocked string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "chaos-commands-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	command, clocked = filepath.Join(dir, "assets"), filepath.Join(dir, "clocked", "assets")
	for _, args := range [][]string{{"build", "-o", command, "../../cmd/assets"}, {"test", "-c", "-o", clocked, "../../cmd/assets"}} {
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return command, clocked
}

// TestChaos attacks for a while and tolerates nothing.
//
//	go test ./examples/chaos -run=TestChaos -chaos=10m -timeout=30m -v
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("attacks real processes for a while; left out with -short")
	}
	command, clocked := build(t)
	seed := *chaosSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	r, err := attackIn(options{Assets: command, Clocked: clocked, For: *chaosFor, Seed: seed, Log: func(string, ...any) {}})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := r.write(&text); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + text.String())
	if len(r.Violations) > 0 {
		t.Errorf("%d violations", len(r.Violations))
	}
	if r = r.total(); r.Injected == 0 || r.Checks == 0 || r.Looks == 0 {
		t.Errorf("nothing was tested: %+v", r)
	}
}
