package check

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/seed-4311623e/assets/assets"
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
	// Now is the moment that freshness is judged by.
	Now time.Time
	// Previous is the number of rows of the version before; nil: there is none.
	Previous *int64
	// History holds what checks measured of earlier versions, oldest first, by [assets.Check.ID].
	History map[string][]float64
	// Sensitive names columns whose values are shown as (sensitive).
	Sensitive []string
	// SensitiveElsewhere says that so are columns of what checks read besides.
	SensitiveElsewhere bool
	// Redact takes secrets out of what results show; nil: there are none.
	Redact func(string) string
}

func (s Scan) redact(text string) string {
	if s.Redact == nil {
		return text
	}
	return s.Redact(text)
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
	if err != nil && len(shared.tallies) > 0 && ctx.Err() == nil {
		// One of the checks cannot be run, or the relation cannot be read at all:
		// without the checks it shows which, and each then runs for itself.
		if shared, err = newAggregate(Scan{Relation: s.Relation, Columns: s.Columns, Projections: s.Projections}); err == nil {
			found, err = shared.run(ctx, q)
		}
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
		if tally, ok := shared.tallies[i]; ok {
			audit.Results = append(audit.Results, r.judge(c, tally(found)))
		} else {
			audit.Results = append(audit.Results, r.run(c))
		}
	}
	for i := range audit.Results {
		audit.Results[i].Message = s.redact(audit.Results[i].Message)
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
		results[i].Message = s.redact(results[i].Message)
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
