package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// Comparison is how the rows of one relation differ from those of another.
//
// Values are equal as IS NOT DISTINCT FROM has it: NULL and NaN equal themselves,
// 0.0 equals -0.0. What prints differently although DuckDB calls it equal, such as
// 1 month and 30 days, or a list with -0.0, counts as changed. Where a column's
// type changed, numbers are compared as numbers, dates and timestamps as moments,
// and all else by what it prints as.
type Comparison struct {
	// Key are the columns that rows were matched by. Without any, equal rows were
	// matched, on the columns that both have: nothing is Changed then.
	Key []string
	// NoKey says why the wanted key was not used; empty if it was, or none was wanted.
	NoKey string
	// Columns are those of the newer relation, then those that only the older one has.
	Columns []ComparedColumn
	// WasRows and IsRows count the rows of the older and the newer relation.
	WasRows, IsRows         int64
	Added, Removed, Changed int64 // rows
	// AddedRows, RemovedRows and ChangedRows are examples, in the order of the key.
	AddedRows, RemovedRows, ChangedRows []ComparedRow
}

// ComparedColumn is a column of either relation.
type ComparedColumn struct {
	Name    string
	Was, Is string // types; one is empty if only the other relation has the column
	Changed int64  // rows in which its value changed
}

// ComparedRow is one row in both relations; values are text in the order of
// Comparison.Columns. Was is nil for a row that was added, Is for one removed.
type ComparedRow struct {
	Was, Is []sql.NullString
	Times   int64 // how often the row was added or removed
}

// Compare compares two relations of this connection, matching rows by key, with at
// most limit examples of each kind. All of it is done in SQL: no rows but the
// examples are read.
func (c *Conn) Compare(ctx context.Context, was, is string, key []string, limit int) (Comparison, error) {
	older, err := c.Describe(ctx, "FROM "+was)
	if err != nil {
		return Comparison{}, err
	}
	newer, err := c.Describe(ctx, "FROM "+is)
	if err != nil {
		return Comparison{}, err
	}
	q := &comparer{conn: c, limit: limit, pairs: pairUp(older, newer), was: was, is: is}
	out := Comparison{}
	for _, p := range q.pairs {
		out.Columns = append(out.Columns, p.ComparedColumn)
	}
	if err := c.QueryRow(ctx, "SELECT (SELECT count(*) FROM "+was+"), (SELECT count(*) FROM "+is+")").Scan(&out.WasRows, &out.IsRows); err != nil {
		return out, err
	}
	if out.NoKey, err = q.useKey(ctx, key); err != nil {
		return out, err
	}
	if len(q.key) == 0 {
		return out, q.multisets(ctx, &out)
	}
	for _, k := range q.key {
		out.Key = append(out.Key, q.pairs[k].Name)
	}
	return out, q.byKey(ctx, &out)
}

// pair is a column in both relations.
type pair struct {
	ComparedColumn
	older, newer string // its name in each, as there spelled
}

func pairUp(older, newer []assets.Column) []pair {
	var pairs []pair
	find := func(columns []assets.Column, name string) int {
		return slices.IndexFunc(columns, func(c assets.Column) bool { return strings.EqualFold(c.Name, name) })
	}
	for _, c := range newer {
		p := pair{ComparedColumn: ComparedColumn{Name: c.Name, Is: c.Type}, newer: c.Name}
		if i := find(older, c.Name); i >= 0 {
			p.Was, p.older = older[i].Type, older[i].Name
		}
		pairs = append(pairs, p)
	}
	for _, c := range older {
		if find(newer, c.Name) < 0 {
			pairs = append(pairs, pair{ComparedColumn: ComparedColumn{Name: c.Name, Was: c.Type}, older: c.Name})
		}
	}
	return pairs
}

func (p pair) both() bool { return p.Was != "" && p.Is != "" }

// comparer writes the statements of one comparison. In them the columns of a
// relation are r0, r1, … as they are and e0, e1, … as they are compared: names of a
// project's columns may be anything.
type comparer struct {
	conn    *Conn
	limit   int
	pairs   []pair
	key     []int // of pairs
	was, is string
}

// useKey takes the key if it tells rows apart in both relations, and else says why not.
func (q *comparer) useKey(ctx context.Context, key []string) (problem string, err error) {
	var found []int
	for _, name := range key {
		i := slices.IndexFunc(q.pairs, func(p pair) bool { return strings.EqualFold(p.Name, name) })
		switch {
		case i < 0:
			return "neither version has a column " + name, nil
		case q.pairs[i].Was == "":
			return "the previous version has no column " + name, nil
		case q.pairs[i].Is == "":
			return "the published version has no column " + name, nil
		}
		found = append(found, i)
	}
	if len(found) == 0 {
		return "", nil
	}
	for _, side := range []struct {
		relation, called string
	}{{q.olderSide(), "previous"}, {q.newerSide(), "published"}} {
		var twice int64
		statement := fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s GROUP BY %s HAVING count(*) > 1)", side.relation, list(found, "e%d", ", "))
		if err := q.conn.QueryRow(ctx, statement).Scan(&twice); err != nil {
			return "", err
		}
		if twice > 0 {
			return fmt.Sprintf("%s is not unique: the %s version repeats %d of its values", strings.Join(key, ", "), side.called, twice), nil
		}
	}
	q.key = found
	return "", nil
}

func (q *comparer) olderSide() string {
	return q.side(q.was, func(p pair) string { return p.older })
}

func (q *comparer) newerSide() string {
	return q.side(q.is, func(p pair) string { return p.newer })
}

// side is a relation with the columns of a comparison.
func (q *comparer) side(relation string, name func(pair) string) string {
	columns := []string{"true AS here"}
	for i, p := range q.pairs {
		column := "NULL::VARCHAR"
		if name(p) != "" {
			column = Ident(name(p))
		}
		columns = append(columns, fmt.Sprintf("%s AS r%d", column, i))
		if p.both() {
			columns = append(columns, fmt.Sprintf("%s AS e%d", p.compared(column), i))
		}
	}
	return "(SELECT " + strings.Join(columns, ", ") + " FROM " + relation + ")"
}

// list writes a format for each index.
func list(indices []int, format, separator string) string {
	parts := make([]string, len(indices))
	for i, index := range indices {
		parts[i] = fmt.Sprintf(format, index)
	}
	return strings.Join(parts, separator)
}

// compared is a column of p as it is compared: as it is, unless its type changed.
func (p pair) compared(column string) string {
	was, is := family(p.Was), family(p.Is)
	switch {
	case p.Was == p.Is:
		return column
	case was == integer && is == integer:
		return column + "::HUGEINT"
	case was <= number && is <= number:
		return column + "::DOUBLE"
	case was == moment && is == moment:
		return column + "::TIMESTAMP"
	}
	return column + "::VARCHAR"
}

// Families of types whose values can be compared with each other.
const (
	integer = iota
	number
	moment
	other
)

func family(typ string) int {
	name, _, _ := strings.Cut(typ, "(")
	switch name {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT":
		return integer
	case "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL":
		if !strings.HasSuffix(typ, "]") {
			return number
		}
	case "DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE":
		return moment
	}
	return other
}

// printsMore reports whether values of p that DuckDB calls equal may print differently.
func (p pair) printsMore() bool {
	if p.Was != p.Is || hashesWhole(p.Is) {
		return false
	}
	name, _, _ := strings.Cut(p.Is, "(")
	return strings.HasSuffix(p.Is, "]") || !slices.Contains([]string{"HUGEINT", "UHUGEINT", "UUID", "DECIMAL"}, name)
}
