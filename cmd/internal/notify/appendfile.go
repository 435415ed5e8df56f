package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// appender appends lines to a file, each in one write: lines of two processes do
// not mix. It opens the file with the first line.
type appender struct {
	path string
	file *os.File
	torn bool // the file ends within a line
}

func (a *appender) append(_ context.Context, line []byte) error {
	if a.file == nil {
		if err := a.open(); err != nil {
			return err
		}
	}
	if a.torn {
		line = append([]byte{'\n'}, line...)
	}
	n, err := a.file.Write(line)
	if n > 0 {
		a.torn = n < len(line)
	}
	return plainly(err)
}

func (a *appender) open() error {
	if info, err := os.Stat(a.path); err == nil && !info.Mode().IsRegular() {
		return errors.New("it is not a file") // to open a pipe would wait for its reader
	}
	if err := os.MkdirAll(filepath.Dir(a.path), 0o777); err != nil {
		return plainly(err)
	}
	f, err := os.OpenFile(a.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return plainly(err)
	}
	a.file, a.torn = f, endsTorn(f)
	return nil
}

// endsTorn reports whether a file ends within a line, as a full disk leaves it. A
// write of another process can be seen half done: what is torn stays so.
func endsTorn(f *os.File) bool {
	size, torn := end(f)
	if !torn {
		return false
	}
	time.Sleep(20 * time.Millisecond)
	later, torn := end(f)
	return torn && later == size
}

// end is the size of a file in bytes, and whether its last byte ends no line.
func end(f *os.File) (size int64, torn bool) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return 0, false
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, info.Size()-1)
	return info.Size(), err == nil && last[0] != '\n'
}

func (a *appender) close() error {
	if a.file == nil {
		return nil
	}
	return plainly(a.file.Close())
}

// plainly is an error of the file system without the name of the operation.
func plainly(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return fmt.Errorf("%s: %w", at.Path, at.Err)
	}
	return err
}
