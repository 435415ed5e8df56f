package warehouse

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// Mark tells one state of a warehouse's file from another without opening it. The
// zero Mark is that of no file.
type Mark struct {
	stamp   stamp
	settled bool
}

// MarkOf looks at the file at path. Two equal marks mean that nobody wrote to the
// file in between, which may be that there was none.
func MarkOf(path string) (Mark, error) {
	s, settled, err := stampOf(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Mark{settled: true}, nil // there is nothing to be read
	}
	return Mark{s, settled}, err
}

// Settled reports whether all that was written stands in the file itself, so that
// its mark tells of everything.
func (m Mark) Settled() bool { return m.settled }

// Revision is a text that changes with all that this program writes to the state. Of
// what others did to the catalog it knows nothing.
func (db *DB) Revision(ctx context.Context) (revision string, err error) {
	var counts []string
	for _, table := range []string{"runs", "materializations", "current", "staged", "failures", "observations", "planned", "checks", "violations", "verdicts", "breaches"} {
		counts = append(counts, "(SELECT count(*) FROM "+Catalog+"._assets."+table+")")
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer c.Close()
	err = c.QueryRow(ctx, "SELECT concat_ws(' ', (SELECT max(run) FROM "+Catalog+"._assets.runs), (SELECT max(id) FROM "+Catalog+"._assets.current), "+strings.Join(counts, ", ")+")").Scan(&revision)
	return revision, err
}

// IsInterrupted reports whether err comes of a context that was cancelled. DuckDB may be
// the first to say so, in words of its own.
func IsInterrupted(err error) bool {
	var d *duckdb.Error
	return errors.Is(err, context.Canceled) || errors.As(err, &d) && d.Type == duckdb.ErrorTypeInterrupt
}

// IsBroken reports whether an error left the instance that it comes from unusable:
// it has to be closed, and the file opened again.
func IsBroken(err error) bool {
	var d *duckdb.Error
	return errors.As(err, &d) && (d.Type == duckdb.ErrorTypeInternal || d.Type == duckdb.ErrorTypeFatal ||
		strings.Contains(d.Msg, "has been invalidated")) // by a checkpoint on a full disk, which is an error of another type
}
