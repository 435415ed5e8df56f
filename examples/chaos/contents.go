//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// What assets show, and what they must hold.

// checkContent compares what an asset shows with what it must hold, made from the
// generations it shows.
func (s *stranger) checkContent(ctx context.Context, a asset, r record, others map[string]generations) (generations, error) {
	shown, several, err := s.shows(ctx, a)
	if err != nil {
		s.violated("%s cannot be read: %v", a.name, err)
		return nil, nil
	}
	if a.view && s.checkView(a, others) {
		s.found.Mixed++
		return shown, nil
	}
	s.holds(several == "", "%s", several)
	var rows, forbidden int64
	never := a.never
	if never == "" {
		never = "false"
	}
	if err := s.conn.QueryRow(ctx, fmt.Sprintf("SELECT count(*), count(*) FILTER (%s) FROM w.%s", never, a.name)).Scan(&rows, &forbidden); err != nil {
		return nil, err
	}
	s.holds(forbidden == 0, "%s shows %d rows that an error check forbids", a.name, forbidden)
	s.holds(a.view || rows == r.rows, "%s has %d rows; its record says %d", a.name, rows, r.rows)
	for _, d := range dimensionsOf(a.name) {
		if _, ok := shown[d]; !ok {
			s.violated("%s shows nothing of %s", a.name, d)
			return shown, nil
		}
	}
	expected, err := s.expected(ctx, a.name, shown)
	if err != nil {
		return nil, err
	}
	differ, err := s.differ(ctx, "w."+a.name, expected)
	if err != nil {
		return nil, err
	}
	s.holds(differ == 0, "%s differs in %d rows from what is made from %v", a.name, differ, shown)
	if a.keeps != "" {
		if expected, err = s.expected(ctx, "quarantine "+a.name, shown); err != nil {
			return nil, err
		}
		aside := fmt.Sprintf(`(SELECT * EXCLUDE (_check, _run, _at) FROM w.quarantine."%s")`, a.name)
		if differ, err = s.differ(ctx, aside, expected); err != nil {
			return nil, err
		}
		s.holds(differ == 0, "what is put aside of %s differs in %d rows from that of %v", a.name, differ, shown)
	}
	s.checkReads(r, shown)
	return shown, nil
}

// checkView finds two generations of a source in what a view shows: what is published
// under the names it reads. If one of these failed, the others wait for it. Of the
// project's own edits they do not: it reports whether the view shows two of them.
func (s *stranger) checkView(a asset, others map[string]generations) (edits bool) {
	for _, d := range dimensionsOf(a.name) {
		seen := map[int]bool{}
		for _, input := range readsOf.FindAllString(a.sql, -1) {
			if g, ok := others[input][d]; ok {
				seen[g] = true
			}
		}
		if d == edit {
			edits = len(seen) > 1
			continue
		}
		s.holds(len(seen) < 2, "the view %s shows %d generations of %s", a.name, len(seen), d)
	}
	return edits
}

// checkReads compares the versions that are recorded with what is visible: a version
// of a source is always of one content.
func (s *stranger) checkReads(r record, shown generations) {
	for input, read := range r.Reads {
		if !strings.HasPrefix(input, "raw.") && !strings.HasPrefix(input, "crm.") {
			continue
		}
		held := input
		for _, d := range dimensionsOf(input) {
			held += fmt.Sprintf(" %d", shown[d])
		}
		if before, known := s.means[read.Version]; known {
			s.holds(before == held, "%s was made from %s; its record has the version of %s", r.asset, held, before)
			continue
		}
		s.means[read.Version] = held
	}
}

// shows are the generations that can be seen in an asset, the least of each dimension,
// and a sentence if there are several of one.
func (s *stranger) shows(ctx context.Context, a asset) (shown generations, several string, err error) {
	var queries []string
	for _, shown := range a.shows {
		dimension, column, _ := strings.Cut(shown, " ")
		queries = append(queries, fmt.Sprintf("SELECT DISTINCT '%s', %s FROM w.%s", dimension, column, a.name))
	}
	if len(queries) == 0 {
		queries = []string{fmt.Sprintf("SELECT DISTINCT 'part' || p, g FROM w.%s", a.name)}
	}
	rows, err := s.conn.Query(ctx, strings.Join(queries, " UNION ")+" ORDER BY ALL")
	if err != nil {
		return nil, "", err
	}
	defer rows.Close()
	shown = generations{}
	for rows.Next() {
		var dimension string
		var g int
		if err := rows.Scan(&dimension, &g); err != nil {
			return nil, "", err
		}
		before, twice := shown[dimension]
		if shown[dimension] = g; twice {
			shown[dimension] = min(g, before)
			several = fmt.Sprintf("%s shows generations %d and %d of %s at once", a.name, before, g, dimension)
		}
	}
	return shown, several, rows.Err()
}

// differ counts the rows that are in one of two relations and not in the other.
func (s *stranger) differ(ctx context.Context, a, b string) (n int, err error) {
	err = s.conn.QueryRow(ctx, fmt.Sprintf("SELECT count(*) FROM ((FROM %s EXCEPT ALL FROM %s) UNION ALL (FROM %[2]s EXCEPT ALL FROM %[1]s))", a, b)).Scan(&n)
	return n, err
}

// expected makes sure that there is a table of what a source or asset must hold, and
// returns it. It is the SQL of the project, read by DuckDB alone.
func (s *stranger) expected(ctx context.Context, name string, of generations) (string, error) {
	name, aside := strings.CutPrefix(name, "quarantine ")
	table := name
	for _, d := range dimensionsOf(name) {
		table += fmt.Sprintf(" %s=%d", d, of[d])
	}
	if aside {
		table += " aside"
	}
	table = warehouse.Ident(table)
	if s.built[table] {
		return table, nil
	}
	a, ok := assetOf(name)
	query := a.sql
	if !ok {
		var contents []string
		for _, d := range dimensionsOf(name) {
			contents = append(contents, content(d, of[d]))
		}
		query = strings.Join(contents, " UNION ALL ")
	} else {
		inputs := map[string]string{}
		for _, input := range readsOf.FindAllString(query, -1) {
			t, err := s.expected(ctx, input, of)
			if err != nil {
				return "", err
			}
			inputs[input] = t
		}
		query = readsOf.ReplaceAllStringFunc(query, func(input string) string { return inputs[input] })
		query = strings.ReplaceAll(query, "${local.d}", fmt.Sprint(of[edit]))
		query = strings.ReplaceAll(query, slow, slowValue)
	}
	if a.keeps != "" {
		query = fmt.Sprintf("SELECT * FROM (%s) WHERE (%s) = %t", query, a.keeps, !aside)
	}
	if err := s.conn.Exec(ctx, "CREATE TABLE "+table+" AS "+query); err != nil {
		return "", fmt.Errorf("what %s must hold: %w", name, err)
	}
	s.built[table] = true
	return table, nil
}

// forget drops what was expected once there is a lot of it.
func (s *stranger) forget(ctx context.Context) error {
	if len(s.built) < 400 {
		return nil
	}
	for table := range s.built {
		if err := s.conn.Exec(ctx, "DROP TABLE "+table); err != nil {
			return err
		}
	}
	clear(s.built)
	return nil
}

// strings are the values of a query's one column.
func (s *stranger) strings(ctx context.Context, query string) (values []string, err error) {
	rows, err := s.conn.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, rows.Err()
}
