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
