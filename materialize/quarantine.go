package materialize

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/check"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Rows that violate a check with quarantine = true are taken out of the new table
// before anything else is found out about it: its rows, content and digests are
// those of the rest, and every other check judges the rest. They stand in a table
// of their own that shares the fate of the asset's: staged and taken up together,
// published in one transaction, swept together.

// division is a table of which rows may have to be put aside.
type division struct {
	*run
	c       *warehouse.Conn
	t       *task
	scan    check.Scan // of the checks that put rows aside
	table   string     // the table itself, which its name may be a view of
	bad     string     // a table of the numbers of the bad rows
	aside   string     // the table of the rows
	columns planner.QuarantineColumns
}

// putAside takes the rows out of relation that a check says to put aside, and
// returns what these checks say: nothing of those that found no row. If one of them
// found more than it may put aside, or an error is returned, relation is as it was.
func (r *run) putAside(ctx context.Context, c *warehouse.Conn, t *task, relation string) ([]planner.CheckResult, error) {
	checks := assets.Quarantining(t.asset.Checks)
	if len(checks) == 0 {
		return nil, nil
	}
	name := planner.QuarantineName(t.step.Asset)
	d := division{run: r, c: c, t: t, columns: planner.QuarantineColumnsOf(t.record.Made.Columns),
		scan:  check.Scan{Relation: relation, Columns: t.record.Made.Columns, Checks: checks, Now: r.Now(), Redact: r.Redact},
		table: relation, bad: warehouse.NameRef(assets.Name{Schema: name.Schema, Table: name.Table + "!rows"}), aside: warehouse.NameRef(name)}
	quarantine := &planner.Quarantine{Table: t.record.Table + "!quarantine"}
	if r.catalog.memory(t.step.Asset) == "" {
		d.table, d.aside = warehouse.TableRef(t.record.Table), warehouse.TableRef(quarantine.Table)
	}
	found, err := d.judge(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the rows to put aside: %w", err)
	}
	if found.Failed {
		tooMany := slices.DeleteFunc(found.Results, func(r planner.CheckResult) bool { return r.Status == planner.CheckPassed })
		return tooMany, c.Exec(ctx, "DROP TABLE "+d.bad)
	}
	if err := d.move(ctx, found.Rows); err != nil {
		return nil, fmt.Errorf("put rows aside: %w", err)
	}
	if quarantine.Rows = found.Rows; found.Rows > 0 {
		columns := append([]assets.Column{{Name: d.columns.Check, Type: "VARCHAR[]"}}, t.record.Made.Columns...)
		audit, err := check.Run(ctx, c, check.Scan{Relation: d.aside, Columns: columns})
		if err != nil {
			return nil, fmt.Errorf("put rows aside: %w", err)
		}
		quarantine.Content = audit.Content
	}
	t.record.Quarantine = quarantine
	return found.Results, nil
}

// judge finds the bad rows, if there are any, and asks the checks what they say of them.
func (d division) judge(ctx context.Context) (check.Quarantined, error) {
	var any bool
	if err := d.c.QueryRow(ctx, check.AnyBad(d.scan.Relation, d.scan.Checks)).Scan(&any); err != nil || !any {
		return check.Quarantined{}, err
	}
	if err := d.findBad(ctx); err != nil {
		return check.Quarantined{}, err
	}
	return check.JudgeBad(ctx, d.c, d.scan, d.bad)
}

// findBad notes which rows are bad.
func (d division) findBad(ctx context.Context) error {
	row, plain := "rowid", ""
	if d.table != d.scan.Relation {
		// A condition may name the table by its name, which is a view here, and of a view
		// rows have no number. Nobody else reads it as long as it is being built.
		row = warehouse.Ident(planner.Unlike("_row", d.scan.Columns))
		view := "CREATE OR REPLACE VIEW " + d.scan.Relation + " AS "
		if err := d.catalog.exec(ctx, view+"SELECT *, rowid AS "+row+" FROM "+d.table); err != nil {
			return err
		}
		plain = view + "FROM " + d.table
	}
	err := d.c.Exec(ctx, "CREATE OR REPLACE TABLE "+d.bad+" AS "+check.Bad(d.scan.Relation, row, d.scan.Checks))
	if err == nil && plain != "" {
		err = d.catalog.exec(ctx, plain)
	}
	return err
}

