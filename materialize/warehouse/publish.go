package warehouse

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// Staging is a built and audited table that is to survive a crash.
type Staging struct {
	Record planner.Materialization // its Table names the physical table
	// From is the relation to copy, quoted, and Aside that of the rows that were put
	// aside; empty if they are in the file already, or there are none.
	From, Aside string
}

// TableRef is the quoted name of a physical table, the catalog included.
func TableRef(table string) string { return Catalog + "._assets." + Ident(table) }

// NameRef is the quoted two-part name of a source or asset.
func NameRef(n assets.Name) string { return Ident(n.Schema) + "." + Ident(n.Table) }

// Stage writes tables and their records to the file in one transaction: after a
// crash each is either whole and recorded or not there.
func (db *DB) Stage(ctx context.Context, batch []Staging) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.transaction(ctx, func() error {
		records := make([]planner.Materialization, len(batch))
		for i, s := range batch {
			records[i] = s.Record
			if s.From != "" {
				if err := c.Exec(ctx, "CREATE TABLE "+TableRef(s.Record.Table)+" AS FROM "+s.From); err != nil {
					return err
				}
			}
			if s.Aside != "" {
				if err := c.Exec(ctx, "CREATE TABLE "+TableRef(s.Record.Quarantine.Table)+" AS FROM "+s.Aside); err != nil {
					return err
				}
			}
		}
		rows, err := recordRows(records)
		return errors.Join(err, c.appendRecords("staged", rows))
	})
}

// PublishedView is a view to create or replace under an asset's name.
type PublishedView struct {
	Name assets.Name
	SQL  string // names schema-qualified, without a catalog
	// Comment and Comments become COMMENTs of the view and of its columns; empty: none.
	Comment  string
	Comments []ColumnComment
}

// ColumnComment is the description of one column.
type ColumnComment struct{ Column, Text string }

// Publication is all that one run changes in the warehouse.
type Publication struct {
	Run Run
	// Views are created in this order: inputs before their readers.
	Views []PublishedView
	// Drops are views to drop; Forget are keys that are no longer current.
	Drops  []assets.Name
	Forget []planner.Key
	// Records go into the history. Those that are published, unchanged or
	// revalidated become current, those that failed become the key's failure.
	Records []planner.Materialization
	// Audits are what checks found during the run.
	Audits Audits
	// Breaches take the place of those that were open in the ledger.
	Breaches []planner.Breach
}

// Publish makes a run visible: views, records and what is current change in one
// transaction, after which the text of each view, as the catalog returns it,
// stands in the records. Until COMMIT readers see all of the old, from then on
// all of the new; a crash leaves one or the other.
func (db *DB) Publish(ctx context.Context, p Publication) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	// A view resolves names in its own catalog, so its text never names one and
	// survives renaming the file.
	if err := c.Exec(ctx, "USE "+Catalog); err != nil {
		return err
	}
	err = c.transaction(ctx, func() error {
		if err := c.publishViews(ctx, p); err != nil {
			return err
		}
		if err := c.fillViews(ctx, p.Records); err != nil {
			return err
		}
		return c.publishRecords(ctx, p)
	})
	if IsDiskFull(err) {
		return fmt.Errorf("the disk is full: nothing was published, and what was before is as it was. Free some space and apply again (%w)", err)
	}
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	var kept bool
	if err := c.QueryRow(ctx, "SELECT count(*) = 1 FROM _assets.runs WHERE run = ?", p.Run.ID).Scan(&kept); err != nil {
		return err
	}
	if !kept {
		return errLost
	}
	return nil
}

// IsDiskFull reports whether err says that there is no space left to write to.
func IsDiskFull(err error) bool { return err != nil && strings.Contains(err.Error(), "No space left") }

