package daemon

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/seed-4311623e/assets/assets"
)

// place is where the files of a source lie.
type place struct {
	base    string // absolute: the longest path without a wildcard, up to a directory
	pattern string // absolute
	depth   int    // how many levels of directories below base are of interest; < 0: all
}

// placeOf is where the files of a source lie in this file system; false: they do not.
func placeOf(s *assets.Source) (place, bool) {
	if s.Reader.Glob == "" || strings.Contains(s.Reader.Glob, "://") {
		return place{}, false
	}
	base, pattern := doublestar.SplitPattern(filepath.ToSlash(s.Reader.Glob))
	dir := filepath.FromSlash(base)
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(s.Reader.Dir, dir)
	}
	p := place{base: filepath.Clean(dir), pattern: filepath.Join(dir, filepath.FromSlash(pattern)), depth: strings.Count(pattern, "/")}
	if strings.Contains(pattern, "**") {
		p.depth = -1
	}
	return p, true
}

// directories are those in which anything that happens may concern the place. As
// long as base is not there, it is the nearest directory above it.
func (p place) directories() (dirs []string) {
	if !isDirectory(p.base) {
		above := filepath.Dir(p.base)
		for above != filepath.Dir(above) && !isDirectory(above) {
			above = filepath.Dir(above)
		}
		return []string{above}
	}
	if p.depth == 0 {
		return []string{p.base}
	}
	// What cannot be listed cannot be watched either: the polls find it.
	_ = filepath.WalkDir(p.base, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || !entry.IsDir():
			return nil
		case path != p.base && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		}
		dirs = append(dirs, path)
		if p.depth > 0 && strings.Count(path[len(p.base):], string(filepath.Separator)) >= p.depth {
			return fs.SkipDir
		}
		return nil
	})
	return dirs
}

// linked reports whether symbolic links lead to what the place holds: what happens
// behind them, and where they lead to by now, no event tells.
// known remembers it of directories, which places share.
func (p place) linked(known map[string]bool) bool {
	return slices.ContainsFunc(p.directories(), func(dir string) bool {
		linked, ok := known[dir]
		if !ok {
			real, err := filepath.EvalSymlinks(dir)
			entries, _ := os.ReadDir(dir)
			linked = err == nil && real != dir ||
				slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Type()&fs.ModeSymlink != 0 })
			known[dir] = linked
		}
		return linked
	})
}

// concerns reports whether something that happened to path may change what the
// place holds, and whether it may change which directories are of interest.
func (p place) concerns(path string) (files, directories bool) {
	if matched, err := doublestar.PathMatch(p.pattern, path); err == nil && matched {
		return true, false
	}
	if path == p.base || strings.HasPrefix(p.base, path+string(filepath.Separator)) {
		return true, true
	}
	inside := strings.HasPrefix(path, p.base+string(filepath.Separator))
	// What is hidden is not looked at, our own cache among it.
	if !inside || p.depth == 0 || strings.Contains(path[len(p.base):], string(filepath.Separator)+".") {
		return false, false
	}
	// A directory that came or went, with whatever is in it.
	if _, err := os.Lstat(path); err != nil || isDirectory(path) {
		return true, true
	}
	return false, false
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
