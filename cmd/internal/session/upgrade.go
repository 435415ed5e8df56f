package session

import (
	"context"
	"fmt"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// rereadSyntax has this DuckDB parse the SQL of records that another version made,
// so that the two can be compared: an upgrade alone rebuilds nothing, and neither
// do a comment and an upgrade. What cannot be parsed any more is left as it is, and
// counts as changed.
func (s *Session) rereadSyntax(ctx context.Context) error {
	var keys []planner.Key
	var texts []string
	for _, name := range assets.SortedNames(s.Project.Assets) {
		key := planner.Key{Asset: name}
		last, published := s.State.Last[key]
		is, was := s.Graph.Nodes[name], last.Definition
		if !published || is == nil || was.SQL == "" || was.SQL == s.Project.Assets[name].SQL.Text || is.Bound.Syntax.Scheme() == was.Bound.Syntax.Scheme() {
			continue
		}
		keys, texts = append(keys, key), append(texts, was.SQL)
	}
	if len(keys) == 0 {
		return nil
	}
	binder, err := s.openBinder(ctx)()
	if err != nil {
		return err
	}
	defer binder.Close()
	trees, err := binder.Syntax(ctx, texts)
	if err != nil {
		return fmt.Errorf("parse what an older DuckDB built: %w", err)
	}
	for i, key := range keys {
		if parsed, err := lineage.Parse(trees[i], warehouse.Engine()); err == nil {
			last := s.State.Last[key]
			last.Definition.Bound.Syntax = parsed.Syntax
			s.State.Last[key] = last
		}
	}
	return nil
}