func (c *Conn) publishViews(ctx context.Context, p Publication) error {
	var statements []string
	schemas := map[string]bool{"main": true}
	for _, n := range p.Drops {
		statements = append(statements, "DROP VIEW IF EXISTS "+NameRef(n))
	}
	for _, v := range p.Views {
		if !schemas[v.Name.Schema] {
			schemas[v.Name.Schema] = true
			statements = append(statements, "CREATE SCHEMA IF NOT EXISTS "+Ident(v.Name.Schema))
		}
		statements = append(statements, "CREATE OR REPLACE VIEW "+NameRef(v.Name)+" AS "+v.SQL)
		if v.Comment != "" {
			statements = append(statements, "COMMENT ON VIEW "+NameRef(v.Name)+" IS "+Literal(v.Comment))
		}
		for _, comment := range v.Comments {
			statements = append(statements, "COMMENT ON COLUMN "+NameRef(v.Name)+"."+Ident(comment.Column)+" IS "+Literal(comment.Text))
		}
	}
	for _, s := range statements {
		if err := c.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", firstLine(s), err)
		}
	}
	return nil
}

// fillViews fills in each record's View.
func (c *Conn) fillViews(ctx context.Context, records []planner.Materialization) error {
	texts, err := c.viewTexts(ctx)
	if err != nil {
		return err
	}
	for i := range records {
		if IsCurrent(records[i].Status) {
			records[i].View = texts[records[i].Asset]
			if aside := records[i].Quarantine; aside != nil {
				filled := *aside // the state that the plan was made from may share it
				filled.View = texts[planner.QuarantineName(records[i].Asset)]
				records[i].Quarantine = &filled
			}
		}
	}
	return nil
}

// IsCurrent reports whether a record of this status says what is published.
func IsCurrent(s planner.Status) bool {
	return s == planner.Published || s == planner.Unchanged || s == planner.Revalidated
}

func (c *Conn) publishRecords(ctx context.Context, p Publication) error {
	all, err := recordRows(p.Records)
	if err != nil {
		return err
	}
	var current, failed [][]any
	gone := slices.Clone(p.Forget)
	var settled []planner.Key // no failure, and nothing staged, is left of these
	for i, m := range p.Records {
		switch {
		case IsCurrent(m.Status):
			current = append(current, all[i])
			gone = append(gone, m.Key)
			settled = append(settled, m.Key)
		case m.Status == planner.Failed:
			failed = append(failed, all[i])
			settled = append(settled, m.Key)
		}
	}
	settled = append(settled, p.Forget...)
	return errors.Join(
		c.forget(ctx, "current", gone),
		c.forget(ctx, "staged", settled),
		c.forget(ctx, "failures", settled),
		c.appendRecords("current", current),
		c.appendRecords("failures", failed),
		c.appendRecords("materializations", all),
		c.recordAudits(ctx, p.Audits),
		c.enterBreaches(ctx, p.Run.Ended, p.Breaches),
		c.appendRun(p.Run),
	)
}

func (c *Conn) appendRun(r Run) error {
	return c.appendRows("runs", 1, func(int) ([]any, error) {
		return []any{r.ID, Environment, r.Began.UTC(), r.Ended.UTC(), string(r.Status),
			int64(r.Built), int64(r.Unchanged), int64(r.Failed), int64(r.Skipped), int64(r.Dropped), Engine()}, nil
	})
}

// forget deletes the rows of keys from one of the compact tables.
func (c *Conn) forget(ctx context.Context, table string, keys []planner.Key) error {
	if len(keys) == 0 {
		return nil
	}
	names, starts := make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		names[i], starts[i] = k.Asset.String(), "-infinity"
		if !k.Start.IsZero() {
			starts[i] = k.Start.UTC().Format(instantLayout)
		}
	}
	return c.Exec(ctx, "DELETE FROM "+Catalog+"._assets."+table+" WHERE environment = '"+Environment+
		"' AND (asset, coalesce(interval_start, '-infinity'::TIMESTAMPTZ)) IN (SELECT unnest($1::VARCHAR[]), unnest($2::VARCHAR[])::TIMESTAMPTZ)", names, starts)
}

func (c *Conn) appendRecords(table string, rows [][]any) error {
	return c.appendRows(table, len(rows), func(i int) ([]any, error) { return rows[i], nil })
}

// recordRows are records as rows of the tables that hold records.
func recordRows(records []planner.Materialization) ([][]any, error) {
	rows := make([][]any, len(records))
	for i, m := range records {
		text, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		var start, end any
		if !m.IsAlways() {
			start, end = m.Start.UTC(), m.End.UTC()
		}
		rows[i] = []any{Environment, m.Asset.String(), start, end, m.ID, m.Run, string(m.Status), string(m.Made.ID),
			m.Rows, m.Began.UTC(), m.Ended.UTC(), m.Table, m.Err, string(text)}
	}
	return rows, nil
}

