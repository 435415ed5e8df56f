//go:build unix

package session

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets/config"
)

// What a command says, or why it says nothing.
func TestTell(t *testing.T) {
	for _, c := range []struct {
		name      string
		argv      []string
		timeout   time.Duration
		out, err  string // of stdout, and of the error
		complaint string
	}{
		{name: "it tells", argv: []string{"sh", "-c", "echo it; echo so it does >&2"}, out: "it\n", complaint: "so it does\n"},
		{name: "it sees the environment, not ours", argv: []string{"sh", "-c", "echo $VAULT $HOME"}, out: "open\n"},
		{name: "nobody is asked", argv: []string{"cat"}, out: ""},
		{name: "no shell takes it apart", argv: []string{"echo", "$VAULT; *"}, out: "$VAULT; *\n"},
		{name: "it fails", argv: []string{"sh", "-c", "echo half; echo why >&2; exit 7"}, out: "half\n", complaint: "why\n", err: "failed with exit status 7"},
		{name: "it is killed", argv: []string{"sh", "-c", "kill -9 $$"}, err: "failed with signal: killed"},
		{name: "it takes too long", argv: []string{"sleep", "60"}, timeout: 10 * time.Millisecond, err: "took longer than 10ms and was ended"},
		{name: "what it began takes too long", argv: []string{"sh", "-c", "sleep 60 & wait"}, timeout: 10 * time.Millisecond, err: "took longer than 10ms and was ended"},
		{name: "it is not there", argv: []string{"no-such-program"}, err: "cannot be started: executable file not found in $PATH"},
		{name: "it is no program", argv: []string{"./tell_test.go"}, err: "cannot be started: permission denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.timeout == 0 {
				c.timeout = time.Minute
			}
			out, err := tell(config.Command{Argv: c.argv, Dir: ".", Timeout: c.timeout}, []string{"VAULT=open", "PATH=/usr/bin:/bin"})
			if out.Stdout != c.out || out.Stderr != c.complaint {
				t.Errorf("it says %+v", out)
			}
			if (c.err == "") != (err == nil) || err != nil && !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("the error is %v, want %s", err, c.err)
			}
		})
	}
}

// A command that does not stop writing fills no memory.
func TestTellKeepsTheBeginning(t *testing.T) {
	out, err := tell(config.Command{Argv: []string{"head", "-c", "3000000", "/dev/zero"}, Dir: ".", Timeout: time.Minute}, nil)
	if err != nil || len(out.Stdout) != most {
		t.Errorf("%d bytes, %v", len(out.Stdout), err)
	}
}