// move puts the bad rows, of which there are n, into a table of their own.
func (d division) move(ctx context.Context, n int64) error {
	entry, inMemory := d.catalog.entry(d.t.step.Asset), d.table == d.scan.Relation
	if n == 0 {
		none := func(table string) string {
			return "SELECT " + d.columnsBefore("NULL::VARCHAR[]") + ", * FROM " + table + " LIMIT 0"
		}
		if inMemory { // as most are: what is empty need not be made twice
			entry.aside = "(" + none(d.catalog.memory(d.t.step.Asset)) + ")"
			return nil
		}
		return d.c.Exec(ctx, "CREATE TABLE "+d.aside+" AS "+none(d.table))
	}
	for _, s := range []string{
		"CREATE OR REPLACE TABLE " + d.aside + " AS SELECT " + d.columnsBefore("_b."+check.BadChecks) + ", _t.* FROM " + d.table + " AS _t JOIN " + d.bad + " AS _b ON _t.rowid = _b." + check.BadRow + " ORDER BY _t.rowid",
		"DELETE FROM " + d.table + " WHERE rowid IN (SELECT " + check.BadRow + " FROM " + d.bad + ")",
		"DROP TABLE " + d.bad,
	} {
		if err := d.c.Exec(ctx, s); err != nil {
			return err
		}
	}
	if inMemory {
		entry.aside, entry.asideTable = d.catalogName+"."+d.aside, d.aside
	}
	return d.remember(ctx)
}

// columnsBefore are the columns before a row's own, of which checks is the first.
func (d division) columnsBefore(checks string) string {
	return checks + " AS " + warehouse.Ident(d.columns.Check) + ", " + warehouse.Literal(d.id) + " AS " + warehouse.Ident(d.columns.Run) +
		", " + warehouse.Instant(d.Now()) + " AS " + warehouse.Ident(d.columns.At)
}

// remember gives rows that the published version's build put aside already the
// run and the time of when that was first done. That needs equal columns.
func (d division) remember(ctx context.Context) error {
	last := d.State.Last[d.t.step.Key]
	if last.Quarantine.Count() == 0 || !slices.Equal(last.Made.Columns, d.scan.Columns) {
		return nil
	}
	if there, err := d.asideRows(ctx, d.c, last); err != nil || there == 0 {
		return err
	}
	run, at, hash := warehouse.Ident(d.columns.Run), warehouse.Ident(d.columns.At), warehouse.HashRow(d.scan.Columns)
	first, since, key := warehouse.Ident(planner.Unlike("_first", d.scan.Columns)), warehouse.Ident(planner.Unlike("_since", d.scan.Columns)), warehouse.Ident(planner.Unlike("_key", d.scan.Columns))
	before := "SELECT " + hash + " AS " + key + ", arg_min(" + run + ", " + at + ") AS " + first + ", min(" + at + ") AS " + since +
		" FROM " + warehouse.TableRef(last.Quarantine.Table) + " GROUP BY 1"
	return d.c.Exec(ctx, "UPDATE "+d.aside+" SET "+run+" = "+first+", "+at+" = "+since+" FROM ("+before+") WHERE "+hash+" = "+key)
}

// asideRows counts the rows of a published version that are still put aside: they
// may have been purged. 0, too, if they were dropped by somebody.
func (r *run) asideRows(ctx context.Context, c *warehouse.Conn, last planner.Materialization) (n int64, err error) {
	table := last.Quarantine.Table
	err = c.QueryRow(ctx, "SELECT count(*) FROM duckdb_tables() WHERE database_name = '"+warehouse.Catalog+"' AND schema_name = '_assets' AND table_name = ?", table).Scan(&n)
	if err == nil && n > 0 {
		err = c.QueryRow(ctx, "SELECT count(*) FROM "+warehouse.TableRef(table)).Scan(&n)
	}
	return n, err
}

