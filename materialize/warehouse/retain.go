package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// Keeping says what of the past is kept at a moment.
type Keeping struct {
	assets.Retention
	Now time.Time
	// Until is up to when ages are counted; zero: up to Now.
	Until time.Time
	// History is how many of the newest records, or results of a check, of each source
	// and asset are kept however old they are, if it is more than one: what its checks
	// compare with.
	History map[assets.Name]int
	// Most is how many rows of a table are deleted in one go; 0: all that are to go.
	Most int
}

// keptBuilds are how many of the latest builds of each asset are kept however old
// they are: [Conn.estimates] are made from them.
const keptBuilds = 50

// keptArrivals is how far back logs of sources are kept whatever the project says:
// what happens in a week is simulated from what happened in the last.
const keptArrivals = 9 * 24 * time.Hour

// keptStaged is how long a table waits to be taken up.
const keptStaged = 7 * 24 * time.Hour

// Past is how much there is of one kind of record.
type Past struct {
	Kind string // "runs", "records", "checks", "observations" or "staged"
	Rows int64
	Gone int64 // of these, or what would go
}

// Unneeded is a physical table that nothing names, or an old version that is not kept.
type Unneeded struct {
	Table       string
	Rows, Bytes int64 // bytes of whole blocks
}

// Garbage is what is not kept.
type Garbage struct {
	Past   []Past
	Tables []Unneeded
	// More says that Keeping.Most was not enough for all of it.
	More bool
}

// Garbage finds what is not to be kept, and changes nothing.
func (db *DB) Garbage(ctx context.Context, k Keeping) (g Garbage, err error) {
	if db.bare {
		return g, nil
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return g, err
	}
	defer c.Close()
	kinds, keep, err := db.past(ctx, c, k)
	if err != nil {
		return g, err
	}
	for _, p := range kinds {
		found := Past{Kind: p.kind}
		if err := c.QueryRow(ctx, "SELECT (SELECT count(*) FROM "+p.table+"), (SELECT count(*) FROM ("+p.goes+"))").Scan(&found.Rows, &found.Gone); err != nil {
			return g, fmt.Errorf("find what is not kept of %s: %w", p.kind, err)
		}
		g.Past = append(g.Past, found)
	}
	g.Tables, err = c.unneeded(ctx, keep)
	return g, err
}

// Collect deletes what is not to be kept, and drops the tables. The records go in one
// transaction: after a crash all of them are there or none is. A plan made from what is
// left is the plan that was made before. No run may be going on.
func (db *DB) Collect(ctx context.Context, k Keeping) (g Garbage, err error) {
	if g, err = db.collect(ctx, k); err != nil {
		return g, err
	}
	return g, db.Checkpoint(ctx)
}

func (db *DB) collect(ctx context.Context, k Keeping) (g Garbage, err error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return g, err
	}
	defer c.Close()
	kinds, keep, err := db.past(ctx, c, k)
	if err != nil {
		return g, err
	}
	err = c.transaction(ctx, func() error {
		for _, p := range kinds {
			gone := Past{Kind: p.kind}
			if err := c.QueryRow(ctx, "SELECT count(*) FROM "+p.table).Scan(&gone.Rows); err != nil {
				return err
			}
			goes := p.goes
			if k.Most > 0 {
				// The newest first: a version of a source is as old as the first result of its checks.
				goes = fmt.Sprintf("FROM (%s) ORDER BY place DESC LIMIT %d", goes, k.Most)
			}
			deleted, err := c.ExecContext(ctx, "DELETE FROM "+p.table+" WHERE rowid IN ("+goes+")")
			if err != nil {
				return fmt.Errorf("delete what is not kept of %s: %w", p.kind, err)
			}
			if gone.Gone, err = deleted.RowsAffected(); err != nil {
				return err
			}
			g.More = g.More || k.Most > 0 && gone.Gone == int64(k.Most)
			g.Past = append(g.Past, gone)
		}
		if g.More {
			return nil
		}
		return c.Exec(ctx, "DELETE FROM "+Catalog+"._assets.meta WHERE key = '"+collectedKey+"'; INSERT INTO "+Catalog+"._assets.meta VALUES ('"+collectedKey+"', "+Literal(k.Now.UTC().Format(time.RFC3339))+")")
	})
	if err != nil {
		return Garbage{}, err
	}
	if g.Tables, err = c.unneeded(ctx, keep); err != nil {
		return g, err
	}
	names := make([]string, len(g.Tables))
	for i, t := range g.Tables {
		names[i] = t.Table
	}
	return g, c.dropTables(ctx, names)
}

