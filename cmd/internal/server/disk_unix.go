//go:build linux || darwin

package server

import "golang.org/x/sys/unix"

// diskOf is the size of the file system that a directory is on, and what of it may still
// be used, in bytes.
func diskOf(dir string) (size, available uint64, ok bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, false
	}
	return s.Blocks * uint64(s.Bsize), s.Bavail * uint64(s.Bsize), true
}
