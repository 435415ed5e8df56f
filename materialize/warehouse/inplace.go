package warehouse

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// freshName is where a file is written that is to take the place of the one at path. A
// crash leaves it behind for [sweepFresh].
func freshName(path string) string { return fmt.Sprintf("%s.%d.new", path, os.Getpid()) }

// putInPlace makes a new file durable and gives it the place, and the permissions, of the
// one at path: whoever opens that, also after a crash, finds the old file or the new one.
// The caller keeps others from writing to the old one, and goes on doing so for a moment:
// who was about to open it is to find it locked.
func putInPlace(fresh, path string) error {
	if info, err := os.Stat(path); err == nil {
		if err := os.Chmod(fresh, info.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := syncFile(fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	syncDir(filepath.Dir(path))
	time.Sleep(50 * time.Millisecond)
	return nil
}

// syncFile has what was written to a file on the disk.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncDir has the names in a directory on the disk. Not every file system can do this,
// and then none of ours needs it.
func syncDir(path string) {
	if dir, err := os.Open(path); err == nil {
		_ = dir.Sync()
		dir.Close()
	}
}

// realPath is where the file at path really lies: to rename over a symbolic link would
// replace the link.
func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	to, err := os.Readlink(path)
	if err != nil {
		return path, nil
	}
	if !filepath.IsAbs(to) { // a link to where nothing is yet
		to = filepath.Join(filepath.Dir(path), to)
	}
	return realPath(to)
}

// Fresh lists what processes that were killed left beside the file at path: new files
// that were to take its place.
func Fresh(path string) (left []string) {
	path, err := realPath(path)
	if err != nil {
		return nil
	}
	entries, _ := os.ReadDir(filepath.Dir(path)) // without the directory there is nothing
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+".")
		if !ok {
			continue
		}
		id, ok := strings.CutSuffix(strings.TrimSuffix(rest, ".wal"), ".new")
		if pid, err := strconv.Atoi(id); ok && err == nil && pid != os.Getpid() && !alive(pid) {
			left = append(left, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	return left
}
