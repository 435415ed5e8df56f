package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Examined is what `doctor` found.
type Examined struct {
	Warehouse string // path
	Exists    bool
	Contents  bool // they were compared, too
	Found     []warehouse.Finding
	Mended    []warehouse.Finding // found first, and mended since
	Published int                 // names
	Size      warehouse.Size
	// Version is that of the state tables, Newest the one that this release makes of it.
	Version, Newest int
}

// Healthy reports whether nothing has to be done.
func (e Examined) Healthy() bool {
	for _, f := range e.Found {
		if !f.Note {
			return false
		}
	}
	return true
}

// Codes of findings about what the warehouse stands on.
const (
	unreadable  = "unreadable"
	notWritable = "not_writable"
	diskFull    = "disk_nearly_full"
	leftFile    = "left_file"
	leftLog     = "left_log"
	wrongClock  = "wrong_clock"
	olderState  = "older_state"
)

// Examine looks for what is wrong with the warehouse, with contents for rows that are not
// those that were published, too. With fix it drops what nobody needs; otherwise it
// changes nothing.
func (s *Session) Examine(ctx context.Context, contents, fix bool) (e Examined, diags hcl.Diagnostics) {
	e = Examined{Warehouse: s.Project.Warehouse, Contents: contents}
	mark, err := warehouse.MarkOf(s.Project.Warehouse)
	if err != nil {
		e.Exists, e.Found = true, []warehouse.Finding{s.unreadable(err)}
		return e, nil
	}
	e.Exists = exists(s.Project.Warehouse)
	e.Found = s.surroundings(!mark.Settled())
	if !e.Exists {
		return e, nil
	}
	if !mark.Settled() && s.mayWrite() { // as any command would
		if err := s.write(ctx, func(*warehouse.DB) error { return nil }); err != nil {
			return s.unopened(ctx, e, err)
		}
		e.Found = s.surroundings(false) // the log is in the file now, or was that of a run
	}
	var inside []warehouse.Finding
	look := func(db *warehouse.DB) (err error) {
		inside, err = s.examineInside(ctx, db, &e)
		return err
	}
	if err := s.read(ctx, look); err != nil {
		return s.unopened(ctx, e, err)
	}
	if fix {
		var mended []warehouse.Finding
		// Looked for again: what was seen through another process may be published by now.
		err := s.write(ctx, func(db *warehouse.DB) (err error) {
			mended, err = db.DropOrphans(ctx)
			return err
		})
		if err != nil {
			return e, halted(ctx, "Cannot drop what nobody needs", err)
		}
		s.removeLeft()
		for _, f := range e.Found {
			if f.Code == leftFile && !exists(s.far(f.About)) {
				mended = append(mended, f)
			}
		}
		if len(mended) > 0 {
			again, diags := s.Examine(ctx, contents, false)
			again.Mended = mended
			return again, diags
		}
	}
	e.Found = append(inside, e.Found...)
	return e, nil
}

// far is where a path lies that Near made.
func (s *Session) far(near string) string {
	if filepath.IsAbs(near) {
		return near
	}
	return filepath.Join(s.Project.Dir, near)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// unopened says why the file could not be examined: what is wrong with it is a finding.
func (s *Session) unopened(ctx context.Context, e Examined, err error) (Examined, hcl.Diagnostics) {
	if _, locked := LockedBy(err); locked || ctx.Err() != nil {
		return e, halted(ctx, "Cannot examine the warehouse", err)
	}
	e.Found = append([]warehouse.Finding{s.unreadable(err)}, e.Found...)
	return e, nil
}

func (s *Session) unreadable(err error) warehouse.Finding {
	message, fix := err.Error(), "Put a backup in its place: `assets restore FILE`"
	var newer *warehouse.NewerStateError
	switch {
	case errors.As(err, &newer):
		fix = "Upgrade assets"
	case errors.Is(err, fs.ErrPermission):
		message, fix = "the file may not be read", "Run it as the user whom the file belongs to, or change its permissions"
	}
	return warehouse.Finding{Code: unreadable, About: s.Near(s.Project.Warehouse), Message: message, Fix: fix}
}

// examineInside looks into the open file.
func (s *Session) examineInside(ctx context.Context, db *warehouse.DB, e *Examined) (found []warehouse.Finding, err error) {
	if e.Size, err = db.Size(ctx); err != nil {
		return nil, err
	}
	if found, err = db.Examine(ctx, e.Contents); err != nil {
		return nil, err
	}
	if e.Published, err = db.Published(ctx); err != nil {
		return nil, err
	}
	if e.Version, e.Newest = db.Version(); e.Version > 0 && e.Version < e.Newest {
		found = append(found, warehouse.Finding{Note: true, Code: olderState, About: s.Near(e.Warehouse),
			Message: fmt.Sprintf("an older release wrote the records (state version %d, now %d)", e.Version, e.Newest), Fix: "The next `assets apply` migrates them"})
	}
	runs, err := db.Runs(ctx, 1)
	if err != nil {
		return nil, err
	}
	if now := s.Now(); len(runs) > 0 && runs[0].Ended.After(now.Add(time.Minute)) {
		found = append(found, warehouse.Finding{Code: wrongClock, About: "this computer's clock",
			Message: fmt.Sprintf("it shows %s, and the last run ended at %s", now.UTC().Format(time.DateTime+" UTC"), runs[0].Ended.Format(time.DateTime+" UTC")),
			Fix:     "Set the clock: what is due is computed from it"})
	}
	return found, nil
}

// surroundings looks at what the file stands on, beside which a log was left or not: nothing
// of this opens it.
func (s *Session) surroundings(log bool) (found []warehouse.Finding) {
	add := func(note bool, code, about, message, fix string) {
		found = append(found, warehouse.Finding{Note: note, Code: code, About: s.Near(about), Message: message, Fix: fix})
	}
	path := s.Project.Warehouse
	dir := filepath.Dir(path)
	info, err := os.Stat(path)
	if err == nil {
		if !s.mayWrite() {
			add(false, notWritable, path, "the file may not be written", "Run it as the user whom the file belongs to, or change its permissions")
		} else if probe, err := os.CreateTemp(dir, ".assets-*.new"); err != nil {
			add(false, notWritable, dir, "no file can be created beside the warehouse, as DuckDB does: "+plain(err).Error(), "Change the permissions of the directory")
		} else {
			probe.Close()
			os.Remove(probe.Name())
		}
		if log {
			add(true, leftLog, path+".wal", "a program that was killed left a write-ahead log", "Whoever opens the file next puts it into it")
		}
	}
	if disk, unknown := warehouse.DiskOf(dir); unknown == nil && err == nil && disk.Free < uint64(leastFree(info.Size())) {
		add(false, diskFull, dir, fmt.Sprintf("%s are free on the disk, and the warehouse has %s", humanize.IBytes(disk.Free), humanize.IBytes(uint64(info.Size()))),
			"Free some space: a run needs room for a new version of what it builds")
	}
	for _, f := range s.left() {
		add(true, leftFile, f.Path, fmt.Sprintf("a program that was killed left %s behind", humanize.IBytes(uint64(f.Bytes))), "`assets doctor -fix`, or the next run, removes it")
	}
	return found
}

// leastFree is how many bytes should be free on the disk of a warehouse of a size.
func leastFree(size int64) int64 { return max(64<<20, size/4) }
