package check

import (
	"context"
	"database/sql"
	"fmt"
	"math"
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
	projections [][]assets.Column // all columns first, unless only checks are asked for
	inner       []string          // of a row; the i-th is called _i
	sums        []string          // of hashes, one for each projection
	counts      []string
	values      []string                     // aggregates that are DOUBLE, or NULL
	tallies     map[int]func(found) measured // by index of the check
}

// found is an aggregate's answer.
type found struct {
	rows    int64
	digests []assets.Digest // of the projections
	counts  []int64
	values  []*float64
}

func newAggregate(s Scan) (*aggregate, error) {
	a := &aggregate{relation: s.Relation, tallies: map[int]func(found) measured{}}
	if !s.ChecksOnly {
		a.projections = append(a.projections, s.Columns)
	}
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
		if tally := a.add(s, c); tally != nil {
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

// add asks for what a check needs and returns how its outcome follows from the
// answer; nil if the check needs statements of its own.
func (a *aggregate) add(s Scan, c assets.Check) func(found) measured {
	rows := a.looked(c)
	violated := func(count func(found) int64) func(found) measured {
		return func(f found) measured { return measured{violations: count(f), rows: rows(f)} }
	}
	switch c.Kind {
	case assets.RowCount:
		return func(f found) measured { return s.counts(c, rows(f)) }
	case assets.Recency:
		value := a.statistic(c)
		return func(f found) measured { return s.recent(c, f.values[value]) }
	case assets.Distribution:
		value := a.statistic(c)
		return func(f found) measured { return s.compare(c, f.values[value]) }
	case assets.NotEmpty:
		if len(c.Columns) == 0 {
			return violated(func(f found) int64 { return 1 - min(1, rows(f)) })
		}
	case assets.Unique:
		key := a.row(key(c))
		all, distinct := a.count("count("+key+")"), a.count("count(DISTINCT "+key+")")
		return violated(func(f found) int64 { return f.counts[all] - f.counts[distinct] })
	case assets.NotNull:
		if len(c.Columns) == 1 && c.Where.Text == "" {
			all := a.count("count(" + a.row(warehouse.Ident(c.Columns[0])) + ")")
			return violated(func(f found) int64 { return f.rows - f.counts[all] })
		}
	case assets.Relationships, assets.Schema:
		return nil
	}
	condition := violates(c)
	if condition == "" {
		return nil
	}
	violations := a.count("count(*) FILTER (WHERE " + a.row("("+condition+")") + ")")
	return violated(func(f found) int64 { return f.counts[violations] })
}

// looked asks for the number of rows that a check looks at.
func (a *aggregate) looked(c assets.Check) func(found) int64 {
	only := considered(c)
	if only == "" {
		return func(f found) int64 { return f.rows }
	}
	count := a.count("count(*) FILTER (WHERE " + a.row(only) + ")")
	return func(f found) int64 { return f.counts[count] }
}

// row asks for an expression of each row and returns its name.
func (a *aggregate) row(expression string) string {
	return fmt.Sprintf("_%d", index(&a.inner, expression))
}

// count asks for an aggregate of row names, a BIGINT.
func (a *aggregate) count(expression string) int { return index(&a.counts, expression) }

// statistic asks for what a check measures, a DOUBLE.
func (a *aggregate) statistic(c assets.Check) int {
	row, aggregate := statistic(c)
	return index(&a.values, "CAST("+fmt.Sprintf(aggregate, a.row(row))+" AS DOUBLE)")
}

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
	outer := slices.Concat([]string{"count(*)"}, a.sums, a.counts, a.values)
	if len(inner) == 0 {
		return "SELECT " + strings.Join(outer, ", ") + "\nFROM " + a.relation
	}
	return "SELECT " + strings.Join(outer, ", ") + "\nFROM (SELECT " + strings.Join(inner, ", ") + "\nFROM " + a.relation + ")"
}

func (a *aggregate) run(ctx context.Context, q Querier) (found, error) {
	f := found{counts: make([]int64, len(a.counts)), values: make([]*float64, len(a.values))}
	sums := make([]string, len(a.sums))
	targets := []any{&f.rows}
	for i := range sums {
		targets = append(targets, &sums[i])
	}
	for i := range f.counts {
		targets = append(targets, &f.counts[i])
	}
	for i := range f.values {
		targets = append(targets, &f.values[i])
	}
	if err := queryRow(ctx, q, a.sql(), targets...); err != nil {
		return found{}, err
	}
	for i, v := range f.values {
		if v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0)) {
			f.values[i] = nil // of such values there is no mean, and JSON has no word for them
		}
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
