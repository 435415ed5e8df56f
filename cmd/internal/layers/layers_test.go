package layers

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/seed-4311623e/assets/"

// A rule forbids imports to the packages it is about. Packages of the module are
// written without the module's path. A pattern that ends in "/..." means the
// package and everything below it.
type rule struct {
	in     []string // whose imports
	except []string // but not these packages'
	forbid []string // what they must not import
	but    []string // except these
	tests  bool     // whether test files must keep it too
	reason string
}

var pure = []string{"assets", "assets/calendar", "assets/redact", "lineage", "lineage/export", "planner", "planner/planfile"}

var rules = []rule{
	{
		in: []string{"assets/..."}, forbid: []string{"lineage/...", "planner/...", "materialize/...", "cmd/..."},
		reason: "what a project declares is the ground everything stands on: it knows nobody",
	},
	{
		in: []string{"assets"}, forbid: []string{"assets/config", "assets/calendar"},
		reason: "declarations are plain data: reading them is a room of its own",
	},
	{
		in: []string{"lineage/..."}, forbid: []string{"assets/config", "planner/...", "materialize/...", "cmd/..."},
		reason: "what is made from what does not depend on what will be built, or how",
	},
	{
		in: []string{"lineage"}, forbid: []string{"lineage/export"},
		reason: "the graph does not know how it is drawn",
	},
	{
		in: []string{"planner/..."}, forbid: []string{"assets/config", "materialize/...", "cmd/..."},
		reason: "a plan is a function of data: nothing that can act may be in its reach",
	},
	{
		in: []string{"planner"}, forbid: []string{"planner/planfile"},
		reason: "the plan does not know how it is saved",
	},
	{
		in: []string{"materialize/..."}, forbid: []string{"assets/config", "cmd/..."},
		reason: "carrying out a plan depends neither on how the project was written nor on who asks",
	},
	{
		in: []string{"materialize/compile"}, forbid: []string{"materialize/..."}, but: []string{"materialize/compile"},
		reason: "compile sees the database through its own Binder interface only",
	},
	{
		in: []string{"materialize/warehouse"}, forbid: []string{"materialize/..."}, but: []string{"materialize/warehouse"},
		reason: "the warehouse is owned by whoever opens it and calls nobody back",
	},
	{
		in: []string{"cmd/internal/notify"}, forbid: []string{"cmd/..."},
		reason: "whoever is told of a run has no part in it: it sees events, and nobody waits for it",
	},
	{
		in: []string{"cmd/internal/holder"}, forbid: []string{"cmd/..."}, but: []string{"cmd/internal/view"},
		reason: "whoever holds the warehouse answers for it, whichever command that is: it knows none",
	},
	{
		in: []string{"..."}, except: []string{"cmd/internal/holder", "cmd/internal/session"}, forbid: []string{"materialize/warehouse/remote"},
		reason: "that a warehouse is read by way of another process is nobody's concern but theirs who find that one",
	},
	{
		in: []string{"cmd/internal/server"}, forbid: []string{"cmd/..."}, but: []string{"cmd/internal/view"},
		reason: "the server shows what a daemon knows and hands on what arrives: it sees the daemon through its own interface only",
	},
	{
		in: []string{"..."}, except: []string{"cmd/internal/server", "cmd/internal/telemetry"}, forbid: []string{"github.com/prometheus/..."},
		reason: "what happens is told as events: what of it becomes a metric is decided in one room, and another one carries these elsewhere",
	},
	{
		in: []string{"..."}, except: []string{"cmd/internal/telemetry/..."}, forbid: []string{"go.opentelemetry.io/..."}, tests: true,
		reason: "what a run does is told as events and phases: that they become spans is decided in one room, and no other waits for a collector",
	},
	{
		in: []string{"cmd/internal/telemetry"}, forbid: []string{"cmd/..."},
		reason: "whoever is told of a run has no part in it: it sees events and phases, and nobody waits for it",
	},
	{
		in: []string{"..."}, except: []string{"cmd/..."}, forbid: []string{"cmd/..."}, tests: true,
		reason: "the command stands above everything: no room reaches up to it",
	},
	{
		in: []string{"..."}, except: []string{"cmd/...", "examples/..."}, forbid: []string{"examples/..."},
		reason: "examples are for people and for tests, never for a room",
	},
	{
		in: []string{"..."}, except: []string{"materialize/warehouse"}, forbid: []string{"github.com/duckdb/duckdb-go/..."}, tests: true,
		reason: "one room owns DuckDB: its locks, its settings and its quirks are dealt with there",
	},
	{
		in: []string{"..."}, except: []string{"cmd/..."},
		forbid: []string{"github.com/spf13/cobra/...", "github.com/vbauerster/mpb/...", "charm.land/lipgloss/...", "golang.org/x/term/..."},
		reason: "how things look and which flags there are is decided in cmd",
	},
	{
		in: pure,
		forbid: []string{
			"os/...", "io/fs", "io/ioutil", "net/...", "syscall/...", "database/sql/...",
			"log/...", "github.com/rs/zerolog/...", "math/rand/...", "crypto/rand",
			"github.com/gofrs/flock/...", "golang.org/x/sys/...",
		},
		but:    []string{"net/url"}, // which takes text apart
		reason: "this room is pure: no I/O, no logger, no chance. Take what is needed as an argument",
	},
	{
		in: pure, except: []string{"lineage/export"}, forbid: []string{"embed"},
		reason: "what a function returns stands in its code and arguments. The page of lineage/export is code, in files of its own as it is in other languages",
	},
}

