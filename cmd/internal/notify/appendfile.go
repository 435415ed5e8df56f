package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// endsTorn reports whether a file ends within a line, as a full disk leaves it.
func endsTorn(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	last := []byte{'\n'}
	_, err = f.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
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
