//go:build unix

package notify

import (
	"os/exec"
	"syscall"
)

// killWithChildren has a command killed together with what it has started.
func killWithChildren(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