// clocks are what a pure room must not take from package time.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Local"}

// folders are where Go code may live.
var folders = []string{"cmd", "assets", "planner", "materialize", "lineage", "examples"}

// source is a Go file, as far as the rules look at it.
type source struct {
	path    string // relative to the module's root, with slashes
	imports []string
	clocks  []string // "time.Now" and such, with their line
}

func TestImportsGoOneWay(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatalf("this test expects the module's root three levels up: %v", err)
	}
	files, err := read(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 10 {
		t.Fatalf("found only %d Go files: the test looks at the wrong place", len(files))
	}
	for _, violation := range violations(files) {
		t.Error(violation)
	}
}

func TestRulesCatch(t *testing.T) {
	for _, c := range []struct {
		name string
		file source
		want string // a part of the message; empty: allowed
	}{
		{"down is allowed", source{path: "planner/plan.go", imports: []string{module + "lineage", "time"}}, ""},
		{"up is not", source{path: "lineage/graph.go", imports: []string{module + "planner"}}, "must not import planner"},
		{"two up is not", source{path: "assets/name.go", imports: []string{module + "materialize/check"}}, "must not import materialize/check"},
		{"nor from a folder below", source{path: "planner/planfile/file.go", imports: []string{module + "materialize"}}, "must not import materialize"},
		{"a pure room opens no file", source{path: "planner/plan.go", imports: []string{"os"}}, "must not import os"},
		{"nor a socket", source{path: "assets/name.go", imports: []string{"net/http"}}, "must not import net/http"},
		{"its tests may", source{path: "planner/plan_test.go", imports: []string{"os"}}, ""},
		{"the page is code", source{path: "lineage/export/html.go", imports: []string{"embed"}}, ""},
		{"no other file is", source{path: "planner/plan.go", imports: []string{"embed"}}, "must not import embed"},
		{"a pure room has no clock", source{path: "planner/plan.go", clocks: []string{"time.Now"}}, "must not call time.Now"},
		{"impure rooms have", source{path: "materialize/run.go", imports: []string{"os"}, clocks: []string{"time.Now"}}, ""},
		{"reading HCL is not pure", source{path: "assets/config/load.go", imports: []string{"os", module + "assets"}}, ""},
		{"one room owns DuckDB", source{path: "materialize/warehouse/db.go", imports: []string{"github.com/duckdb/duckdb-go/v2"}}, ""},
		{"no other does", source{path: "materialize/check/audit.go", imports: []string{"github.com/duckdb/duckdb-go/v2"}}, "must not import github.com/duckdb"},
		{"not even in tests", source{path: "cmd/assets/x_test.go", imports: []string{"github.com/duckdb/duckdb-go/v2"}}, "must not import github.com/duckdb"},
		{"compile opens no database", source{path: "materialize/compile/compile.go", imports: []string{module + "materialize/warehouse"}}, "must not import materialize/warehouse"},
		{"its tests may", source{path: "materialize/compile/compile_test.go", imports: []string{module + "materialize/warehouse"}}, ""},
		{"a run knows no spans", source{path: "materialize/build.go", imports: []string{"go.opentelemetry.io/otel/trace"}}, "must not import go.opentelemetry.io"},
		{"who makes them does", source{path: "cmd/internal/telemetry/run.go", imports: []string{"go.opentelemetry.io/otel/trace"}}, ""},
		{"flags belong to cmd", source{path: "materialize/apply.go", imports: []string{"github.com/spf13/cobra"}}, "must not import github.com/spf13/cobra"},
		{"similar names are other packages", source{path: "planner/plan.go", imports: []string{"osutil"}}, ""},
		{"no new room", source{path: "util/strings.go"}, "no room called util"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(violations([]source{c.file}), "\n")
			if c.want == "" && got != "" {
				t.Errorf("allowed, but reported: %s", got)
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("reported %q, want a message with %q", got, c.want)
			}
		})
	}
}

