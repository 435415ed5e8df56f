package unit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/check"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// worker runs one test after another in a catalog of its own.
type worker struct {
	conn *warehouse.Conn // runs the SQL, as a build does
	// aside makes fixtures and reads results, without the optimizer: for a few rows it
	// takes longer than what it saves.
	aside   *warehouse.Conn
	catalog string
	values  values
	redact  func(string) string
	schemas map[string]bool
	// tables are those that an earlier test left behind, and the SQL that made each. No
	// test changes its fixtures, so that one with the same rows finds them there.
	tables map[string]string
	now    time.Time // what the clock is frozen at; zero: it goes
}

func (s *Suite) worker(ctx context.Context, n int) (w *worker, err error) {
	w = &worker{catalog: fmt.Sprintf("_test%d", n), values: s.values, schemas: map[string]bool{"main": true}, tables: map[string]string{}}
	if w.conn, err = s.db.Conn(ctx); err != nil {
		return nil, err
	}
	if w.aside, err = s.db.Conn(ctx); err != nil {
		return nil, errors.Join(err, w.conn.Close())
	}
	err = w.conn.Exec(ctx, "ATTACH ':memory:' AS "+w.catalog+"; USE "+w.catalog)
	if err == nil {
		err = w.aside.Exec(ctx, "USE "+w.catalog+"; PRAGMA disable_optimizer")
	}
	if err != nil {
		return nil, errors.Join(err, w.conn.Close(), w.aside.Close())
	}
	return w, nil
}

// close leaves the connections as they were: others will use them.
func (w *worker) close() error {
	sql := "USE memory; DETACH " + w.catalog
	if !w.now.IsZero() {
		sql = unfreeze() + sql
	}
	ctx := context.Background() // also when the tests were interrupted
	return errors.Join(w.aside.Exec(ctx, "PRAGMA enable_optimizer; USE memory"), w.aside.Close(), w.conn.Exec(ctx, sql), w.conn.Close())
}

// run runs one test.
func (w *worker) run(ctx context.Context, t *ready) Outcome {
	o := Outcome{Test: t.Test, Message: t.impossible}
	if t.impossible != "" {
		return o
	}
	err := w.setUp(ctx, t)
	if err != nil {
		o.Message = "the fixtures cannot be loaded: " + plain(err)
		return o
	}
	result := warehouse.NameRef(t.Asset)
	err = w.conn.Exec(ctx, "CREATE OR REPLACE TABLE "+result+" AS "+t.asset.SQL.Text)
	if t.Error != nil || err != nil {
		o.Message = judgeError(t.Error, err)
		return o
	}
	if t.expect != nil {
		if o.Diff, err = w.compare(ctx, t, result); err != nil {
			o.Message = "the rows cannot be compared: " + plain(err)
			return o
		}
	}
	o.Message = w.check(ctx, t, result)
	return o
}

// setUp makes the names of a test mean its fixtures, and no others mean anything.
func (w *worker) setUp(ctx context.Context, t *ready) error {
	if !w.now.Equal(t.Now) {
		clock := unfreeze()
		if !t.Now.IsZero() {
			clock = freeze(t.Now)
		}
		if err := w.conn.Exec(ctx, clock); err != nil {
			return err
		}
		w.now = t.Now
	}
	var sql strings.Builder
	needed := map[string]string{warehouse.NameRef(t.Asset): ""}
	names := []assets.Name{t.Asset}
	for i, g := range t.Given {
		names = append(names, g.Input)
		needed[t.given[i].table] = t.given[i].load()
	}
	for table := range w.tables {
		if _, ok := needed[table]; !ok {
			sql.WriteString("DROP TABLE IF EXISTS " + table + ";") // the SQL that makes it may have failed
		}
	}
	schemas := map[string]bool{}
	for _, name := range names {
		if !w.schemas[name.Schema] && !schemas[name.Schema] {
			schemas[name.Schema] = true
			sql.WriteString("CREATE SCHEMA " + warehouse.Ident(name.Schema) + ";")
		}
	}
	for table, load := range needed {
		if load != w.tables[table] {
			sql.WriteString(load)
		}
	}
	if sql.Len() > 0 {
		if err := w.define(ctx, sql.String()); err != nil {
			return err
		}
	}
	maps.Copy(w.schemas, schemas)
	w.tables = needed
	return nil
}

// define runs statements that make tables, all in one transaction: a commit for
// each would take as long as what it commits.
func (w *worker) define(ctx context.Context, statements string) error {
	err := w.aside.Exec(ctx, "BEGIN;"+statements+"COMMIT")
	if err != nil {
		// Best effort: the error that matters is the first.
		_ = w.aside.Exec(context.WithoutCancel(ctx), "ROLLBACK")
	}
	return err
}

