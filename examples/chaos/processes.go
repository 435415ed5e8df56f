//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A child is one process of the command under attack.
type child struct {
	args   []string
	cmd    *exec.Cmd
	output *output
	ended  chan struct{}
	err    error // once it has ended
	// hurt says that a fault may have ended it, or kept it from its work.
	hurt bool
	// starved says that it was short of memory or files: then the runtime itself may give up.
	starved bool
}

// output collects what a process writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// nobody is who the command runs as if this process is root, whom no file mode stops.
const nobody = 65534

// start runs the command under attack with a clock that is ahead by so much.
func (c *chaos) start(ahead time.Duration, args ...string) (*child, error) {
	program := c.Assets
	if ahead != 0 {
		program = c.Clocked
	}
	p := &child{args: args, output: &output{}, ended: make(chan struct{})}
	p.cmd = exec.Command(program, append([]string{"-chdir=" + c.project(), "-no-color", "-lock-timeout=1m"}, args...)...)
	p.cmd.Env = append(os.Environ(), "HOME="+c.home(), "TMPDIR="+c.home(), "NOW=")
	if ahead != 0 {
		p.cmd.Env = append(p.cmd.Env, "NOW="+time.Now().Add(ahead).Format(time.RFC3339Nano))
	}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if c.root {
		p.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

func (p *child) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (p *child) signal(s syscall.Signal) { p.cmd.Process.Signal(s) }

// wait reports whether the process ended in time. One that did not is made to tell
// where it stands, and killed.
func (p *child) wait(limit time.Duration) bool {
	select {
	case <-p.ended:
		return true
	case <-time.After(limit):
	}
	p.signal(syscall.SIGQUIT)
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		p.signal(syscall.SIGKILL)
		<-p.ended
	}
	return false
}

// code is how it ended: its exit code, or -1 if a signal ended it.
func (p *child) code() int { return p.cmd.ProcessState.ExitCode() }

// limit gives a process that runs less of something from now on.
func (p *child) limit(resource int, to uint64) (restore func() error, err error) {
	var old unix.Rlimit
	pid := p.cmd.Process.Pid
	set := func(to *unix.Rlimit) error {
		return p.asItself(func() error { return unix.Prlimit(pid, resource, to, nil) })
	}
	if err := p.asItself(func() error { return unix.Prlimit(pid, resource, nil, &old) }); err != nil {
		return nil, err
	}
	if err := set(&unix.Rlimit{Cur: min(to, old.Max), Max: old.Max}); err != nil {
		return nil, err
	}
	return func() error {
		if err := set(&old); p.alive() {
			return err
		}
		return nil
	}, nil
}

// asItself does something on a thread whose real user is the one p runs as: in a
// container even root may lack the right to limit others.
func (p *child) asItself(do func() error) error {
	c := p.cmd.SysProcAttr.Credential
	if c == nil {
		return do()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	be := func(uid, gid uint32) { // this thread alone; it still acts as root
		const same = ^uintptr(0)
		unix.RawSyscall(unix.SYS_SETRESGID, uintptr(gid), same, same)
		unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), same, same)
	}
	be(c.Uid, c.Gid)
	defer be(0, 0)
	return do()
}

// addressSpace is how much of it a process has taken, in bytes.
func (p *child) addressSpace() uint64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	if _, after, ok := strings.Cut(string(text), "VmSize:"); ok {
		kilobytes, _ := strconv.ParseUint(strings.Fields(after)[0], 10, 64)
		return kilobytes << 10
	}
	return 0
}

// A guest is a process of this program itself: the stranger, or one that holds a
// DuckDB file.
type guest struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *json.Decoder
	stderr  output
}

func startGuest(args ...string) (*guest, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	g := &guest{cmd: exec.Command(self, args...)}
	g.cmd.Stderr = &g.stderr
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if g.in, err = g.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	g.answers = json.NewDecoder(out)
	return g, g.cmd.Start()
}

// ask waits for the answer to a question.
func (g *guest) ask(q question) (a answer, err error) {
	if err := json.NewEncoder(g.in).Encode(q); err != nil {
		return a, fmt.Errorf("the checker does not listen: %w\n%s", err, g.stderr.String())
	}
	if err := g.answers.Decode(&a); err != nil {
		return a, fmt.Errorf("the checker gives no answer: %w\n%s", err, g.stderr.String())
	}
	return a, nil
}

func (g *guest) end() error {
	return errors.Join(g.in.Close(), g.cmd.Wait())
}
