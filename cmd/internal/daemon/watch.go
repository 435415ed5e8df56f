package daemon

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
)

// debounce is how long events are collected before anybody looks: a file is
// written in many steps, and an editor replaces one by renaming another.
const debounce = 100 * time.Millisecond

// mostDirectories is how many directories a project may have so that all are watched
// for new files of its own; of more, those are that hold some already.
const mostDirectories = 4096

// interest is what a watcher looks out for.
type interest struct {
	places map[assets.Name]place
	// project are the files that the project was read from, absolute, and root its directory.
	project map[string]bool
	root    string
	// warehouse is its file, events the directory that pushed events are put in, and
	// retries that of what is asked to be tried again.
	warehouse, events, retries string
}

// change is what a watcher saw. It says where to look, and nothing of what is there.
type change struct {
	sources                             map[assets.Name]bool
	project, warehouse, events, retries bool
	// overflow says that there was more than the system could tell of.
	overflow bool
}

// watcher hears from the system when files change.
type watcher struct {
	log  zerolog.Logger
	fs   *fsnotify.Watcher
	tell func(change)

	mu      sync.Mutex
	of      interest
	watched map[string]bool // directories
	trusted map[assets.Name]bool
	told    bool // that not everything can be watched
}

// newWatcher returns a watcher that tells of changes once it is run, never twice
// within debounce. On an error the system has no such thing: then there are polls.
func newWatcher(log zerolog.Logger, tell func(change)) (*watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return &watcher{log: log, fs: w, tell: tell, watched: map[string]bool{}}, nil
}

// look makes the watcher look out for something else than before.
func (w *watcher) look(of interest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.of = of
	w.watch()
}

// trusts reports whether events tell of everything that happens to a source.
func (w *watcher) trusts(name assets.Name) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trusted[name]
}

// watch watches the directories that are of interest now. In one that was made after it
// was listed and before it was watched there may be more.
func (w *watcher) watch() {
	for range 5 {
		if before := len(w.watched); !w.watchOnce() && len(w.watched) == before {
			return
		}
	}
}

// watchOnce does it for what is there, and reports whether anything of that was new.
func (w *watcher) watchOnce() (found bool) {
	wanted := map[string][]assets.Name{}
	for name, p := range w.of.places {
		for _, dir := range p.directories() {
			wanted[dir] = append(wanted[dir], name)
		}
	}
	others := []string{w.of.root, filepath.Dir(w.of.warehouse), w.of.events, filepath.Dir(w.of.events), w.of.retries}
	for path := range w.of.project {
		others = append(others, filepath.Dir(path))
	}
	if below := (place{base: w.of.root, depth: -1}).directories(); len(below) <= mostDirectories {
		others = append(others, below...) // a file of the project may appear in any of them
	}
	for _, dir := range others {
		if _, ok := wanted[dir]; !ok && isDirectory(dir) {
			wanted[dir] = nil
		}
	}
	for dir := range w.watched {
		if _, ok := wanted[dir]; !ok {
			_ = w.fs.Remove(dir) // it may be gone, and its watch with it
			delete(w.watched, dir)
		}
	}
	w.trusted = map[assets.Name]bool{}
	linked := map[string]bool{}
	for name, p := range w.of.places {
		w.trusted[name] = !p.linked(linked)
	}
	for dir, sources := range wanted {
		// Again also if it is watched: it may have been removed and made anew.
		_, known := w.watched[dir]
		found = found || !known
		err := w.fs.Add(dir)
		if w.watched[dir] = err == nil; err != nil && !w.told {
			w.told = true
			w.log.Warn().Err(err).Str("directory", dir).Msg("not everything can be watched: what is not is polled")
		}
		if err != nil || isRemote(dir) {
			for _, name := range sources {
				w.trusted[name] = false
			}
		}
	}
	return found
}

// run tells of changes until ctx is done.
func (w *watcher) run(ctx context.Context) {
	defer w.fs.Close()
	var seen change
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-w.fs.Events:
			if !open {
				return
			}
			// Who reads a file, or lets others read it, does not change it.
			if e.Op == fsnotify.Chmod || !w.note(&seen, e.Name) {
				continue
			}
		case err, open := <-w.fs.Errors:
			if !open {
				return
			}
			w.log.Debug().Err(err).Msg("events of the file system were lost")
			seen.overflow = true
			w.mu.Lock()
			w.watch() // directories may have been made
			w.mu.Unlock()
		case <-due:
			w.tell(seen)
			seen, due = change{}, nil
			continue
		}
		if due == nil {
			due = time.After(debounce)
		}
	}
}

// note adds to seen what an event at path may mean, and reports whether that is anything.
func (w *watcher) note(seen *change, path string) (matters bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rewatch := false
	for name, p := range w.of.places {
		files, directories := p.concerns(path)
		rewatch = rewatch || directories
		if files {
			matters = true
			if seen.sources == nil {
				seen.sources = map[assets.Name]bool{}
			}
			seen.sources[name] = true
		}
	}
	if path == w.of.warehouse {
		seen.warehouse, matters = true, true
	}
	if path == w.of.retries || path == filepath.Dir(w.of.retries) || filepath.Dir(path) == w.of.retries {
		seen.retries, matters = true, true
		rewatch = rewatch || filepath.Dir(path) != w.of.retries
	}
	above := path == w.of.events || path == filepath.Dir(w.of.events)
	if above || filepath.Dir(path) == w.of.events {
		seen.events, matters = true, true
		rewatch = rewatch || above
	}
	if w.of.project[path] || session.IsProjectFile(path) {
		seen.project, matters = true, true
	}
	if w.watched[filepath.Dir(path)] && isDirectory(path) { // it may hold more of the project
		seen.project, matters, rewatch = true, true, true
	}
	if rewatch {
		w.watch()
	}
	return matters
}
