package compile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// job is one asset to be bound: its inputs' columns are known, the cache has
// nothing for it.
type job struct {
	asset  *assets.Asset
	key    sum
	inputs map[assets.Name][]assets.Column
	bound  lineage.Bound
	err    error
}

// bind goes through the assets level by level: all inputs of a level's assets
// are sources or belong to earlier ones.
func (c *compiler) bind() error {
	depth := make(map[assets.Name]int, len(c.graph.Order))
	for _, name := range c.graph.Order {
		for _, input := range c.graph.Nodes[name].Inputs {
			depth[name] = max(depth[name], depth[input]+1)
		}
	}
	for rest := c.graph.Order; len(rest) > 0; {
		// Order goes by depth, so a level is a run of equal depths.
		n := 1
		for n < len(rest) && depth[rest[n]] == depth[rest[0]] {
			n++
		}
		if err := c.bindLevel(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

func (c *compiler) bindLevel(level []assets.Name) error {
	var misses []*job
	for _, name := range level {
		if j := c.prepare(name); j != nil {
			misses = append(misses, j)
		}
	}
	if len(misses) == 0 {
		return nil
	}
	needed := map[assets.Name][]assets.Column{}
	for _, j := range misses {
		for name, columns := range j.inputs {
			needed[name] = columns
		}
	}
	binder, err := c.declare(needed)
	if err != nil {
		return err
	}
	err = inBatches(c.ctx, len(misses), func(ctx context.Context, from, to int) error {
		return bindJobs(ctx, binder, c.engine, misses[from:to])
	})
	if err != nil {
		return err
	}
	for _, j := range misses {
		if j.err != nil {
			d := engineDiagnostic(j.err, j.asset.SQL, binder.Prefix(), j.asset.SQLRange)
			var duplicate *lineage.DuplicateColumnError
			if errors.As(j.err, &duplicate) {
				if trees, err := binder.Syntax(c.ctx, []string{j.asset.SQL.Text}); err == nil {
					d.Subject = place(j.asset.SQL, lineage.SecondColumn(trees[0], duplicate.Name), 0, j.asset.SQLRange).Ptr()
				}
			}
			c.breaks(j.asset.Name, d)
			c.graph.Nodes[j.asset.Name].Unbound = "asset " + j.asset.Name.String() + " does not compile"
			continue
		}
		if d := c.secretColumn(j); d != nil {
			c.breaks(j.asset.Name, d)
			c.graph.Nodes[j.asset.Name].Unbound = "asset " + j.asset.Name.String() + " does not compile"
			continue // and is not remembered
		}
		c.addEvidence(j)
		c.cache.addBound(j.key, j.bound)
		c.settle(j.asset.Name, j.bound)
	}
	return nil
}

// prepare answers for an asset from the cache, marks it unbound if an input is,
// or else returns what has to be bound.
func (c *compiler) prepare(name assets.Name) *job {
	node := c.graph.Nodes[name]
	if c.broken[name] {
		return nil
	}
	a := c.project.Assets[name]
	parts := []string{"bind", c.engine, a.SQL.Text}
	for _, input := range node.Inputs {
		in := c.graph.Nodes[input]
		if in.Unbound != "" {
			node.Unbound = in.Unbound
			return nil
		}
		columns := c.sums[input]
		parts = append(parts, input.String(), string(columns[:]))
	}
	key := sumOf(parts...)
	var bound lineage.Bound
	if c.cache.bound(key, &bound) {
		c.settle(name, bound)
		return nil
	}
	j := &job{asset: a, key: key, inputs: make(map[assets.Name][]assets.Column, len(node.Inputs))}
	for _, input := range node.Inputs {
		j.inputs[input] = c.graph.Nodes[input].Columns
	}
	return j
}

// settle enters what is known of an asset into the graph.
func (c *compiler) settle(name assets.Name, bound lineage.Bound) {
	bound.Syntax = c.parsed[name].Syntax
	node := c.graph.Nodes[name]
	node.Bound, node.Columns = bound, bound.Columns()
	if published := c.known[name]; !c.project.Assets[name].Enabled && len(published) > 0 {
		node.Columns = published // what its readers will find
	}
	c.sums[name] = sumColumns(node.Columns)
}

// secretColumn refuses an output column that DuckDB named after an expression with
// a secret in it, or whose type holds one: both are shown and kept everywhere.
func (c *compiler) secretColumn(j *job) *hcl.Diagnostic {
	if !j.asset.SQL.Sensitive {
		return nil
	}
	for i, column := range j.bound.Outputs {
		named := c.secrets.In(column.Name)
		summary, detail := "A column is named after a secret", "has no name of its own, so DuckDB calls it by its expression, which holds a sensitive value. Give it a name with AS"
		if !named {
			summary, detail = "A secret is in the type of a column", "has a type with names of fields or values in it, one of which is a sensitive value, and types are shown. Give it another type"
		}
		if named || c.secrets.In(column.Type) {
			return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary,
				Detail:  fmt.Sprintf("Column %d of asset %q %s.", i+1, j.asset.Name, detail),
				Subject: j.asset.SQLRange.Ptr()}
		}
	}
	return nil
}

// addEvidence joins what only the syntax tree tells to a bound statement.
func (c *compiler) addEvidence(j *job) {
	parsed := c.parsed[j.asset.Name]
	if j.bound.Assumed {
		j.bound.Meaning = assumedMeaning(parsed.Syntax, j.inputs)
	}
	j.bound.Volatile = lineage.Union(j.bound.Volatile, parsed.Volatile)
	if parsed.RowID && !allHave(j.inputs, "rowid") {
		// A row's number says how the table lies on disk: any change may move it.
		for name, columns := range j.inputs {
			used := []string{lineage.RowOrder}
			for _, column := range columns {
				used = append(used, column.Name)
			}
			j.bound.Uses[name] = slices.Sorted(slices.Values(used))
		}
		j.bound.Volatile = lineage.Union(j.bound.Volatile, []string{"rowid"})
	}
}

// assumedMeaning stands in for the meaning of a statement whose plan is not known:
// its syntax tree, and all that its stars and places may refer to.
func assumedMeaning(syntax assets.Digest, inputs map[assets.Name][]assets.Column) assets.Digest {
	parts := []string{string(syntax)}
	for _, name := range assets.SortedNames(inputs) {
		parts = append(parts, name.String(), strconv.Itoa(len(inputs[name])))
		for _, column := range inputs[name] {
			parts = append(parts, column.Name, column.Type)
		}
	}
	return assets.NewDigest("assumed1-"+syntax.Scheme(), parts...)
}

func allHave(inputs map[assets.Name][]assets.Column, column string) bool {
	for _, columns := range inputs {
		if find(columns, column) < 0 {
			return false
		}
	}
	return true
}

// declare makes the tables known to the binder that it does not know yet.
func (c *compiler) declare(tables map[assets.Name][]assets.Column) (Binder, error) {
	binder, err := c.engineRoom()
	if err != nil {
		return nil, err
	}
	for name := range tables {
		if known, ok := c.declared[name]; ok && known == c.sums[name] {
			delete(tables, name)
		}
		c.declared[name] = c.sums[name]
	}
	return binder, binder.Declare(c.ctx, tables)
}

func bindJobs(ctx context.Context, binder Binder, engine string, jobs []*job) error {
	texts := make([]string, 0, len(jobs))
	for _, j := range jobs {
		texts = append(texts, j.asset.SQL.Text)
	}
	plans, err := binder.Bind(ctx, texts)
	if err != nil {
		return err
	}
	for i, j := range jobs {
		if j.bound, j.err = lineage.Walk(plans[i], engine, j.inputs); cannotShow(j.err) {
			if outputs, err := binder.Describe(ctx, j.asset.SQL.Text); err == nil {
				if j.asset.SQL.Sensitive {
					j.err = errors.New("its plan cannot be shown") // DuckDB's words may quote it
				}
				j.bound, j.err = lineage.AllColumns(outputs, j.inputs, j.err), nil
			}
		}
	}
	return nil
}

// cannotShow reports whether an error may be about showing the plan rather than
// about the statement.
func cannotShow(err error) bool {
	var shape *lineage.PlanError
	if errors.As(err, &shape) {
		return true
	}
	var engine *lineage.EngineError
	if !errors.As(err, &engine) {
		return false
	}
	switch engine.Type {
	case "not implemented", "serialization", "internal", "invalid input":
		return true
	}
	return false
}
