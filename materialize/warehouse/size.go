package warehouse

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dustin/go-humanize"
)

// Size is how big a warehouse is, in bytes.
type Size struct {
	File int64 // on the disk, a write-ahead log included
	Free int64 // of the file, for whatever is written next: only copying it gives it back
}

// Size measures the file of a warehouse that is open.
func (db *DB) Size(ctx context.Context) (s Size, err error) {
	info, err := os.Stat(db.path)
	if err != nil {
		return s, err
	}
	s.File = info.Size()
	if log, err := os.Stat(db.path + ".wal"); err == nil {
		s.File += log.Size()
	}
	err = db.pool.QueryRowContext(ctx, "SELECT free_blocks * block_size FROM pragma_database_size() WHERE database_name = '"+Catalog+"'").Scan(&s.Free)
	if err != nil {
		return s, fmt.Errorf("measure the warehouse: %w", err)
	}
	return s, nil
}

// NoRoomError says that a disk has too little space for what is to be written.
type NoRoomError struct {
	Dir          string
	Needed, Free int64 // bytes
}

func (e *NoRoomError) Error() string {
	return fmt.Sprintf("the disk of %s has %s free, and about %s are needed. Nothing was changed. Free some space and try again",
		e.Dir, humanize.IBytes(uint64(e.Free)), humanize.IBytes(uint64(e.Needed)))
}

// room is an error unless the disk of a file that is to be written has space for so
// many bytes and some more. Where that cannot be told it is nil.
func room(path string, bytes int64) error {
	dir := filepath.Dir(path)
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	needed := bytes + bytes/20 + 1<<20
	if disk, err := DiskOf(dir); err == nil && disk.Free < uint64(needed) {
		return &NoRoomError{Dir: dir, Needed: needed, Free: int64(disk.Free)}
	}
	return nil
}
