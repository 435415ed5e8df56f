//go:build unix

package observe

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

const password = "hunter22hunter"

// postgres starts a server of its own, and returns its DSN without a password, and
// a connection on which it is attached as pg for writing.
func (y *yard) postgres() (dsn string, c *warehouse.Conn) {
	t := y.t
	t.Helper()
	extensions := os.Getenv("ASSETS_TEST_EXTENSIONS")
	if extensions == "" {
		t.Skip("ASSETS_TEST_EXTENSIONS names no directory with DuckDB's extensions")
	}
	for _, program := range []string{"initdb", "pg_ctl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("PostgreSQL is not installed:", err)
		}
	}
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o644); err != nil {
		t.Fatal(err)
	}
	as := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 { // whom PostgreSQL refuses
		who, err := user.Lookup("postgres")
		if err != nil {
			t.Skip("PostgreSQL does not run as root:", err)
		}
		uid, _ := strconv.Atoi(who.Uid)
		gid, _ := strconv.Atoi(who.Gid)
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command("initdb", "-D", data, "-U", "ann", "-A", "scram-sha-256", "--pwfile", secret, "-N", "--no-instructions")
	initdb.SysProcAttr, initdb.Dir = as, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	// -l and -w: it is up when pg_ctl ends.
	start := exec.Command("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off", port), "start")
	start.SysProcAttr, start.Dir = as, dir
	if out, err := start.CombinedOutput(); err != nil {
		t.Fatalf("pg_ctl start: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		stop := exec.Command("pg_ctl", "-D", data, "-m", "immediate", "stop")
		stop.SysProcAttr, stop.Dir = as, dir
		if out, err := stop.CombinedOutput(); err != nil {
			t.Errorf("pg_ctl stop: %v\n%s", err, out)
		}
	})
	dsn = fmt.Sprintf("host=127.0.0.1 port=%d user=ann dbname=postgres", port)
	y.database()
	y.Connections = map[string]*assets.Connection{"crm": {Name: "crm", Type: "postgres", DSN: dsn + " password=" + password, ExtensionDirectory: extensions}}
	extension := filepath.Join(extensions, warehouse.Engine(), "postgres_scanner.duckdb_extension")
	if err := y.conn.Exec(bg, "LOAD "+warehouse.Literal(extension)+"; ATTACH "+warehouse.Literal(dsn+" password="+password)+" AS pg (TYPE postgres); USE pg"); err != nil {
		t.Fatal(err)
	}
	return dsn, y.conn
}

func TestPostgres(t *testing.T) {
	y := newYard(t)
	dsn, pg := y.postgres()
	change := func(statements string) {
		t.Helper()
		if err := pg.Exec(bg, statements); err != nil {
			t.Fatal(err)
		}
	}
	change("CREATE SCHEMA sales; CREATE TABLE sales.customers (id BIGINT, seen TIMESTAMPTZ); INSERT INTO sales.customers VALUES (1, '2024-01-01'), (2, '2024-01-02')")
	all := y.good(table("sales.customers", ""))
	asked := y.good(table("sales.customers", "select max(seen) from sales.customers"))
	change("UPDATE sales.customers SET id = 3 WHERE id = 1")
	if y.good(table("sales.customers", "")).ID == all.ID || y.good(table("sales.customers", "select max(seen) from sales.customers")).ID != asked.ID {
		t.Error("the version is not what it is asked for")
	}
	if look := y.look(table("customers", "")); !strings.Contains(look.Err, "no table customers") {
		t.Errorf("%+v", look)
	}

	// Rows and version are of one state, while another program writes.
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
				if err := pg.Exec(bg, "INSERT INTO sales.customers SELECT 9, now() FROM range(100)"); err != nil {
					stopped <- err
					return
				}
			}
		}
	}()
	db, err := warehouse.Memory(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	c, err := db.Conn(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	counted := y.good(table("sales.customers", "select count(*) from sales.customers"))
	for i := range 5 {
		version, err := Load(bg, db, counted, fmt.Sprintf("memory.main.copy%d", i))
		if err != nil {
			t.Fatal(err)
		}
		copied := *counted.Table
		copied.Version = "select count(*) from sales.customers"
		var n int64
		if err := c.QueryRow(bg, fmt.Sprintf("SELECT count(*) FROM copy%d", i)).Scan(&n); err != nil {
			t.Fatal(err)
		}
		parts := []string{"postgres", copied.place, "sales", "customers", copied.Version, "is", fmt.Sprint(n)}
		for _, column := range counted.Columns {
			parts = append(parts, column.Name, column.Type)
		}
		if want := assets.NewDigest("t1", parts...); version != want {
			t.Errorf("%d rows were copied at another version", n)
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}

	// Who is not let in is told so, and the password is not.
	y.Connections["crm"].DSN = dsn + " password=wrong" + password
	if look := y.look(table("sales.customers", "")); !strings.Contains(look.Err, "password authentication failed") || strings.Contains(look.Err, password) {
		t.Errorf("%q", look.Err)
	}
}
