package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lock is held by the one daemon of a project. The system gives it up with the
// process, however that ends; the file stays, and its time is the last sign of life.
type lock struct {
	file *flock.Flock
	path string
	// since is when the daemon before this one gave its last sign of life; zero:
	// there was none.
	since time.Time
}

// Holder is who holds the lock.
type Holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// HeldError says that another daemon keeps the project.
type HeldError struct {
	Path   string
	Holder Holder
}

func (e *HeldError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("another daemon keeps this project (it holds %s). One is enough: it does all there is to do", e.Path)
	}
	return fmt.Sprintf("another daemon keeps this project: process %d on %s, since %s. One is enough: it does all there is to do",
		e.Holder.PID, e.Holder.Host, e.Holder.Since.Format(time.RFC3339))
}

// takeLock takes the lock in the project's directory dir, or fails with a *HeldError.
func takeLock(dir string, now time.Time) (*lock, error) {
	path := filepath.Join(dir, ".assets", "daemon.lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, lockError(path, err)
	}
	l := &lock{file: flock.New(path), path: path}
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil && info.Size() > 0 { // an empty one is nobody's
		l.since = info.ModTime()
	}
	locked, err := l.file.TryLock()
	if err != nil {
		return nil, lockError(path, err)
	}
	if !locked {
		held := &HeldError{Path: path}
		if text, err := os.ReadFile(path); err == nil {
			_ = json.Unmarshal(text, &held.Holder) // it may be about to be written
		}
		return nil, held
	}
	host, _ := os.Hostname()
	text, err := json.Marshal(Holder{os.Getpid(), host, now.UTC().Truncate(time.Second)})
	if err == nil {
		// In its place: a new file would be another lock.
		err = os.WriteFile(path, append(text, '\n'), 0o666)
	}
	if err != nil {
		return nil, errors.Join(err, l.file.Unlock())
	}
	return l, nil
}

// lockError says that the lock at path cannot be taken, whoever holds it.
func lockError(path string, err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) { // it names the path again
		err = failed.Err
	}
	return fmt.Errorf("take the lock %s, by which a project has one daemon: %w", path, err)
}

// alive gives a sign of life. Who removes the directory of caches removes the lock with
// it: then it is taken again, before another daemon does. A *HeldError says that one has.
func (l *lock) alive(now time.Time) error {
	if err := os.Chtimes(l.path, now, now); !errors.Is(err, fs.ErrNotExist) {
		return nil // a sign that cannot be given is no reason to stop
	}
	again, err := takeLock(filepath.Dir(filepath.Dir(l.path)), now)
	if err != nil {
		return err
	}
	err = l.release()
	l.file = again.file
	return err
}

func (l *lock) release() error { return l.file.Unlock() }
