package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

var (
	ctx    = context.Background()
	moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	orders = assets.MustName("staging.orders")
)

// TestMain lets the test binary be the other process that holds a warehouse.
func TestMain(m *testing.M) {
	if path := os.Getenv("HOLD_WAREHOUSE"); path != "" {
		if _, err := warehouse.Open(ctx, warehouse.Options{Path: path}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("held")
		os.Stdin.Read(make([]byte, 1)) // until the test ends this process
		return
	}
	os.Exit(m.Run())
}

func open(t *testing.T, path string) *warehouse.DB {
	t.Helper()
	db, err := warehouse.Open(ctx, warehouse.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func closed(t *testing.T, db *warehouse.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// publication is one run that builds staging.orders with some rows.
func publication(t *testing.T, db *warehouse.DB, run string, rows int) warehouse.Publication {
	t.Helper()
	m := planner.Materialization{
		ID: run, Run: run, Key: planner.Key{Asset: orders}, Status: planner.Staged, Table: "staging.orders@" + run,
		Made:  planner.Version{ID: "h1:" + assets.Digest(run), Columns: []assets.Column{{Name: "id", Type: "BIGINT"}}, Arrived: moment},
		Reads: map[assets.Name]planner.Read{assets.MustName("raw.orders"): {Version: "f1:1", Projection: "f1:1", Columns: []string{"id"}}},
		Rows:  int64(rows), Began: moment, Ended: moment.Add(time.Second),
	}
	if err := db.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE TABLE memory.main.t AS SELECT range AS id FROM range(%d)", rows)); err != nil {
		t.Fatal(err)
	}
	if err := db.Stage(ctx, []warehouse.Staging{{Record: m, From: "memory.main.t"}}); err != nil {
		t.Fatal(err)
	}
	m.Status = planner.Published
	return warehouse.Publication{
		Run:     warehouse.Run{ID: run, Began: moment, Ended: moment.Add(time.Minute), Status: warehouse.Succeeded, Built: 1},
		Views:   []warehouse.PublishedView{{Name: orders, SQL: `SELECT * FROM _assets."` + m.Table + `"`, Comment: "All orders", Comments: []warehouse.ColumnComment{{Column: "id", Text: "the key"}}}},
		Records: []planner.Materialization{m},
	}
}

func publish(t *testing.T, db *warehouse.DB, p warehouse.Publication) {
	t.Helper()
	if err := db.Publish(ctx, p); err != nil {
		t.Fatal(err)
	}
}

func TestPublishedIsReadBackAfterReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.duckdb")
	db := open(t, path)
	p := publication(t, db, "R1", 3)
	publish(t, db, p)
	closed(t, db)

	db = open(t, path)
	state, err := db.State(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if state.Serial != "R1" {
		t.Errorf("serial = %q, want R1", state.Serial)
	}
	want := p.Records[0]
	want.View = `CREATE VIEW staging.orders AS SELECT * FROM _assets."staging.orders@R1";`
	if diff := cmp.Diff(map[planner.Key]planner.Materialization{want.Key: want}, state.Last); diff != "" {
		t.Errorf("last (-want +got):\n%s", diff)
	}
	wantFound := planner.Found{Kind: "view", View: want.View, Table: want.Table, Columns: want.Made.Columns, Rows: 3}
	if diff := cmp.Diff(wantFound, state.Found[orders]); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	if staged, err := db.Staged(ctx); err != nil || len(staged) != 0 {
		t.Errorf("staged after publishing = %v, %v; want none", staged, err)
	}
	runs, err := db.Runs(ctx, 10)
	if err != nil || len(runs) != 1 || runs[0] != p.Run {
		t.Errorf("runs = %v, %v; want %v", runs, err, p.Run)
	}
}

// DuckDB words some views anew when it reads them from the file.
func TestAViewReadsTheSameAfterReopening(t *testing.T) {
	for _, query := range []string{
		"SELECT id FROM staging.orders UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3",
		"SELECT 1 AS id UNION ALL BY NAME SELECT 2 AS id UNION ALL BY NAME SELECT 3 AS id",
		"WITH x AS (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) FROM x WHERE 1 IN (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)",
		"SELECT id, 'UNION AS UNION' AS text FROM staging.orders",
	} {
		path := filepath.Join(t.TempDir(), "w.duckdb")
		db := open(t, path)
		p := publication(t, db, "R1", 3)
		shown := planner.Key{Asset: assets.MustName("mart.shown")}
		p.Views = append(p.Views, warehouse.PublishedView{Name: shown.Asset, SQL: query})
		p.Records = append(p.Records, planner.Materialization{ID: "R1/mart.shown", Key: shown, Run: "R1", Status: planner.Published})
		publish(t, db, p)
		closed(t, db)

		db = open(t, path)
		state, err := db.State(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if recorded, found := state.Last[shown].View, state.Found[shown.Asset].View; recorded == "" || recorded != found {
			t.Errorf("recorded as\n%s\nand found as\n%s", recorded, found)
		}
		closed(t, db)
	}
}

func TestFoundSeesWhatOthersDid(t *testing.T) {
	for name, test := range map[string]struct {
		sql  string
		want func(*planner.Found)
	}{
		"rows deleted":   {`DELETE FROM _wh._assets."staging.orders@R1" WHERE id = 0`, func(f *planner.Found) { f.Rows = 2 }},
		"column added":   {`ALTER TABLE _wh._assets."staging.orders@R1" ADD COLUMN x INTEGER`, func(f *planner.Found) { f.Columns = append(f.Columns, assets.Column{Name: "x", Type: "INTEGER"}) }},
		"view dropped":   {`DROP VIEW _wh.staging.orders`, func(f *planner.Found) { f.Kind, f.View = "", "" }},
		"table dropped":  {`DROP TABLE _wh._assets."staging.orders@R1"`, func(f *planner.Found) { f.Table, f.Columns, f.Rows = "", nil, 0 }},
		"view replaced":  {`CREATE OR REPLACE VIEW _wh.staging.orders AS SELECT 1 AS one`, func(f *planner.Found) { f.View = "CREATE VIEW staging.orders AS SELECT 1 AS one;" }},
		"table in place": {`DROP VIEW _wh.staging.orders; CREATE TABLE _wh.staging.orders (i INTEGER)`, func(f *planner.Found) { f.Kind, f.View = "table", "" }},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, filepath.Join(t.TempDir(), "w.duckdb"))
			publish(t, db, publication(t, db, "R1", 3))
			before, err := db.State(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Exec(ctx, test.sql); err != nil {
				t.Fatal(err)
			}
			state, err := db.State(ctx)
			if err != nil {
				t.Fatal(err)
			}
			want := before.Found[orders]
			test.want(&want)
			if diff := cmp.Diff(want, state.Found[orders]); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPublishIsAllOrNothing(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "w.duckdb"))
	publish(t, db, publication(t, db, "R1", 3))
	p := publication(t, db, "R2", 5)
	p.Views = append(p.Views, warehouse.PublishedView{Name: assets.MustName("mart.broken"), SQL: "SELECT * FROM staging.nothing"})
	if err := db.Publish(ctx, p); err == nil || !strings.Contains(err.Error(), "mart") {
		t.Fatalf("publishing a view that does not bind: %v, want an error naming it", err)
	}
	state, err := db.State(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if state.Serial != "R1" || state.Found[orders].Rows != 3 {
		t.Errorf("after a failed publish: serial %q, %d rows; want R1, 3", state.Serial, state.Found[orders].Rows)
	}
	staged, err := db.Staged(ctx)
	if err != nil || staged[planner.Key{Asset: orders}].Run != "R2" {
		t.Errorf("after a failed publish staged = %v, %v; want what R2 built", staged, err)
	}
}

func TestSweepDropsWhatNothingNames(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "w.duckdb"))
	publish(t, db, publication(t, db, "R1", 3))
	publication(t, db, "R2", 5)
	dropped, err := db.Sweep(ctx, map[string]bool{"staging.orders@R1": true})
	if diff := cmp.Diff([]string{"staging.orders@R2"}, dropped); diff != "" || err != nil {
		t.Errorf("dropped (-want +got), %v:\n%s", err, diff)
	}
}

func TestForgetRemovesARecord(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "w.duckdb"))
	publish(t, db, publication(t, db, "R1", 3))
	publish(t, db, warehouse.Publication{Run: warehouse.Run{ID: "R2"}, Drops: []assets.Name{orders}, Forget: []planner.Key{{Asset: orders}}})
	state, err := db.State(ctx)
	if err != nil || len(state.Last) != 0 || len(state.Found) != 0 {
		t.Errorf("after a drop: %v, %v, %v; want nothing", state.Last, state.Found, err)
	}
	if err := db.DropEmptySchemas(ctx, []string{"staging", "_assets"}); err != nil {
		t.Errorf("a schema that is not empty must stay without an error: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 1000)), 0o666); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.duckdb")
	db := open(t, newer)
	if err := db.Exec(ctx, "UPDATE _wh._assets.meta SET value = '99'"); err != nil {
		t.Fatal(err)
	}
	closed(t, db)

	_, err := warehouse.Open(ctx, warehouse.Options{Path: text})
	if notDuckDB := new(warehouse.NotDuckDBError); !errors.As(err, &notDuckDB) {
		t.Errorf("open a text file: %v, want NotDuckDBError", err)
	}
	_, err = warehouse.Open(ctx, warehouse.Options{Path: newer})
	if tooNew := new(warehouse.NewerStateError); !errors.As(err, &tooNew) || tooNew.Found != 99 {
		t.Errorf("open a newer warehouse: %v, want NewerStateError", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "notes.txt")); err != nil {
		t.Error("a refused file must stay:", err)
	}
}

func TestAHeldFileIsWaitedForAndItsHolderNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.duckdb")
	closed(t, open(t, path))
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), "HOLD_WAREHOUSE="+path)
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	defer holder.Process.Kill()
	if n, err := stdout.Read(make([]byte, 100)); n == 0 || err != nil {
		t.Fatal("the holder did not start:", err)
	}

	_, err = warehouse.Open(ctx, warehouse.Options{Path: path})
	locked := new(warehouse.LockedError)
	if !errors.As(err, &locked) || locked.PID != holder.Process.Pid || !strings.Contains(locked.Program, "warehouse.test") {
		t.Fatalf("open a held file: %v, want LockedError naming process %d", err, holder.Process.Pid)
	}

	db, err := warehouse.Open(ctx, warehouse.Options{Path: path, LockTimeout: time.Minute, OnWait: func(*warehouse.LockedError) {
		stdin.Close() // the holder ends once it is waited for
		holder.Wait()
	}})
	if err != nil {
		t.Fatal("open after the holder ended:", err)
	}
	closed(t, db)
}

