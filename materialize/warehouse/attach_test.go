package warehouse

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

// extensionsForTest is a directory with DuckDB's extensions sqlite_scanner and
// postgres_scanner, which tests must not fetch from the network.
func extensionsForTest(t *testing.T) string {
	dir := os.Getenv("ASSETS_TEST_EXTENSIONS")
	if dir == "" {
		t.Skip("ASSETS_TEST_EXTENSIONS names no directory with DuckDB's extensions")
	}
	return dir
}

// foreignFile makes a DuckDB file in which nothing is ours.
func foreignFile(t *testing.T, path, statements string) {
	t.Helper()
	db, err := Memory(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c, err := db.Conn(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Exec(bg, "ATTACH "+Literal(path)+" AS made; USE made; "+statements+"; USE memory; DETACH made"); err != nil {
		t.Fatal(err)
	}
}

var bg = context.Background()

func TestAttached(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.duckdb")
	foreignFile(t, path, "CREATE TABLE t AS SELECT 1 AS x; CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 2::BIGINT AS x")
	db, err := Memory(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a := Attachment{Name: "crm", Type: "duckdb", At: path}
	err = db.Attached(bg, a, func(c *Conn) error {
		columns, err := c.Describe(bg, "s.t")
		if err != nil || len(columns) != 1 || columns[0] != (assets.Column{Name: "x", Type: "BIGINT"}) {
			t.Errorf("s.t has %v, %v", columns, err)
		}
		if err := c.Exec(bg, "INSERT INTO t VALUES (2)"); err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("it can be written: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// It is given up afterwards, after an error, too: it can be written, and attached again.
	mistake := errors.New("mistake")
	for range 2 {
		foreignFile(t, path, "INSERT INTO t VALUES (3)")
		if err := db.Attached(bg, a, func(*Conn) error { return mistake }); !errors.Is(err, mistake) {
			t.Fatal(err)
		}
	}
}

// A file that several names and instances lead to is open once at a time: the
// system's lock on it would be lost with the first that is closed.
func TestAttachedOneAtATime(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "crm.duckdb"), filepath.Join(dir, "link.duckdb")
	foreignFile(t, path, "CREATE TABLE t AS FROM range(1000) AS r(x)")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	var open, most int
	var mu sync.Mutex
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		open += by
		most = max(most, open)
	}
	var all sync.WaitGroup
	for range 2 {
		db, err := Memory(bg)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for i, at := range []string{path, link, path, link} {
			all.Go(func() {
				err := db.Attached(bg, Attachment{Name: []string{"a", "b"}[i%2], Type: "duckdb", At: at}, func(c *Conn) error {
					count(1)
					defer count(-1)
					var n int
					return c.QueryRow(bg, "SELECT count(*) FROM t").Scan(&n)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if most != 1 {
		t.Errorf("%d were open at once", most)
	}
}

// What cannot be read is said in words about the file.
func TestAttachedMistakes(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "warehouse.duckdb")
	db, err := Open(bg, Options{Path: own})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 1000)), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		a    Attachment
		want string
	}{
		{Attachment{Type: "duckdb", At: filepath.Join(dir, "none")}, "there is no file "},
		{Attachment{Type: "duckdb", At: dir}, "is not a file"},
		{Attachment{Type: "duckdb", At: text}, "is not a DuckDB file"},
		{Attachment{Type: "duckdb", At: own}, "is the warehouse itself"},
		{Attachment{Type: "sqlite", At: text, ExtensionDirectory: dir}, "sqlite_scanner.duckdb_extension is neither in "},
	} {
		c.a.Name = "crm"
		err := db.Attached(bg, c.a, func(*Conn) error { t.Error("it was read"); return nil })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.a, err, c.want)
		}
	}
}

func TestAttachedSQLite(t *testing.T) {
	extensions := extensionsForTest(t)
	path := filepath.Join(t.TempDir(), "till.sqlite")
	db, err := Memory(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a := Attachment{Name: "till", Type: "sqlite", At: path, ExtensionDirectory: extensions}
	c, err := db.Conn(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.loadExtension(bg, a); err != nil {
		t.Fatal(err)
	}
	if err := c.Exec(bg, "ATTACH "+Literal(path)+" AS made (TYPE sqlite); CREATE TABLE made.sales (id BIGINT, price DOUBLE); INSERT INTO made.sales VALUES (1, 2.5); DETACH made"); err != nil {
		t.Fatal(err)
	}
	var price float64
	err = db.Attached(bg, a, func(c *Conn) error { return c.QueryRow(bg, "SELECT sum(price) FROM sales").Scan(&price) })
	if err != nil || price != 2.5 {
		t.Errorf("sales of %v, %v", price, err)
	}
}

// A postgres that is not there, or does not let us in, is told of without the password.
func TestAttachedPostgresHidesThePassword(t *testing.T) {
	extensions := extensionsForTest(t)
	db, err := Memory(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, dsn := range []string{"host=127.0.0.1 port=1 user=ann password=hunter22 dbname=crm", "postgres://ann:hunter22@127.0.0.1:1/crm"} {
		err := db.Attached(bg, Attachment{Name: "crm", Type: "postgres", At: dsn, ExtensionDirectory: extensions}, func(*Conn) error { return nil })
		if err == nil || strings.Contains(err.Error(), "hunter22") || !strings.Contains(err.Error(), "onnect") {
			t.Errorf("%v", err)
		}
	}
}

func TestCleanHidesPasswords(t *testing.T) {
	a := Attachment{Type: "postgres", At: "host=db password='it''s me' user=ann"}
	for _, c := range []struct{ text, want string }{
		{`cannot connect to "host=db password='it''s me' user=ann": no`, `cannot connect to "the connection's dsn": no`},
		{"host=db password=hunter22 user=ann", "host=db password=(sensitive) user=ann"},
		{"host=db PASSWORD = 'a b\\'c' user=ann", "host=db PASSWORD = (sensitive) user=ann"},
		{"postgresql://ann:hunter22@db/crm", "postgresql://ann:(sensitive)@db/crm"},
		{`password authentication failed for user "ann"`, `password authentication failed for user "ann"`},
	} {
		if got := a.Clean(errors.New(c.text)).Error(); got != c.want {
			t.Errorf("%s\n→ %s, want\n  %s", c.text, got, c.want)
		}
	}
	if err := a.Clean(context.Canceled); !errors.Is(err, context.Canceled) {
		t.Error("an interruption is no longer one")
	}
}

// Whoever waits for its turn at a database, which another one has for as long as a
// server is silent, stops waiting when its context ends.
func TestWaitingForADatabaseEndsWithTheContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crm.duckdb")
	foreignFile(t, path, "CREATE TABLE t AS SELECT 1 AS x")
	db, err := Memory(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a := Attachment{Name: "crm", Type: "duckdb", At: path}
	err = db.Attached(bg, a, func(*Conn) error {
		ctx, cancel := context.WithCancel(bg)
		ended := make(chan error)
		go func() { ended <- db.Attached(ctx, a, func(*Conn) error { return nil }) }()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Attached(bg, a, func(*Conn) error { return nil }); err != nil {
		t.Error("the turn of who gave up is not given on:", err)
	}
}

func TestServersMayBeSilentForSoLong(t *testing.T) {
	const words, query = "connect_timeout=15 keepalives_idle=30 keepalives_interval=10 keepalives_count=3", "connect_timeout=15&keepalives_idle=30&keepalives_interval=10&keepalives_count=3"
	for at, want := range map[string]string{
		"":                                    words,
		"host=db dbname=crm":                  words + " host=db dbname=crm",
		"host=db connect_timeout=3":           "host=db connect_timeout=3",
		"host=db password='a://b'":            words + " host=db password='a://b'",
		"postgres://db/crm":                   "postgres://db/crm?" + query,
		"postgresql://ann@db/crm?sslmode=off": "postgresql://ann@db/crm?sslmode=off&" + query,
		"postgres://db/crm?connect_timeout=3": "postgres://db/crm?connect_timeout=3",
	} {
		if got := (Attachment{Type: "postgres", At: at}).patient(); got != want {
			t.Errorf("%q becomes %q, want %q", at, got, want)
		}
	}
	if got := (Attachment{Type: "duckdb", At: "/a/b"}).patient(); got != "/a/b" {
		t.Error(got)
	}
}

// A server that takes connections and never says anything: the look at it fails, its DSN is
// not shown, and another database can be read meanwhile.
func TestASilentServer(t *testing.T) {
	extensions := extensionsForTest(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	_, port, _ := net.SplitHostPort(silent.Addr().String())
	path := filepath.Join(t.TempDir(), "crm.duckdb")
	foreignFile(t, path, "CREATE TABLE t AS SELECT 1 AS x")
	db, err := Memory(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ended := make(chan error, 1)
	go func() {
		a := Attachment{Name: "pg", Type: "postgres", At: "host=127.0.0.1 user=ann password=hunter2 connect_timeout=2 port=" + port, ExtensionDirectory: extensions}
		ended <- db.Attached(bg, a, func(*Conn) error { return nil })
	}()
	if c, err := silent.Accept(); err != nil {
		t.Fatal(err)
	} else {
		defer c.Close()
	}
	if err := db.Attached(bg, Attachment{Name: "crm", Type: "duckdb", At: path}, func(*Conn) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "timeout") || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}