// violations says what files do that no rule allows, and why that is a rule.
func violations(files []source) []string {
	var found []string
	for _, file := range files {
		pkg, isTest := path.Dir(file.path), strings.HasSuffix(file.path, "_test.go")
		if folder, _, _ := strings.Cut(file.path, "/"); !slices.Contains(folders, folder) {
			found = append(found, fmt.Sprintf("%s: there is no room called %s: Go code lives in %s",
				file.path, folder, strings.Join(folders, ", ")))
		}
		for _, r := range rules {
			if isTest && !r.tests || !matchAny(r.in, pkg) || matchAny(r.except, pkg) {
				continue
			}
			for _, imported := range file.imports {
				imported = strings.TrimPrefix(imported, module)
				if matchAny(r.forbid, imported) && !matchAny(r.but, imported) {
					found = append(found, fmt.Sprintf("%s: package %s must not import %s: %s", file.path, pkg, imported, r.reason))
				}
			}
		}
		if !isTest && slices.Contains(pure, pkg) {
			for _, call := range file.clocks {
				found = append(found, fmt.Sprintf("%s: package %s must not call %s: time is a parameter, so that a plan for "+
					"another moment is the same function and no test waits", file.path, pkg, call))
			}
		}
	}
	return found
}

func matchAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		prefix, below := strings.CutSuffix(pattern, "...")
		if !below {
			return pattern == pkg
		}
		return strings.HasPrefix(pkg+"/", prefix)
	})
}

// read parses every Go file of the module, those under hidden folders, testdata
// and folders with an underscore in front aside, as the go command does.
func read(root fs.FS) ([]source, error) {
	var files []source
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() && name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata") {
			return fs.SkipDir
		}
		if entry.IsDir() || path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parse(name, text)
		files = append(files, file)
		return err
	})
	return files, err
}

func parse(name string, text []byte) (source, error) {
	positions := token.NewFileSet()
	tree, err := parser.ParseFile(positions, name, text, parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	file := source{path: name}
	for _, spec := range tree.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		file.imports = append(file.imports, imported)
	}
	ast.Inspect(tree, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			x, ok := selector.X.(*ast.Ident)
			if ok && x.Name == "time" && slices.Contains(clocks, selector.Sel.Name) {
				call := fmt.Sprintf("time.%s (line %d)", selector.Sel.Name, positions.Position(selector.Pos()).Line)
				file.clocks = append(file.clocks, call)
			}
		}
		return true
	})
	return file, nil
}