func TestLoadUsesItsCacheUntilTheFileChanges(t *testing.T) {
	dir := t.TempDir()
	path, cache := filepath.Join(dir, "w.duckdb"), filepath.Join(dir, "cache")
	load := func() warehouse.Snapshot {
		t.Helper()
		s, err := warehouse.Load(ctx, warehouse.Options{Path: path}, cache)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := load(); len(s.State.Last) != 0 {
		t.Error("a warehouse that does not exist must be empty, not", s)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("loading must not create the warehouse")
	}

	db := open(t, path)
	publish(t, db, publication(t, db, "R1", 3))
	closed(t, db)
	first := load()

	// The proof that the file is not opened: someone else holds it.
	db = open(t, path)
	if diff := cmp.Diff(first, load()); diff != "" {
		t.Errorf("from the cache (-opened +cached):\n%s", diff)
	}
	publish(t, db, publication(t, db, "R2", 4))
	closed(t, db)
	if s := load(); s.State.Serial != "R2" || s.State.Found[orders].Rows != 4 {
		t.Errorf("after a change: %q with %d rows, want R2 with 4", s.State.Serial, s.State.Found[orders].Rows)
	}

	if err := os.WriteFile(cache, []byte("garbage"), 0o666); err != nil {
		t.Fatal(err)
	}
	if s := load(); s.State.Serial != "R2" {
		t.Error("a corrupt cache must be no cache")
	}
}

// A file that may not be written is read with the log that a crash left behind, and stays
// as it is.
func TestLoadChangesNothingThatIsForReadingOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.duckdb")
	db := open(t, path)
	publish(t, db, publication(t, db, "R1", 3))
	left := filepath.Join(t.TempDir(), "w.duckdb")
	for _, file := range []string{"", ".wal"} { // as they are now, without a checkpoint
		content, err := os.ReadFile(path + file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(left+file, content, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	s, err := warehouse.Load(ctx, warehouse.Options{Path: left, ReadOnly: true}, filepath.Join(t.TempDir(), "cache"))
	if err != nil || s.State.Serial != "R1" {
		t.Errorf("%q, %v", s.State.Serial, err)
	}
	if _, err := os.Stat(left + ".wal"); err != nil {
		t.Error("the log was moved into the file:", err)
	}
}

func TestObservationsAreALog(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "w.duckdb"))
	raw := assets.MustName("raw.orders")
	at := func(id string, day int) planner.Observation {
		return planner.Observation{Source: raw, At: moment.AddDate(0, 0, day), Version: planner.Version{
			ID: assets.Digest(id), Columns: []assets.Column{{Name: "id", Type: "BIGINT"}}, Arrived: moment.AddDate(0, 0, day)}}
	}
	if err := db.Observe(ctx, []planner.Observation{at("f1:1", 0), at("f1:2", 1)}); err != nil {
		t.Fatal(err)
	}
	got, err := db.Observations(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[assets.Name]planner.Observation{raw: at("f1:2", 1)}, got); diff != "" {
		t.Errorf("last observations (-want +got):\n%s", diff)
	}
}

// Versions that were replaced before anybody read them come first.
func TestObserveRecordsWhatWasReplaced(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "w.duckdb"))
	seen := planner.Observation{Source: assets.MustName("events.done"), At: moment.Add(time.Hour),
		Version: planner.Version{ID: "e1:3", Columns: []assets.Column{{Name: "version", Type: "VARCHAR"}}, Arrived: moment.Add(3 * time.Minute)},
		Before:  []planner.Arrival{{ID: "e1:1", Arrived: moment.Add(time.Minute)}, {ID: "e1:2", Arrived: moment.Add(2 * time.Minute)}}}
	if err := db.Observe(ctx, []planner.Observation{seen}); err != nil {
		t.Fatal(err)
	}
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	rows, err := c.Query(ctx, "SELECT concat_ws(' ', version, epoch(arrived - ?::TIMESTAMPTZ)::INT, epoch(seen - arrived)::INT, columns) FROM _wh._assets.observations ORDER BY rowid", moment)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var log []string
	for rows.Next() {
		log = append(log, "")
		if err := rows.Scan(&log[len(log)-1]); err != nil {
			t.Fatal(err)
		}
	}
	const columns = `[{"name":"version","type":"VARCHAR"}]`
	want := []string{"e1:1 60 3540 " + columns, "e1:2 120 3480 " + columns, "e1:3 180 3420 " + columns}
	if diff := cmp.Diff(want, log); diff != "" || rows.Err() != nil {
		t.Errorf("the log (-want +got), %v:\n%s", rows.Err(), diff)
	}
}

