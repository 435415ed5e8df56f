package warehouse

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// Environment is the one set of published views there is today.
const Environment = "prod"

// One shape serves the history, what is current, what is staged and what failed:
// columns that people query, and the whole record as JSON (as text: the appender would encode it twice).
const recordColumns = `(
	environment VARCHAR NOT NULL, asset VARCHAR NOT NULL,
	interval_start TIMESTAMPTZ, interval_end TIMESTAMPTZ, -- both NULL: always
	id VARCHAR NOT NULL, run VARCHAR NOT NULL, status VARCHAR NOT NULL,
	version VARCHAR, "rows" BIGINT, began TIMESTAMPTZ, ended TIMESTAMPTZ,
	"table" VARCHAR, error VARCHAR, record VARCHAR NOT NULL)`

const stateTables = `
CREATE SCHEMA _assets;
CREATE TABLE _assets.meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL);
CREATE TABLE _assets.runs (run VARCHAR NOT NULL, environment VARCHAR NOT NULL, began TIMESTAMPTZ NOT NULL, ended TIMESTAMPTZ NOT NULL,
	status VARCHAR NOT NULL, built BIGINT NOT NULL, unchanged BIGINT NOT NULL, failed BIGINT NOT NULL, skipped BIGINT NOT NULL, dropped BIGINT NOT NULL, engine VARCHAR NOT NULL);
CREATE TABLE _assets.materializations ` + recordColumns + `; -- append-only history
CREATE TABLE _assets.current ` + recordColumns + `;          -- what is published
CREATE TABLE _assets.staged ` + recordColumns + `;           -- built and audited, not yet published
CREATE TABLE _assets.failures ` + recordColumns + `;         -- the last attempt, where it failed
CREATE TABLE _assets.observations (source VARCHAR NOT NULL, version VARCHAR NOT NULL, columns VARCHAR NOT NULL,
	arrived TIMESTAMPTZ NOT NULL, seen TIMESTAMPTZ NOT NULL);
` + judgementTables + plannedTable + breachesTable

// NewerStateError says that a later release wrote the warehouse.
type NewerStateError struct {
	Path           string
	Found, Highest int
}

func (e *NewerStateError) Error() string {
	return fmt.Sprintf("the warehouse %s was written by a newer release of assets (state version %d; this one knows up to %d). Nothing was changed. Upgrade assets to use it", e.Path, e.Found, e.Highest)
}

// prepareState makes sure that the state tables are there and of a version this
// release knows.
func (db *DB) prepareState(ctx context.Context, readOnly bool) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Exec(ctx, "USE "+Catalog); err != nil {
		return err
	}
	var exists bool
	if err := c.QueryRow(ctx, "SELECT count(*) > 0 FROM duckdb_tables() WHERE database_name = '"+Catalog+"' AND schema_name = '_assets' AND table_name = 'meta'").Scan(&exists); err != nil {
		return err
	}
	if !exists {
		if db.bare = readOnly; db.bare {
			return nil
		}
		db.version = stateVersion
		return c.transaction(ctx, func() error {
			return c.Exec(ctx, stateTables+fmt.Sprintf("INSERT INTO _assets.meta VALUES ('state_version', '%d')", stateVersion))
		})
	}
	var version int
	if err := c.QueryRow(ctx, "SELECT value::INTEGER FROM _assets.meta WHERE key = 'state_version'").Scan(&version); err != nil {
		return fmt.Errorf("read the state version of %s: %w", db.path, err)
	}
	if version > stateVersion {
		return &NewerStateError{Path: db.path, Found: version, Highest: stateVersion}
	}
	db.version = version
	if readOnly {
		return nil
	}
	return db.migrate(ctx, c)
}

// State reads what is current, and looks up in the catalog what is really there.
func (db *DB) State(ctx context.Context) (state planner.State, err error) {
	err = db.reading(ctx, func(c *Conn) error {
		state, err = db.state(ctx, c)
		return err
	})
	return state, err
}

func (db *DB) state(ctx context.Context, c *Conn) (state planner.State, err error) {
	if db.bare {
		state.Found, err = c.found(ctx, nil)
		return state, err
	}
	if state.Last, err = c.records(ctx, "current"); err != nil {
		return state, err
	}
	if state.Failed, err = c.records(ctx, "failures"); err != nil {
		return state, err
	}
	if state.Verdicts, err = db.verdicts(ctx, c); err != nil {
		return state, err
	}
	// A cancelled run changed nothing. The last is the one that was recorded last: the id of
	// one whose clock was ahead is the greatest for a long time.
	var serial sql.NullString
	if err := c.QueryRow(ctx, "SELECT arg_max(run, rowid) FROM _assets.runs WHERE status <> '"+string(Cancelled)+"'").Scan(&serial); err != nil {
		return state, err
	}
	state.Serial = serial.String
	if err := db.readLogs(ctx, c, &state); err != nil {
		return state, err
	}
	state.Found, err = c.found(ctx, state.Last)
	return state, err
}

