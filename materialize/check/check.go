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
	// ChecksOnly leaves out the digests, which have every column read.
	ChecksOnly bool
	// Baseline are the columns that a version before had, which schema checks compare with; nil: there is none.
	Baseline []assets.Column
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
	Rows    int64         // -1: no check had to read them
	Content assets.Digest // of all columns, in their order; empty with Scan.ChecksOnly
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
	r := runner{ctx, q, s, -1}
	audit := Audit{Rows: -1, Digests: map[string]assets.Digest{}}
	var found found
	if !s.ChecksOnly || len(shared.tallies) > 0 {
		found, err = shared.run(ctx, q)
		if err != nil && len(shared.tallies) > 0 && ctx.Err() == nil {
			// One of the checks cannot be run, or the relation cannot be read at all:
			// without the checks it shows which, and each then runs for itself.
			s.Checks = nil
			if shared, err = newAggregate(s); err == nil {
				found, err = shared.run(ctx, q)
			}
		}
		if err != nil {
			return Audit{}, fmt.Errorf("scan %s: %w", s.Relation, err)
		}
		audit.Rows, r.rows = found.rows, found.rows
	}
	if !s.ChecksOnly {
		audit.Content = found.digests[0]
		for i, columns := range s.Projections {
			audit.Digests[planner.ColumnKey(columns)] = found.digests[i+1]
		}
	}
	for i, c := range r.Checks {
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
