package unit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/config"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/compile"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// project is a compiled project with tests.
type project struct {
	*assets.Project
	graph *lineage.Graph
}

// load compiles a project of the given HCL. sources are the columns of each source,
// as "name TYPE; name TYPE"; it declares them.
func load(t testing.TB, sources map[string]string, text string, files ...string) project {
	t.Helper()
	dir := t.TempDir()
	known := map[assets.Name][]assets.Column{}
	declared := "project \"p\" {}\n"
	for name, columns := range sources {
		declared += fmt.Sprintf("source %q { files = \"x.csv\" }\n", name)
		for column := range strings.SplitSeq(columns, "; ") {
			name0, typ, _ := strings.Cut(column, " ")
			known[assets.MustName(name)] = append(known[assets.MustName(name)], assets.Column{Name: name0, Type: typ})
		}
	}
	files = append(files, "project.hcl", declared, "tests.hcl", text)
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p, diags := config.Load(dir, config.Options{})
	if diags.HasErrors() {
		t.Fatal(diags.Errs())
	}
	open := func() (compile.Binder, error) { return warehouse.NewBinder(context.Background()) }
	g, diags := compile.Compile(context.Background(), p, known, open, warehouse.Engine(), "")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return project{p, g}
}

// prepare makes all tests ready, and closes them when the test ends.
func (p project) prepare(t testing.TB) (*Suite, hcl.Diagnostics) {
	t.Helper()
	s, diags, err := Prepare(context.Background(), p.Project, p.graph, p.Tests)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, diags
}

func (p project) run(t testing.TB, workers int) []Outcome {
	t.Helper()
	s, diags := p.prepare(t)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	outcomes, err := s.Run(context.Background(), workers, nil)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

// describe is an outcome in a line: its message, then its pairs of rows.
func describe(o Outcome) string {
	parts := []string{}
	if o.Message != "" {
		parts = append(parts, o.Message)
	}
	if o.Diff != nil {
		for _, p := range o.Diff.Rows {
			switch {
			case p.Got == nil:
				parts = append(parts, fmt.Sprint("-", p.Expected))
			case p.Expected == nil:
				parts = append(parts, fmt.Sprint("+", p.Got))
			default:
				parts = append(parts, fmt.Sprint("~", p.Expected, p.Got))
			}
		}
	}
	return strings.Join(parts, " ")
}
