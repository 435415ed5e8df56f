package unit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Suite is a set of tests ready to be run.
type Suite struct {
	db     *warehouse.DB
	values values
	tests  []*ready
}

// ready is a test with all that a worker needs to run it.
type ready struct {
	*assets.Test
	asset   *assets.Asset
	outputs []assets.Column
	given   []*fixture
	expect  *fixture // nil: rows are not compared
	// impossible says why the test cannot be run though it has no mistake.
	impossible string
}

// Prepare makes tests of a compiled project ready. Mistakes in them are
// diagnostics: then the suite holds nothing but the tests without any, which is
// for knowing these. Errors are about DuckDB. The caller closes the suite.
func Prepare(ctx context.Context, p *assets.Project, g *lineage.Graph, tests []*assets.Test) (*Suite, hcl.Diagnostics, error) {
	db, err := open(ctx, tests)
	if err != nil {
		return nil, nil, err
	}
	s, diags, err := prepare(ctx, db, p, g, tests)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return s, diags, nil
}

// prepare is Prepare on an instance that is open.
func prepare(ctx context.Context, db *warehouse.DB, p *assets.Project, g *lineage.Graph, tests []*assets.Test) (*Suite, hcl.Diagnostics, error) {
	s := &Suite{db: db, values: values{}}
	b := &builder{ctx: ctx, project: p, graph: g, db: db, values: s.values}
	var diags hcl.Diagnostics
	prepared := make([]*ready, len(tests))
	for i, t := range tests {
		prepared[i] = b.test(t)
	}
	if b.err == nil {
		b.err = b.values.convert(ctx, db)
	}
	for _, t := range prepared {
		for _, f := range t.fixtures() {
			f.report(b.values)
			diags = append(diags, f.diags...)
		}
		if b.wrong[t.Test] == nil && !slices.ContainsFunc(t.fixtures(), func(f *fixture) bool { return len(f.diags) > 0 }) {
			s.tests = append(s.tests, t)
		}
		diags = append(diags, b.wrong[t.Test]...)
	}
	return s, diags, errors.Join(b.err, b.close())
}

// Tests are the tests of the suite.
func (s *Suite) Tests() []*assets.Test {
	tests := make([]*assets.Test, len(s.tests))
	for i, t := range s.tests {
		tests[i] = t.Test
	}
	return tests
}

// Close gives up DuckDB.
func (s *Suite) Close() error { return s.db.Close() }

// open starts an instance that reads the tests' files and no others.
func open(ctx context.Context, tests []*assets.Test) (*warehouse.DB, error) {
	var files []string
	for _, t := range tests {
		for _, g := range t.Given {
			files = append(files, g.File)
		}
		if t.Expect != nil {
			files = append(files, t.Expect.File)
		}
	}
	slices.Sort(files)
	var paths []string
	for _, file := range slices.Compact(files) {
		if file != "" {
			paths = append(paths, warehouse.Literal(file))
		}
	}
	db, err := warehouse.Memory(ctx)
	if err != nil {
		return nil, err
	}
	// Fixtures are small: handing work between threads would cost more than it gains.
	err = db.Exec(ctx, "SET threads=1; SET allowed_paths=["+strings.Join(paths, ", ")+"]; SET enable_external_access=false")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set up DuckDB for tests: %w", err), db.Close())
	}
	return db, nil
}

func (t *ready) fixtures() []*fixture {
	if t.expect != nil {
		return append(slices.Clone(t.given), t.expect)
	}
	return t.given
}

// builder makes tests ready, all values of all tests at once.
type builder struct {
	ctx     context.Context
	project *assets.Project
	graph   *lineage.Graph
	db      *warehouse.DB
	binder  *warehouse.Binder // nil until a fixture has SQL
	values  values
	wrong   map[*assets.Test]hcl.Diagnostics
	err     error // DuckDB's
}

func (b *builder) close() error {
	if b.binder == nil {
		return nil
	}
	return b.binder.Close()
}

