package check

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// aggregate is the one statement that asks for everything: hashes, keys and
// conditions of each row in a subquery, counts of them around it. What several
// checks ask for is asked once: each expression costs time to plan, which for a
// small table is most of the time.
type aggregate struct {
	relation    string
	projections [][]assets.Column // all columns first
	inner       []string          // of a row; the i-th is called _i
	sums        []string          // of hashes, one for each projection
	counts      []string
	tallies     map[int]func(found) int64 // of violations, by index of the check
}

// found is an aggregate's answer.
type found struct {
	rows    int64
	digests []assets.Digest // of the projections
	counts  []int64
}

func newAggregate(s Scan) (*aggregate, error) {
	a := &aggregate{relation: s.Relation, projections: [][]assets.Column{s.Columns}, tallies: map[int]func(found) int64{}}
	for _, names := range s.Projections {
		columns, err := project(s.Columns, names)
		if err != nil {
			return nil, fmt.Errorf("digest of %s: %w", s.Relation, err)
		}
		a.projections = append(a.projections, columns)
	}
	for _, columns := range a.projections {
		a.sums = append(a.sums, warehouse.HashSums(a.row(warehouse.HashRow(columns))))
	}
	for i, c := range s.Checks {
		if tally := a.add(c); tally != nil {
			a.tallies[i] = tally
		}
	}
	return a, nil
}

// project returns the named columns sorted by name.
func project(columns []assets.Column, names []string) ([]assets.Column, error) {
	var out []assets.Column
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if name == lineage.RowOrder {
			out = append(out, warehouse.RowOrder)
			continue
		}
		i := slices.IndexFunc(columns, func(c assets.Column) bool { return strings.EqualFold(c.Name, name) })
		if i < 0 {
			return nil, fmt.Errorf("there is no column %q", name)
		}
		out = append(out, columns[i])
	}
	return out, nil
}

// add asks for what a check needs and returns how its violations follow from the
// answer; nil if the check needs statements of its own.
func (a *aggregate) add(c assets.Check) func(found) int64 {
	switch {
	case c.Kind == assets.RowCount:
		return func(f found) int64 { return outside(c, f.rows) }
	case c.Kind == assets.Unique:
		key := a.row(key(c))
		all, distinct := a.count("count("+key+")"), a.count("count(DISTINCT "+key+")")
		return func(f found) int64 { return f.counts[all] - f.counts[distinct] }
	case c.Kind == assets.NotNull && len(c.Columns) == 1:
		all := a.count("count(" + a.row(warehouse.Ident(c.Columns[0])) + ")")
		return func(f found) int64 { return f.rows - f.counts[all] }
	case c.Kind == assets.Relationships || where(c) == "":
		return nil
	}
	violations := a.count("count_if(" + a.row("("+where(c)+")") + ")::BIGINT")
	return func(f found) int64 { return f.counts[violations] }
}

// row asks for an expression of each row and returns its name.
func (a *aggregate) row(expression string) string {
	return fmt.Sprintf("_%d", index(&a.inner, expression))
}

// count asks for an aggregate of row names, a BIGINT.
func (a *aggregate) count(expression string) int { return index(&a.counts, expression) }

// index returns the place of s in list, which it is appended to if it is not there.
func index(list *[]string, s string) int {
	i := slices.Index(*list, s)
	if i < 0 {
		i = len(*list)
		*list = append(*list, s)
	}
	return i
}

func (a *aggregate) sql() string {
	inner := make([]string, len(a.inner))
	for i, expression := range a.inner {
		inner[i] = fmt.Sprintf("%s AS _%d", expression, i)
	}
	outer := slices.Concat([]string{"count(*)"}, a.sums, a.counts)
	return "SELECT " + strings.Join(outer, ", ") + "\nFROM (SELECT " + strings.Join(inner, ", ") + "\nFROM " + a.relation + ")"
}

func (a *aggregate) run(ctx context.Context, q Querier) (found, error) {
	f := found{counts: make([]int64, len(a.counts))}
	sums := make([]string, len(a.sums))
	targets := []any{&f.rows}
	for i := range sums {
		targets = append(targets, &sums[i])
	}
	for i := range f.counts {
		targets = append(targets, &f.counts[i])
	}
	if err := queryRow(ctx, q, a.sql(), targets...); err != nil {
		return found{}, err
	}
	for i, columns := range a.projections {
		f.digests = append(f.digests, warehouse.ContentDigest(columns, f.rows, sums[i]))
	}
	return f, nil
}

func queryRow(ctx context.Context, q Querier, statement string, targets ...any) error {
	rows, err := q.Query(ctx, statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return sql.ErrNoRows
	}
	if err := rows.Scan(targets...); err != nil {
		return err
	}
	return rows.Close()
}
