//go:build linux || darwin || freebsd

package notify

import "golang.org/x/sys/unix"

// DiskUsed is how many percent of the file system that holds a path are used, of what
// everybody may use: as df shows it.
func DiskUsed(path string) (percent int, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, err
	}
	used := s.Blocks - s.Bfree
	all := used + uint64(s.Bavail)
	if all == 0 { // such as /proc
		return 0, nil
	}
	return int((used*100 + all - 1) / all), nil
}