// sameAside reports whether the rows a task put aside are those that are published
// as such. In doubt they are not, and are published with the equal rest.
func (r *run) sameAside(ctx context.Context, c *warehouse.Conn, t *task, last planner.Materialization) bool {
	was, is := last.Quarantine, t.record.Quarantine
	if was == nil || is == nil {
		return was == is
	}
	if was.Rows != is.Rows || was.Content != is.Content || r.State.Found[planner.QuarantineName(t.step.Asset)].View != was.View {
		return false
	}
	n, err := r.asideRows(ctx, c, last)
	return err == nil && n == is.Rows
}

// renameRun says of rows that an interrupted run put aside that this run did it:
// of the other one nothing is recorded.
func (r *run) renameRun(ctx context.Context, c *warehouse.Conn, t *task) error {
	if t.record.Quarantine.Count() == 0 {
		return nil
	}
	run := warehouse.Ident(planner.QuarantineColumnsOf(t.record.Made.Columns).Run)
	return c.Exec(ctx, fmt.Sprintf("UPDATE %s SET %s = %s WHERE %[2]s NOT IN (SELECT run FROM %[4]s._assets.runs)",
		warehouse.TableRef(t.record.Quarantine.Table), run, warehouse.Literal(r.id), warehouse.Catalog))
}

// publishAside makes the rows that a task put aside visible, or those of the
// version before disappear.
func (r *run) publishAside(p *warehouse.Publication, t *task) {
	name := planner.QuarantineName(t.step.Asset)
	if aside := t.record.Quarantine; aside != nil {
		p.Views = append(p.Views, warehouse.PublishedView{Name: name, SQL: "SELECT * FROM _assets." + warehouse.Ident(aside.Table),
			Comment: "Rows of " + t.step.Asset.String() + " that failed checks"})
		return
	}
	r.dropAside(p, r.State.Last[t.step.Key])
}

// dropAside drops what is published of the rows that a version put aside.
func (r *run) dropAside(p *warehouse.Publication, last planner.Materialization) {
	name := planner.QuarantineName(last.Asset)
	if found := r.State.Found[name]; last.Quarantine != nil && found.Kind == "view" && found.View == last.Quarantine.View {
		p.Drops = append(p.Drops, name)
	}
}

// putsAside reports whether any table that the run may build can put rows aside.
func (r *run) putsAside() bool {
	for _, t := range r.tasks {
		if len(assets.Quarantining(t.asset.Checks)) > 0 {
			return true
		}
	}
	return false
}

// readsDeleted reports whether any table that the run may read can be one from which rows
// were deleted, since they were put aside.
func (r *run) readsDeleted() bool {
	for _, a := range r.project.Assets {
		if len(assets.Quarantining(a.Checks)) > 0 || r.State.Last[planner.Key{Asset: a.Name}].Quarantine != nil {
			return true
		}
	}
	return false
}

// withAside puts what checks said of rows that were put aside, or were too many,
// in place of what they say of the rest, unless the rest violates them too.
func withAside(results, aside []planner.CheckResult) []planner.CheckResult {
	for _, said := range aside {
		i := slices.IndexFunc(results, func(r planner.CheckResult) bool { return r.Check == said.Check })
		if i >= 0 && (results[i].Status == planner.CheckPassed || said.Status == planner.CheckFailed) {
			results[i] = said
		}
	}
	return results
}

// asideBefore are the results of checks that put rows aside when a version was built.
func asideBefore(results []planner.CheckResult) []planner.CheckResult {
	return slices.DeleteFunc(slices.Clone(results), func(r planner.CheckResult) bool { return r.Quarantined == 0 })
}

// withoutAside are results of a version that is not published, nor what it put aside.
func withoutAside(results []planner.CheckResult) []planner.CheckResult {
	results = slices.Clone(results)
	for i := range results {
		if results[i].Quarantined > 0 {
			results[i] = planner.CheckResult{Check: results[i].Check, Kind: results[i].Kind, Severity: results[i].Severity, Status: planner.CheckPassed}
		}
	}
	return results
}
