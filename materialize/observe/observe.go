package observe

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Look is an observation of a source together with what was seen.
type Look struct {
	planner.Observation
	// Files are what the version consists of, sorted by path; empty if Err is set.
	Files []File
	// SQL reads exactly Files with exactly the version's columns: their names,
	// types and order. Empty if Err is set, or Table is.
	SQL string
	// Table is what to [Load]; nil: the source is no table of another database.
	Table *Table
	// Events are the files of pushed events that led to this look; see [Forget].
	Events []Event
}

// Observer looks at sources.
type Observer struct {
	// CachePath is a file that keeps the hashes of files, so that only files that
	// moved are read. Deleting it costs time only; empty: no cache.
	CachePath string
	// Known holds the last observation of each source, which says when it was last
	// seen and which columns its version has.
	Known map[assets.Name]planner.Observation
	// Sniff returns the columns of a query. It is asked for new versions only, by
	// several goroutines at once.
	Sniff func(ctx context.Context, sql string) ([]assets.Column, error)
	// SniffCSV runs a call of DuckDB's sniff_csv. It is asked once for each content
	// of a CSV file; nil: DuckDB guesses in every query.
	SniffCSV func(ctx context.Context, call string) (warehouse.SniffedCSV, error)
	// Connections are the databases that tables are in, by name.
	Connections map[string]*assets.Connection
	// Attached lets one of them be read: [warehouse.DB.Attached].
	Attached func(ctx context.Context, a warehouse.Attachment, do func(*warehouse.Conn) error) error
	// EventDir is where [Push] puts events.
	EventDir string
	// Recorded are those of Known that the warehouse has recorded: events before
	// these are over.
	Recorded map[assets.Name]planner.Observation
	// Now is the moment of the look.
	Now time.Time
}

// Look observes sources, several at a time. What is wrong with one source is in
// its Look's Err, along with the last known version; the error returned is ctx's.
func (o *Observer) Look(ctx context.Context, sources []*assets.Source) (map[assets.Name]Look, error) {
	sources, others := o.begin(ctx, sources)
	cache := readCache(o.CachePath)
	looks := make([]Look, len(sources))
	hashed := make([][]File, len(sources))

	// One group for all files: a source with one large file and one with many
	// small ones keep all cores busy together.
	var files errgroup.Group
	files.SetLimit(runtime.GOMAXPROCS(0))
	failed := make([][]error, len(sources))
	for i, s := range sources {
		paths, err := glob(s.Reader)
		if err != nil {
			failed[i] = []error{err}
			continue
		}
		hashed[i], failed[i] = make([]File, len(paths)), make([]error, len(paths))
		for j, path := range paths {
			files.Go(func() error {
				hashed[i][j], failed[i][j] = hash(ctx, path, cache.lookup(path))
				return nil
			})
		}
	}
	files.Wait()

	var rest errgroup.Group
	rest.SetLimit(runtime.GOMAXPROCS(0))
	for i, s := range sources {
		rest.Go(func() error {
			looks[i] = o.look(ctx, s, hashed[i], failed[i])
			return nil
		})
	}
	rest.Wait()
	byName := others()
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	for i, s := range sources {
		byName[s.Name] = looks[i]
		if hashed[i] != nil {
			cache.remember(s.Name, hashed[i])
		}
	}
	// A cache that cannot be written costs the next look time, nothing else.
	_ = cache.write(o.CachePath)
	return byName, nil
}

// look makes a Look of a source's files.
func (o *Observer) look(ctx context.Context, s *assets.Source, files []File, failed []error) Look {
	known := o.Known[s.Name]
	look := Look{Observation: planner.Observation{Source: s.Name, Version: known.Version, At: o.Now}}
	fail := func(err error) Look {
		look.Err = readable(s.Reader, err)
		return look
	}
	if i := slices.IndexFunc(failed, func(err error) bool { return err != nil }); i >= 0 {
		return fail(failed[i])
	}
	read, err := newReader(s.Reader, files)
	if err != nil {
		return fail(err)
	}
	if o.SniffCSV != nil && read.hasDialects() {
		o.findDialects(ctx, read)
	}
	version := planner.Version{ID: read.version(), Arrived: o.arrival(known, files)}
	if version.ID == known.ID && len(known.Columns) > 0 {
		version = known.Version
	} else {
		agreed := false
		if version.Columns, agreed = read.dialectColumns(); !agreed {
			version.Columns, err = o.Sniff(ctx, read.sniff())
		}
		if err != nil {
			return fail(fmt.Errorf("%s cannot be read as %s: %w", s.Reader.Glob, read.format, err))
		}
		if err := read.plausible(version.Columns); err != nil {
			return fail(err)
		}
	}
	look.Version, look.Files, look.SQL = version, files, read.pinned(version.Columns)
	return look
}

// arrival is when the content of files arrived: when the youngest was written, but
// not after it was first seen, nor before the last look that saw its predecessor.
func (o *Observer) arrival(known planner.Observation, files []File) time.Time {
	var arrived time.Time
	for _, f := range files {
		arrived = latest(arrived, f.ModTime)
	}
	if arrived.After(o.Now) {
		arrived = o.Now
	}
	if known.ID == "" {
		return arrived.UTC()
	}
	return latest(arrived, known.Arrived, known.At).UTC()
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// readable is err as one line for people, with paths as short as the project's owner wrote them.
func readable(r assets.Reader, err error) string {
	message := withoutAdvice(strings.ReplaceAll(err.Error(), strings.TrimSuffix(r.Dir, "/")+"/", ""))
	return strings.Join(strings.Fields(message), " ")
}

// withoutAdvice is an error of DuckDB without what it goes on with: the options it
// tried, general advice and our own SQL.
func withoutAdvice(message string) string {
	for _, end := range []string{"\n\n", "\nLINE ", "\nThe search space used was", "\nCandidates:", "\nPossible "} {
		message, _, _ = strings.Cut(message, end)
	}
	return message
}
