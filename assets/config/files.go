package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
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
	path  string // relative to the project with slashes: the file name in its ranges
	dir   string // absolute: what paths in it are relative to
	src   []byte
	body  *hclsyntax.Body
	diags hcl.Diagnostics
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

// parse reads one file. Its body holds whatever could be understood.
func parse(s *store, path string) *file {
	f := &file{dir: filepath.Dir(path)}
	var err error
	f.src, f.path, err = s.read(path)
	if err != nil {
		f.diags = hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  fmt.Sprintf("Cannot read %s", f.path),
			Detail:   sentence(err.Error()),
		}}
		return f
	}
	parsed, diags := hclsyntax.ParseConfig(f.src, f.path, hcl.InitialPos)
	f.diags = syntaxErrors(diags, f.src)
	if parsed != nil {
		f.body, _ = parsed.Body.(*hclsyntax.Body)
	}
	f.declares = len(f.blocks("project")) > 0
	if f.body != nil && f.diags.HasErrors() {
		f.keepUntil(firstError(f.diags))
	}
	return f
}

// keepUntil leaves of the body what ends before the byte at offset. What the
// parser makes of the rest, after a syntax error, is guesswork.
func (f *file) keepUntil(offset int) {
	body := *f.body
	body.Blocks = slices.DeleteFunc(slices.Clone(body.Blocks), func(b *hclsyntax.Block) bool {
		return b.Range().End.Byte >= offset || b.CloseBraceRange.End.Byte >= offset
	})
	body.Attributes = hclsyntax.Attributes{}
	f.body = &body
}

func firstError(diags hcl.Diagnostics) int {
	first := math.MaxInt
	for _, d := range diags {
		if d.Severity == hcl.DiagError && d.Subject != nil {
			first = min(first, d.Subject.Start.Byte)
		}
	}
	return first
}

// echoes are what the scanner says of text that the parser has complained of, too.
var echoes = []string{"Invalid character", "Invalid multi-line string", "Invalid string literal"}

// syntaxErrors leaves one error a line, without those that only echo another.
func syntaxErrors(diags hcl.Diagnostics, src []byte) hcl.Diagnostics {
	isEcho := func(d *hcl.Diagnostic) bool { return d.Subject == nil || slices.Contains(echoes, d.Summary) }
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int { return boolInt(isEcho(a)) - boolInt(isEcho(b)) })
	lines := map[int]bool{}
	real := false
	var kept hcl.Diagnostics
	for _, d := range explainTemplates(diags, src) {
		if d.Subject != nil && (lines[d.Subject.Start.Line] || real && isEcho(d)) {
			continue
		}
		if d.Subject != nil {
			lines[d.Subject.Start.Line] = true
		}
		real = real || !isEcho(d)
		kept = append(kept, d)
	}
	return kept
}
