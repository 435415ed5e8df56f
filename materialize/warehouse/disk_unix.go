//go:build linux || darwin || freebsd

package warehouse

import "golang.org/x/sys/unix"

// DiskOf measures the file system that a path is on.
func DiskOf(path string) (Disk, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return Disk{}, err
	}
	block := uint64(s.Bsize)
	return Disk{Size: s.Blocks * block, Used: (s.Blocks - s.Bfree) * block, Free: uint64(max(0, int64(s.Bavail))) * block}, nil
}
