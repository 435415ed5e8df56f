package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/seed-4311623e/assets/assets"
)

// Catalog is the name under which an instance has the warehouse file attached.
// Reserved, so that no schema of a project is ambiguous with it.
const Catalog = "_wh"

// Engine is the version of the DuckDB library, as "v1.5.5". It opens nothing.
func Engine() string { return mapping.LibraryVersion() }

// Options say how to open a warehouse.
type Options struct {
	Path     string // absolute path of the DuckDB file
	ReadOnly bool   // fails if the file does not exist
	// LockTimeout is how long to wait for another process that holds the file.
	LockTimeout time.Duration
	// OnWait is called once, with the holder, before waiting as long as that.
	OnWait func(*LockedError)
	// Held is asked for a way to read the file through the process that holds it for
	// writing; nil for both says that no process answers for the file. A nil Held: it is
	// opened here, or not at all.
	Held func(context.Context) (*sql.DB, error)
	// Name completes what is known of a holder; nil: DuckDB's word is all there is.
	Name func(context.Context, *LockedError)
	Limits
}

// DB is a running DuckDB instance. Its methods may be called from many goroutines.
type DB struct {
	pool *sql.DB
	path string
	// bare says that the file has no state tables and, being open for reading
	// only, gets none: nothing is recorded in it.
	bare bool
	// version is that of the state tables: an older one than stateVersion if they
	// could not be migrated, the file being open for reading only.
	version int
	threads int // see Limits
	// held says that the process which holds the file answers, see [Options.Held].
	held bool
	// readers is held for reading by each [Conn] of [DB.Conn], and for writing by a checkpoint.
	readers sync.RWMutex
}

// Conn is one connection: one statement at a time, its own current catalog.
type Conn struct {
	*sql.Conn
	done func() // tells the checkpoints that wait for it
}

// Close gives the connection back.
func (c *Conn) Close() error {
	defer c.done()
	return c.Conn.Close()
}

// settings are those of every instance. Two optimizers of DuckDB 1.5.5 for an ORDER BY with a
// LIMIT find no rows, now and then, in a table that a checkpoint is just writing: one passes over
// row groups, the other reads the rows that are wanted by their numbers, which change if others
// were deleted. Neither what is built nor what is shown may depend on that.
const settings = "?disabled_optimizers=row_group_pruner,late_materialization"

// Memory starts an instance without a warehouse.
func Memory(ctx context.Context) (*DB, error) {
	connector, err := duckdb.NewConnector(settings, func(execer driver.ExecerContext) error {
		// ts::date and more depend on the session's zone: never on the machine's.
		_, err := execer.ExecContext(context.Background(), "SET TimeZone='UTC'", nil)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("start DuckDB: %w", err)
	}
	db := &DB{pool: sql.OpenDB(connector)}
	// A connection that is kept costs nothing; one opened again costs its init.
	db.pool.SetMaxIdleConns(64)
	return db, nil
}

// Open starts an instance with the warehouse attached, creating the file with
// its state tables if there is none. A file that another process holds is read through
// that if o.Held knows how, and else waited for up to o.LockTimeout. Errors:
// *LockedError, *NotDuckDBError, *NewerStateError, those of o.Held, and ctx's once it is
// done: DuckDB has words of its own for that.
//
// A crash during Open leaves either no file or a whole one: a new file is made
// beside its place and then linked to it.
func Open(ctx context.Context, o Options) (*DB, error) {
	db, err := open(ctx, o)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("open the warehouse: %w", ctx.Err())
	}
	return db, err
}

func open(ctx context.Context, o Options) (*DB, error) {
	switch info, err := os.Stat(o.Path); {
	case err == nil && !info.Mode().IsRegular(): // to open a pipe would wait for ever
		return nil, &NotDuckDBError{Path: o.Path}
	case errors.Is(err, fs.ErrNotExist) && !o.ReadOnly:
		if err := create(ctx, o.Path); err != nil {
			return nil, err
		}
	}
	return o.wait(ctx, func() (*DB, error) {
		if db, err := through(ctx, o); db != nil || err != nil {
			return db, err
		}
		db, err := Memory(ctx)
		if err != nil {
			return nil, err
		}
		db.path = o.Path
		if err = db.Limit(ctx, o.Limits); err == nil {
			err = db.setup(ctx, o)
		}
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
		return db, nil
	})
}

