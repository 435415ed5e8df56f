package check

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Querier runs one statement; the caller closes the rows. A statement that fails
// must not spoil the next: so no transaction may be open, which an error would abort.
type Querier interface {
	Query(ctx context.Context, statement string, args ...any) (*sql.Rows, error)
}

// Scan says what to find out about a relation.
type Scan struct {
	Relation string          // as SQL names it, quoted
	Columns  []assets.Column // all its columns, in order
	Checks   []assets.Check
	// Projections are the sets of columns to give digests of.
	Projections [][]string
}

// Audit is what a Scan found.
type Audit struct {
	Rows    int64
	Content assets.Digest // of all columns, in their order
	// Digests are those of Scan.Projections, by planner.ColumnKey.
	Digests map[string]assets.Digest
	Results []planner.CheckResult // in the order of Scan.Checks
}

// Run audits a relation. An error means that nothing was found out; a check that
// cannot be run is no error but a result.
func Run(ctx context.Context, q Querier, s Scan) (Audit, error) {
	shared, err := newAggregate(s)
	if err != nil {
		return Audit{}, err
	}
	found, err := shared.run(ctx, q)
	if err != nil && len(shared.checks) > 0 && ctx.Err() == nil {
		// One of the checks cannot be run, or the relation cannot be read at all:
		// without the checks it shows which, and each then runs for itself.
		shared.checks = nil
		found, err = shared.run(ctx, q)
	}
	if err != nil {
		return Audit{}, fmt.Errorf("scan %s: %w", s.Relation, err)
	}
	audit := Audit{Rows: found.rows, Content: found.digests[0], Digests: map[string]assets.Digest{}}
	for i, columns := range s.Projections {
		audit.Digests[planner.ColumnKey(columns)] = found.digests[i+1]
	}
	r := runner{ctx, q, s, found.rows}
	for i, c := range s.Checks {
		count, ok := found.violations[i]
		if ok {
			audit.Results = append(audit.Results, r.judge(c, count))
		} else {
			audit.Results = append(audit.Results, r.run(c))
		}
	}
	return audit, ctx.Err()
}

// Cross runs a Scan's checks one by one; its Projections are left alone. If ctx
// ends, those not yet run have failed.
func Cross(ctx context.Context, q Querier, s Scan) []planner.CheckResult {
	r := runner{ctx, q, s, -1}
	results := make([]planner.CheckResult, len(s.Checks))
	for i, c := range s.Checks {
		results[i] = r.run(c)
	}
	return results
}

// SQL is the statement that Run scans a relation with.
func SQL(s Scan) (string, error) {
	shared, err := newAggregate(s)
	if err != nil {
		return "", err
	}
	return shared.sql(), nil
}

// aggregate is the one statement that everything is asked with.
type aggregate struct {
	relation    string
	projections [][]assets.Column // all columns first
	checks      map[int]assets.Check
}

func newAggregate(s Scan) (*aggregate, error) {
	a := &aggregate{relation: s.Relation, projections: [][]assets.Column{s.Columns}, checks: map[int]assets.Check{}}
	for _, names := range s.Projections {
		columns, err := project(s.Columns, names)
		if err != nil {
			return nil, fmt.Errorf("digest of %s: %w", s.Relation, err)
		}
		a.projections = append(a.projections, columns)
	}
	for i, c := range s.Checks {
		if c.Kind == assets.RowCount || c.Kind == assets.Unique || where(c) != "" && c.Kind != assets.Relationships {
			a.checks[i] = c
		}
	}
	return a, nil
}

// project returns the named columns sorted by name.
func project(columns []assets.Column, names []string) ([]assets.Column, error) {
	var out []assets.Column
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		i := slices.IndexFunc(columns, func(c assets.Column) bool { return strings.EqualFold(c.Name, name) })
		if i < 0 {
			return nil, fmt.Errorf("there is no column %q", name)
		}
		out = append(out, columns[i])
	}
	return out, nil
}

// sql computes hashes, conditions and keys per row inside, and counts outside.
// The inner names begin with an underscore and are used outside only.
func (a *aggregate) sql() string {
	outer, inner := []string{"count(*)"}, []string{}
	for i, columns := range a.projections {
		name := fmt.Sprintf("_h%d", i)
		inner = append(inner, warehouse.HashRow(columns)+" AS "+name)
		outer = append(outer, warehouse.HashSums(name))
	}
	for _, i := range a.order() {
		c, name := a.checks[i], fmt.Sprintf("_c%d", i)
		switch c.Kind {
		case assets.RowCount:
			continue
		case assets.Unique:
			inner = append(inner, key(c)+" AS "+name)
			outer = append(outer, surplus(name))
		default:
			inner = append(inner, "("+where(c)+") AS "+name)
			outer = append(outer, "count_if("+name+")::BIGINT")
		}
	}
	return "SELECT " + strings.Join(outer, ", ") + "\nFROM (SELECT " + strings.Join(inner, ", ") + "\nFROM " + a.relation + ")"
}

func (a *aggregate) order() []int {
	order := make([]int, 0, len(a.checks))
	for i := range a.checks {
		order = append(order, i)
	}
	slices.Sort(order)
	return order
}

// found is the aggregate's answer; violations holds those checks that it asked.
type found struct {
	rows       int64
	digests    []assets.Digest
	violations map[int]int64
}

func (a *aggregate) run(ctx context.Context, q Querier) (found, error) {
	f := found{violations: map[int]int64{}}
	sums := make([]string, len(a.projections))
	counts := make([]int64, 0, len(a.checks))
	targets := []any{&f.rows}
	for i := range sums {
		targets = append(targets, &sums[i])
	}
	order := a.order()
	for _, i := range order {
		if a.checks[i].Kind != assets.RowCount {
			counts = append(counts, 0)
			targets = append(targets, &counts[len(counts)-1])
		}
	}
	if err := queryRow(ctx, q, a.sql(), targets...); err != nil {
		return found{}, err
	}
	for i, columns := range a.projections {
		f.digests = append(f.digests, warehouse.ContentDigest(columns, f.rows, sums[i]))
	}
	for _, i := range order {
		if c := a.checks[i]; c.Kind == assets.RowCount {
			f.violations[i] = outside(c, f.rows)
			continue
		}
		f.violations[i], counts = counts[0], counts[1:]
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
