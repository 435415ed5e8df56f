package view

import (
	"database/sql"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// DataDiffJSON is the document of `diff -data -json`: how the rows of an asset's
// published version differ from those of the previous one.
type DataDiffJSON struct {
	FormatVersion string      `json:"format_version"`
	Asset         assets.Name `json:"asset"`
	Published     *LastJSON   `json:"published"`
	Previous      *LastJSON   `json:"previous,omitempty"` // its record may be gone
	// Key are the columns that rows were matched by; none: equal rows were matched.
	Key []string `json:"key"`
	// NoKey says why a wanted key was not used.
	NoKey   string             `json:"no_key,omitempty"`
	Rows    RowCountsJSON      `json:"rows"`
	Columns []ColumnCountsJSON `json:"columns"`
	// Examples, as many of each kind as asked for.
	ChangedRows []RowPairJSON `json:"changed_rows"`
	AddedRows   []RowPairJSON `json:"added_rows"`
	RemovedRows []RowPairJSON `json:"removed_rows"`

	now time.Time
}

// RowCountsJSON counts rows.
type RowCountsJSON struct {
	Before    int64 `json:"before"`
	Now       int64 `json:"now"`
	Added     int64 `json:"added"`
	Removed   int64 `json:"removed"`
	Changed   int64 `json:"changed"` // 0 without a key
	Unchanged int64 `json:"unchanged"`
}

// ColumnCountsJSON is a column of either version.
type ColumnCountsJSON struct {
	Name    string `json:"name"`
	Was     string `json:"was,omitempty"` // its type; empty if it is new
	Is      string `json:"is,omitempty"`  // empty if it is gone
	Changed int64  `json:"changed"`       // rows in which its value changed
}

// RowPairJSON is a row before and now, as text by column; null is NULL.
type RowPairJSON struct {
	Was map[string]*string `json:"was,omitempty"`
	Is  map[string]*string `json:"is,omitempty"`
	// Times is how many such rows came or went.
	Times int64 `json:"times"`
}

// NewDataDiff is the document for a comparison of the published version with the one before.
func NewDataDiff(published, previous planner.Materialization, c warehouse.Comparison, now time.Time) DataDiffJSON {
	doc := DataDiffJSON{
		FormatVersion: FormatVersion, Asset: published.Asset, Published: newLast(published),
		Key: append([]string{}, c.Key...), NoKey: c.NoKey, Columns: []ColumnCountsJSON{},
		Rows: RowCountsJSON{c.WasRows, c.IsRows, c.Added, c.Removed, c.Changed, c.IsRows - c.Added - c.Changed}, now: now,
	}
	if previous.ID != "" {
		doc.Previous = newLast(previous)
	}
	for _, column := range c.Columns {
		doc.Columns = append(doc.Columns, ColumnCountsJSON(column))
	}
	doc.ChangedRows, doc.AddedRows, doc.RemovedRows = doc.pairs(c.ChangedRows), doc.pairs(c.AddedRows), doc.pairs(c.RemovedRows)
	return doc
}

func (doc DataDiffJSON) pairs(rows []warehouse.ComparedRow) []RowPairJSON {
	list := make([]RowPairJSON, 0, len(rows))
	for _, row := range rows {
		list = append(list, RowPairJSON{
			Was:   doc.values(row.Was, func(c ColumnCountsJSON) string { return c.Was }),
			Is:    doc.values(row.Is, func(c ColumnCountsJSON) string { return c.Is }),
			Times: row.Times,
		})
	}
	return list
}

// values are the texts of a row by column. Rows that were matched as wholes have
// only the columns of both versions.
func (doc DataDiffJSON) values(texts []sql.NullString, kind func(ColumnCountsJSON) string) map[string]*string {
	if texts == nil {
		return nil
	}
	values := map[string]*string{}
	for i, column := range doc.Columns {
		if kind(column) == "" || len(doc.Key) == 0 && (column.Was == "" || column.Is == "") {
			continue
		}
		values[column.Name] = nil
		if texts[i].Valid {
			values[column.Name] = &texts[i].String
		}
	}
	return values
}