// through opens the file by way of the process that holds it; nil: none answers.
func through(ctx context.Context, o Options) (*DB, error) {
	if o.Held == nil {
		return nil, nil
	}
	pool, err := o.Held(ctx)
	if pool == nil || err != nil {
		return nil, err
	}
	db := &DB{pool: pool, path: o.Path, held: true}
	if err := db.prepareState(ctx, true); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) setup(ctx context.Context, o Options) error {
	// Checkpoints are ours to time: in the middle of a run they only cost.
	if err := db.Exec(ctx, "SET checkpoint_threshold='1TB'"); err != nil {
		return err
	}
	// Without a type DuckDB takes the ending of the path for one, such as .csv.
	attach := "ATTACH " + Literal(o.Path) + " AS " + Catalog + " (TYPE duckdb"
	if o.ReadOnly {
		attach += ", READ_ONLY"
	}
	attach += ")"
	if err := openError(o.Path, db.attachOne(ctx, attach, o.Path)); err != nil {
		return err
	}
	if !o.ReadOnly {
		for _, path := range Fresh(o.Path) { // whoever makes one holds the file, or is about to create it
			os.Remove(path)
		}
		if err := db.trim(ctx); err != nil {
			return err
		}
	}
	return db.prepareState(ctx, o.ReadOnly)
}

// trim cuts off what an interrupted write left behind the file's last block.
// DuckDB would use that space again, but on a full disk it keeps even the
// write-ahead log from growing, and with that anything from being repaired.
func (db *DB) trim(ctx context.Context) error {
	var blocks, size int64
	if err := db.pool.QueryRowContext(ctx, "SELECT total_blocks, block_size FROM pragma_database_size() WHERE database_name = '"+Catalog+"'").Scan(&blocks, &size); err != nil {
		return fmt.Errorf("measure the warehouse: %w", err)
	}
	info, err := os.Stat(db.path)
	if err != nil {
		return err
	}
	const headers = 3 * 4096 // the file's own and two of the database
	if used := headers + blocks*size; info.Size() > used {
		return os.Truncate(db.path, used)
	}
	return nil
}

// attachOne attaches the file at path. One that was replaced between the look for its
// name and the lock is not the warehouse any more: then it is done again.
func (db *DB) attachOne(ctx context.Context, statement, path string) error {
	for {
		before, err := os.Stat(path)
		if err != nil {
			return err
		}
		if err := db.Exec(ctx, statement); err != nil {
			return err
		}
		if now, err := os.Stat(path); err == nil && os.SameFile(before, now) {
			return nil
		}
		if err := db.Exec(context.WithoutCancel(ctx), "DETACH "+Catalog); err != nil {
			return err
		}
	}
}

// storageVersion is DuckDB's format of a warehouse file, at least.
const storageVersion = "v1.2.0"

// create makes a new warehouse file. The storage options matter for speed: the
// oldest storage version, DuckDB's default, spends a third of a checkpoint on
// converting statistics, and blocks of 256 KiB waste space on small tables.
func create(ctx context.Context, path string) error {
	path, err := realPath(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("create the warehouse's directory: %w", err)
	}
	fresh := freshName(path)
	defer os.Remove(fresh)
	defer os.Remove(fresh + ".wal")
	db, err := Memory(ctx)
	if err != nil {
		return err
	}
	err = db.Exec(ctx, "ATTACH "+Literal(fresh)+" AS "+Catalog+" (TYPE duckdb, STORAGE_VERSION '"+storageVersion+"', BLOCK_SIZE 65536)")
	if err == nil {
		err = db.prepareState(ctx, false)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("create the warehouse %s: %w", path, err)
	}
	// Link, unlike rename, never replaces: if two processes start at once, one file stays.
	if err := os.Link(fresh, path); err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return os.Rename(fresh, path) // a file system without hard links
}

// Close checkpoints and gives the file up. Every Conn must be closed before: one
// that is not keeps the file locked.
func (db *DB) Close() error { return db.pool.Close() }

// Held reports whether the warehouse is read through the process that holds its file:
// then it can be queried and nothing else.
func (db *DB) Held() bool { return db.held }

// Conn returns a connection of its own; the caller closes it. There is no checkpoint as long
// as it is open.
func (db *DB) Conn(ctx context.Context) (*Conn, error) {
	db.readers.RLock()
	c, err := db.BesideCheckpoints(ctx)
	if err != nil {
		db.readers.RUnlock()
		return nil, err
	}
	c.done = sync.OnceFunc(db.readers.RUnlock)
	return c, nil
}

