package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// byKey compares rows of equal keys.
func (q *comparer) byKey(ctx context.Context, out *Comparison) error {
	differs := make([]string, len(q.pairs)) // conditions; empty: does not count
	counts := []string{"count(*) FILTER (w.here IS NULL)", "count(*) FILTER (i.here IS NULL)"}
	var conditions []string
	for n, p := range q.pairs {
		if !p.both() || q.isKey(n) {
			continue
		}
		differs[n] = fmt.Sprintf("w.e%d IS DISTINCT FROM i.e%d", n, n)
		if p.printsMore() {
			differs[n] = fmt.Sprintf("(%s OR w.t%d IS DISTINCT FROM i.t%d)", differs[n], n, n)
		}
		conditions = append(conditions, differs[n])
	}
	changed := "false"
	if len(conditions) > 0 {
		changed = "w.here AND i.here AND (" + strings.Join(conditions, " OR ") + ")"
	}
	counts = append(counts, "count(*) FILTER ("+changed+")")
	targets := []any{&out.Added, &out.Removed, &out.Changed}
	for n, condition := range differs {
		if condition != "" {
			counts = append(counts, "count(*) FILTER (w.here AND i.here AND "+condition+")")
			targets = append(targets, &out.Columns[n].Changed)
		}
	}
	joined := " FROM " + q.olderSide() + " AS w FULL JOIN " + q.newerSide() + " AS i ON " +
		list(q.key, "w.e%[1]d IS NOT DISTINCT FROM i.e%[1]d", " AND ")
	if err := q.conn.QueryRow(ctx, "SELECT "+strings.Join(counts, ", ")+joined).Scan(targets...); err != nil {
		return err
	}
	order := " ORDER BY " + list(q.key, "coalesce(w.e%[1]d, i.e%[1]d)", ", ")
	all := q.all()
	for _, kind := range []struct {
		n         int64
		condition string
		rows      *[]ComparedRow
	}{
		{out.Added, "w.here IS NULL", &out.AddedRows}, {out.Removed, "i.here IS NULL", &out.RemovedRows}, {out.Changed, changed, &out.ChangedRows},
	} {
		if kind.n == 0 || q.limit <= 0 {
			continue
		}
		statement := "SELECT coalesce(w.here, false), coalesce(i.here, false), 1, " + list(all, "w.t%d", ", ") + ", " + list(all, "i.t%d", ", ") +
			joined + " WHERE " + kind.condition + order
		rows, err := q.examples(ctx, statement)
		if err != nil {
			return err
		}
		*kind.rows = rows
	}
	return nil
}

// multisets compares rows as wholes, on the columns that both relations have.
func (q *comparer) multisets(ctx context.Context, out *Comparison) error {
	var group []string
	for n, p := range q.pairs {
		if p.both() {
			group = append(group, fmt.Sprintf("e%d", n))
			if p.printsMore() {
				group = append(group, fmt.Sprintf("t%d", n))
			}
		}
	}
	if len(group) == 0 { // rows without a column in common are all others
		out.Added, out.Removed = out.IsRows, out.WasRows
		return nil
	}
	all := q.all()
	texts := make([]string, len(all))
	for n, p := range q.pairs {
		texts[n] = "NULL"
		if p.both() {
			texts[n] = fmt.Sprintf("any_value(t%d)", n)
		}
	}
	// A row that is there n times more often counts n times.
	net := "SELECT sum(sign)::BIGINT AS n, " + strings.Join(group, ", ")
	for n, text := range texts {
		net += fmt.Sprintf(", %s AS x%d", text, n)
	}
	net = "(" + net + " FROM (SELECT 1 AS sign, * FROM " + q.newerSide() + " UNION ALL BY NAME SELECT -1 AS sign, * FROM " + q.olderSide() + ")" +
		" GROUP BY " + strings.Join(group, ", ") + " HAVING n <> 0)"
	if err := q.conn.QueryRow(ctx, "SELECT coalesce(sum(greatest(n, 0)), 0)::BIGINT, coalesce(sum(greatest(-n, 0)), 0)::BIGINT FROM "+net).
		Scan(&out.Added, &out.Removed); err != nil {
		return err
	}
	for _, kind := range []struct {
		n         int64
		condition string
		rows      *[]ComparedRow
	}{{out.Added, "n > 0", &out.AddedRows}, {out.Removed, "n < 0", &out.RemovedRows}} {
		if kind.n == 0 || q.limit <= 0 {
			continue
		}
		statement := "SELECT n < 0, n > 0, abs(n), " + list(all, "x%d", ", ") + ", " + list(all, "x%d", ", ") +
			" FROM " + net + " WHERE " + kind.condition + " ORDER BY " + strings.Join(group, ", ")
		rows, err := q.examples(ctx, statement)
		if err != nil {
			return err
		}
		*kind.rows = rows
	}
	return nil
}

// examples reads the first rows of a statement of: was it there, is it there, how
// often, the older texts, the newer texts.
func (q *comparer) examples(ctx context.Context, statement string) (examples []ComparedRow, err error) {
	err = q.conn.each(ctx, fmt.Sprintf("%s LIMIT %d", statement, q.limit), func(scan func(...any) error) error {
		var was, is bool
		row := ComparedRow{Was: make([]sql.NullString, len(q.pairs)), Is: make([]sql.NullString, len(q.pairs))}
		targets := []any{&was, &is, &row.Times}
		for _, side := range [][]sql.NullString{row.Was, row.Is} {
			for n := range side {
				targets = append(targets, &side[n])
			}
		}
		if err := scan(targets...); err != nil {
			return err
		}
		if !was {
			row.Was = nil
		}
		if !is {
			row.Is = nil
		}
		examples = append(examples, row)
		return nil
	})
	return examples, err
}

func (q *comparer) isKey(n int) bool {
	for _, k := range q.key {
		if k == n {
			return true
		}
	}
	return false
}

// all are the indices of all columns.
func (q *comparer) all() []int {
	all := make([]int, len(q.pairs))
	for n := range all {
		all[n] = n
	}
	return all
}
