package warehouse

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// rareArrivals are read of a source however long ago they were: enough to tell how often
// something arrives that rarely does.
const rareArrivals = "10"

// ArrivalsSince reads the end of each source's log, oldest first: all that arrived since
// a moment and the entry before that, and of a source of which less arrived, its latest
// entries.
func (db *DB) ArrivalsSince(ctx context.Context, since time.Time) (map[assets.Name][]planner.Arrival, error) {
	if db.bare {
		return map[assets.Name][]planner.Arrival{}, nil
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	logs, err := c.readArrivals(ctx, "SELECT source, version, arrived FROM ("+arrivalsLately(Instant(since))+") ORDER BY place")
	if err != nil {
		return nil, fmt.Errorf("read when versions of sources arrived: %w", err)
	}
	return logs, nil
}

// arrivalsLately is a query for these entries.
func arrivalsLately(since string) string {
	return `SELECT source, version, arrived, place FROM (FROM ` + Catalog + `._assets.observations SELECT *, rowid AS place)
		QUALIFY greatest(arrived, lead(arrived) OVER (PARTITION BY source ORDER BY place)) >= ` + since + `
			OR row_number() OVER (PARTITION BY source ORDER BY place DESC) <= ` + rareArrivals
}