// BesideCheckpoints returns a connection like [DB.Conn] that reads no table from which rows
// were deleted, so that checkpoints may go on beside it.
func (db *DB) BesideCheckpoints(ctx context.Context) (*Conn, error) {
	c, err := db.pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to DuckDB: %w", err)
	}
	return &Conn{c, func() {}}, nil
}

// Exec runs statements on any connection.
func (db *DB) Exec(ctx context.Context, statements string) error {
	_, err := db.pool.ExecContext(ctx, statements)
	return err
}

// Exec runs statements.
func (c *Conn) Exec(ctx context.Context, statements string, args ...any) error {
	_, err := c.ExecContext(ctx, statements, args...)
	return err
}

// Query runs one statement; the caller closes the rows.
func (c *Conn) Query(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	return c.QueryContext(ctx, statement, args...)
}

// QueryRow runs one statement that yields one row.
func (c *Conn) QueryRow(ctx context.Context, statement string, args ...any) *sql.Row {
	return c.QueryRowContext(ctx, statement, args...)
}

// transaction runs do between BEGIN and COMMIT. After an error inside a
// transaction DuckDB's COMMIT reports success and rolls back, so any error must
// end in ROLLBACK, and what matters is read again after COMMIT by the caller.
func (c *Conn) transaction(ctx context.Context, do func() error) (err error) {
	if err := c.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// The caller's context may be the reason for err: roll back regardless.
			c.Exec(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	if err := do(); err != nil {
		return err
	}
	return c.Exec(ctx, "COMMIT")
}

// Ident quotes an identifier.
func Ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// Literal quotes a string.
func Literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// NotDuckDBError says that the warehouse's path holds something else.
type NotDuckDBError struct{ Path string }

func (e *NotDuckDBError) Error() string {
	return fmt.Sprintf("%s is not a DuckDB file. Nothing was changed. Name another file with `warehouse` in the project block, or move this one away", e.Path)
}

// openError turns what DuckDB says of a file it cannot attach into one of our errors.
func openError(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "Could not set lock on file"):
		return lockedError(path, err)
	case strings.Contains(err.Error(), "not a valid DuckDB database file"):
		return &NotDuckDBError{Path: path}
	case strings.Contains(err.Error(), "Could not read enough bytes"):
		return &damagedFileError{path, "is shorter than its contents: it was cut off, perhaps while it was copied", err}
	case strings.Contains(err.Error(), "Corrupt database file"):
		return &damagedFileError{path, "is damaged", err}
	case strings.Contains(err.Error(), "Trying to read a database file with version number"):
		return &newerFileError{"the warehouse ", path, ". Upgrade assets, or put a backup in its place with `assets restore FILE`", err}
	case strings.Contains(err.Error(), "Permission denied"):
		return &deniedError{path, err}
	}
	return fmt.Errorf("open the warehouse %s: %w", path, err)
}

// damagedFileError says that a file is not whole.
type damagedFileError struct {
	path, what string
	cause      error // DuckDB's
}

func (e *damagedFileError) Error() string {
	return fmt.Sprintf("the warehouse %s %s. Put a backup in its place with `assets restore FILE`, or move it away to build everything anew (%s)", e.path, e.what, e.cause)
}

func (e *damagedFileError) Unwrap() error { return e.cause }

// newerFileError says that a file is of a DuckDB to come. What DuckDB says of that are six
// lines about versions of its format.
type newerFileError struct {
	what  string // the file is
	path  string
	then  string // to do; empty: nothing
	cause error
}

func (e *newerFileError) Error() string {
	return fmt.Sprintf("%s%s was written by a newer version of DuckDB than this program has%s", e.what, e.path, e.then)
}

func (e *newerFileError) Unwrap() error { return e.cause }

// Class is that of a file which cannot be read.
func (e *newerFileError) Class() assets.ErrorClass { return assets.IOError }

// deniedError says that the user may not open a file. What DuckDB says adds nothing.
type deniedError struct {
	path  string
	cause error
}

func (e *deniedError) Error() string {
	return fmt.Sprintf("the warehouse %s may not be opened by this user: permission denied. Run it as the user whom the file belongs to, or change its permissions", e.path)
}

func (e *deniedError) Unwrap() error        { return e.cause }
func (e *deniedError) Is(target error) bool { return target == fs.ErrPermission }
