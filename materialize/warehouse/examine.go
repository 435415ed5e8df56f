package warehouse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// Finding is something that is not as it should be.
type Finding struct {
	// Note says that nothing has to be done: it is good to know.
	Note    bool
	Code    string // one of those below
	About   string // the name of what it is about: an asset, a table, a file
	Message string // what is wrong
	Fix     string // what to do
	// Table is the physical table that may be dropped to mend it; empty: none.
	Table string
}

// Codes of findings in a warehouse.
const (
	ViewMissing    = "view_missing"
	ViewAltered    = "view_altered"
	ViewBroken     = "view_broken"
	TableMissing   = "table_missing"
	ColumnsAltered = "columns_altered"
	RowsAltered    = "rows_altered"
	ContentAltered = "content_altered"
	Unrecorded     = "unrecorded"
	Orphan         = "orphan"
	BadRecord      = "bad_record"
	BadLedger      = "bad_ledger"
)

// Examine looks at the file as a stranger would, who has nothing but the records in it:
// each published view has its text and its table, each table its columns, its rows and
// its record. With contents what is published is read, and its digest compared. It
// changes nothing. An error means that the file cannot be read to the end.
func (db *DB) Examine(ctx context.Context, contents bool) (found []Finding, err error) {
	if db.bare {
		return nil, nil
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.Exec(ctx, "USE "+Catalog); err != nil {
		return nil, err
	}
	x := &examination{Conn: c, contents: contents, named: map[string]bool{}}
	for _, look := range []func(context.Context) error{x.readCatalog, x.readRecords, x.readStaged, x.published, x.unrecorded, x.orphans} {
		if err := look(ctx); err != nil {
			return nil, err
		}
	}
	if db.version >= 3 {
		if err := x.ledger(ctx); err != nil {
			return nil, err
		}
	}
	return x.found, nil
}

// examination is what was seen of a file so far.
type examination struct {
	*Conn
	contents bool
	found    []Finding
	views    map[assets.Name]string
	others   map[assets.Name]bool       // tables outside of the schema _assets: none is ours
	tables   map[string][]assets.Column // physical
	current  []planner.Materialization
	named    map[string]bool // physical tables that a record names
}

func (x *examination) add(code, about, fix, message string, args ...any) {
	x.found = append(x.found, Finding{Code: code, About: about, Message: fmt.Sprintf(message, args...), Fix: fix})
}

const (
	applyMends   = "`assets apply` publishes it anew"
	replaceMends = "`assets apply -replace %s` builds it anew"
)

func replace(name assets.Name) string { return fmt.Sprintf(replaceMends, name) }

func (x *examination) readCatalog(ctx context.Context) error {
	x.views, x.others, x.tables = map[assets.Name]string{}, map[assets.Name]bool{}, map[string][]assets.Column{}
	err := x.each(ctx, "SELECT schema_name, view_name, sql FROM duckdb_views() WHERE database_name = '"+Catalog+"' AND NOT internal", func(scan func(...any) error) error {
		var n assets.Name
		var text string
		err := scan(&n.Schema, &n.Table, &text)
		x.views[assets.Name{Schema: strings.ToLower(n.Schema), Table: strings.ToLower(n.Table)}] = text
		return err
	})
	if err != nil {
		return err
	}
	err = x.each(ctx, "SELECT lower(schema_name), lower(table_name) FROM duckdb_tables() WHERE database_name = '"+Catalog+"' AND NOT internal AND schema_name <> '_assets'", func(scan func(...any) error) error {
		var n assets.Name
		err := scan(&n.Schema, &n.Table)
		x.others[n] = true
		return err
	})
	if err != nil {
		return err
	}
	return x.each(ctx, "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = '"+Catalog+"' AND schema_name = '_assets' AND contains(table_name, '@') ORDER BY table_name, column_index", func(scan func(...any) error) error {
		var table string
		var column assets.Column
		err := scan(&table, &column.Name, &column.Type)
		x.tables[table] = append(x.tables[table], column)
		return err
	})
}

// readRecords reads what is recorded as published, and compares it with the history.
func (x *examination) readRecords(ctx context.Context) error {
	seen := map[planner.Key]bool{}
	err := x.each(ctx, `SELECT c.asset, c.id, c.record, EXISTS (FROM _assets.materializations m WHERE m.environment = c.environment AND m.asset = c.asset AND m.id = c.id),
			coalesce((SELECT arg_max(m.id, m.rowid) FROM _assets.materializations m WHERE m.environment = c.environment AND m.asset = c.asset
				AND m.interval_start IS NOT DISTINCT FROM c.interval_start AND m.status IN ('published', 'unchanged', 'revalidated')), '')
		FROM _assets.current c WHERE c.environment = '`+Environment+`' ORDER BY c.asset, c.id`, func(scan func(...any) error) error {
		var asset, id, text, newest string
		var inHistory bool
		if err := scan(&asset, &id, &text, &inHistory, &newest); err != nil {
			return err
		}
		var m planner.Materialization
		if err := json.Unmarshal([]byte(text), &m); err != nil || m.ID != id || m.Asset.String() != asset {
			x.add(BadRecord, asset, "Take a backup from before: `assets restore`", "the record of what is published cannot be read")
			return nil
		}
		switch {
		case seen[m.Key]:
			x.add(BadRecord, asset, replace(m.Asset), "there are two records of what is published")
		case !inHistory:
			x.add(BadRecord, asset, replace(m.Asset), "the record of what is published is not in the history of runs")
		// By their order in the history: the id of a run whose clock was ahead is the greatest.
		case newest != id:
			x.add(BadRecord, asset, replace(m.Asset), "the history of runs has a newer version than the one that is recorded as published")
		}
		seen[m.Key] = true
		x.current = append(x.current, m)
		for _, table := range m.Tables() {
			x.named[table] = true
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what is published: %w", err)
	}
	return nil
}

// readStaged looks at what was built and not published: it is for the next run.
func (x *examination) readStaged(ctx context.Context) error {
	return x.each(ctx, `SELECT asset, record FROM _assets.staged ORDER BY id`, func(scan func(...any) error) error {
		var asset, text string
		if err := scan(&asset, &text); err != nil {
			return err
		}
		var m planner.Materialization
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			x.add(BadRecord, asset, "Run `assets gc`", "the record of what was built and not yet published cannot be read")
			return nil
		}
		for _, table := range m.Tables() {
			if x.named[table] = true; x.tables[table] == nil && table != m.Previous {
				x.add(TableMissing, asset, applyMends, "the table _assets.%s, built and not yet published, is gone", Ident(table))
			}
		}
		return nil
	})
}

// published compares each record with what there is.
func (x *examination) published(ctx context.Context) error {
	broken := map[assets.Name]string{} // views that cannot be read, and what DuckDB says
	for _, m := range x.current {
		view, is := x.views[m.Asset]
		switch {
		case x.others[m.Asset]:
			x.add(ViewAltered, m.Asset.String(), "Rename or drop the table, then run `assets apply`", "the published view was replaced by a table")
		case !is:
			x.add(ViewMissing, m.Asset.String(), applyMends, "the published view is gone")
		case view != m.View:
			x.add(ViewAltered, m.Asset.String(), applyMends, "the published view was altered by someone else")
		}
		if m.Table != "" {
			if err := x.table(ctx, m.Asset, m); err != nil {
				return err
			}
		} else if err := x.Exec(ctx, "FROM "+NameRef(m.Asset)+" LIMIT 0"); is && err != nil {
			if errors.Is(err, context.Canceled) {
				return err
			}
			broken[m.Asset] = strings.TrimRight(firstLine(err.Error()), "!.")
		}
		if aside := m.Quarantine; aside != nil && aside.Table != "" {
			name := planner.QuarantineName(m.Asset)
			if aside.View != "" && x.views[name] != aside.View {
				x.add(ViewMissing, name.String(), replace(m.Asset), "the view of the rows that were put aside is gone or was altered")
			}
			if x.tables[aside.Table] == nil {
				x.add(TableMissing, name.String(), replace(m.Asset), "the table _assets.%s of the rows that were put aside is gone", Ident(aside.Table))
			}
		}
	}
	x.tellBroken(broken)
	return nil
}

// tellBroken tells of views that cannot be read. One that reads what something is wrong with,
// too, is not the cause.
func (x *examination) tellBroken(says map[assets.Name]string) {
	wrong := map[string]bool{}
	for _, f := range x.found {
		wrong[f.About] = true
	}
	for name := range says {
		wrong[name.String()] = true
	}
	for _, m := range x.current {
		if says[m.Asset] == "" {
			continue
		}
		fix := replace(m.Asset)
		for _, input := range assets.SortedNames(m.Reads) {
			if wrong[input.String()] {
				fix = fmt.Sprintf("It reads %s: mend that first", input)
				break
			}
		}
		x.add(ViewBroken, m.Asset.String(), fix, "the published view cannot be read: %s", says[m.Asset])
	}
}

// table compares a published table with its record.
func (x *examination) table(ctx context.Context, name assets.Name, m planner.Materialization) error {
	columns := x.tables[m.Table]
	switch {
	case columns == nil:
		x.add(TableMissing, name.String(), applyMends, "the published table _assets.%s is gone", Ident(m.Table))
		return nil
	case !slices.Equal(columns, m.Made.Columns):
		x.add(ColumnsAltered, name.String(), replace(name), "the columns of the published table were altered by someone else")
		return nil
	}
	rows, content, err := x.content(ctx, m)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return err
		}
		x.add(ContentAltered, name.String(), replace(name), "the published table cannot be read: %s", firstLine(err.Error()))
		return nil
	}
	switch {
	case rows != m.Rows:
		x.add(RowsAltered, name.String(), replace(name), "the published table has %s, and %d are recorded", english.Plural(int(rows), "row", ""), m.Rows)
	// Another DuckDB, or another scheme, hashes otherwise.
	case x.contents && content.Scheme() == m.Made.ID.Scheme() && content != m.Made.ID:
		x.add(ContentAltered, name.String(), replace(name), "the rows of the published table are not those that were published")
	}
	return nil
}

