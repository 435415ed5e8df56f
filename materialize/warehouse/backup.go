package warehouse

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize/english"
)

// Backup copies the warehouse's file, byte for byte, to a new file at path, and reads
// that back. Others may read meanwhile, nobody may write. It returns the size, and what
// [DB.Examine] finds in the copy, contents included: that is wrong with the warehouse, too.
//
// A crash leaves at path what was there before, or the whole copy.
func Backup(ctx context.Context, o Options, path string) (size int64, found []Finding, err error) {
	if o, err = settle(ctx, o); err != nil {
		return 0, nil, err
	}
	if path, err = realPath(path); err != nil {
		return 0, nil, err
	}
	// Opened first and closed last: closing any handle of a file gives up the locks that
	// this process has on it.
	from, err := os.Open(o.Path)
	if err != nil {
		return 0, nil, err
	}
	defer from.Close()
	db, err := Open(ctx, o)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	opened, err := from.Stat()
	if err != nil {
		return 0, nil, err
	}
	if now, err := os.Stat(o.Path); err != nil || !os.SameFile(opened, now) {
		return 0, nil, errors.Join(err, fmt.Errorf("%s was replaced while it was opened. Try again", o.Path))
	}
	switch there, err := os.Stat(path); {
	case err != nil:
	case os.SameFile(opened, there):
		return 0, nil, fmt.Errorf("%s is the warehouse itself", path)
	case there.IsDir():
		return 0, nil, fmt.Errorf("the directory %s cannot be replaced by a backup. Name a file in it", path)
	}
	if err := room(path, opened.Size()); err != nil {
		return 0, nil, err
	}
	for _, left := range Fresh(path) {
		os.Remove(left)
	}
	fresh := freshName(path)
	defer os.Remove(fresh)
	if err := copyFile(ctx, from, fresh); err != nil {
		return 0, nil, fmt.Errorf("write the backup: %w", err)
	}
	if found, err = examineCopy(ctx, fresh, o.Limits); err != nil {
		return 0, nil, fmt.Errorf("read the backup back: %w", err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return 0, nil, err
	}
	syncDir(filepath.Dir(path))
	return opened.Size(), found, nil
}

// copyFile writes what can be read from a file to a new one, makes it durable, and
// compares what stands in it then.
func copyFile(ctx context.Context, from io.Reader, to string) error {
	f, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	read, written := sha256.New(), sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, read), readUntil{ctx, from}); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(written, readUntil{ctx, f}); err != nil {
		return err
	}
	return same(read, written)
}

func same(a, b hash.Hash) error {
	if string(a.Sum(nil)) != string(b.Sum(nil)) {
		return errors.New("what was written is not what is read back: the disk is not to be trusted")
	}
	return nil
}

// readUntil reads until a context is done.
type readUntil struct {
	ctx context.Context
	io.Reader
}

func (r readUntil) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// examineCopy examines a file that is no warehouse yet.
func examineCopy(ctx context.Context, path string, l Limits) ([]Finding, error) {
	db, err := Open(ctx, Options{Path: path, ReadOnly: true, Limits: l})
	if err != nil {
		return nil, err
	}
	found, err := db.Examine(ctx, true)
	return found, errors.Join(err, db.Close())
}

// Restoring says how a backup is put into the warehouse's place.
type Restoring struct {
	// Force takes a backup also if the warehouse has runs that it does not have, or if
	// something is wrong in it.
	Force bool
	Now   time.Time
}

// Restored says what came of it.
type Restored struct {
	Size int64
	// Replaced is where the file that was in the place is now, and WasSize its bytes; empty:
	// there was none.
	Replaced string
	WasSize  int64
	// Latest is the last run of the backup; zero: it has none.
	Latest Run
	Found  []Finding // in the backup
}

// LostRunsError says that a warehouse has what a backup has not.
type LostRunsError struct {
	Runs   int // that the backup does not have, those that are no longer recorded left out
	Latest Run
}

func (e *LostRunsError) Error() string {
	return fmt.Sprintf("the warehouse has %s that the backup has not, the last of %s. Give -force to go back all the same: the file that is replaced is kept beside the new one",
		english.Plural(e.Runs, "later run", ""), e.Latest.Ended.Format("2006-01-02 15:04:05 UTC"))
}

// DamagedError says that something is wrong in a backup.
type DamagedError struct{ Found []Finding }

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the backup is not whole. It has %s, the first of %s: %s. Nothing was changed. Take another one, or give -force to take it all the same",
		english.Plural(len(e.Found), "problem", ""), e.Found[0].About, e.Found[0].Message)
}

// noBackup says of a file that was to be restored what [Open] says of a warehouse.
func noBackup(path string, err error) error {
	var foreign *NotDuckDBError
	var damaged *damagedFileError
	var newer *newerFileError
	switch {
	case errors.As(err, &newer):
		return &newerFileError{"the backup ", path, ". Nothing was changed. Upgrade assets", newer.cause}
	case errors.As(err, &foreign):
		return fmt.Errorf("%s is not a DuckDB file, and so no backup. Nothing was changed. Name a file that `assets backup` wrote", path)
	case errors.As(err, &damaged):
		return fmt.Errorf("the backup %s %s. Nothing was changed. Take another one (%w)", path, damaged.what, damaged.cause)
	}
	return err
}

