package warehouse

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// Snapshot is what a plan needs to know of a warehouse.
type Snapshot struct {
	State    planner.State
	Observed map[assets.Name]planner.Observation // the last known version of each source
	// Held says that it was read by way of the process that holds the file for writing,
	// and may be about to publish: the file's mark tells nothing of it.
	Held bool
}

// stamp tells one state of a file from another without opening it. DuckDB
// changes a file's size and mtime only by writing to it.
type stamp struct {
	Inode   uint64
	Changed int64 // see FileID
	Size    int64
	ModTime time.Time
}

// cacheFormat is part of every cache file: a change of the cached types changes it.
const cacheFormat = "snapshot-4"

type cacheFile struct {
	Format, Engine string
	Stamp          stamp
	Snapshot       Snapshot
}

// Load returns the snapshot of the warehouse at o.Path. A log that a crash left behind is
// moved into the file, unless o.ReadOnly: then it is only read. As long as the file is
// the one that cachePath was saved for, it is not opened: opening costs DuckDB
// about 20 µs for each column of the catalog. No file: an empty snapshot.
func Load(ctx context.Context, o Options, cachePath string) (Snapshot, error) {
	now, settled, err := stampOf(o.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return Snapshot{}, nil
	}
	if err != nil {
		return Snapshot{}, err
	}
	if cached, ok := readCache(cachePath); ok && settled && cached.Stamp == now {
		return cached.Snapshot, nil
	}
	// Without a log to replay, reading does, and gets along with other readers.
	o.ReadOnly = o.ReadOnly || settled
	var snapshot Snapshot
	err = Read(ctx, o, func(db *DB) (err error) {
		snapshot, err = db.Snapshot(ctx)
		return err
	})
	if err != nil || snapshot.Held {
		return snapshot, err
	}
	mark := Mark{now, settled} // that of what was read, or of something older
	if !settled {
		if mark, err = MarkOf(o.Path); err != nil {
			return snapshot, err
		}
	}
	Save(mark, cachePath, snapshot)
	return snapshot, nil
}

// attempts is how often a warehouse is opened to read the same of it: each time the
// process that answered may have ended meanwhile.
const attempts = 3

// Read opens a warehouse for do, and once more if the process that answered for it ended
// in the middle: what do has found out until then does not count.
func Read(ctx context.Context, o Options, do func(*DB) error) error {
	for attempt := 1; ; attempt++ {
		db, err := Open(ctx, o)
		if err == nil {
			err = errors.Join(do(db), db.Close())
		}
		if !errors.Is(err, ErrHolderLost) || attempt == attempts || ctx.Err() != nil {
			return err
		}
	}
}

// Snapshot reads state and observations of one moment from an open warehouse.
func (db *DB) Snapshot(ctx context.Context) (Snapshot, error) {
	s := Snapshot{Held: db.held}
	err := db.reading(ctx, func(c *Conn) (err error) {
		if s.State, err = db.state(ctx, c); err == nil {
			s.Observed, err = db.observations(ctx, c)
		}
		return err
	})
	return s, err
}

// reading calls do with a connection on which all is seen as of one moment, whatever
// is published meanwhile.
func (db *DB) reading(ctx context.Context, do func(*Conn) error) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Exec(ctx, "USE "+Catalog); err != nil {
		return err
	}
	return c.transaction(ctx, func() error { return do(c) })
}

// Save remembers a snapshot as that of a warehouse with a mark, which is to be taken as
// soon as the file is closed: later on another process may have written to it.
// A cache that cannot be written is no error: it only saves time.
func Save(mark Mark, cachePath string, s Snapshot) {
	if !mark.settled || mark.stamp == (stamp{}) {
		return
	}
	var content bytes.Buffer
	if gob.NewEncoder(&content).Encode(cacheFile{cacheFormat, Engine(), mark.stamp, s}) == nil {
		_ = ReplaceFile(cachePath, sealed(content.Bytes()))
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealed is content after its checksum. What a disk or a power cut damaged might be
// decoded all the same, and be planned from.
func sealed(content []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, crc32.Checksum(content, castagnoli)), content...)
}

func readCache(path string) (cacheFile, bool) {
	var c cacheFile
	content, err := os.ReadFile(path)
	if err != nil || len(content) < 4 || binary.BigEndian.Uint32(content) != crc32.Checksum(content[4:], castagnoli) {
		return c, false
	}
	if err := gob.NewDecoder(bytes.NewReader(content[4:])).Decode(&c); err != nil {
		return cacheFile{}, false
	}
	return c, c.Format == cacheFormat && c.Engine == Engine()
}

// stampOf looks at the file at path. It is settled if there is no write-ahead log
// beside it: a log holds changes that the file's own stamp does not show.
func stampOf(path string) (s stamp, settled bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, false, err
	}
	if !info.Mode().IsRegular() { // to open a pipe would wait for ever
		return stamp{}, false, &NotDuckDBError{Path: path}
	}
	if path, err = realPath(path); err != nil { // DuckDB writes its log beside that
		return stamp{}, false, err
	}
	_, err = os.Stat(path + ".wal")
	inode, changed := FileID(info)
	return stamp{inode, changed, info.Size(), info.ModTime().UTC()}, errors.Is(err, fs.ErrNotExist), nil
}
