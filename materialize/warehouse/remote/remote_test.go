package remote

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// held is a warehouse with a table t of three rows, and its path.
func held(t testing.TB) *warehouse.DB {
	t.Helper()
	db, err := warehouse.Open(t.Context(), warehouse.Options{Path: filepath.Join(t.TempDir(), "w.duckdb")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, s := range []string{
		"CREATE TABLE _wh.main.t AS SELECT i::INTEGER AS x FROM range(3) r(i)",
		"CREATE SEQUENCE _wh.main.s",
	} {
		if err := db.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// pipe answers for db on one end of a pipe. ended is why that stopped.
func pipe(t testing.TB, db *warehouse.DB, leaving chan struct{}) (conn net.Conn, ended chan error) {
	t.Helper()
	ours, theirs := net.Pipe()
	ended = make(chan error, 1)
	go func() { ended <- Answer(context.Background(), leaving, db, theirs, bufio.NewReader(theirs)) }()
	return ours, ended
}

// reader is a pool of one connection to who answers for db.
func reader(t testing.TB, db *warehouse.DB) *sql.DB {
	t.Helper()
	var all []chan error
	pool := Open("the test", func(context.Context) (net.Conn, *bufio.Reader, error) {
		conn, ended := pipe(t, db, nil)
		all = append(all, ended)
		return conn, bufio.NewReader(conn), nil
	})
	pool.SetMaxOpenConns(1)
	t.Cleanup(func() {
		pool.Close()
		for _, ended := range all {
			if err := <-ended; err != nil {
				t.Error("answering ended with", err)
			}
		}
	})
	return pool
}

// Values arrive as DuckDB gave them.
func TestValues(t *testing.T) {
	db := reader(t, held(t))
	var n int64
	var text, missing sql.NullString
	var yes bool
	var f float64
	var at time.Time
	var bytes []byte
	var large any
	err := db.QueryRow(`SELECT ?::BIGINT, ?::VARCHAR, NULL::VARCHAR, true, 1.5::DOUBLE, TIMESTAMPTZ '2026-03-01 12:00:00+00', 'ab'::BLOB, 170141183460469231731687303715884105727::HUGEINT`,
		7, "it's").Scan(&n, &text, &missing, &yes, &f, &at, &bytes, &large)
	if err != nil {
		t.Fatal(err)
	}
	if n != 7 || text.String != "it's" || missing.Valid || !yes || f != 1.5 || !at.Equal(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) || string(bytes) != "ab" {
		t.Error(n, text, missing, yes, f, at, bytes)
	}
	if i, ok := large.(*big.Int); !ok || i.BitLen() != 127 {
		t.Errorf("%T %v", large, large)
	}
	// What cannot be sent says what to do; the connection stays of use.
	if err := db.QueryRow("SELECT 1.5::DECIMAL(9,2)").Scan(&text); err == nil || !strings.Contains(err.Error(), "cast it to VARCHAR") {
		t.Error(err)
	}
	if err := db.QueryRow("SELECT count(*) FROM _wh.main.t").Scan(&n); err != nil || n != 3 {
		t.Error(n, err)
	}
}

// A result of many batches arrives whole and in order, and one that nobody wants the rest
// of can be left.
func TestBatches(t *testing.T) {
	db := reader(t, held(t))
	rows, err := db.Query("SELECT i, repeat('x', 2000) FROM range(5000) r(i) ORDER BY i")
	if err != nil {
		t.Fatal(err)
	}
	var got int64
	for rows.Next() {
		var i int64
		var text string
		if err := rows.Scan(&i, &text); err != nil {
			t.Fatal(err)
		}
		if i != got || len(text) != 2000 {
			t.Fatalf("row %d is %d, with %d bytes", got, i, len(text))
		}
		got++
	}
	if err := rows.Err(); err != nil || got != 5000 {
		t.Fatal(got, err)
	}
	var first int64
	for range 3 {
		if err := db.QueryRow("SELECT i FROM range(100000) r(i)").Scan(&first); err != nil {
			t.Fatal(err)
		}
	}
}

// A transaction of a reader sees one moment, whatever is written meanwhile.
func TestTransaction(t *testing.T) {
	ctx := t.Context()
	owner := held(t)
	c, err := reader(t, owner).Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	count := func() (n int) {
		if err := c.QueryRowContext(ctx, "SELECT count(*) FROM _wh.main.t").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if _, err := c.ExecContext(ctx, "BEGIN"); err != nil {
		t.Fatal(err)
	}
	before := count()
	if err := owner.Exec(ctx, "INSERT INTO _wh.main.t VALUES (9)"); err != nil {
		t.Fatal(err)
	}
	if after := count(); after != before {
		t.Errorf("%d rows became %d", before, after)
	}
	if _, err := c.ExecContext(ctx, "COMMIT"); err != nil {
		t.Fatal(err)
	}
	if after := count(); after != before+1 {
		t.Errorf("%d rows after the transaction, %d before", after, before)
	}
}

// A reader whose context ends, or who leaves, ends the statement.
func TestCancel(t *testing.T) {
	db := reader(t, held(t))
	ctx, cancel := context.WithCancel(t.Context())
	began := make(chan struct{})
	go func() { <-began; cancel() }()
	close(began)
	_, err := db.ExecContext(ctx, "SELECT count(*) FROM range(1000000000000) r(i) WHERE i % 7 = 3")
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// The connection is gone with it, and another one is made.
	var n int
	if err := db.QueryRow("SELECT 1").Scan(&n); err != nil {
		t.Error(err)
	}
}

// Whoever answers and is about to leave waits for a result that is being read, and for
// nothing else.
func TestLeaving(t *testing.T) {
	owner, leaving := held(t), make(chan struct{})
	conn, ended := pipe(t, owner, leaving)
	pool := Open("the test", func(context.Context) (net.Conn, *bufio.Reader, error) { return conn, bufio.NewReader(conn), nil })
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	rows, err := pool.Query("SELECT i FROM range(3000) r(i)")
	if err != nil {
		t.Fatal(err)
	}
	close(leaving)
	n := 0
	for rows.Next() {
		n++
	}
	if err := rows.Err(); err != nil || n != 3000 {
		t.Error(n, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := pool.Exec("SELECT 1"); !errors.Is(err, warehouse.ErrHolderLost) || !strings.Contains(err.Error(), "the test has ended") {
		t.Error(err)
	}
}

// A reader who stops reading holds nobody up: nothing is sent that was not asked for.
func TestStoppedReader(t *testing.T) {
	owner := held(t)
	db := reader(t, owner)
	rows, err := db.Query("SELECT i, repeat('x', 1000) FROM range(100000) r(i)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	rows.Next()
	for i := range 20 { // the owner writes, publishes and checkpoints all the same
		if err := owner.Exec(t.Context(), "CREATE OR REPLACE TABLE _wh.main.t2 AS SELECT 1 AS x; CHECKPOINT _wh"); err != nil {
			t.Fatal(i, err)
		}
	}
}

// What a reader arranges is gone with it, and nobody else sees it.
func TestNothingIsLeftBehind(t *testing.T) {
	owner := held(t)
	count := func() (n int) {
		c, err := owner.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM duckdb_databases() WHERE database_name LIKE '\\_q\\_%' ESCAPE '\\') + (SELECT count(*) FROM duckdb_tables() WHERE temporary)").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	catalog := CatalogName()
	conn, ended := pipe(t, owner, nil)
	pool := Open("the test", func(context.Context) (net.Conn, *bufio.Reader, error) { return conn, bufio.NewReader(conn), nil })
	pool.SetMaxOpenConns(1)
	for _, s := range []string{
		"ATTACH ':memory:' AS " + catalog, "CREATE SCHEMA " + catalog + `."raw"`, "CREATE OR REPLACE VIEW " + catalog + `."raw"."o" AS FROM _wh.main.t`,
		"USE " + catalog, `CREATE TEMP VIEW "?" AS` + "\nFROM raw.o", `CREATE OR REPLACE TEMP TABLE "? compared" AS FROM temp.main."?"`,
	} {
		if _, err := pool.Exec(s); err != nil {
			t.Fatal(s, err)
		}
	}
	var n int
	if err := pool.QueryRow(`SELECT count(*) FROM temp.main."? compared"`).Scan(&n); err != nil || n != 3 {
		t.Error(n, err)
	}
	pool.Close()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if left := count(); left != 0 {
		t.Errorf("%d catalogs and temporary tables are left", left)
	}
}

// What may be asked for is what reads, by the parser and by DuckDB's own transaction.
func TestPermit(t *testing.T) {
	owner := held(t)
	db := reader(t, owner)
	own := CatalogName()
	for _, s := range []string{
		"SELECT 1", "FROM _wh.main.t", "WITH a AS (SELECT 1 AS x) FROM a", "VALUES (1)", "SELECT table_name FROM duckdb_tables()", "(SELECT 1) UNION ALL SELECT 2;",
		"SELECT column_name FROM (DESCRIBE _wh.main.t)", "-- a comment\nSELECT 1 -- another", "SELECT * FROM range(3)", "SELECT total_blocks FROM pragma_database_size()",
		"BEGIN", "SELECT 1", "ROLLBACK", "USE _wh", "ATTACH ':memory:' AS " + own, "CREATE SCHEMA " + own + `."a ""b"""`, "USE " + own, "USE _wh",
		`DROP TABLE IF EXISTS temp.main."? compared"`,
	} {
		if _, err := db.Exec(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{
		"", ";", "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE _wh.main.t",
		"INSERT INTO _wh.main.t VALUES (1)", "UPDATE _wh.main.t SET x = 1", "DELETE FROM _wh.main.t", "DROP TABLE _wh.main.t", "TRUNCATE _wh.main.t",
		"CREATE TABLE _wh.main.u AS SELECT 1", "CREATE VIEW _wh.main.u AS SELECT 1", "ALTER TABLE _wh.main.t ADD COLUMN y INT", "CREATE TABLE u (x INT)",
		"WITH a AS (INSERT INTO _wh.main.t VALUES (1) RETURNING *) FROM a",
		"SELECT nextval('_wh.main.s')", "CREATE OR REPLACE TEMP TABLE n AS SELECT nextval('_wh.main.s')",
		"COPY (SELECT 1) TO '/tmp/never.csv'", "COPY _wh.main.t FROM 'x.csv'", "EXPORT DATABASE '/tmp/never'",
		"CHECKPOINT _wh", "FORCE CHECKPOINT _wh", "VACUUM", "SELECT * FROM checkpoint('_wh')", "SELECT * FROM force_checkpoint('_wh')",
		"SET threads=1", "RESET threads", "SET GLOBAL memory_limit='1MB'", "PRAGMA disable_optimizer", "PRAGMA memory_limit='1MB'", "CALL enable_logging()", "SELECT * FROM enable_logging()",
		"SELECT * FROM sql_auto_complete('SEL')", "SELECT * FROM query('SELECT 1')",
		"ATTACH '/tmp/never.duckdb' AS x", "ATTACH '/tmp/never.duckdb' AS " + own, "ATTACH ':memory:' AS x", "ATTACH ':memory:' AS _wh", "DETACH _wh",
		"INSTALL httpfs", "LOAD httpfs", "USE memory", "USE _wh; DROP TABLE _wh.main.t", "BEGIN; DROP TABLE _wh.main.t", "BEGIN TRANSACTION",
		"CREATE TEMP VIEW v AS SELECT 1; DROP TABLE _wh.main.t", "CREATE TEMP VIEW v AS DROP TABLE _wh.main.t", "CREATE OR REPLACE TEMP TABLE v AS SELECT 1; SELECT 2",
		"CREATE OR REPLACE VIEW _wh.main.t2 AS SELECT 1", "CREATE SCHEMA _wh.x", "DROP TABLE IF EXISTS temp.main.x; DROP TABLE _wh.main.t", "DROP TABLE IF EXISTS _wh.main.t",
		"SELECT 1\x00; DROP TABLE _wh.main.t", "CREATE TEMP VIEW \"a\x00b\" AS SELECT 1", "SELECT '\xff'",
		"EXPLAIN ANALYZE SELECT 1", "PREPARE p AS SELECT 1", "EXECUTE p", "CREATE MACRO m() AS 1", "CREATE SECRET s (TYPE s3)", "COMMENT ON TABLE _wh.main.t IS 'x'",
	} {
		if _, err := db.Exec(s); err == nil {
			t.Errorf("%q was run", s)
		}
	}
	var tables []string
	rows, err := db.Query("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND database_name = '_wh' ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, table)
	}
	if diff := cmp.Diff([]string{"t"}, tables); diff != "" {
		t.Error(diff)
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM _wh.main.t").Scan(&n); err != nil || n != 3 {
		t.Error(n, err)
	}
}

// Whatever the parser takes for a query, a transaction that cannot write is around it.
func TestTheTransactionDoesNotWrite(t *testing.T) {
	c, err := held(t).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, s := range []string{"INSERT INTO _wh.main.t VALUES (1)", "SELECT nextval('_wh.main.s')", "CREATE TABLE _wh.main.u AS SELECT 1", "DROP TABLE _wh.main.t"} {
		if err := c.Exec(t.Context(), "BEGIN TRANSACTION READ ONLY"); err != nil {
			t.Fatal(err)
		}
		if err := c.Exec(t.Context(), s); err == nil || !strings.Contains(err.Error(), "read-only mode") {
			t.Errorf("%s: %v", s, err)
		}
		if err := c.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
}
