//go:build !unix

package warehouse

import "os"

// alive reports whether there is a process with this id.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err == nil {
		p.Release()
	}
	return err == nil
}
