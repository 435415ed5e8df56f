package observe

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// sighting is a file that may still be being written, or that was found complete though
// its mtime, which is still to come, does not tell.
type sighting struct {
	Size    int64     `json:"size"`
	ModTime int64     `json:"mtime"` // ns since 1970
	Inode   uint64    `json:"inode"`
	Changed int64     `json:"changed"`
	Written time.Time `json:"written"` // when it got like this, as far as one can tell
	At      time.Time `json:"at"`      // of the last look that saw it
}

// taken is what is to be read of the files that a source's pattern matches.
type taken struct {
	paths []string
	marks map[string]time.Time // when the marker of a path was written
	// waits says what is not taken yet, and for what it waits; empty: nothing.
	waits string
	// keep says that the source has to keep its last version: what waits is part of it.
	keep  bool
	again time.Time // when something is taken that waits; zero: nobody knows
	// unsettled are the files that have to be recognized by the next look.
	unsettled map[string]sighting
}

// take leaves out files that are not to be read yet. A new file simply is not part
// of the version until then; if one that was read before is being written anew, the
// source as a whole waits: without it, rows would vanish.
func (o *Observer) take(s *assets.Source, paths []string, cache *hashCache) taken {
	settle := s.Taking.Settle
	if settle == 0 {
		settle = o.Settle
	}
	if settle == 0 && s.Taking.Marker == "" {
		return taken{paths: paths}
	}
	before, looked := cache.Sources[s.Name]
	t := taken{marks: map[string]time.Time{}, unsettled: map[string]sighting{}}
	if s.Taking.Marker != "" {
		paths = withoutMarkers(paths, s.Taking.Marker)
	}
	waiting := 0
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.paths = append(t.paths, path) // who reads it says what is wrong
			continue
		}
		why := ""
		if s.Taking.Marker != "" {
			marked, err := markerOf(path, s.Taking.Marker, info.ModTime())
			if why = err; why == "" {
				t.marks[path] = marked
			}
		}
		if why == "" && settle > 0 {
			seen, calm, until := settled(cache.Unsettled[s.Name][path], info, settle, o.Now)
			if !calm {
				why = fmt.Sprintf("%s may still be being written: it is taken when it has not changed for %s", path, settle)
				if t.again.IsZero() || until.Before(t.again) {
					t.again = until
				}
			}
			if !calm || info.ModTime().Add(settle).After(o.Now) {
				t.unsettled[path] = seen
			}
		}
		if why == "" {
			t.paths = append(t.paths, path)
			continue
		}
		if waiting++; waiting == 1 {
			t.waits = why
		}
		_, was := before[path]
		t.keep = t.keep || was || !looked && o.Known[s.Name].ID != ""
	}
	if more := waiting - 1; more > 0 {
		t.waits += fmt.Sprintf(" (and %d more)", more)
	}
	t.keep = t.keep || waiting > 0 && len(t.paths) == 0
	return t
}

// settled reports whether a file has not changed for some time, and if it has,
// until when to wait. Its mtime tells; where that is of no use, because a clock is
// ahead or the writer sets it back, two looks at the same file do.
func settled(seen sighting, info os.FileInfo, settle time.Duration, now time.Time) (is sighting, calm bool, until time.Time) {
	inode, changed := warehouse.FileID(info)
	is = sighting{Size: info.Size(), ModTime: info.ModTime().UnixNano(), Inode: inode, Changed: changed, Written: info.ModTime(), At: now}
	watched := !seen.At.IsZero() && seen.Inode == inode // another inode is another file, renamed to here
	switch {
	case watched && seen.Size == is.Size && seen.ModTime == is.ModTime && seen.Changed == changed:
		is.Written = seen.Written
	case watched && now.Sub(seen.At) < settle, is.Written.After(now):
		is.Written = now
	}
	until = is.Written.Add(settle)
	return is, !until.After(now), until
}

// markerPath is where the marker of a file has to be.
func markerPath(path, marker string) string {
	return filepath.Join(filepath.Dir(path), filepath.FromSlash(strings.ReplaceAll(marker, "{}", filepath.Base(path))))
}

// markerOf returns when the marker of a file was written, or why the file is not
// taken. An older marker than the file speaks for what was there before.
func markerOf(path, marker string, written time.Time) (time.Time, string) {
	at := markerPath(path, marker)
	info, err := os.Stat(at)
	switch {
	case err != nil:
		return time.Time{}, fmt.Sprintf("%s waits for its marker %s", path, at)
	case info.ModTime().Before(written):
		return time.Time{}, fmt.Sprintf("%s was written after its marker %s: it waits for a newer one", path, at)
	}
	return info.ModTime(), ""
}

// withoutMarkers leaves out what is the marker of another file.
func withoutMarkers(paths []string, marker string) []string {
	markers := map[string]bool{}
	for _, path := range paths {
		markers[markerPath(path, marker)] = true
	}
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return markers[path] })
}

// unfinished are endings of the names that programs give to files they write, until
// these are complete.
var unfinished = []string{".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp", ".temp", ".swp", "~"}

// isUnfinished reports whether a file's name says that it is not complete, unless
// the pattern asks for such names. A pattern that matches just about anything does not.
func isUnfinished(path, pattern string) bool {
	path, pattern = strings.ToLower(filepath.ToSlash(path)), strings.ToLower(filepath.ToSlash(pattern))
	const ours = "/_temporary/" // where Spark and Hadoop write
	if strings.Contains("/"+path, ours) && !strings.Contains("/"+pattern, ours) {
		return true
	}
	pattern = pattern[strings.LastIndexByte(pattern, '/')+1:]
	return slices.ContainsFunc(unfinished, func(ending string) bool {
		word := strings.TrimPrefix(ending, ".") // in *.{csv,tmp} without its dot
		asked := strings.Contains(pattern, ending) || strings.Contains(pattern, "{"+word) || strings.Contains(pattern, ","+word)
		return strings.HasSuffix(path, ending) && !asked
	})
}