// Staged reads what earlier runs built and audited but could not publish.
func (db *DB) Staged(ctx context.Context) (map[planner.Key]planner.Materialization, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.Exec(ctx, "USE "+Catalog); err != nil {
		return nil, err
	}
	return c.records(ctx, "staged")
}

// records reads one of the compact tables. Of several records of one key the
// last one counts.
func (c *Conn) records(ctx context.Context, table string) (map[planner.Key]planner.Materialization, error) {
	rows, err := c.Query(ctx, "SELECT record FROM _assets."+table+" WHERE environment = ? ORDER BY id", Environment)
	if err != nil {
		return nil, err
	}
	all, err := scanRecords(rows)
	if err != nil {
		return nil, fmt.Errorf("read _assets.%s: %w", table, err)
	}
	out := make(map[planner.Key]planner.Materialization, len(all))
	for _, m := range all {
		out[m.Key] = m
	}
	return out, nil
}

func scanRecords(rows *sql.Rows) ([]planner.Materialization, error) {
	defer rows.Close()
	var all []planner.Materialization
	for rows.Next() {
		var text string
		var m planner.Materialization
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

// found lists every view and table outside _assets by name, and joins to them the
// physical tables that last names.
func (c *Conn) found(ctx context.Context, last map[planner.Key]planner.Materialization) (map[assets.Name]planner.Found, error) {
	owner := make(map[string]assets.Name, len(last)) // physical table → asset
	for _, m := range last {
		if m.Table != "" {
			owner[m.Table] = m.Asset
		}
	}
	out := make(map[assets.Name]planner.Found)
	views, err := c.viewTexts(ctx)
	if err != nil {
		return nil, err
	}
	for name, text := range views {
		out[name] = planner.Found{Kind: "view", View: text}
	}
	err = c.each(ctx, "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = '"+Catalog+"' AND schema_name <> '_assets'",
		func(scan func(...any) error) error {
			var schema, name string
			err := scan(&schema, &name)
			out[assets.Name{Schema: strings.ToLower(schema), Table: strings.ToLower(name)}] = planner.Found{Kind: "table"}
			return err
		})
	if err != nil {
		return nil, err
	}
	if len(owner) == 0 {
		return out, nil
	}
	columns := map[string][]assets.Column{}
	err = c.each(ctx, "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = '"+Catalog+"' AND schema_name = '_assets' ORDER BY table_name, column_index",
		func(scan func(...any) error) error {
			var table string
			var column assets.Column
			if err := scan(&table, &column.Name, &column.Type); err != nil {
				return err
			}
			if _, ok := owner[table]; ok {
				columns[table] = append(columns[table], column)
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	counts, err := c.count(ctx, columns)
	if err != nil {
		return nil, err
	}
	for table, n := range owner {
		if columns[table] == nil {
			continue
		}
		f := out[n]
		f.Table, f.Columns, f.Rows = table, columns[table], counts[table]
		out[n] = f
	}
	return out, nil
}

// count counts rows exactly: the catalog's own figure leaves out deletions.
func (c *Conn) count(ctx context.Context, tables map[string][]assets.Column) (map[string]int64, error) {
	out := make(map[string]int64, len(tables))
	var batch []string
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		q := strings.Join(batch, " UNION ALL ")
		batch = batch[:0]
		return c.each(ctx, q, func(scan func(...any) error) error {
			var table string
			var n int64
			err := scan(&table, &n)
			out[table] = n
			return err
		})
	}
	for table := range tables {
		batch = append(batch, "SELECT "+Literal(table)+", count(*) FROM _assets."+Ident(table))
		if len(batch) == 100 {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	return out, flush()
}

// each runs a query and calls row once for each of its rows.
func (c *Conn) each(ctx context.Context, query string, row func(scan func(...any) error) error) error {
	rows, err := c.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Observations reads the last known version of every source ever seen.
func (db *DB) Observations(ctx context.Context) (map[assets.Name]planner.Observation, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return db.observations(ctx, c)
}

func (db *DB) observations(ctx context.Context, c *Conn) (map[assets.Name]planner.Observation, error) {
	out := map[assets.Name]planner.Observation{}
	if db.bare {
		return out, nil
	}
	err := c.each(ctx, `SELECT source, version, columns, arrived, seen FROM `+Catalog+`._assets.observations
		QUALIFY row_number() OVER (PARTITION BY source ORDER BY rowid DESC) = 1`,
		func(scan func(...any) error) error {
			var source, columns string
			var o planner.Observation
			if err := scan(&source, &o.ID, &columns, &o.Arrived, &o.At); err != nil {
				return err
			}
			var err error
			if o.Source, err = assets.ParseName(source); err != nil {
				return err
			}
			o.Arrived, o.At = o.Arrived.UTC(), o.At.UTC()
			if err := json.Unmarshal([]byte(columns), &o.Columns); err != nil {
				return err
			}
			out[o.Source] = o
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read _assets.observations: %w", err)
	}
	return out, nil
}

// Observe appends versions seen for the first time.
func (db *DB) Observe(ctx context.Context, seen []planner.Observation) error {
	if len(seen) == 0 {
		return nil
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	var rows []planner.Observation // one for each version, those that were replaced before they were read first
	for _, o := range seen {
		for _, before := range o.Before {
			row := o
			row.ID, row.Arrived = before.ID, before.Arrived
			rows = append(rows, row)
		}
		rows = append(rows, o)
	}
	return c.transaction(ctx, func() error {
		return c.appendRows("observations", len(rows), func(i int) ([]any, error) {
			o := rows[i]
			columns, err := json.Marshal(o.Columns)
			return []any{o.Source.String(), string(o.ID), string(columns), o.Arrived.UTC(), o.At.UTC()}, err
		})
	})
}

// Run is one finished run.
type Run struct {
	ID                                         string
	Began, Ended                               time.Time
	Status                                     RunStatus
	Built, Unchanged, Failed, Skipped, Dropped int
}

// RunStatus says how a run ended.
type RunStatus string

const (
	Succeeded RunStatus = "succeeded"
	Partly    RunStatus = "failed"    // what could be published was
	Cancelled RunStatus = "cancelled" // nothing was published: a person stopped it
)

// RecordCancelled records a run that was stopped before it published anything, and in the
// history what had failed in it: no plan comes out otherwise for that.
func (db *DB) RecordCancelled(ctx context.Context, r Run, failed []planner.Materialization) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	r.Status = Cancelled
	records, err := recordRows(failed)
	if err != nil {
		return err
	}
	return c.transaction(ctx, func() error {
		return errors.Join(c.appendRun(r), c.appendRecords("materializations", records))
	})
}

// Runs returns the latest runs, the one that was recorded last first.
func (db *DB) Runs(ctx context.Context, limit int) ([]Run, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if db.bare {
		return nil, nil
	}
	var out []Run
	err = c.each(ctx, fmt.Sprintf("SELECT run, began, ended, status, built, unchanged, failed, skipped, dropped FROM %s._assets.runs ORDER BY rowid DESC LIMIT %d", Catalog, limit),
		func(scan func(...any) error) error {
			var r Run
			err := scan(&r.ID, &r.Began, &r.Ended, &r.Status, &r.Built, &r.Unchanged, &r.Failed, &r.Skipped, &r.Dropped)
			r.Began, r.Ended = r.Began.UTC(), r.Ended.UTC()
			out = append(out, r)
			return err
		})
	return out, err
}

// RecordsOfRun returns what one run did to each asset.
func (db *DB) RecordsOfRun(ctx context.Context, run string) ([]planner.Materialization, error) {
	return db.history(ctx, "run = ? ORDER BY began, asset", run)
}

// RecordsOfAsset returns an asset's history, newest first.
func (db *DB) RecordsOfAsset(ctx context.Context, asset assets.Name, limit int) ([]planner.Materialization, error) {
	return db.history(ctx, fmt.Sprintf("asset = ? ORDER BY id DESC LIMIT %d", limit), asset.String())
}

func (db *DB) history(ctx context.Context, where string, args ...any) ([]planner.Materialization, error) {
	if db.bare {
		return nil, nil
	}
	rows, err := db.pool.QueryContext(ctx, "SELECT record FROM "+Catalog+"._assets.materializations WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	return scanRecords(rows)
}

// errLost says that DuckDB acknowledged a commit that left nothing behind.
var errLost = errors.New("the warehouse did not keep what was committed; nothing was published")
