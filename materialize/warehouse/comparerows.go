package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// compared is the temporary table that the result of a comparison's one pass over
// the data is kept in. No asset can have this name.
const compared = `temp.main."? compared"`

// keep makes the temporary table; the caller drops it.
func (q *comparer) keep(ctx context.Context, statement string) error {
	return q.conn.Exec(ctx, "CREATE OR REPLACE TEMP TABLE "+strings.TrimPrefix(compared, "temp.main.")+" AS "+statement)
}

func (q *comparer) drop(ctx context.Context) {
	q.conn.Exec(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS "+compared)
}

// byKey compares rows of equal keys. One pass over the joined relations counts,
// and picks the examples.
func (q *comparer) byKey(ctx context.Context, out *Comparison) error {
	defer q.drop(ctx)
	counts := []string{"count(*) FILTER (w.here IS NULL)", "count(*) FILTER (i.here IS NULL)"}
	targets := []any{&out.Added, &out.Removed, &out.Changed}
	var perColumn, conditions []string
	for n, p := range q.pairs {
		if !p.both() || slices.Contains(q.key, n) {
			continue
		}
		differs := fmt.Sprintf("w.e%d IS DISTINCT FROM i.e%d", n, n)
		if p.printsMore() {
			differs = fmt.Sprintf("(%s OR w.r%d::VARCHAR IS DISTINCT FROM i.r%d::VARCHAR)", differs, n, n)
		}
		conditions = append(conditions, differs)
		perColumn = append(perColumn, "count(*) FILTER (w.here AND i.here AND "+differs+")")
		targets = append(targets, &out.Columns[n].Changed)
	}
	changed := "false"
	if len(conditions) > 0 {
		changed = "w.here AND i.here AND (" + strings.Join(conditions, " OR ") + ")"
	}
	counts = append(append(counts, "count(*) FILTER ("+changed+")"), perColumn...)
	selection := make([]string, len(counts))
	for n, count := range counts {
		selection[n] = fmt.Sprintf("%s AS n%d", count, n)
	}
	kinds := []struct {
		condition string
		rows      *[]ComparedRow
	}{{"w.here IS NULL", &out.AddedRows}, {"i.here IS NULL", &out.RemovedRows}, {changed, &out.ChangedRows}}
	if q.limit > 0 {
		// A list of keys is never NULL, which such an aggregate would leave out.
		all := q.all()
		row := "{'was': w.here, 'is': i.here, " + list(all, "'w%[1]d': w.r%[1]d", ", ") + ", " + list(all, "'i%[1]d': i.r%[1]d", ", ") + "}"
		order := "row(" + list(q.key, "coalesce(w.e%[1]d, i.e%[1]d)", ", ") + ")"
		for n, kind := range kinds {
			selection = append(selection, fmt.Sprintf("min_by(%s, %s, %d) FILTER (%s) AS x%d", row, order, q.limit, kind.condition, n))
		}
	}
	err := q.keep(ctx, "SELECT "+strings.Join(selection, ", ")+" FROM "+q.olderSide()+" AS w FULL JOIN "+q.newerSide()+" AS i ON "+
		list(q.key, "w.e%[1]d IS NOT DISTINCT FROM i.e%[1]d", " AND "))
	if err != nil {
		return err
	}
	if err := q.conn.QueryRow(ctx, "SELECT "+list(indices(len(counts)), "n%d", ", ")+" FROM "+compared).Scan(targets...); err != nil || q.limit <= 0 {
		return err
	}
	for n, kind := range kinds {
		all := q.all()
		if *kind.rows, err = q.examples(ctx, "SELECT coalesce(x.was, false), coalesce(x.is, false), 1, "+list(all, "x.w%d::VARCHAR", ", ")+", "+
			list(all, "x.i%d::VARCHAR", ", ")+fmt.Sprintf(" FROM (SELECT unnest(x%d) AS x FROM %s)", n, compared)); err != nil {
			return err
		}
	}
	return nil
}

// multisets compares rows as wholes, on the columns that both relations have.
func (q *comparer) multisets(ctx context.Context, out *Comparison) error {
	defer q.drop(ctx)
	var columns, group []string
	for n, p := range q.pairs {
		if !p.both() {
			continue
		}
		columns = append(columns, fmt.Sprintf("e%d", n))
		group = append(group, fmt.Sprintf("e%d", n))
		if p.printsMore() {
			group = append(group, fmt.Sprintf("e%d::VARCHAR", n))
		}
	}
	if len(group) == 0 { // rows without a column in common are all others
		out.Added, out.Removed = out.IsRows, out.WasRows
		return nil
	}
	// A row that is there n times more often counts n times.
	names := strings.Join(columns, ", ")
	err := q.keep(ctx, "SELECT sum(sign)::BIGINT AS n, "+names+" FROM (SELECT 1 AS sign, "+names+" FROM "+q.newerSide()+
		" UNION ALL SELECT -1, "+names+" FROM "+q.olderSide()+") GROUP BY "+strings.Join(group, ", ")+" HAVING n <> 0")
	if err != nil {
		return err
	}
	if err := q.conn.QueryRow(ctx, "SELECT coalesce(sum(greatest(n, 0)), 0)::BIGINT, coalesce(sum(greatest(-n, 0)), 0)::BIGINT FROM "+compared).
		Scan(&out.Added, &out.Removed); err != nil || q.limit <= 0 {
		return err
	}
	texts := make([]string, len(q.pairs))
	for n, p := range q.pairs {
		if texts[n] = "NULL"; p.both() {
			texts[n] = fmt.Sprintf("e%d::VARCHAR", n)
		}
	}
	row := strings.Join(texts, ", ")
	for condition, rows := range map[string]*[]ComparedRow{"n > 0": &out.AddedRows, "n < 0": &out.RemovedRows} {
		if *rows, err = q.examples(ctx, fmt.Sprintf("SELECT n < 0, n > 0, abs(n), %s, %s FROM (FROM %s WHERE %s ORDER BY %s LIMIT %d)",
			row, row, compared, condition, names, q.limit)); err != nil {
			return err
		}
	}
	return nil
}

// examples reads rows of: was it there, is it there, how often, the older texts,
// the newer texts.
func (q *comparer) examples(ctx context.Context, statement string) (examples []ComparedRow, err error) {
	err = q.conn.each(ctx, statement, func(scan func(...any) error) error {
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

// all are the indices of all columns.
func (q *comparer) all() []int { return indices(len(q.pairs)) }

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}
