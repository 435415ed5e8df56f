package view

import (
	"bytes"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// texts are the values of a row; "-" is NULL.
func texts(values ...string) []sql.NullString {
	row := make([]sql.NullString, len(values))
	for i, v := range values {
		if v != "-" {
			row[i] = sql.NullString{String: v, Valid: true}
		}
	}
	return row
}

func dataDiff(c warehouse.Comparison) DataDiffJSON {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	record := func(id string, ago time.Duration) planner.Materialization {
		return planner.Materialization{ID: id, Key: planner.Key{Asset: n("mart.sales")}, Table: "t@" + id, Ended: now.Add(-ago)}
	}
	return NewDataDiff(record("2", time.Minute), record("1", time.Hour), c, now)
}

func TestDataDiffText(t *testing.T) {
	doc := dataDiff(warehouse.Comparison{
		Key: []string{"id"}, WasRows: 1200, IsRows: 1201, Added: 2, Removed: 1, Changed: 1100,
		Columns: []warehouse.ComparedColumn{
			{Name: "id", Was: "INTEGER", Is: "INTEGER"}, {Name: "note", Was: "VARCHAR", Is: "VARCHAR", Changed: 1100},
			{Name: "price", Was: "INTEGER", Is: "DOUBLE", Changed: 1}, {Name: "new", Is: "DATE"}, {Name: "old", Was: "DATE"}, {Name: "same", Was: "DATE", Is: "DATE"},
		},
		ChangedRows: []warehouse.ComparedRow{
			{Was: texts("1", "", "1", "-", "x", "s"), Is: texts("1", "-", "1", "d", "-", "s"), Times: 1},
			{Was: texts("2", "two\nlines", "5", "-", "x", "s"), Is: texts("2", "NULL", "5.5", "d", "-", "s"), Times: 1},
		},
		AddedRows: []warehouse.ComparedRow{{Is: texts("7", strings.Repeat("long ", 30), "0", "d", "-", "s"), Times: 1}},
	})
	var b bytes.Buffer
	DataDiffText(&b, doc, Style{}, 78)
	want := `mart.sales: published 1m ago, the previous version 1h ago.
Rows are matched by id.

  BEFORE    NOW  ADDED  REMOVED  CHANGED  UNCHANGED
   1,200  1,201      2        1    1,100         99

  COLUMN  CHANGE
  note    changed in 1,100 rows
  price   INTEGER → DOUBLE; changed in 1 row
  new     new, DATE
  old     removed
  2 other columns unchanged

Changed rows, 2 of 1,100
  id  note                 price    new  old
  1   '' → NULL            1        d    x
  2   two\nlines → 'NULL'  5 → 5.5  d    x

Added rows, 1 of 2
  id  note                                     price  new  same
  7   long long long long long long long lon…  0      d    s
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestDataDiffOfWholeRows(t *testing.T) {
	wide := []warehouse.ComparedColumn{{Name: "new", Is: "DATE"}}
	row := []string{"-"}
	for _, name := range []string{"first", "second", "third"} {
		wide = append(wide, warehouse.ComparedColumn{Name: name, Was: "VARCHAR", Is: "VARCHAR"})
		row = append(row, strings.Repeat(name[:1], 30))
	}
	doc := dataDiff(warehouse.Comparison{
		NoKey: "id is not unique: the previous version repeats 2 of its values", WasRows: 2, IsRows: 5, Added: 3, Columns: wide,
		AddedRows: []warehouse.ComparedRow{{Is: texts(row...), Times: 3}},
	})
	var b bytes.Buffer
	DataDiffText(&b, doc, Style{}, 80)
	want := `mart.sales: published 1m ago, the previous version 1h ago.
Whole rows are compared: id is not unique: the previous version repeats 2 of its
values.

  BEFORE  NOW  ADDED  REMOVED  CHANGED  UNCHANGED
       2    5      3        0        -          2

  COLUMN  CHANGE
  new     new, DATE

Added rows
  TIMES  first                           second
  3      ffffffffffffffffffffffffffffff  ssssssssssssssssssssssssssssss
  1 more column, which -json shows
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
	if pair := doc.AddedRows[0]; len(pair.Is) != 3 || pair.Was != nil {
		t.Errorf("a whole row has the columns of both versions: %v", pair)
	}
}
