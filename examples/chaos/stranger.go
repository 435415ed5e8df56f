//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// The checker reads the warehouse like a stranger: a process of its own, with a plain
// DuckDB that attaches the file for reading. It knows the project (world.go), the
// tables in the schema _assets as anybody can query them, and what it saw before.

// A question to the stranger: to look now.
type question struct {
	// Settled says that an apply has just ended well and undisturbed: what is visible is
	// Newest, and nothing is left over. What may lag does so unless All was built.
	Settled, All bool
	Newest       generations
	// Rebuilt is another warehouse, built from nothing, that must hold the same.
	Rebuilt string
}

// An answer is what was found since the answer before, polls included.
type answer struct {
	Violations []string
	Looks      int // how often the file could be opened
	Held       int // and how often another process had it
	Checks     int // single statements found true
	Mixed      int // views of inputs that show two generations
	Runs       int // recorded by now
	Shown      map[string]generations
}

// stranger is the state of the checker.
type stranger struct {
	path  string
	conn  *warehouse.Conn
	found answer
	said  map[string]bool // violations that were told already
	built map[string]bool // tables of expected contents, by name
	shown map[string]generations
	runs  []string
	past  int               // how many records the history has
	means map[string]string // what a version of a source turned out to hold
}

const strangerCommand = "look-at"

// beStranger answers questions, one a line, until there are no more; in between it
// looks by itself whenever nobody holds the file.
func beStranger(path string, in io.Reader, out io.Writer) error {
	ctx := context.Background()
	db, err := warehouse.Memory(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Exec(ctx, "SET threads = 1"); err != nil {
		return err
	}
	s := &stranger{path: path, conn: conn, said: map[string]bool{}, built: map[string]bool{}, shown: map[string]generations{},
		means: map[string]string{}}
	questions := make(chan question)
	go func() {
		defer close(questions)
		for lines := bufio.NewScanner(in); lines.Scan(); {
			var q question
			if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return
			}
			questions <- q
		}
	}()
	for {
		select {
		case q, more := <-questions:
			if !more {
				return nil
			}
			if err := s.answer(ctx, q, out); err != nil {
				return err
			}
		case <-time.After(200 * time.Millisecond):
			if err := s.look(ctx, question{}); err != nil && !isHeld(err) {
				s.violated("open: %v", err)
			}
		}
	}
}

// patience is how long the stranger waits for a file that somebody holds.
const patience = 90 * time.Second

func (s *stranger) answer(ctx context.Context, q question, out io.Writer) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := s.look(ctx, q)
		if err != nil && isHeld(err) && time.Now().Before(deadline) {
			continue
		}
		if err != nil {
			s.violated("open: %v", err)
		}
		break
	}
	s.found.Shown = s.shown
	err := json.NewEncoder(out).Encode(s.found)
	s.found = answer{Runs: s.found.Runs}
	return err
}

func isHeld(err error) bool { return strings.Contains(err.Error(), "Could not set lock on file") }

// violated notes what must not be, once.
func (s *stranger) violated(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !s.said[text] {
		s.said[text] = true
		s.found.Violations = append(s.found.Violations, text)
	}
}

// holds notes a statement that was found true, or the violation that it is not.
func (s *stranger) holds(is bool, format string, args ...any) {
	if s.found.Checks++; !is {
		s.violated(format, args...)
	}
}

