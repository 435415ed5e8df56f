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
	code := m.Run()
	if linked != "" {
		os.RemoveAll(linked)
	}
	os.Exit(code)
}

// linked holds the commands of this test, where others may run them.
var linked string

// link makes the command as `go build` does, or with a clock that obeys NOW as
// `go test -c` does. It is made once.
func link(t *testing.T, how ...string) string {
	t.Helper()
	if linked == "" {
		dir, err := os.MkdirTemp("", "chaos-commands-")
		if err == nil {
			err = os.Chmod(dir, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
		linked = dir
	}
	command := filepath.Join(linked, how[0], "assets")
	if _, err := os.Stat(command); err == nil {
		return command
	}
	if out, err := exec.Command("go", append(how, "-o", command, "../../cmd/assets")...).CombinedOutput(); err != nil {
		t.Fatalf("go %v: %v\n%s", how, err, out)
	}
	return command
}

// TestChaos attacks for a while and tolerates nothing.
//
//	go test ./examples/chaos -run=TestChaos -chaos=10m -timeout=30m -v
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("attacks real processes for a while; left out with -short")
	}
	command, clocked := link(t, "build"), link(t, "test", "-c")
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
