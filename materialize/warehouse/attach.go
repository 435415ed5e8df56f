package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/seed-4311623e/assets/assets/redact"
)

// Attachment is another database that an instance can read from.
type Attachment struct {
	Name string // of the connection; see Catalog
	Type string // "duckdb", "sqlite" or "postgres"
	// At is what DuckDB attaches: the absolute path of a file, or a postgres's DSN,
	// which may hold a password.
	At string
	// ExtensionDirectory holds the extension for the type; empty: DuckDB finds it, or
	// gets it from its own site.
	ExtensionDirectory string
}

// Catalog is the name under which the database is attached. Reserved, so that no
// schema of a project is ambiguous with it.
func (a Attachment) Catalog() string { return "_c_" + a.Name }

// extensions are what DuckDB needs to read a type of database.
var extensions = map[string]string{"sqlite": "sqlite_scanner", "postgres": "postgres_scanner"}

// attaching holds a lock for each database that is being read. DuckDB refuses to
// attach a file twice in one instance, and two instances of one process must not
// have it open at once: an operating system's lock on a file belongs to the
// process, and goes when any of its handles is closed.
var attaching sync.Map

// lock waits until nobody else reads the database, which can take as long as another
// server is silent, or until ctx is done.
func (a Attachment) lock(ctx context.Context) (unlock func(), err error) {
	key := a.At
	if path, err := filepath.EvalSymlinks(a.At); err == nil {
		key = path
	}
	held, _ := attaching.LoadOrStore(a.Type+" "+key, make(chan struct{}, 1))
	turn := held.(chan struct{})
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Attached calls do with a connection on which the database is attached for
// reading, and on which names without a catalog are that database's. The database
// is given up when do returns: a file may be written again by its owner. One
// database is read by one do at a time. No error shows its password.
func (db *DB) Attached(ctx context.Context, a Attachment, do func(*Conn) error) error {
	unlock, err := a.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := db.attachable(a); err != nil {
		return err
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.loadExtension(ctx, a); err != nil {
		return err
	}
	if err := c.Exec(ctx, fmt.Sprintf("ATTACH %s AS %s (TYPE %s, READ_ONLY)", Literal(a.patient()), a.Catalog(), a.Type)); err != nil {
		return a.attachError(err)
	}
	after := context.WithoutCancel(ctx)
	err = c.Exec(ctx, "USE "+a.Catalog())
	if err == nil {
		err = do(c)
	}
	return a.Clean(errors.Join(err, c.Exec(after, "USE memory"), c.Exec(after, "DETACH "+a.Catalog())))
}

// patient is At with limits to how long a server may be silent, where its owner gave
// none: nothing else ends that, as what waits in a DuckDB extension is not interrupted.
func (a Attachment) patient() string {
	if a.Type != "postgres" || strings.Contains(a.At, "connect_timeout") {
		return a.At
	}
	if scheme, _, isURL := strings.Cut(a.At, "://"); !isURL || strings.ContainsAny(scheme, "= ") {
		// What is given later counts.
		return strings.TrimSpace("connect_timeout=15 keepalives_idle=30 keepalives_interval=10 keepalives_count=3 " + a.At)
	}
	and := "?"
	if strings.Contains(a.At, "?") {
		and = "&"
	}
	return a.At + and + "connect_timeout=15&keepalives_idle=30&keepalives_interval=10&keepalives_count=3"
}

// Transaction runs do on one state of every database attached to the connection.
// Without an error the transaction is committed.
func (c *Conn) Transaction(ctx context.Context, do func() error) error { return c.transaction(ctx, do) }

// attachable refuses a file that is not there, which DuckDB would say in many
// words, and the warehouse, which is open already.
func (db *DB) attachable(a Attachment) error {
	if a.Type == "postgres" {
		return nil
	}
	info, err := os.Stat(a.At)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s", a.At)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file", a.At)
	}
	if own, err := os.Stat(db.path); db.path != "" && err == nil && os.SameFile(own, info) {
		return fmt.Errorf("%s is the warehouse itself", a.At)
	}
	return nil
}

// loadExtension makes the instance able to read the type of database.
func (c *Conn) loadExtension(ctx context.Context, a Attachment) error {
	name := extensions[a.Type]
	if name == "" {
		return nil
	}
	if a.ExtensionDirectory != "" {
		path, err := c.extensionFile(ctx, a.ExtensionDirectory, name)
		if err == nil {
			err = c.Exec(ctx, "LOAD "+Literal(path))
		}
		if err != nil {
			return fmt.Errorf("DuckDB's extension %s cannot be loaded: %w", name, err)
		}
		return nil
	}
	if c.Exec(ctx, "LOAD "+name) == nil {
		return nil
	}
	if err := c.Exec(ctx, "INSTALL "+name+"; LOAD "+name); err != nil {
		return fmt.Errorf("DuckDB's extension %s is not installed, and cannot be fetched from extensions.duckdb.org (%s). "+
			"Without the network: put %s.duckdb_extension for DuckDB %s into a directory and name that with extension_directory in the connection", name, firstLine(err.Error()), name, Engine())
	}
	return nil
}

// extensionFile finds an extension in a directory: right in it, or where DuckDB and
// Python packages put it.
func (c *Conn) extensionFile(ctx context.Context, dir, name string) (string, error) {
	var platform string
	if err := c.QueryRow(ctx, "PRAGMA platform").Scan(&platform); err != nil {
		return "", err
	}
	file := name + ".duckdb_extension"
	for _, below := range []string{filepath.Join(Engine(), platform), Engine(), ""} {
		path := filepath.Join(dir, below, file)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is neither in %s nor in %s below it", file, dir, filepath.Join(Engine(), platform))
}

// attachError says why a database cannot be read, and what can be done.
func (a Attachment) attachError(err error) error {
	if a.Type != "duckdb" {
		return a.Clean(err)
	}
	var locked *LockedError
	var foreign *NotDuckDBError
	var damaged *damagedFileError
	var newer *newerFileError
	var denied *deniedError
	switch err := openError(a.At, err); {
	case errors.As(err, &locked):
		return &inUseError{fmt.Sprintf("%s is in use by %s: DuckDB lets nobody read a file that another process has open for writing", a.At, locked.By())}
	case errors.As(err, &foreign):
		return fmt.Errorf("%s is not a DuckDB file", a.At)
	case errors.As(err, &damaged):
		return fmt.Errorf("%s %s (%w)", a.At, damaged.what, damaged.cause)
	case errors.As(err, &newer):
		return &newerFileError{path: a.At, cause: newer.cause}
	case errors.As(err, &denied):
		return fmt.Errorf("%s may not be read by this user (%w)", a.At, denied.cause)
	}
	return err
}

var passwordIn = regexp.MustCompile(`(?i)(\bpass(?:word|file)\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)|(://[^\s/@:]*:)[^\s/@]*(@)`)

// Clean is err without what lets one into the database.
func (a Attachment) Clean(err error) error {
	if err == nil || a.Type != "postgres" || errors.Is(err, context.Canceled) {
		return err
	}
	text := strings.NewReplacer(a.patient(), "the connection's dsn", a.At, "the connection's dsn").Replace(err.Error())
	return errors.New(passwordIn.ReplaceAllString(text, "$1$3"+redact.Hidden+"$4"))
}
