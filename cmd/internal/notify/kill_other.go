//go:build !unix

package notify

import "os/exec"

// killWithChildren leaves what a command has started to itself: there are no groups of
// processes here.
func killWithChildren(*exec.Cmd) {}
