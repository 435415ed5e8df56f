package session

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Collected is what of the past is gone, or would go.
type Collected struct {
	warehouse.Garbage
	// Left are files that killed processes left behind.
	Left          []LeftFile
	Before, After warehouse.Size
	DryRun        bool
	Compacted     bool
}

// LeftFile is a file that nobody needs any more.
type LeftFile struct {
	Path  string
	Bytes int64
}

// Collect deletes what the project does not keep of the past, and with compact gives what
// the file does not need any more back to the disk. dryRun only says what would go.
func (s *Session) Collect(ctx context.Context, dryRun, compact bool) (c Collected, diags hcl.Diagnostics) {
	c.DryRun = dryRun
	if _, err := os.Stat(s.Project.Warehouse); errors.Is(err, fs.ErrNotExist) {
		c.Left = s.left()
		return c, nil
	}
	look := func(db *warehouse.DB) (err error) {
		if c.Before, err = db.Size(ctx); err != nil {
			return err
		}
		if dryRun {
			c.After = c.Before
			c.Garbage, err = db.Garbage(ctx, s.keeping(0))
			return err
		}
		if c.Garbage, err = db.Collect(ctx, s.keeping(0)); err != nil {
			return err
		}
		// What one checkpoint frees, the next one gives back.
		if err := db.Checkpoint(ctx); err != nil {
			return err
		}
		c.After, err = db.Size(ctx)
		return err
	}
	if dryRun {
		c.Left = s.left()
		if err := s.read(ctx, look); err != nil {
			return c, halted(ctx, "Cannot find what is not kept", err)
		}
		return c, nil
	}
	c.Left = s.left()
	if err := s.write(ctx, look); err != nil {
		return c, halted(ctx, "Cannot delete what is not kept", err)
	}
	s.removeLeft()
	if compact {
		var err error
		if _, c.After, err = warehouse.Compact(ctx, s.warehouse(true)); err != nil {
			return c, halted(ctx, "Cannot compact the warehouse", err)
		}
		c.Compacted = true
	}
	return c, nil
}

// keeping is what the project keeps of the past now, at most so many rows of a kind being
// deleted; 0: all that are to go.
func (s *Session) keeping(most int) warehouse.Keeping {
	k := warehouse.Keeping{Retention: s.Project.Retention, Now: s.Now().UTC(), History: map[assets.Name]int{}, Most: most}
	for name, source := range s.Project.Sources {
		k.History[name] = materialize.LooksBack(source.Checks) + 1
	}
	for name, asset := range s.Project.Assets {
		k.History[name] = materialize.LooksBack(asset.Checks) + 1
	}
	return k
}

const (
	// retainEvery is how often a run is followed by the deletion of what is not kept.
	retainEvery = 24 * time.Hour
	// mostRetained bounds how many rows of a kind that deletes: the next run goes on.
	mostRetained = 50_000
)

// retain deletes what is not kept of the past, once a day, on a warehouse on which no run
// goes on. Ages are counted up to the latest run of a day ago or before: a clock that is
// ahead for less than that makes nothing old. What goes wrong is no run's fault: the next
// one tries again.
func (s *Session) retain(ctx context.Context, db *warehouse.DB) {
	began, now := time.Now(), s.Now()
	at, err := db.Collected(ctx)
	if err == nil && !now.Before(at) && now.Before(at.Add(retainEvery)) {
		return
	}
	keeping := s.keeping(mostRetained)
	if err == nil {
		keeping.Until, err = db.EndedBy(ctx, now.Add(-retainEvery))
	}
	if err == nil && keeping.Until.IsZero() {
		return
	}
	if err == nil {
		_, err = db.Collect(ctx, keeping)
	}
	if err != nil {
		if ctx.Err() == nil {
			s.Log.Warn().Err(err).Msg("could not delete what is not kept of the past")
		}
		return
	}
	s.removeLeft()
	s.Log.Debug().Stringer("took", time.Since(began)).Msg("deleted what is not kept of the past")
}

// Near is a path as a person who is in the project's directory writes it.
func (s *Session) Near(path string) string {
	if near, err := filepath.Rel(s.Project.Dir, path); err == nil && filepath.IsLocal(near) && near != "." {
		return near
	}
	return path
}

// forgottenFile is how old a file that a process was writing has to be before it is taken
// for one that was left behind.
const forgottenFile = 24 * time.Hour

// left lists files that killed processes left behind: new versions of the warehouse and of
// what is cached, and what DuckDB had no memory for.
func (s *Session) left() (left []LeftFile) {
	for _, path := range warehouse.Fresh(s.Project.Warehouse) {
		if info, err := os.Stat(path); err == nil {
			left = append(left, LeftFile{path, info.Size()})
		}
	}
	dir := filepath.Join(s.Project.Dir, ".assets")
	for _, place := range []struct{ dir, prefix, suffix string }{{dir, ".", ".new"}, {filepath.Join(dir, "tmp"), "duckdb_temp_", ""}} {
		entries, _ := os.ReadDir(place.dir) // without the directory nothing was left
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), place.prefix) || !strings.HasSuffix(e.Name(), place.suffix) {
				continue
			}
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() && s.Now().Sub(info.ModTime()) > forgottenFile {
				left = append(left, LeftFile{filepath.Join(place.dir, e.Name()), info.Size()})
			}
		}
	}
	return left
}

func (s *Session) removeLeft() {
	for _, f := range s.left() {
		if err := os.Remove(f.Path); err != nil {
			s.Log.Debug().Err(err).Msg("a file that was left behind stays")
		}
	}
}
