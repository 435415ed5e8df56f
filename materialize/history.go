package materialize

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// history is what the checks of an asset measured of its earlier versions, oldest
// first. Only checks that compare with earlier versions ask for it.
func (r *run) history(ctx context.Context, a *assets.Asset) (map[string][]float64, error) {
	most := LooksBack(a.Checks)
	if most == 0 {
		return nil, nil
	}
	records, err := r.DB.RecordsOfAsset(ctx, a.Name, most)
	if err != nil {
		return nil, fmt.Errorf("read what checks measured before: %w", err)
	}
	return measured(records, ""), nil
}

// LooksBack is how many records may have to be read for what checks compare with; 0: none.
func LooksBack(checks []assets.Check) (most int) {
	for _, c := range checks {
		switch {
		case c.Deviation != nil:
			most = max(most, c.Deviation.Last)
		case c.Change != nil:
			most = max(most, 1)
		}
	}
	return 10 * most // most runs find nothing to build
}

// isVersion reports whether a record is of a build that was let out: runs that
// found nothing to build, or failed, are no versions of their own.
func isVersion(m planner.Materialization) bool {
	return m.Status == planner.Published || m.Status == planner.Unchanged
}

// measured is what the checks of records, newest first, measured: oldest first, by
// the check's id. Those of the version except are left out.
func measured(records []planner.Materialization, except assets.Digest) map[string][]float64 {
	values := map[string][]float64{}
	for _, record := range slices.Backward(records) {
		if !isVersion(record) || record.Made.ID == except {
			continue
		}
		for _, result := range record.Checks {
			if result.Value != nil {
				values[result.Check] = append(values[result.Check], *result.Value)
			}
		}
	}
	return values
}

// rowsBefore is how many rows the version had that a build replaces; nil: there is none.
func (r *run) rowsBefore(t *task) *int64 {
	last, published := r.State.Last[t.step.Key]
	if !published || last.Table == "" {
		return nil
	}
	return &last.Rows
}