// content counts the rows of a published table and, if contents are looked at, computes
// the id of the version that they are.
func (x *examination) content(ctx context.Context, m planner.Materialization) (rows int64, id assets.Digest, err error) {
	table := TableRef(m.Table)
	if !x.contents {
		return rows, "", x.QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&rows)
	}
	digest := func(columns []assets.Column) (assets.Digest, error) {
		var sums string
		err := x.QueryRow(ctx, HashQuery(table, columns)).Scan(&rows, &sums)
		return ContentDigest(columns, rows, sums), err
	}
	if id, err = digest(m.Made.Columns); err != nil {
		return rows, id, err
	}
	inOrder := append(slices.Clone(m.Made.Columns), RowOrder)
	slices.SortFunc(inOrder, func(a, b assets.Column) int { return strings.Compare(a.Name, b.Name) })
	var names []string
	for _, c := range inOrder {
		names = append(names, c.Name)
	}
	if _, matters := m.Digests[planner.ColumnKey(names)]; !matters || id == m.Made.ID {
		return rows, id, nil
	}
	// A reader depends on the order of rows: it is part of the version.
	order, err := digest(inOrder)
	return rows, OrderedDigest(id, order), err
}

// unrecorded finds views over our tables that no record is of.
func (x *examination) unrecorded(context.Context) error {
	ours := map[assets.Name]bool{}
	for _, m := range x.current {
		ours[m.Asset] = true
		if m.Quarantine != nil {
			ours[planner.QuarantineName(m.Asset)] = true
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(x.views), assets.Name.Compare) {
		if _, over, ok := strings.Cut(x.views[name], ` _assets."`); ok && strings.Contains(over, "@") && !ours[name] {
			x.add(Unrecorded, name.String(), fmt.Sprintf("Declare it and run `assets apply`, or drop it: DROP VIEW %s", NameRef(name)), "a view shows a table of assets, but no record says that it is published")
		}
	}
	return nil
}

// orphans finds physical tables that no record names.
func (x *examination) orphans(context.Context) error {
	for _, table := range slices.Sorted(maps.Keys(x.tables)) {
		if !x.named[table] {
			x.add(Orphan, "_assets."+Ident(table), "`assets doctor -fix` or `assets gc` drops it", "no record names the table")
			x.found[len(x.found)-1].Table = table
		}
	}
	return nil
}

// ledger looks at the breaches of freshness policies.
func (x *examination) ledger(ctx context.Context) error {
	const fix = "Take a backup from before: `assets restore`"
	return x.each(ctx, `SELECT name, policy, count(*) FILTER (ended IS NULL), count(*) FILTER (ended < due), count(*) - count(DISTINCT due) FROM _assets.breaches
		WHERE environment = '`+Environment+`' GROUP BY ALL ORDER BY ALL`, func(scan func(...any) error) error {
		var name, policy string
		var open, backwards, twice int64
		if err := scan(&name, &policy, &open, &backwards, &twice); err != nil {
			return err
		}
		switch {
		case open > 1:
			x.add(BadLedger, name, fix, "%d breaches of one policy are recorded as going on", open)
		case backwards > 0:
			x.add(BadLedger, name, fix, "%s recorded to have ended before it began", english.Plural(int(backwards), "breach is", "breaches are"))
		case twice > 0:
			x.add(BadLedger, name, fix, "%s recorded twice", english.Plural(int(twice), "breach is", "breaches are"))
		}
		return nil
	})
}

// DropOrphans drops the physical tables that no record names, and returns the findings
// that said so. No run may be going on: what it builds has no record yet.
func (db *DB) DropOrphans(ctx context.Context) (dropped []Finding, err error) {
	found, err := db.Examine(ctx, false)
	if err != nil {
		return nil, err
	}
	var tables []string
	for _, f := range found {
		if f.Table != "" {
			dropped, tables = append(dropped, f), append(tables, f.Table)
		}
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(c.dropTables(ctx, tables), c.Close()); err != nil {
		return nil, err
	}
	return dropped, db.Checkpoint(ctx)
}

// Version is that of the state tables, and Newest the one that this release makes of it.
func (db *DB) Version() (version, newest int) { return db.version, stateVersion }
