package warehouse

import (
	"errors"
	"io/fs"

	"github.com/duckdb/duckdb-go/v2"
)

// Mark tells one state of a warehouse's file from another without opening it. The
// zero Mark is that of no file.
type Mark struct {
	stamp   stamp
	settled bool
}

// MarkOf looks at the file at path. Two equal marks mean that nobody wrote to the
// file in between.
func MarkOf(path string) (Mark, error) {
	s, settled, err := stampOf(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Mark{}, nil
	}
	return Mark{s, settled}, err
}

// IsBroken reports whether an error left the instance that it comes from unusable:
// it has to be closed, and the file opened again.
func IsBroken(err error) bool {
	var d *duckdb.Error
	return errors.As(err, &d) && (d.Type == duckdb.ErrorTypeInternal || d.Type == duckdb.ErrorTypeFatal)
}
