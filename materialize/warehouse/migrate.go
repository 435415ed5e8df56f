package warehouse

import (
	"context"
	"fmt"
)

// stateVersion is the version of the state tables. A warehouse with a newer one is
// refused; an older one is migrated when it is opened for writing.
const stateVersion = 3

// migrations[n] makes version n+1 of version n. They are history: what a table
// became later stands in a later one.
var migrations = map[int]string{
	// 2 keeps what checks found: the results so far stand in the records.
	1: judgementTables + `
INSERT INTO _assets.checks
SELECT m.environment, m.run, 'build', m.asset, coalesce(m.version, ''), c->>'check', c->>'kind', c->>'severity', c->>'status',
	coalesce((c->>'violations')::BIGINT, 0), (c->>'value')::DOUBLE, coalesce(c->>'message', ''), m.ended
FROM _assets.materializations m, unnest(from_json(m.record->'checks', '["JSON"]')) AS t(c)
WHERE m.status IN ('published', 'unchanged', 'failed')
ORDER BY m.id, c->>'check';
`,
	// 3 keeps since when each schedule and policy has been planned with, and their breaches.
	2: plannedTable + breachesTable,
}

// migrate brings the state tables to this release's version, in one transaction:
// after a crash they are of the old version or of the new one.
func (db *DB) migrate(ctx context.Context, c *Conn) error {
	if db.version == stateVersion {
		return nil
	}
	from := db.version
	err := c.transaction(ctx, func() error {
		for v := from; v < stateVersion; v++ {
			if err := c.Exec(ctx, migrations[v]); err != nil {
				return err
			}
		}
		return c.Exec(ctx, fmt.Sprintf("UPDATE _assets.meta SET value = '%d' WHERE key = 'state_version'", stateVersion))
	})
	if err != nil {
		return fmt.Errorf("bring the state of %s from version %d to %d: %w. Nothing was changed", db.path, from, stateVersion, err)
	}
	db.version = stateVersion
	return nil
}
