package observe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Look is an observation of a source together with what was seen.
type Look struct {
	planner.Observation
	// Files are what the version consists of, in the order they are read; empty if it
	// cannot be read.
	Files []File
	// SQL reads exactly Files with exactly the version's columns: their names,
	// types and order. Empty if Version cannot be read, or Table is set; of what was fetched the last
	// version can be, also when Err is set.
	SQL string
	// Table is what to [Load]; nil: the source is no table of another database.
	Table *Table
	// Events are the files of pushed events that led to this look; see [Forget].
	Events []Event
	// Waits says what was delivered and is not taken yet, and for what it waits; empty:
	// nothing. Err is set as well if the last version cannot be read meanwhile.
	Waits string
	// Again is when something of that is taken if nothing else happens; zero: nobody
	// knows.
	Again time.Time
	// After is the newest version in the log of the source, and when that was seen, as far
	// as the look knew.
	After planner.Arrival
	// Overtaken says that another process has recorded the version since this one looked:
	// nothing was seen of it here, and the source has to be looked at again.
	Overtaken bool

	copies string // the directory that Files were fetched to; empty: they were not
}

// Readable reports whether the version can be read.
func (l Look) Readable() bool { return l.SQL != "" || l.Table != nil }

// Waiting reports whether nothing is wrong with the source but that it waits.
func (l Look) Waiting() bool { return l.Waits != "" && (l.Err == "" || l.Err == l.Waits) }

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
	// OnStray is told of files in EventDir that are no events, and are put aside; may be nil.
	OnStray func(Stray)
	// Recorded are those of Known that the warehouse has recorded: events before
	// these are over.
	Recorded map[assets.Name]planner.Observation
	// FetchDir is a directory for what is fetched from remote sources, one in it for each.
	FetchDir string
	// Ask runs the query of a condition and reports whether the first value is true.
	// It is asked by several goroutines at once.
	Ask func(ctx context.Context, sql string) (bool, error)
	// Settle is for how long a file must not have changed if its source says nothing of it.
	Settle time.Duration
	// Timezone is the zone of conditions that name none; an IANA name, empty: UTC.
	Timezone string
	// Now is the moment of the look.
	Now time.Time

	client *http.Client // during a look
}

// waitingAtOnce is how many sources may be waited for at once, be it for an answer or
// for a condition.
const waitingAtOnce = 64

// found is what is there of a source.
type found struct {
	files  []File
	failed []error
	waits  taken   // of local files
	copies *copies // of what was fetched
	last   []File  // the version before, as far as it is there
}

// Look observes sources, several at a time. What is wrong with one source is in
// its Look's Err, along with the last known version; the error returned is ctx's.
func (o *Observer) Look(ctx context.Context, sources []*assets.Source) (map[assets.Name]Look, error) {
	o.client = newClient()
	defer o.client.CloseIdleConnections()
	sources, others := o.begin(ctx, sources)
	cache := readCache(o.CachePath)
	all := make([]found, len(sources))
	looks := make([]Look, len(sources))

	isRemote := func(s *assets.Source) bool { return len(s.Remote) > 0 }
	fetching := each(sources, waitingAtOnce, isRemote, func(i int) {
		all[i].copies, all[i].files, all[i].failed = o.fetchAll(ctx, sources[i], cache)
		if c := all[i].copies; c != nil {
			all[i].last = c.lastTaken(ctx, cache)
		}
	})
	o.identifyAll(ctx, sources, all, cache)
	fetching()

	mayWait := func(s *assets.Source) bool { return len(s.Taking.When) > 0 }
	look := func(i int) { looks[i] = o.look(ctx, sources[i], all[i]) }
	waiting := each(sources, waitingAtOnce, mayWait, look)
	each(sources, runtime.GOMAXPROCS(0), func(s *assets.Source) bool { return !mayWait(s) }, look)()
	waiting()
	byName := others()
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	for i, s := range sources {
		byName[s.Name] = looks[i]
		if all[i].files != nil {
			cache.remember(s.Name, slices.Concat(all[i].files, all[i].last))
		}
		cache.watch(s.Name, all[i].waits.unsettled)
	}
	// A cache that cannot be written costs the next look time, nothing else.
	_ = cache.write(o.CachePath)
	return byName, nil
}