// appendRows appends through DuckDB's appender, a fiftieth of the cost of VALUES.
// It takes part in the connection's transaction.
func (c *Conn) appendRows(table string, n int, row func(i int) ([]any, error)) error {
	if n == 0 {
		return nil
	}
	return c.Raw(func(driverConn any) error {
		a, err := duckdb.NewAppender(driverConn.(driver.Conn), Catalog, "_assets", table)
		if err != nil {
			return err
		}
		for i := range n {
			values, err := row(i)
			if err != nil {
				return errors.Join(err, a.Close())
			}
			args := make([]driver.Value, len(values))
			for j, v := range values {
				args[j] = v
			}
			if err := a.AppendRow(args...); err != nil {
				return errors.Join(err, a.Close())
			}
		}
		return a.Close()
	})
}

// Sweep drops physical tables that keep does not name: what a crash left behind,
// and versions that are no longer kept. It returns the names it dropped.
func (db *DB) Sweep(ctx context.Context, keep map[string]bool) ([]string, error) {
	return db.SweepExcept(ctx, func(table string) bool { return keep[table] })
}

// SweepExcept is like Sweep, and keep is asked about each table.
func (db *DB) SweepExcept(ctx context.Context, keep func(table string) bool) ([]string, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	drop, err := c.unnamed(ctx, keep)
	if err != nil {
		return nil, err
	}
	return drop, c.dropTables(ctx, drop)
}

// unnamed lists the physical tables that are not to be kept.
func (c *Conn) unnamed(ctx context.Context, keep func(table string) bool) (drop []string, err error) {
	return drop, c.each(ctx, "SELECT table_name FROM duckdb_tables() WHERE database_name = '"+Catalog+"' AND schema_name = '_assets' AND contains(table_name, '@') ORDER BY table_name",
		func(scan func(...any) error) error {
			var table string
			err := scan(&table)
			if !keep(table) {
				drop = append(drop, table)
			}
			return err
		})
}

// dropTables drops physical tables, all or none.
func (c *Conn) dropTables(ctx context.Context, tables []string) error {
	if len(tables) == 0 {
		return nil
	}
	return c.transaction(ctx, func() error {
		for _, table := range tables {
			if err := c.Exec(ctx, "DROP TABLE "+TableRef(table)); err != nil {
				return err
			}
		}
		return nil
	})
}

// DropEmptySchemas removes those of schemas in which nothing is left.
func (db *DB) DropEmptySchemas(ctx context.Context, schemas []string) error {
	for _, schema := range schemas {
		if schema == "main" {
			continue
		}
		// Without CASCADE a schema that holds anything is an error, and stays.
		err := db.Exec(ctx, "DROP SCHEMA IF EXISTS "+Catalog+"."+Ident(schema))
		if err != nil && !strings.Contains(err.Error(), "depend") && !strings.Contains(err.Error(), "not empty") {
			return err
		}
	}
	return nil
}

// Checkpoint moves the write-ahead log into the file, unless anybody reads: of a table from
// which rows were deleted, DuckDB 1.5.5 may take them away from under a join of two scans,
// which then finds too few. Then, or if DuckDB refuses because a reader of the old version is
// open, it stays for the next time or the close.
func (db *DB) Checkpoint(ctx context.Context) error {
	if !db.readers.TryLock() {
		return nil
	}
	defer db.readers.Unlock()
	err := db.Exec(ctx, "CHECKPOINT "+Catalog)
	if err != nil && strings.Contains(err.Error(), "Cannot CHECKPOINT") {
		return nil
	}
	return err
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// instantLayout is how a time in UTC is written for DuckDB, which knows microseconds.
const instantLayout = "2006-01-02 15:04:05.999999"

// Instant is a time as a SQL expression of type TIMESTAMPTZ.
func Instant(t time.Time) string {
	return Literal(t.UTC().Format(instantLayout)) + "::TIMESTAMPTZ"
}