func TestOpenCutsOffWhatAnInterruptedWriteLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.duckdb")
	db := open(t, path)
	publish(t, db, publication(t, db, "R1", 100_000))
	closed(t, db)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, before.Size()+10<<20); err != nil {
		t.Fatal(err)
	}
	db = open(t, path)
	state, err := db.State(ctx)
	if err != nil || state.Found[orders].Rows != 100_000 {
		t.Errorf("after cutting: %d rows, %v", state.Found[orders].Rows, err)
	}
	after, err := os.Stat(path)
	if err != nil || after.Size() != before.Size() {
		t.Errorf("the file has %d bytes, not %d (%v)", after.Size(), before.Size(), err)
	}
}

// Whenever it comes while the file is opened, an interrupt is told as one.
func TestOpenIsInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.duckdb")
	closed(t, open(t, path))
	for after := time.Duration(0); after < 20*time.Millisecond; after += time.Millisecond / 2 {
		interrupted, cancel := context.WithCancel(ctx)
		time.AfterFunc(after, cancel)
		db, err := warehouse.Open(interrupted, warehouse.Options{Path: path})
		if err == nil {
			closed(t, db)
		} else if !errors.Is(err, context.Canceled) {
			t.Errorf("after %s: %v", after, err)
		}
	}
}
