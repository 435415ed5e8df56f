package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"golang.org/x/sync/errgroup"
)

var bom = []byte("\xef\xbb\xbf")

// file is one *.hcl file of the project.
type file struct {
	path string // relative to the project with slashes: the file name in its ranges
	dir  string // absolute: what paths in it are relative to
	src  []byte
	body *hclsyntax.Body
	// broken are the parts of src with syntax errors, which body does not hold.
	broken [][]byte
	diags  hcl.Diagnostics
	// declares says that f has a project block, which makes a directory a project of its own.
	declares bool
}

// store reads each file once and keeps its text, for diagnostics to show.
type store struct {
	root string
	mu   sync.Mutex
	text map[string][]byte
}

// rel is how diagnostics name the file at the absolute path.
func (s *store) rel(path string) string {
	if r, err := filepath.Rel(s.root, path); err == nil {
		path = r
	}
	return filepath.ToSlash(path)
}

// read returns the text of the file at the absolute path, and its name in ranges.
func (s *store) read(path string) (text []byte, name string, err error) {
	name = s.rel(path)
	s.mu.Lock()
	text, ok := s.text[name]
	s.mu.Unlock()
	if ok {
		return text, name, nil
	}
	if text, err = os.ReadFile(path); err != nil {
		return nil, name, readError(path, name, err)
	}
	if !utf8.Valid(text) {
		line := 1 + bytes.Count(text[:firstInvalid(text)], []byte("\n"))
		return nil, name, fmt.Errorf("%s is not UTF-8 text (line %d): save it as UTF-8", name, line)
	}
	s.mu.Lock()
	s.text[name] = text
	s.mu.Unlock()
	return text, name, nil
}

// forget keeps the text of a file from being shown. It still is one that was read.
func (s *store) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text[name] = nil
}

// readError says what stood in the way, and which file beside it may have been meant.
func readError(path, name string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return fmt.Errorf("cannot read %s: %w", name, err)
	}
	entries, dirErr := os.ReadDir(filepath.Dir(path))
	if dirErr != nil {
		return fmt.Errorf("there is no file %s: the directory does not exist", name)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return fmt.Errorf("there is no file %s%s", name, didYouMean(filepath.Base(path), names, "."))
}

func firstInvalid(text []byte) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(text)
}

// discover finds and parses the files of the project at s.root: all *.hcl below
// it, but for hidden directories, modules/ and projects of their own, whose
// directories it returns as nested.
func discover(s *store, suffix string) (files []*file, nested []string, diags hcl.Diagnostics) {
	paths, diags := walk(s, s.root, suffix, nil)
	slices.Sort(paths)
	files = make([]*file, len(paths))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range paths {
		g.Go(func() error {
			files[i] = parse(s, path)
			return nil
		})
	}
	_ = g.Wait() // parse reports through diagnostics

	own := map[string]bool{}
	for _, f := range files {
		if f.dir != s.root && f.declares && !own[f.dir] {
			own[f.dir] = true
			nested = append(nested, s.rel(f.dir))
		}
	}
	files = slices.DeleteFunc(files, func(f *file) bool {
		for dir := f.dir; len(dir) > len(s.root); dir = filepath.Dir(dir) {
			if own[dir] {
				delete(s.text, f.path)
				return true
			}
		}
		return false
	})
	slices.SortFunc(files, func(a, b *file) int { return strings.Compare(a.path, b.path) })
	return files, nested, diags
}

func walk(s *store, dir, suffix string, paths []string) ([]string, hcl.Diagnostics) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if dir == s.root {
			return paths, hcl.Diagnostics{{
				Severity: hcl.DiagError,
				Summary:  "Cannot read the project's directory",
				Detail:   fmt.Sprintf("%v. Name a directory with -chdir=DIR, or make one with `assets init DIR`.", err),
			}}
		}
		return paths, hcl.Diagnostics{{
			Severity: hcl.DiagWarning,
			Summary:  fmt.Sprintf("Cannot read the directory %s", s.rel(dir)),
			Detail:   fmt.Sprintf("%v. Whatever is declared in it is missing from the project.", err),
		}}
	}
	var diags hcl.Diagnostics
	for _, e := range entries {
		name := e.Name()
		switch {
		case strings.HasPrefix(name, "."):
		case e.IsDir():
			if name == "modules" {
				continue
			}
			var more hcl.Diagnostics
			paths, more = walk(s, filepath.Join(dir, name), suffix, paths)
			diags = append(diags, more...)
		case strings.HasSuffix(name, suffix):
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return paths, diags
}