func (b *builder) report(t *assets.Test, d *hcl.Diagnostic) {
	if b.wrong == nil {
		b.wrong = map[*assets.Test]hcl.Diagnostics{}
	}
	b.wrong[t] = append(b.wrong[t], d)
}

func (b *builder) test(t *assets.Test) *ready {
	r := &ready{Test: t, asset: b.project.Assets[t.Asset], impossible: fmt.Sprintf("asset %s is not compiled", t.Asset)}
	node := b.graph.Nodes[t.Asset]
	if node == nil {
		return r
	}
	if r.outputs = node.Bound.Columns(); node.Unbound != "" || len(r.outputs) == 0 {
		r.impossible += ": " + node.Unbound
		return r
	}
	r.impossible = ""
	required, allowed := reads(r.asset, node, t)
	for _, input := range required {
		if !slices.ContainsFunc(t.Given, func(g assets.Given) bool { return g.Input == input }) {
			b.report(t, problem(t.Decl, fmt.Sprintf("No rows are given for %q", input),
				fmt.Sprintf("%s reads it. Add a block that says what it holds. That it holds nothing is said by given %q { rows = [] }.", upperFirst(reader(r.asset, node, input)), input)))
		}
	}
	for _, g := range t.Given {
		input := b.graph.Nodes[g.Input]
		switch {
		case input == nil:
			continue // reported as a name that nothing declares
		case !slices.Contains(allowed, g.Input):
			b.report(t, problem(g.Decl, fmt.Sprintf("Asset %q does not read %q", t.Asset, g.Input), notRead(g.Input, allowed)))
			continue
		case len(input.Columns) == 0:
			r.impossible = fmt.Sprintf("the columns of %s are not known", g.Input)
			continue
		}
		r.given = append(r.given, b.fixture(g.Fixture, warehouse.NameRef(g.Input), b.called(g.Input), input.Columns))
	}
	if t.Expect != nil {
		r.expect = b.fixture(t.Expect.Fixture, expectedTable, b.called(t.Asset), r.outputs)
	}
	return r
}

// called is how messages name a source or asset.
func (b *builder) called(name assets.Name) string {
	if b.project.Sources[name] != nil {
		return fmt.Sprintf("source %q", name)
	}
	return fmt.Sprintf("asset %q", name)
}

// reads lists the inputs that must and those that can be given to a test: what
// the asset's SQL reads, and what the expected checks read.
func reads(a *assets.Asset, node *lineage.Node, t *assets.Test) (required, allowed []assets.Name) {
	required = slices.Clone(node.Inputs)
	allowed = append(slices.Clone(node.Inputs), node.CheckInputs...)
	for _, expected := range t.Checks {
		switch check := checkOf(a, expected.ID); {
		case check.Kind == assets.Relationships && check.To != a.Name:
			required = append(required, check.To)
		case check.Kind == assets.Query:
			required = append(required, node.CheckInputs...)
		}
	}
	for _, names := range []*[]assets.Name{&required, &allowed} {
		slices.SortFunc(*names, assets.Name.Compare)
		*names = slices.Compact(*names)
	}
	return required, allowed
}

func reader(a *assets.Asset, node *lineage.Node, input assets.Name) string {
	if slices.Contains(node.Inputs, input) {
		return fmt.Sprintf("asset %q", a.Name)
	}
	return fmt.Sprintf("an expected check of asset %q", a.Name)
}

func notRead(name assets.Name, allowed []assets.Name) string {
	var names []string
	for _, n := range allowed {
		names = append(names, n.String())
	}
	switch near := lineage.Nearest(name.String(), names); {
	case len(near) > 0:
		return fmt.Sprintf("Did you mean %q?", near[0])
	case len(names) == 0:
		return "It reads nothing. Take this block out."
	}
	return fmt.Sprintf("It reads %s. Take this block out, or test the asset that reads %s.", strings.Join(names, ", "), name)
}

// checkOf is the check of an asset with this ID.
func checkOf(a *assets.Asset, id string) assets.Check {
	for _, c := range a.Checks {
		if c.ID() == id {
			return c
		}
	}
	return assets.Check{}
}

func problem(at hcl.Range, summary, detail string) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at}
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
