package warehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// LockedError says that another process holds the warehouse file.
type LockedError struct {
	Path    string
	Program string // path of the holder's executable; may be empty
	PID     int    // 0 if unknown

	// What a holder of this program says of itself; empty: it says nothing.
	Command string // of the command line, as "apply"
	Runs    []string
	Since   time.Time // that it has held the file
	Leaving bool      // it is about to give the file up
	Silent  bool      // it should answer, and does not
}

// By names who holds the file.
func (e *LockedError) By() string {
	holder := "another program"
	switch {
	case e.Command != "":
		holder = "`assets " + e.Command + "`"
	case e.Program != "":
		holder = filepath.Base(e.Program)
	}
	if e.PID != 0 {
		holder += fmt.Sprintf(" (process %d)", e.PID)
	}
	if !e.Since.IsZero() {
		holder += " since " + e.Since.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	return holder
}

func (e *LockedError) Error() string {
	text := fmt.Sprintf("the warehouse %s is in use by %s: DuckDB lets one process at a time open a file for writing. ", e.Path, e.By())
	switch {
	case e.Silent:
		return text + "It should answer and does not: it may have been stopped. Let it go on (kill -CONT), or end it"
	case len(e.Runs) == 0:
		return text + "Wait for it with -lock-timeout, as in -lock-timeout=10m, or end it"
	case len(e.Runs) == 1:
		return text + fmt.Sprintf("It carries out run %s. Wait for that with -lock-timeout, as in -lock-timeout=10m, or end it: assets cancel %[1]s", e.Runs[0])
	}
	return text + fmt.Sprintf("It carries out %d runs. Wait for them with -lock-timeout, as in -lock-timeout=10m, or end one: assets cancel %s", len(e.Runs), e.Runs[0])
}

// ErrHolderLost says that the process which answered for the file ended, or stopped
// answering, before the answer was complete. To open the file again may succeed.
var ErrHolderLost = errors.New("the process that holds the warehouse did not answer to the end")

var holder = regexp.MustCompile(`Conflicting lock is held in (.*?) \(PID (\d+)\)`)

// lockedError reads from DuckDB's words who holds the file.
func lockedError(path string, err error) *LockedError {
	locked := &LockedError{Path: path}
	if m := holder.FindStringSubmatch(err.Error()); m != nil {
		locked.Program = m[1]
		locked.PID, _ = strconv.Atoi(m[2])
	}
	return locked
}

// One of our own processes is waited for in any case: one that does not answer reads for
// a moment, or is about to answer; one that is leaving writes its log into the file first.
const (
	brief   = 2 * time.Second
	leaving = time.Minute
)

// patience is for how long to try to open a file that e says is held.
func (o Options) patience(e *LockedError) time.Duration {
	switch {
	case e.Leaving:
		return max(o.LockTimeout, leaving)
	case e.isOurs() && (e.Command == "" || o.Held != nil):
		return max(o.LockTimeout, brief)
	}
	return o.LockTimeout
}

// isOurs reports whether the holder runs this program, too.
func (e *LockedError) isOurs() bool {
	own, err := os.Executable()
	return err == nil && e.Program != "" && filepath.Base(e.Program) == filepath.Base(own)
}

// wait opens a file as soon as whoever holds it lets go. DuckDB has no call that waits,
// and its lock may belong to any program: so it is tried again and again.
func (o Options) wait(ctx context.Context, open func() (*DB, error)) (*DB, error) {
	var began time.Time // to wait
	for told := false; ; {
		db, err := open()
		var locked *LockedError
		if !errors.As(err, &locked) {
			return db, err
		}
		if began.IsZero() {
			began = time.Now()
		}
		if o.Name != nil {
			o.Name(ctx, locked)
		}
		// Who only reads is about to be answered, or to find the file free.
		soon := o.Held != nil && locked.isOurs() && time.Since(began) < brief
		if !told && !soon && o.LockTimeout > 0 && o.OnWait != nil {
			told = true
			o.OnWait(locked)
		}
		if time.Since(began) >= o.patience(locked) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
