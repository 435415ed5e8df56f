package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestMarkers loads each project of testdata/*.txtar and compares its diagnostics
// with the expectations written into its files: on the line of the mistake
//
//	#! pattern
//	#! pattern @ text
//
// where pattern is a regular expression for "Summary: Detail" and text, if given,
// is exactly what the diagnostic's range covers. One line may hold several.
// Expectations without a place stand in the archive's comment, which also holds
// lines var, varfile and env: options of Load. "warn " before a pattern expects a
// warning. Every diagnostic must be expected, and every expectation met.
func TestMarkers(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dir := writeArchive(t, archive)
			options, expected := readComment(string(archive.Comment))
			for _, f := range archive.Files {
				for i, line := range strings.Split(string(f.Data), "\n") {
					marks := strings.Split(line, "#! ")
					for _, m := range marks[1:] {
						expected = append(expected, newExpectation(m, f.Name, i+1))
					}
				}
			}
			p, diags := Load(dir, options)
			if p == nil {
				t.Fatal("no project")
			}
			for _, d := range diags {
				if !meet(expected, d, p.Files) {
					t.Errorf("unexpected: %s", show(d, p.Files))
				}
			}
			for _, e := range expected {
				if !e.met {
					t.Errorf("%s:%d: no diagnostic matches %q (covering %q)", e.file, e.line, e.pattern, e.covers)
				}
			}
		})
	}
}

type expectation struct {
	file     string // empty: no place
	line     int
	severity hcl.DiagnosticSeverity
	pattern  string
	covers   string
	met      bool
}

func newExpectation(text, file string, line int) *expectation {
	e := &expectation{file: file, line: line, severity: hcl.DiagError}
	text, e.covers, _ = strings.Cut(strings.TrimSpace(text), " @ ")
	e.covers = strings.TrimSpace(e.covers)
	e.pattern = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(e.pattern, "warn "); ok {
		e.severity, e.pattern = hcl.DiagWarning, rest
	}
	return e
}

func readComment(comment string) (o Options, expected []*expectation) {
	o.Vars = map[string]string{}
	for line := range strings.Lines(comment) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "var":
			k, v, _ := strings.Cut(rest, "=")
			o.Vars[k] = v
		case "varfile":
			o.VarFiles = append(o.VarFiles, rest)
		case "env":
			o.Environ = append(o.Environ, rest)
		case "#!":
			expected = append(expected, newExpectation(rest, "", 0))
		}
	}
	return o, expected
}

// meet marks the expectation that d meets.
func meet(expected []*expectation, d *hcl.Diagnostic, files map[string][]byte) bool {
	for _, e := range expected {
		switch {
		case e.met, e.severity != d.Severity, (d.Subject == nil) != (e.file == ""):
			continue
		case d.Subject != nil && (d.Subject.Filename != e.file || d.Subject.Start.Line != e.line):
			continue
		case e.covers != "" && covered(d, files) != e.covers:
			continue
		}
		if regexp.MustCompile("(?is)" + e.pattern).MatchString(d.Summary + ": " + d.Detail) {
			e.met = true
			return true
		}
	}
	return false
}

func covered(d *hcl.Diagnostic, files map[string][]byte) string {
	if d.Subject == nil || !d.Subject.CanSliceBytes(files[d.Subject.Filename]) {
		return ""
	}
	return string(d.Subject.SliceBytes(files[d.Subject.Filename]))
}

func show(d *hcl.Diagnostic, files map[string][]byte) string {
	return fmt.Sprintf("%v %s: %s (covering %q)", d.Subject, d.Summary, d.Detail, covered(d, files))
}

func writeArchive(t testing.TB, archive *txtar.Archive) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range archive.Files {
		write(t, dir, f.Name, strings.ReplaceAll(string(f.Data), `\xff`, "\xff")) // no UTF-8
	}
	return dir
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// writeT is write where no *testing.T is at hand: in properties.
func writeT(dir, name, text string) {
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		panic(err)
	}
}