// judgeError compares the SQL's error with what was expected of it.
func judgeError(expected *assets.ExpectedError, err error) string {
	switch {
	case expected == nil:
		return "the SQL fails: " + plain(err)
	case err == nil:
		return "the SQL was expected to fail, and does not"
	case expected.Message != nil && !expected.Message.MatchString(err.Error()):
		return fmt.Sprintf("the SQL fails, but its message does not match %q: %s", expected.Message, plain(err))
	}
	return ""
}

func (w *worker) compare(ctx context.Context, t *ready, result string) (*Diff, error) {
	columns := t.expect.columns
	if len(columns) == 0 && len(t.expect.Rows) == 0 { // no rows are expected: show all of those there are
		columns = t.outputs
	}
	var expected []row
	var err error
	if t.expect.inline() {
		expected = w.inline(t.expect, columns)
	} else if err = w.define(ctx, t.expect.load()); err == nil {
		expected, err = w.read(ctx, expectedTable, columns)
	}
	if err != nil {
		return nil, err
	}
	got, err := w.read(ctx, result, columns)
	if err != nil {
		return nil, err
	}
	c := comparison{columns: columns, keys: keys(t.asset, columns), tolerance: t.Expect.Tolerance, ordered: t.Expect.Ordered}
	return c.diff(expected, got), nil
}

// inline are expected rows that are written out.
func (w *worker) inline(f *fixture, columns []assets.Column) []row {
	rows := make([]row, len(f.Rows))
	for i, written := range f.Rows {
		rows[i] = make(row, len(columns))
		for j, c := range columns {
			if v := valueOf(written, c.Name); v.Null {
				rows[i][j].Null = true
			} else {
				rows[i][j].Text = w.values.get(c.Type, v).text
			}
		}
	}
	return rows
}

// read returns the rows of a table, in its order.
func (w *worker) read(ctx context.Context, table string, columns []assets.Column) ([]row, error) {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = warehouse.Ident(c.Name) + "::VARCHAR"
	}
	if len(list) == 0 {
		list = []string{"NULL"} // rows of which only the number is compared
	}
	found, err := w.aside.Query(ctx, "SELECT "+strings.Join(list, ", ")+" FROM "+table)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	cells, targets := make([]*string, len(list)), make([]any, len(list))
	for i := range cells {
		targets[i] = &cells[i]
	}
	var rows []row
	for found.Next() {
		if err := found.Scan(targets...); err != nil {
			return nil, err
		}
		r := make(row, len(columns))
		for i, c := range columns {
			if cells[i] == nil {
				r[i].Null = true
			} else {
				r[i].Text = normal(c.Type, *cells[i])
			}
		}
		rows = append(rows, r)
	}
	return rows, found.Err()
}

// check runs the checks that the test expects something of.
func (w *worker) check(ctx context.Context, t *ready, result string) string {
	var checks []assets.Check
	for _, expected := range t.Checks {
		checks = append(checks, checkOf(t.asset, expected.ID))
	}
	if len(checks) == 0 {
		return ""
	}
	var wrong []string
	for i, found := range check.Cross(ctx, w.conn, check.Scan{Relation: result, Columns: t.outputs, Checks: checks, Redact: w.redact}) {
		expected := t.Checks[i]
		after := ""
		if found.Message != "" {
			after = ": " + found.Message
		}
		switch {
		case string(found.Status) != expected.Status:
			wrong = append(wrong, fmt.Sprintf("check %s %s, and %s is expected%s", expected.ID, found.Status, expected.Status, after))
		case expected.Violations != nil && found.Violations != *expected.Violations:
			wrong = append(wrong, fmt.Sprintf("check %s finds %d in violation, and %d expected%s", expected.ID, found.Violations, *expected.Violations, after))
		}
	}
	return strings.Join(wrong, "\n")
}

// keys are the places of the columns that tell rows apart: those of a unique check
// of the asset, if all of them are compared.
func keys(a *assets.Asset, columns []assets.Column) []int {
	for _, c := range a.Checks {
		if c.Kind != assets.Unique {
			continue
		}
		at := map[int]bool{}
		for _, name := range c.Columns {
			for i, column := range columns {
				if strings.EqualFold(column.Name, name) {
					at[i] = true
				}
			}
		}
		if len(at) == len(c.Columns) {
			return slices.Sorted(maps.Keys(at))
		}
	}
	return nil
}
