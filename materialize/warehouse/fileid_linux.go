package warehouse

import (
	"io/fs"
	"syscall"
)

// FileID tells a file from another that took its name: its inode, and when that
// last changed, in nanoseconds since 1970, which unlike a file's mtime nobody can
// set back. Both are 0 where a system has no such thing.
func FileID(info fs.FileInfo) (inode uint64, changed int64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino, s.Ctim.Nano()
	}
	return 0, 0
}

// owner is whom a file belongs to: the user and the group, -1 where a system has no such thing.
func owner(info fs.FileInfo) (user, group int) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid), int(s.Gid)
	}
	return -1, -1
}
