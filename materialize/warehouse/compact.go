package warehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// copyCatalog is the name under which a copy of the warehouse is attached while it is
// written and looked at.
const copyCatalog = "_copy"

// Compact writes everything in the warehouse's file into a new one beside it, without
// the space that nothing uses, compares the two, and puts the new one into the place of
// the old. Nobody may write meanwhile. Other processes that read the old file keep it.
//
// A crash at any moment leaves the old file or the new one. Whatever cannot be copied as
// it is, or does not come out the same, is an error, and the old file stays. Errors:
// *NoRoomError, and those of [Open].
func Compact(ctx context.Context, o Options) (was, is Size, err error) {
	if o.Path, err = realPath(o.Path); err != nil {
		return was, is, err
	}
	release, err := o.replacing(ctx)
	if err != nil {
		return was, is, err
	}
	defer release()
	if o, err = settle(ctx, o); err != nil {
		return was, is, err
	}
	db, err := Open(ctx, o)
	if err != nil {
		return was, is, err
	}
	if was, err = db.Size(ctx); err == nil {
		is, err = db.compact(ctx, was)
	}
	return was, is, errors.Join(err, db.Close())
}

func (db *DB) compact(ctx context.Context, was Size) (is Size, err error) {
	if err := room(db.path, was.File-was.Free); err != nil {
		return is, err
	}
	fresh := freshName(db.path)
	os.Remove(fresh)       // of a process with this one's id that was killed
	defer os.Remove(fresh) // gone already if all went well
	defer os.Remove(fresh + ".wal")
	if err := db.copyTo(ctx, fresh); err != nil {
		return is, fmt.Errorf("copy the warehouse: %w. It stays as it is", err)
	}
	if err := syncFile(fresh); err != nil {
		return is, err
	}
	info, err := os.Stat(fresh)
	if err != nil {
		return is, err
	}
	return Size{File: info.Size()}, putInPlace(fresh, db.path)
}

// settle resolves the path of a warehouse that is to be copied or replaced, puts a
// write-ahead log that a crash left into the file, and returns options for reading it:
// those keep others from writing, and, unlike those for writing, leave alone what has
// taken the file's place when it is closed.
func settle(ctx context.Context, o Options) (Options, error) {
	var err error
	if o.Path, err = realPath(o.Path); err != nil {
		return o, err
	}
	o.ReadOnly = false
	if _, settled, err := stampOf(o.Path); err != nil {
		return o, err
	} else if !settled {
		db, err := Open(ctx, o)
		if err != nil {
			return o, err
		}
		if err := db.Close(); err != nil {
			return o, err
		}
	}
	o.ReadOnly = true
	return o, nil
}

// copyTo writes everything into a new file at path, and compares what stands in it with
// what stands here.
func (db *DB) copyTo(ctx context.Context, path string) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	options, err := c.storage(ctx)
	if err != nil {
		return err
	}
	// Without a log, which would be as big again: a copy that is cut off is of no use.
	if err := c.Exec(ctx, "ATTACH "+Literal(path)+" AS "+copyCatalog+" (TYPE duckdb, RECOVERY_MODE no_wal_writes, "+options+")"); err != nil {
		return err
	}
	err = c.transaction(ctx, func() error { return c.Exec(ctx, "COPY FROM DATABASE "+Catalog+" TO "+copyCatalog) })
	// What is compared is what a reader will find in the file.
	if err := errors.Join(uncopied(err), c.Exec(context.WithoutCancel(ctx), "DETACH "+copyCatalog)); err != nil {
		return err
	}
	if _, settled, err := stampOf(path); err != nil || !settled {
		return errors.Join(err, errors.New("DuckDB left a write-ahead log beside the copy"))
	}
	if err := c.Exec(ctx, "ATTACH "+Literal(path)+" AS "+copyCatalog+" (TYPE duckdb, READ_ONLY)"); err != nil {
		return err
	}
	err = c.compareCopy(ctx)
	return errors.Join(err, c.Exec(context.WithoutCancel(ctx), "DETACH "+copyCatalog))
}

// storage are the options of a new file like this one. A file of an older format than
// ours gets ours.
func (c *Conn) storage(ctx context.Context) (string, error) {
	var version string
	var block int64
	err := c.QueryRow(ctx, "SELECT coalesce(tags['storage_version'], ''), (SELECT block_size FROM pragma_database_size() WHERE database_name = '"+Catalog+"') FROM duckdb_databases() WHERE database_name = '"+Catalog+"'").Scan(&version, &block)
	if err != nil {
		return "", fmt.Errorf("read how the file is stored: %w", err)
	}
	version = strings.TrimSuffix(version, "+")
	var major, minor int
	if n, _ := fmt.Sscanf(version, "v%d.%d.", &major, &minor); n < 2 || major == 1 && minor < 2 {
		version = storageVersion
	}
	return fmt.Sprintf("STORAGE_VERSION %s, BLOCK_SIZE %d", Literal(version), block), nil
}

// uncopied says what DuckDB cannot copy. Our own tables can all be copied: it is what
// others put into the file.
func uncopied(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	switch {
	case IsDiskFull(err):
		return fmt.Errorf("the disk is full (%w)", err)
	case strings.Contains(text, "foreign key constraint"):
		return fmt.Errorf("DuckDB cannot copy tables with foreign keys (%s)", firstLine(text))
	case strings.Contains(text, "Function with name"):
		return fmt.Errorf("DuckDB cannot copy a table of which a column is computed by a macro of the same file (%s)", firstLine(text))
	}
	return err
}