// collectedKey is the key in the table meta of when [DB.Collect] was last done with.
const collectedKey = "collected"

// Collected says when what is not kept was last deleted; if it never was, when the first
// run that is recorded began, before which there was nothing to delete.
func (db *DB) Collected(ctx context.Context) (at time.Time, err error) {
	var text sql.NullString
	var first sql.NullTime
	err = db.pool.QueryRowContext(ctx, "SELECT (SELECT max(value) FROM "+Catalog+"._assets.meta WHERE key = '"+collectedKey+"'), (SELECT min(began) FROM "+Catalog+"._assets.runs)").Scan(&text, &first)
	if err != nil {
		return at, fmt.Errorf("read when what is not kept was deleted: %w", err)
	}
	if at, err := time.Parse(time.RFC3339, text.String); err == nil {
		return at, nil
	}
	return first.Time.UTC(), nil
}

// EndedBy says when the last of the runs ended that had ended by a moment; zero: none had.
func (db *DB) EndedBy(ctx context.Context, moment time.Time) (time.Time, error) {
	var ended sql.NullTime
	err := db.pool.QueryRowContext(ctx, "SELECT max(ended) FROM "+Catalog+"._assets.runs WHERE ended <= "+Instant(moment)).Scan(&ended)
	if err != nil {
		return time.Time{}, fmt.Errorf("read when runs ended: %w", err)
	}
	return ended.Time.UTC(), nil
}

// past is one kind of record: the table, and a query for the rowids of what goes.
type past struct{ kind, table, goes string }

// past says of each kind of record which rows go, and of physical tables which stay.
func (db *DB) past(ctx context.Context, c *Conn, k Keeping) (kinds []past, keep map[string]bool, err error) {
	if err := c.Exec(ctx, "USE "+Catalog); err != nil {
		return nil, nil, err
	}
	if !k.Until.IsZero() {
		k.Now = k.Until
	}
	state := planner.State{}
	if state.Last, err = c.records(ctx, "current"); err != nil {
		return nil, nil, err
	}
	if err := c.earlier(ctx, &state); err != nil {
		return nil, nil, fmt.Errorf("read earlier versions: %w", err)
	}
	staged, err := c.records(ctx, "staged")
	if err != nil {
		return nil, nil, err
	}
	keep = map[string]bool{}
	for _, m := range state.Last {
		if k.Versions == 0 {
			m.Previous = ""
		}
		for _, table := range m.Tables() {
			keep[table] = true
		}
	}
	forgotten := k.Now.Add(-keptStaged)
	for _, m := range staged {
		if m.Ended.Before(forgotten) {
			continue
		}
		for _, table := range m.Tables() {
			keep[table] = true
		}
	}
	kinds = []past{
		{"runs", "_assets.runs", runsGone(k)},
		{"records", "_assets.materializations", recordsGone(k, state, keep)},
		{"observations", "_assets.observations", arrivalsGone(k, state)},
		{"staged", "_assets.staged", "SELECT rowid AS place FROM _assets.staged WHERE ended < " + Instant(forgotten)},
	}
	if db.version >= judgementsSince {
		kinds = slices.Insert(kinds, 2, past{"checks", "_assets.checks", checksGone(k)})
	}
	return kinds, keep, nil
}

// before is a condition for ids that were given before a moment.
func before(t time.Time) string {
	var id ulid.ULID
	if ms := t.UnixMilli(); ms > 0 {
		_ = id.SetTime(uint64(ms)) // it fails in the year 10889
	}
	return "< " + Literal(id.String())
}

// runsGone leaves the runs that made what is published, and the latest: the one that a
// state's serial names, and the one up to whose end breaches were looked for.
func runsGone(k Keeping) string {
	return "SELECT rowid AS place FROM _assets.runs WHERE run " + before(k.Now.Add(-k.Runs)) +
		" AND run NOT IN (SELECT run FROM _assets.current) AND rowid < coalesce((SELECT max(rowid) FROM _assets.runs WHERE status <> '" + string(Cancelled) + "'), 0) AND ended <> (SELECT max(ended) FROM _assets.runs)"
}

