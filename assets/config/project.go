package config

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/seed-4311623e/assets/assets"
)

const defaultWarehouse = "warehouse.duckdb"

// loadProject reads the project block, which there must be once.
func (l *loader) loadProject(nested []string) {
	var first *hclsyntax.Block
	for _, f := range l.files {
		for _, b := range f.blocks("project") {
			if first != nil {
				l.duplicate("project block", first.DefRange(), b.DefRange())
				continue
			}
			first = b
			l.readProject(l.scopeOf(f.dir), b)
		}
	}
	if first != nil {
		return
	}
	for _, f := range l.files {
		if f.diags.HasErrors() {
			return // it may stand in what could not be read
		}
	}
	l.report(&hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "No project block",
		Detail: fmt.Sprintf("A project has one block project \"NAME\" {} in a *.hcl file of its directory %s. Write it, or run `assets init`%s.", l.root, elsewhere(nested)),
	})
}

func (l *loader) readProject(s *scope, b *hclsyntax.Block) {
	p := l.project
	p.Name, _ = l.label(b, "name")
	what := fmt.Sprintf("project %q", p.Name)
	l.fits(b.Body, projectSchema, what)
	a := l.args(s, b.Body, what)
	if path := a.filled("warehouse"); path != "" {
		if strings.Contains(path, "://") || strings.HasPrefix(path, "md:") || path == ":memory:" {
			a.wrong("warehouse", fmt.Sprintf("The warehouse %q is not a file", path), "The warehouse is one DuckDB file on a local disk. Give its path, relative to the project.")
		} else {
			p.Warehouse = resolve(l.root, path)
		}
	}
	if zone := a.timezone("timezone"); zone != "" {
		p.Timezone = zone
	}
	if n := a.count("max_builds_per_run"); n != nil && (*n < 1 || *n > math.MaxInt32) {
		a.wrong("max_builds_per_run", "\"max_builds_per_run\" must be 1 or more", "It bounds how many assets one run builds. Leave it out to have all built that are to be.")
	} else if n != nil {
		p.MaxBuildsPerRun = int(*n)
	}
	for _, part := range []struct {
		name string
		read func(*scope, *hclsyntax.Block)
	}{
		{"lineage", l.readLineage}, {"telemetry", l.readTelemetry}, {"duckdb", l.readDuckDB},
		{"retention", l.readRetention}, {"defaults", l.readDefaults},
	} {
		for i, block := range blocksOf(b.Body, part.name) {
			if i > 0 {
				l.report(problem(block.DefRange(), "Duplicate "+part.name+" block", "A project has one. Put everything into the first."))
				continue
			}
			part.read(s, block)
		}
	}
}

// readDefaults reads what holds for assets that say nothing else.
func (l *loader) readDefaults(s *scope, b *hclsyntax.Block) {
	l.noLabels(b)
	l.fits(b.Body, defaultsSchema, "the defaults block")
	a := l.args(s, b.Body, "the defaults block")
	l.defaultContract = a.contract()
	l.defaultFailure = l.readFailure(a, b, assets.Failure{})
	for _, fb := range blocksOf(b.Body, "freshness") {
		if f, ok := l.readFreshness(s, fb, "the defaults"); ok {
			l.project.Freshness = append(l.project.Freshness, f)
		}
	}
}

func blocksOf(body *hclsyntax.Body, kind string) []*hclsyntax.Block {
	var found []*hclsyntax.Block
	for _, b := range body.Blocks {
		if b.Type == kind {
			found = append(found, b)
		}
	}
	return found
}

// isRemote reports whether a path is a URL such as s3://bucket/x.csv.
func isRemote(path string) bool {
	scheme, _, ok := strings.Cut(path, "://")
	return ok && scheme != "" && !strings.ContainsAny(scheme, "/*?[")
}

// extension returns the extension that says what a file holds: ".csv" of a.csv.gz.
func extension(path string) string {
	path = strings.ToLower(path)
	for _, compressed := range []string{".gz", ".zst"} {
		path = strings.TrimSuffix(path, compressed)
	}
	return filepath.Ext(path)
}
