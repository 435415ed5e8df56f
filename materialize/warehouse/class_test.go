package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Errors as DuckDB and the system give them, each provoked, and what kind they are.
func TestClassOfErrors(t *testing.T) {
	dir := t.TempDir()
	db, err := warehouse.Memory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := os.WriteFile(filepath.Join(dir, "bad.csv"), []byte("i\n1\nx\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	small, err := warehouse.Memory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	run := func(sql string) error { return db.Exec(ctx, sql) }
	file := func(name string) string { return warehouse.Literal(filepath.Join(dir, name)) }
	_, notThere := os.Open(filepath.Join(dir, "gone"))
	_, notReached := net.DialTimeout("tcp", "127.0.0.1:1", time.Second)

	for _, c := range []struct {
		name  string
		err   error
		class assets.ErrorClass
		final bool
	}{
		{"a file that is not there", run("FROM read_csv(" + file("gone.csv") + ")"), assets.IOError, false},
		{"a file that is not there, as Parquet", run("FROM read_parquet(" + file("gone.parquet") + ")"), assets.IOError, false},
		{"too little memory", small.Exec(ctx, "SET memory_limit='1MB'; SET temp_directory=''; CREATE TABLE big AS FROM range(10000000)"), assets.IOError, false},
		{"a table that is not there", run("FROM nowhere"), assets.SQLError, true},
		{"a column that is not there", run("SELECT x FROM range(1)"), assets.SQLError, true},
		{"SQL that is none", run("SELEC 1"), assets.SQLError, true},
		{"types that do not fit", run("SELECT sum('a'::VARCHAR)"), assets.SQLError, true},
		{"a value that does not fit", run("SELECT 'x'::INTEGER"), assets.SQLError, false},
		{"a line that does not fit", run("FROM read_csv(" + file("bad.csv") + ", columns = {'i': 'INTEGER'})"), assets.SQLError, false},
		{"a number out of range", run("SELECT 300::UTINYINT"), assets.SQLError, false},
		{"an error of its own", run("SELECT error('IO Error: database is locked')"), assets.SQLError, false},
		{"wrapped", fmt.Errorf("source raw.x cannot be read: %w", run("FROM read_csv("+file("gone.csv")+")")), assets.IOError, false},
		{"the warehouse is held", fmt.Errorf("open: %w", &warehouse.LockedError{Path: "w"}), assets.LockError, false},
		{"as SQLite's client says it", errors.New(`IO Error: Failed to prepare query "SELECT": database is locked`), assets.LockError, false},
		{"as Postgres's client says it", errors.New("IO Error: Unable to connect to Postgres at the connection's dsn: Connection refused"), assets.IOError, false},
		{"Postgres waited for another", errors.New("Failed to execute query: ERROR: deadlock detected"), assets.LockError, false},
		{"a file of the system", notThere, assets.IOError, false},
		{"the network", notReached, assets.IOError, false},
		{"a full disk", &os.PathError{Op: "write", Path: "w", Err: syscall.ENOSPC}, assets.IOError, false},
		{"cut off", fmt.Errorf("read: %w", io.ErrUnexpectedEOF), assets.IOError, false},
		{"out of time", fmt.Errorf("build: %w", context.DeadlineExceeded), assets.TimeoutError, false},
		{"a command that fails", exec.Command("false").Run(), assets.CommandError, false},
		{"a command that is not there", exec.Command("/nowhere/at/all").Run(), assets.CommandError, false},
		{"anything else", errors.New("what nobody knows"), assets.SQLError, false},
	} {
		if c.err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		if class, final := warehouse.ClassOf(c.err); class != c.class || final != c.final {
			t.Errorf("%s: class %s, final %t; want %s, %t\n%v", c.name, class, final, c.class, c.final, c.err)
		}
	}
}

// A statement that is interrupted took too long, whatever the driver makes of it.
func TestAnInterruptedStatementIsOutOfTime(t *testing.T) {
	db, err := warehouse.Memory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	limited, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	err = db.Exec(limited, "CREATE TABLE t AS SELECT count(*) FROM range(100000) a, range(10000000) b WHERE a.range * b.range % 7 = 3")
	if err == nil {
		t.Fatal("it was not interrupted")
	}
	if class, final := warehouse.ClassOf(err); class != assets.TimeoutError || final {
		t.Errorf("%v: %s, final %t", err, class, final)
	}
}
