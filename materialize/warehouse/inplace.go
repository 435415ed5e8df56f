package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// freshName is where a file is written that is to take the place of the one at path. A
// crash leaves it behind for [sweepFresh].
func freshName(path string) string { return fmt.Sprintf("%s.%d.new", path, os.Getpid()) }

// replacing keeps other processes from replacing the file at path until release: each of
// them only reads the old file, and one would put what it copied over what another has put
// there, and over what was published since. It waits as [Open] does. Errors: *LockedError.
func (o Options) replacing(ctx context.Context) (release func(), err error) {
	lock := flock.New(o.Path+".replacing", flock.SetFlag(os.O_CREATE|os.O_RDONLY), flock.SetPermissions(0o666))
	_, err = o.wait(ctx, func() (*DB, error) {
		for {
			if ours, err := lock.TryLock(); err != nil {
				return nil, fmt.Errorf("keep others from replacing the warehouse: %w", err)
			} else if !ours {
				return nil, errors.Join(lock.Close(), &LockedError{Path: o.Path, Command: "gc -compact` or `assets restore"})
			}
			ours, err := lock.Stat()
			if now, gone := os.Stat(lock.Path()); err == nil && gone == nil && os.SameFile(ours, now) {
				return nil, nil
			}
			if err := lock.Close(); err != nil { // who had it has removed it since it was opened
				return nil, err
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return func() {
		os.Remove(lock.Path())
		lock.Close()
	}, nil
}

// putInPlace gives a new file, which is on the disk, the place, the owner and the permissions
// of the one at path: whoever opens that, also after a crash, finds the old file or the new one.
// The caller keeps others from writing to the old one, and goes on doing so for a moment:
// who was about to open it is to find it locked.
func putInPlace(fresh, path string) error {
	if err := asBefore(fresh, path); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	syncDir(filepath.Dir(path))
	time.Sleep(50 * time.Millisecond)
	return nil
}

// asBefore gives a new file the owner and the permissions of the one at path, if there is
// one: who could open that is to open the new one.
func asBefore(fresh, path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	made, err := os.Stat(fresh)
	if err != nil {
		return err
	}
	user, group := owner(info)
	if u, g := owner(made); u != user || g != group {
		if err := os.Chown(fresh, user, group); err != nil {
			return fmt.Errorf("the new file cannot be given to whom the old one belongs to: %w. Nothing was changed. Run it as that user", err)
		}
	}
	return os.Chmod(fresh, info.Mode().Perm())
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
