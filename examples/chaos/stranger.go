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
	// Rebuilt is another warehouse, built from nothing or a backup, that must hold the same.
	Rebuilt string
}

// An answer is what was found since the answer before, polls included.
type answer struct {
	Violations []string
	Looks      int // how often the file could be opened
	Held       int // and how often another process had it
	Checks     int // single statements found true
	Mixed      int // views of inputs that were made by two edits of the project
	Lent       int // times that something was seen to be made with a last good version
	Runs       int // recorded by now
	Shown      map[string]generations
}

// stranger is the state of the checker.
type stranger struct {
	path  string
	db    *warehouse.DB
	conn  *warehouse.Conn
	found answer
	said  map[string]bool // violations that were told already
	built map[string]bool // tables of expected contents, by name
	shown map[string]generations
	runs  []string
	past  int               // how many records the history has
	means map[string]string // what a version of a source turned out to hold
}

func newStranger(ctx context.Context, path string) (*stranger, error) {
	db, err := warehouse.Memory(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err == nil {
		err = conn.Exec(ctx, "SET threads = 1")
	}
	return &stranger{path: path, db: db, conn: conn, said: map[string]bool{}, built: map[string]bool{}, shown: map[string]generations{},
		means: map[string]string{}}, err
}

func (s *stranger) close() error { return errors.Join(s.conn.Close(), s.db.Close()) }

const strangerCommand = "look-at"

// beStranger answers questions, one a line, until there are no more; in between it
// looks by itself whenever nobody holds the file.
func beStranger(path string, in io.Reader, out io.Writer) error {
	ctx := context.Background()
	s, err := newStranger(ctx, path)
	if err != nil {
		return err
	}
	defer s.close()
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
	if t, o, e := shown[tolerant], shown["slow.orders"], shown["stg.events"]; t[orders] < o[orders] && t[events] == e[events] {
		s.found.Lent++
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
	named := map[string]bool{}
	for _, text := range staged {
		name, table, _ := strings.Cut(text, " ")
		a, _ := assetOf(name)
		s.holds(a.lags && !q.All, "after a whole apply %s is still staged: %s", name, table)
		named[table] = true // for the run that publishes it when it is due
	}
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

// checkRebuilt compares with a warehouse that holds the same, cell by cell.
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
		s.holds(differ == 0, "%s differs in %d rows from %s", a.name, differ, path)
	}
	return nil
}
