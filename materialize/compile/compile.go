package compile

import (
	"cmp"
	"context"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/redact"
	"github.com/seed-4311623e/assets/lineage"
)

// Binder is a DuckDB instance that knows tables without rows. All methods but
// Close may be called from many goroutines. What is wrong with a statement is in
// its answer; errors are about the instance.
type Binder interface {
	// Syntax returns the json_serialize_sql of each statement.
	Syntax(ctx context.Context, statements []string) ([][]byte, error)
	// Declare makes empty tables.
	Declare(ctx context.Context, tables map[assets.Name][]assets.Column) error
	// Bind returns the json_serialize_plan of `CREATE TABLE … AS statement` for
	// each statement. Positions in it count Prefix bytes before the statement.
	Bind(ctx context.Context, statements []string) ([][]byte, error)
	Prefix() int
	// Describe returns the columns of a statement whose plan cannot be shown.
	Describe(ctx context.Context, statement string) ([]assets.Column, error)
	Close() error
}

// Compile parses and binds the assets of p. known holds the columns of each
// source; one without columns leaves its descendants unbound (Node.Unbound),
// which is no mistake. It may hold the published columns of disabled assets: their
// readers are bound to these, whatever the SQL says that is not going to be run. open starts DuckDB and is called only if the cache in
// cacheDir does not hold all answers; an empty cacheDir means no cache. engine
// is DuckDB's version.
//
// The graph is never nil. With errors among the diagnostics it holds what could
// be found out, and descendants of a broken asset are not examined.
func Compile(ctx context.Context, p *assets.Project, known map[assets.Name][]assets.Column,
	open func() (Binder, error), engine, cacheDir string) (*lineage.Graph, hcl.Diagnostics) {
	c := &compiler{
		ctx: ctx, project: p, known: known, open: open, engine: engine, cache: loadCache(cacheDir),
		parsed: make(map[assets.Name]lineage.Parsed, len(p.Assets)), broken: map[assets.Name]bool{},
		sums: make(map[assets.Name]sum, len(p.Assets)+len(p.Sources)), declared: map[assets.Name]sum{}, missing: map[columnOf]bool{},
		secrets: redact.New(p.Secrets),
	}
	defer c.close()
	if err := c.run(); err != nil {
		c.report(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: "The project could not be compiled", Detail: err.Error()})
	}
	if c.graph == nil {
		c.graph = &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{}}
	}
	// The cache only saves time: that it cannot be written is no reason to stop.
	_ = c.cache.save(!c.diags.HasErrors())
	c.hideWords()
	return c.graph, sorted(c.diags)
}

type compiler struct {
	ctx     context.Context
	project *assets.Project
	known   map[assets.Name][]assets.Column
	open    func() (Binder, error)
	engine  string
	cache   *cache
	binder  Binder // nil until something is asked of it

	graph  *lineage.Graph
	parsed map[assets.Name]lineage.Parsed
	checks []*checkSQL
	broken map[assets.Name]bool // assets with a mistake of their own
	sums   map[assets.Name]sum  // of each node's columns
	// declared are the columns of the empty tables that the binder knows.
	declared map[assets.Name]sum
	// missing are columns that are declared, and reported not to be there.
	missing map[columnOf]bool
	secrets redact.Set
	diags   hcl.Diagnostics
}

// columnOf is a column of an asset, its name in lower case.
type columnOf struct {
	asset  assets.Name
	column string
}

func (c *compiler) run() error {
	if err := c.parse(); err != nil {
		return err
	}
	refs, checkRefs := map[assets.Name][]lineage.Ref{}, map[assets.Name][]lineage.Ref{}
	for name, parsed := range c.parsed {
		refs[name] = parsed.Refs
	}
	for _, check := range c.checks {
		checkRefs[check.of.name] = append(checkRefs[check.of.name], check.refs()...)
	}
	var diags hcl.Diagnostics
	c.graph, diags = lineage.NewGraph(c.project, refs, checkRefs)
	c.report(diags...)
	c.markBroken(refs)
	c.checkInputBlocks()
	for name := range c.project.Sources {
		node := c.graph.Nodes[name]
		if node.Columns = c.known[name]; len(node.Columns) == 0 {
			node.Columns, node.Unbound = nil, "source "+name.String()+" was never observed"
		}
		c.sums[name] = sumColumns(node.Columns)
	}
	if err := c.bind(); err != nil {
		return err
	}
	c.graph.TrackOrder()
	if err := c.checkColumns(); err != nil {
		return err
	}
	if err := c.compareTypes(); err != nil {
		return err
	}
	return c.bindChecks()
}

// markBroken notes the assets for which the graph has no complete answer.
func (c *compiler) markBroken(refs map[assets.Name][]lineage.Ref) {
	inOrder := make(map[assets.Name]bool, len(c.graph.Order))
	for _, name := range c.graph.Order {
		inOrder[name] = true
	}
	for name := range c.project.Assets {
		for _, ref := range refs[name] {
			if ref.Name == name || c.graph.Nodes[ref.Name] == nil {
				c.broken[name] = true
			}
		}
		if !inOrder[name] {
			c.broken[name] = true
		}
		if c.broken[name] {
			c.graph.Nodes[name].Unbound = "asset " + name.String() + " does not compile"
		}
		c.graph.Nodes[name].Bound.Syntax = c.parsed[name].Syntax
	}
}

// engineRoom starts DuckDB on first use.
func (c *compiler) engineRoom() (Binder, error) {
	if c.binder == nil {
		binder, err := c.open()
		if err != nil {
			return nil, err
		}
		c.binder = binder
	}
	return c.binder, nil
}

func (c *compiler) close() {
	if c.binder != nil {
		// It holds nothing that could be lost.
		_ = c.binder.Close()
	}
}

func (c *compiler) report(diags ...*hcl.Diagnostic) { c.diags = append(c.diags, diags...) }

// breaks reports what keeps an asset from being bound.
func (c *compiler) breaks(name assets.Name, diags ...*hcl.Diagnostic) {
	c.broken[name] = true
	c.report(diags...)
}

// sorted orders diagnostics by their place and drops repetitions, which come
// from blocks with for_each: they name another asset, the mistake is the same.
func sorted(diags hcl.Diagnostics) hcl.Diagnostics {
	place := func(d *hcl.Diagnostic) hcl.Range {
		if d.Subject == nil {
			return hcl.Range{}
		}
		return *d.Subject
	}
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
		x, y := place(a), place(b)
		return cmp.Or(cmp.Compare(x.Filename, y.Filename), cmp.Compare(x.Start.Byte, y.Start.Byte), cmp.Compare(a.Summary, b.Summary), cmp.Compare(a.Detail, b.Detail))
	})
	return slices.CompactFunc(diags, func(a, b *hcl.Diagnostic) bool {
		return place(a) == place(b) && a.Summary == b.Summary && (a.Subject != nil || a.Detail == b.Detail)
	})
}