// each begins to do something for the sources that are which, at most limit at a
// time, and returns a function that waits until it is done.
func each(sources []*assets.Source, limit int, which func(*assets.Source) bool, do func(i int)) (wait func()) {
	var all sync.WaitGroup
	all.Go(func() {
		var g errgroup.Group
		g.SetLimit(limit)
		for i, s := range sources {
			if which(s) {
				g.Go(func() error { do(i); return nil })
			}
		}
		g.Wait()
	})
	return all.Wait
}

// identifyAll finds the local files of sources and what is in them.
func (o *Observer) identifyAll(ctx context.Context, sources []*assets.Source, all []found, cache *hashCache) {
	// One group for all files: a source with one large file and one with many
	// small ones keep all cores busy together.
	var files errgroup.Group
	files.SetLimit(runtime.GOMAXPROCS(0))
	for i, s := range sources {
		if len(s.Remote) > 0 {
			continue
		}
		f := &all[i]
		paths, err := glob(s.Reader)
		if err != nil {
			f.failed = []error{err}
			continue
		}
		if f.waits = o.take(s, paths, cache); f.waits.keep {
			f.failed = []error{errors.New(f.waits.waits)}
			continue
		}
		paths = f.waits.paths
		f.files, f.failed = make([]File, len(paths)), make([]error, len(paths))
		for j, path := range paths {
			files.Go(func() error {
				f.files[j], f.failed[j] = identify(ctx, path, s.Taking.ByStat, cache.lookup(path))
				f.files[j].marked = f.waits.marks[path]
				return nil
			})
		}
	}
	files.Wait()
}

// look makes a Look of what was found of a source.
func (o *Observer) look(ctx context.Context, s *assets.Source, f found) Look {
	known := o.Known[s.Name]
	look := Look{Observation: planner.Observation{Source: s.Name, Version: known.Version, Delivered: known.Delivered, At: o.Now}, Again: f.waits.again}
	if f.waits.waits != "" {
		look.Waits = readable(s.Reader, errors.New(f.waits.waits))
	}
	var taken []File
	if f.copies != nil {
		look.copies = f.copies.dir
		// What cannot be written down costs the next look a transfer, nothing else.
		defer func() { _ = f.copies.keep(taken) }()
	}
	fail := func(err error) Look {
		look.Err = readable(s.Reader, err)
		o.readLast(ctx, s, f.last, &look)
		return look
	}
	if i := slices.IndexFunc(f.failed, func(err error) bool { return err != nil }); i >= 0 {
		return fail(f.failed[i])
	}
	read, err := newReader(s.Reader, f.files)
	if err != nil {
		return fail(err)
	}
	version := planner.Version{ID: read.version()}
	if version.ID != known.ID {
		why, again, err := o.waitFor(ctx, s.Taking.When)
		if err != nil {
			return fail(err)
		}
		if why != "" {
			look.Waits, look.Again = readable(s.Reader, errors.New(why)), again
			if fail(errors.New(why)); !look.Unreadable && look.ID != "" {
				look.Err = "" // nothing is wrong: it goes on with what it has
			}
			return look
		}
	}
	if o.SniffCSV != nil && read.hasDialects() {
		o.findDialects(ctx, read)
	}
	if version.ID == known.ID && len(known.Columns) > 0 {
		version = known.Version
	} else {
		version.Arrived = arrival(delivered(f.files), known, o.Now)
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
	look.Delivered = lastDelivery(delivered(f.files), version, known, o.Now)
	look.Version, look.Files, look.SQL, taken = version, f.files, read.pinned(version.Columns), f.files
	return look
}

// readLast makes a look that goes on with the last known version read that from the
// files that were kept of it. Local files are not kept.
func (o *Observer) readLast(ctx context.Context, s *assets.Source, files []File, look *Look) {
	if look.ID == "" {
		return
	}
	look.Unreadable = true
	if len(files) == 0 {
		return
	}
	read, err := newReader(s.Reader, files)
	if err != nil || read.version() != look.ID {
		return
	}
	if o.SniffCSV != nil && read.hasDialects() {
		o.findDialects(ctx, read)
	}
	look.Files, look.SQL, look.Unreadable = files, read.pinned(look.Columns), false
}

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
