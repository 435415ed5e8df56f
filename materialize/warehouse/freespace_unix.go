//go:build linux || darwin || freebsd

package warehouse

import "syscall"

// FreeSpace is how many bytes may be written to the disk of a directory; false if that
// cannot be told.
func FreeSpace(dir string) (bytes int64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
