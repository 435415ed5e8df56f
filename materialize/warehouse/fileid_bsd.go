//go:build darwin || freebsd || netbsd

package warehouse

import (
	"io/fs"
	"syscall"
)

// FileID is described in fileid_linux.go.
func FileID(info fs.FileInfo) (inode uint64, changed int64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino), s.Ctimespec.Nano()
	}
	return 0, 0
}

// owner is described in fileid_linux.go.
func owner(info fs.FileInfo) (user, group int) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid), int(s.Gid)
	}
	return -1, -1
}