// Restore puts a copy of the backup at path, once it has been read and found whole, into
// the place of the warehouse, whose file is kept beside it. Nobody may write meanwhile.
// A warehouse that cannot be opened is replaced, too. State tables of an older version
// stay as they are until the warehouse is opened for writing.
//
// A crash leaves the old file in its place or the new one, and in neither case is the old
// one lost. Errors: *LostRunsError, *DamagedError, *NoRoomError, and those of [Open].
func Restore(ctx context.Context, o Options, path string, r Restoring) (done Restored, err error) {
	if _, settled, err := stampOf(path); err != nil {
		return done, noBackup(path, err)
	} else if !settled {
		return done, fmt.Errorf("%s has a write-ahead log beside it: it is no backup, but the file of a program that did not end well. Open it with DuckDB once, or take a backup", path)
	}
	from, err := os.Open(path)
	if err != nil {
		return done, err
	}
	defer from.Close()
	backup, err := Open(ctx, Options{Path: path, ReadOnly: true, Limits: o.Limits})
	if err != nil {
		return done, noBackup(path, err)
	}
	defer func() { err = errors.Join(err, backup.Close()) }()
	if backup.bare {
		return done, fmt.Errorf("%s is a DuckDB file, but no warehouse of assets: it has no records", path)
	}
	info, err := from.Stat()
	if err != nil {
		return done, err
	}
	done.Size = info.Size()
	if there, err := os.Stat(o.Path); err == nil && os.SameFile(info, there) {
		return done, fmt.Errorf("%s is the warehouse itself", path)
	}
	if done.Found, err = backup.Examine(ctx, true); err != nil {
		if ctx.Err() != nil {
			return done, err
		}
		return done, fmt.Errorf("the backup %s cannot be read to its end. Nothing was changed. Take another one (%w)", path, err)
	}
	if len(done.Found) > 0 && !r.Force {
		return done, &DamagedError{done.Found}
	}
	runs, err := backup.Runs(ctx, mostLost)
	if err != nil {
		return done, err
	}
	if len(runs) > 0 {
		done.Latest = runs[0]
	}
	if o.Path, err = realPath(o.Path); err != nil {
		return done, err
	}
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o777); err != nil {
		return done, err
	}
	others, err := o.replacing(ctx)
	if err != nil {
		return done, err
	}
	defer others()
	release, err := holdReplaced(ctx, o, runs, r.Force)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := room(o.Path, done.Size); err != nil {
		return done, err
	}
	fresh := freshName(o.Path)
	defer os.Remove(fresh)
	if err := copyFile(ctx, from, fresh); err != nil {
		return done, fmt.Errorf("copy the backup: %w. Nothing was changed", err)
	}
	if err := asBefore(fresh, o.Path); err != nil {
		return done, err
	}
	if done.Replaced, done.WasSize, err = setAside(o.Path, r.Now); err != nil {
		return done, err
	}
	return done, putInPlace(fresh, o.Path)
}

// holdReplaced keeps others from writing to the warehouse that is to be replaced, until
// release. Runs in it that are not among those kept are an error unless
// force, and so is that nobody may look for them. One that cannot be opened otherwise is
// nobody's.
func holdReplaced(ctx context.Context, o Options, kept []Run, force bool) (release func() error, err error) {
	nothing := func() error { return nil }
	if _, err := os.Stat(o.Path); errors.Is(err, fs.ErrNotExist) {
		return nothing, nil
	}
	var db *DB
	if o, err = settle(ctx, o); err == nil {
		db, err = Open(ctx, o)
	}
	var locked *LockedError
	var newer *NewerStateError
	switch {
	case err == nil:
	case errors.As(err, &locked), ctx.Err() != nil, errors.As(err, &newer) && !force, errors.Is(err, fs.ErrPermission) && !force:
		return nil, err
	default:
		return nothing, nil // it is broken: that is why somebody restores it
	}
	if db.bare || force {
		return db.Close, nil
	}
	lost := LostRunsError{}
	runs, err := db.Runs(ctx, mostLost)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	has, oldest := map[string]bool{}, ""
	for _, run := range kept {
		if has[run.ID] = true; oldest == "" || run.ID < oldest {
			oldest = run.ID
		}
	}
	for _, run := range runs { // the latest first, which the ids do not tell of a clock that was ahead
		if has[run.ID] || run.ID < oldest {
			break
		}
		if lost.Runs++; lost.Runs == 1 {
			lost.Latest = run
		}
	}
	if lost.Runs > 0 {
		return nil, errors.Join(&lost, db.Close())
	}
	return db.Close, nil
}

// mostLost is among how many of the latest runs those are counted that a backup lacks.
const mostLost = 10_000

// setAside gives the file at path a second name that tells when it was replaced. A
// write-ahead log of it must not lie beside the new file.
func setAside(path string, now time.Time) (aside string, size int64, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, err
	}
	moment := path + ".replaced-" + now.UTC().Format("20060102T150405Z")
	aside = moment
	err = os.Link(path, aside)
	for n := 2; errors.Is(err, fs.ErrExist); n++ { // two within a second
		aside = fmt.Sprintf("%s-%d", moment, n)
		err = os.Link(path, aside)
	}
	if err != nil {
		// A file system without hard links: for a moment there is no file in the place.
		if err := os.Rename(path, aside); err != nil {
			return "", 0, err
		}
	}
	if err := os.Rename(path+".wal", aside+".wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", 0, err
	}
	return aside, info.Size(), nil
}