// recordsGone leaves what a state is read from, what estimates and checks look back
// at, since when an asset is built, and the records of tables that are kept.
func recordsGone(k Keeping, state planner.State, tables map[string]bool) string {
	ids, names := []string{"''"}, []string{"''"}
	for _, m := range state.Earlier {
		ids = append(ids, Literal(m.ID))
	}
	for table := range tables {
		names = append(names, Literal(table))
	}
	return `SELECT place FROM (
	SELECT rowid AS place, asset, id, run, status, "table",
		row_number() OVER (PARTITION BY environment, asset ORDER BY id DESC) AS newest,
		row_number() OVER (PARTITION BY environment, asset, status IN ('published', 'unchanged') ORDER BY id DESC) AS build,
		row_number() OVER (PARTITION BY environment, asset, status = 'published' ORDER BY ended) AS first,
		row_number() OVER (PARTITION BY environment, "table" ORDER BY id) AS of_table
	FROM _assets.materializations)
LEFT JOIN (VALUES ` + k.histories() + `) AS h(asset, most) USING (asset)
WHERE run ` + before(k.Now.Add(-k.Runs)) + `
	AND newest > coalesce(most, 1)
	AND NOT (status IN ('published', 'unchanged') AND build <= ` + fmt.Sprint(keptBuilds) + `)
	AND NOT (status = 'published' AND first = 1)
	AND NOT (of_table = 1 AND "table" <> '' AND "table" IN (` + strings.Join(names, ", ") + `))
	AND id NOT IN (` + strings.Join(ids, ", ") + `) AND id NOT IN (SELECT id FROM _assets.current)`
}

// checksGone leaves the newest result of each check, those whose violating rows are
// kept, and as many versions as the check looks back at, by the order in which they were
// first measured. Of each version of which anything is left the first and the last
// measured result are: then [DB.Measured] yields what it did.
func checksGone(k Keeping) string {
	recent := "judged >= " + Instant(k.Now.Add(-k.Checks))
	return `WITH results AS (SELECT rowid AS place, * FROM _assets.checks),
measured AS (SELECT environment, asset, check_name, version, min(place) AS first, max(place) AS last FROM results
	WHERE status <> 'failed' AND value IS NOT NULL GROUP BY ALL),
ranked AS (SELECT *, row_number() OVER (PARTITION BY environment, asset, check_name ORDER BY first DESC) AS rank FROM measured),
kept AS (SELECT max(place) AS place FROM results GROUP BY environment, asset, check_name
	UNION SELECT place FROM results SEMI JOIN _assets.violations USING (environment, asset, check_name, run, judged)
	UNION SELECT place FROM results WHERE ` + recent + `
	UNION SELECT last FROM ranked LEFT JOIN (VALUES ` + k.histories() + `) AS h(asset, most) USING (asset) WHERE rank <= coalesce(most, 1)),
whole AS (SELECT unnest([first, last]) AS place FROM measured SEMI JOIN (FROM results SEMI JOIN kept USING (place)) USING (environment, asset, check_name, version))
SELECT place FROM results WHERE NOT ` + recent + ` AND place NOT IN (FROM kept) AND place NOT IN (FROM whole)`
}

// arrivalsGone leaves of each source's log what [Conn.arrivals] reads and what
// [DB.ArrivalsSince] does of the time that is kept.
func arrivalsGone(k Keeping, state planner.State) string {
	since := Instant(k.Now.Add(-max(k.Observations, keptArrivals)))
	return `WITH ` + arrivalsRead(state) + `,
kept AS (SELECT log.place ` + fromArrivalsRead + `
	UNION ALL SELECT place FROM (` + arrivalsLately(since) + `))
SELECT place FROM log WHERE place NOT IN (FROM kept)`
}

// histories are the rows of how many records of which source or asset are kept.
func (k Keeping) histories() string {
	rows := []string{"('', 1)"}
	for _, name := range assets.SortedNames(k.History) {
		if n := k.History[name]; n > 1 {
			rows = append(rows, fmt.Sprintf("(%s, %d)", Literal(name.String()), n))
		}
	}
	return strings.Join(rows, ", ")
}

// unneeded measures the physical tables that are not to be kept.
func (c *Conn) unneeded(ctx context.Context, keep map[string]bool) (tables []Unneeded, err error) {
	names, err := c.unnamed(ctx, func(table string) bool { return keep[table] })
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		t := Unneeded{Table: name}
		err := c.QueryRow(ctx, "SELECT (SELECT count(*) FROM "+TableRef(name)+"), (SELECT count(DISTINCT block_id) FROM pragma_storage_info("+
			Literal(TableRef(name))+") WHERE persistent) * (SELECT block_size FROM pragma_database_size() WHERE database_name = '"+Catalog+"')").Scan(&t.Rows, &t.Bytes)
		if err != nil {
			return nil, fmt.Errorf("measure the table %s: %w", name, err)
		}
		tables = append(tables, t)
	}
	return tables, nil
}