// look opens the file, checks everything and gives it up. Nobody can write meanwhile.
func (s *stranger) look(ctx context.Context, q question) error {
	if _, err := os.Stat(s.path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := s.conn.Exec(ctx, "ATTACH "+warehouse.Literal(s.path)+" AS w (TYPE duckdb, READ_ONLY)"); err != nil {
		if isHeld(err) {
			s.found.Held++
		}
		return err
	}
	s.found.Looks++
	err := errors.Join(s.forget(ctx), s.check(ctx, q))
	return errors.Join(err, s.conn.Exec(ctx, "DETACH w"))
}

// record is a row of _assets.current.
type record struct {
	asset, id, run, table string
	rows                  int64
	Reads                 map[string]struct{ Version string }
	Previous              string
	Quarantine            *struct{ Table string }
}

func (s *stranger) check(ctx context.Context, q question) error {
	// A file that is being set up has no tables of ours yet, or no runs.
	if has, err := s.strings(ctx, "SELECT table_name FROM duckdb_tables() WHERE database_name = 'w' AND schema_name = '_assets' AND table_name = 'current'"); err != nil || len(has) == 0 {
		return err
	}
	current, err := s.current(ctx)
	if err != nil {
		return err
	}
	if err := s.checkRecords(ctx, current); err != nil {
		return err
	}
	shown := map[string]generations{}
	for _, a := range assets { // inputs first
		if r, published := current[a.name]; published {
			if shown[a.name], err = s.checkContent(ctx, a, r, shown); err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
		}
	}
	if err := s.checkTogether(ctx, shown); err != nil {
		return err
	}
	for name, g := range s.shown {
		s.holds(shown[name] != nil, "%s was published and is gone", name)
		for d, n := range g {
			s.holds(shown[name][d] >= n, "%s shows generation %d of %s again, after %d", name, shown[name][d], d, n)
		}
	}
	s.shown = shown
	if q.Settled {
		if err := s.checkSettled(ctx, q, current); err != nil {
			return err
		}
	}
	if q.Rebuilt != "" {
		return s.checkRebuilt(ctx, q.Rebuilt)
	}
	return nil
}

func (s *stranger) current(ctx context.Context) (map[string]record, error) {
	rows, err := s.conn.Query(ctx, `SELECT asset, id, run, coalesce("table", ''), "rows", record FROM w._assets.current`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	current := map[string]record{}
	for rows.Next() {
		var r record
		var text string
		if err := rows.Scan(&r.asset, &r.id, &r.run, &r.table, &r.rows, &text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return nil, err
		}
		s.holds(current[r.asset].id == "", "%s has two current records", r.asset)
		current[r.asset] = r
	}
	return current, rows.Err()
}

// checkRecords compares what is visible with what is recorded.
func (s *stranger) checkRecords(ctx context.Context, current map[string]record) error {
	views, err := s.strings(ctx, "SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE database_name = 'w' AND NOT internal AND schema_name <> 'quarantine'")
	if err != nil {
		return err
	}
	for _, name := range views {
		s.holds(current[name].id != "", "%s is visible without a record", name)
	}
	tables, err := s.strings(ctx, "SELECT table_name FROM duckdb_tables() WHERE database_name = 'w' AND schema_name = '_assets'")
	if err != nil {
		return err
	}
	runs, err := s.strings(ctx, "SELECT run FROM w._assets.runs")
	if err != nil {
		return err
	}
	for name, r := range current {
		s.holds(slices.Contains(views, name), "%s is recorded as published and not visible", name)
		s.holds(r.table == "" || slices.Contains(tables, r.table), "%s: its table %s is missing", name, r.table)
		s.holds(slices.Contains(runs, r.run), "%s: its run %s is not recorded", name, r.run)
	}
	for _, run := range s.runs {
		s.holds(slices.Contains(runs, run), "the record of run %s is gone", run)
	}
	s.runs, s.found.Runs = runs, len(runs)

	// What is current is what the history says last of each asset.
	latest, err := s.strings(ctx, `SELECT asset || ' ' || arg_max(id, rowid) FROM w._assets.materializations
		WHERE status IN ('published', 'unchanged', 'revalidated') GROUP BY asset`)
	if err != nil {
		return err
	}
	for _, text := range latest {
		name, id, _ := strings.Cut(text, " ")
		s.holds(current[name].id == id, "half a run: the history says last of %s %s, current is %s", name, id, current[name].id)
	}
	s.holds(len(latest) == len(current), "the history knows %d assets, current %d", len(latest), len(current))

	// A run reads one version of a source.
	several, err := s.strings(ctx, `WITH r AS (SELECT run, unnest(json_keys(record->'reads')) AS input, record->'reads' AS reads
			FROM w._assets.materializations WHERE status IN ('published', 'unchanged'))
		SELECT run || ' ' || input FROM r WHERE input LIKE 'raw.%' OR input LIKE 'crm.%'
		GROUP BY run, input HAVING count(DISTINCT reads->input->>'version') > 1`)
	if err != nil {
		return err
	}
	s.holds(len(several) == 0, "a run read two versions of a source: %v", several)

	var past int
	if err := s.conn.QueryRow(ctx, "SELECT count(*) FROM w._assets.materializations").Scan(&past); err != nil {
		return err
	}
	s.holds(past >= s.past, "the history has %d records, after %d", past, s.past)
	s.past = past
	return nil
}

// checkContent compares what an asset shows with what it must hold, made from the
// generations it shows.
func (s *stranger) checkContent(ctx context.Context, a asset, r record, others map[string]generations) (generations, error) {
	shown, several, err := s.shows(ctx, a)
	if err != nil {
		s.violated("%s cannot be read: %v", a.name, err)
		return nil, nil
	}
	if a.view && s.checkMixed(a, others) {
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

// checkMixed reports whether the inputs of a view show two generations. A view shows
// what is published under the names it reads: if one of these failed or may lag it mixes.
// Whether they may be of two generations is checked of them themselves.
func (s *stranger) checkMixed(a asset, others map[string]generations) bool {
	for _, d := range dimensionsOf(a.name) {
		seen := map[int]bool{}
		for _, input := range readsOf.FindAllString(a.sql, -1) {
			if g, ok := others[input][d]; ok {
				seen[g] = true
			}
		}
		if len(seen) > 1 {
			return true
		}
	}
	return false
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

// checkTogether finds half a run: assets that are published together and show
// different generations, though nothing of them failed.
func (s *stranger) checkTogether(ctx context.Context, shown map[string]generations) error {
	failed, err := s.strings(ctx, "SELECT DISTINCT asset FROM w._assets.failures")
	if err != nil {
		return err
	}
	for _, name := range together {
		if slices.ContainsFunc(ancestorsOf(name), func(a string) bool { return slices.Contains(failed, a) }) {
			continue
		}
		same := shown[name][orders] == shown["stg.orders"][orders] && shown[name][edit] == shown["stg.orders"][edit]
		s.holds(same, "half a run: %s shows %v beside stg.orders with %v, and nothing failed", name, shown[name], shown["stg.orders"])
	}
	return nil
}

// checkSettled says what is true when an apply went through.
func (s *stranger) checkSettled(ctx context.Context, q question, current map[string]record) error {
	for _, a := range assets {
		for _, d := range dimensionsOf(a.name) {
			is := s.shown[a.name][d]
			s.holds(is == q.Newest[d] || a.lags && !q.All, "after a whole apply %s shows generation %d of %s, not %d", a.name, is, d, q.Newest[d])
		}
	}
	staged, err := s.strings(ctx, `SELECT asset || ' ' || "table" FROM w._assets.staged`)
	if err != nil {
		return err
	}
	s.holds(len(staged) == 0, "after a whole apply these are still staged: %v", staged)
	named := map[string]bool{}
	for _, r := range current {
		named[r.table], named[r.Previous] = true, true
		if r.Quarantine != nil {
			named[r.Quarantine.Table] = true
		}
	}
	tables, err := s.strings(ctx, "SELECT table_name FROM duckdb_tables() WHERE database_name = 'w' AND schema_name = '_assets' AND table_name LIKE '%@%'")
	for _, table := range tables {
		s.holds(named[table], "no record names the table %s", table)
	}
	return err
}

// checkRebuilt compares with a warehouse that was built from nothing, cell by cell.
func (s *stranger) checkRebuilt(ctx context.Context, path string) (err error) {
	if err := s.conn.Exec(ctx, "ATTACH "+warehouse.Literal(path)+" AS rebuilt (TYPE duckdb, READ_ONLY)"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.conn.Exec(ctx, "DETACH rebuilt")) }()
	for _, a := range assets {
		differ, err := s.differ(ctx, "w."+a.name, "rebuilt."+a.name)
		if err != nil {
			return err
		}
		s.holds(differ == 0, "%s differs in %d rows from a full rebuild", a.name, differ)
	}
	return nil
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
		query = strings.ReplaceAll(query, slow, "(571649)")
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
