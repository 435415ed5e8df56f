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
	most := 0
	for _, c := range a.Checks {
		switch {
		case c.Deviation != nil:
			most = max(most, c.Deviation.Last)
		case c.Change != nil && c.Where.Text != "":
			most = max(most, 1)
		}
	}
	if most == 0 {
		return nil, nil
	}
	// Runs that found nothing to build, or failed, are no versions of their own.
	records, err := r.DB.RecordsOfAsset(ctx, a.Name, 10*most)
	if err != nil {
		return nil, fmt.Errorf("read what checks measured before: %w", err)
	}
	measured := map[string][]float64{}
	for _, record := range slices.Backward(records) {
		if record.Status != planner.Published && record.Status != planner.Unchanged {
			continue
		}
		for _, result := range record.Checks {
			if result.Value != nil {
				measured[result.Check] = append(measured[result.Check], *result.Value)
			}
		}
	}
	return measured, nil
}

// rowsBefore is how many rows the version had that a build replaces; nil: there is none.
func (r *run) rowsBefore(t *task) *int64 {
	last, published := r.State.Last[t.step.Key]
	if !published || last.Table == "" {
		return nil
	}
	return &last.Rows
}
