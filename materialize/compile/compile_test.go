package compile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// project is a project as tests write it: SQL by asset name.
type project struct {
	*assets.Project
	sources map[assets.Name][]assets.Column
}

// newProject makes each asset a block in a file of its own, so that a
// diagnostic's place reads as name.sql:line,column.
func newProject(sources map[string]string, sql map[string]string) *project {
	p := &project{
		Project: &assets.Project{Name: "test", Sources: map[assets.Name]*assets.Source{}, Assets: map[assets.Name]*assets.Asset{}, Groups: map[string][]assets.Name{}},
		sources: map[assets.Name][]assets.Column{},
	}
	for name, columns := range sources {
		p.source(name, columns)
	}
	for name, text := range sql {
		p.asset(name, text)
	}
	return p
}

// source declares a source; columns is "name TYPE, name TYPE", empty: never observed.
func (p *project) source(name, columns string) {
	n := assets.MustName(name)
	p.Sources[n] = &assets.Source{Name: n}
	delete(p.sources, n)
	for _, column := range strings.Split(columns, ", ") {
		if name, typ, ok := strings.Cut(column, " "); ok {
			p.sources[n] = append(p.sources[n], assets.Column{Name: name, Type: typ})
		}
	}
}

func (p *project) asset(name, text string) *assets.Asset {
	n := assets.MustName(name)
	a := &assets.Asset{Name: n, Kind: assets.Table, Enabled: true, SQL: sqlIn(name+".sql", text), Decl: hcl.Range{Filename: name + ".hcl"}}
	a.SQLRange = hcl.Range{Filename: name + ".hcl"}
	p.Assets[n] = a
	return a
}

func sqlIn(file, text string) assets.SQL {
	rng := hcl.Range{Filename: file, Start: hcl.Pos{Line: 1, Column: 1}, End: hcl.Pos{Line: 1, Column: 1 + len(text), Byte: len(text)}}
	return assets.SQL{Text: text, Origin: []assets.Span{{Start: 0, End: len(text), Range: rng, Exact: true}}}
}

// counter counts what is asked of DuckDB.
type counter struct {
	Binder
	mu            sync.Mutex
	opened        int
	parsed, bound []string
}

func (c *counter) open() (Binder, error) {
	c.opened++
	b, err := warehouse.NewBinder(context.Background())
	c.Binder = b
	return c, err
}

func (c *counter) Syntax(ctx context.Context, s []string) ([][]byte, error) {
	c.mu.Lock()
	c.parsed = append(c.parsed, s...)
	c.mu.Unlock()
	return c.Binder.Syntax(ctx, s)
}

func (c *counter) Bind(ctx context.Context, s []string) ([][]byte, error) {
	c.mu.Lock()
	c.bound = append(c.bound, s...)
	c.mu.Unlock()
	return c.Binder.Bind(ctx, s)
}

func (p *project) compile(t testing.TB, cacheDir string) (*lineage.Graph, hcl.Diagnostics, *counter) {
	t.Helper()
	c := &counter{}
	g, diags := Compile(context.Background(), p.Project, p.sources, c.open, warehouse.Engine(), cacheDir)
	return g, diags, c
}

// mustCompile fails the test on any diagnostic.
func (p *project) mustCompile(t testing.TB, cacheDir string) (*lineage.Graph, *counter) {
	t.Helper()
	g, diags, c := p.compile(t, cacheDir)
	if diags.HasErrors() {
		t.Fatal(describe(diags))
	}
	return g, c
}

func describe(diags hcl.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		place := hcl.Range{}
		if d.Subject != nil {
			place = *d.Subject
		}
		fmt.Fprintf(&b, "%s:%d,%d-%d: %s\n%s\n", place.Filename, place.Start.Line, place.Start.Column, place.End.Column, d.Summary, d.Detail)
	}
	return b.String()
}

func TestColumnsAndUses(t *testing.T) {
	p := newProject(map[string]string{"raw.orders": "id INTEGER, customer INTEGER, amount DECIMAL(10,2), note VARCHAR"}, map[string]string{
		"staging.orders": "select id, customer, amount from raw.orders -- all but the note",
		"mart.totals":    "from staging.orders select customer, sum(amount) as total group by all;",
		"mart.count":     "select count(*) as n from mart.totals",
	})
	g, _ := p.mustCompile(t, "")
	want := map[string]string{
		"staging.orders": "id INTEGER, customer INTEGER, amount DECIMAL(10,2) < raw.orders(amount customer id)",
		"mart.totals":    "customer INTEGER, total DECIMAL(38,2) < staging.orders(amount customer)",
		"mart.count":     "n BIGINT < mart.totals()",
	}
	for name, expected := range want {
		if got := summary(g.Nodes[assets.MustName(name)]); got != expected {
			t.Errorf("%s: got %s, want %s", name, got, expected)
		}
	}
	if got := fmt.Sprint(g.Order); got != "[staging.orders mart.totals mart.count]" {
		t.Errorf("order %s", got)
	}
}

// summary writes a node as `column TYPE, … < input(used …) …`.
func summary(n *lineage.Node) string {
	var b strings.Builder
	for i, c := range n.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.Name + " " + c.Type)
	}
	b.WriteString(" <")
	for _, name := range assets.SortedNames(n.Bound.Uses) {
		used := slices.Clone(n.Bound.Uses[name])
		if slices.Contains(used, lineage.RowOrder) {
			used[0] = "ORDER"
		}
		fmt.Fprintf(&b, " %s(%s)", name, strings.Join(used, " "))
	}
	return b.String()
}

// mute is DuckDB unable to show any plan.
type mute struct {
	counter
	answer string
}

func (m *mute) open() (Binder, error) {
	_, err := m.counter.open()
	return m, err
}

func (m *mute) Bind(_ context.Context, statements []string) (answers [][]byte, err error) {
	for range statements {
		answers = append(answers, []byte(m.answer))
	}
	return answers, nil
}
