package observe

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// Stray is a file that was found among pushed events and is none.
type Stray struct {
	Path string // where it was found
	Why  string
	// Aside is where it is now; empty: it could not be moved.
	Aside string
}

// asideDir is where strays are moved to, in the directory of events.
const asideDir = "aside"

// putStrangersAside moves away whatever in dir has not the name of an event. An event that is
// just being pushed has a name that begins with a dot; what is left of one that was
// interrupted is removed.
func putStrangersAside(dir string, tell func(Stray)) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		name, isEvent := strings.CutSuffix(entry.Name(), eventFile)
		_, wrong := ulid.ParseStrict(name)
		switch {
		case entry.Name() == asideDir:
		case strings.HasPrefix(entry.Name(), "."):
			if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > forgotten {
				os.Remove(path)
			}
		case !isEvent || wrong != nil:
			putAside(path, errors.New("its name is not that of an event"), tell)
		case !entry.Type().IsRegular(): // to read a pipe would wait for ever
			putAside(path, errors.New("it is not a file"), tell)
		}
	}
	return err
}

// putAside moves a stray away, so that it is told of once.
func putAside(path string, why error, tell func(Stray)) {
	s := Stray{Path: path, Why: why.Error()}
	aside := filepath.Join(filepath.Dir(path), asideDir)
	if os.MkdirAll(aside, 0o777) == nil && os.Rename(path, filepath.Join(aside, filepath.Base(path))) == nil {
		s.Aside = aside
	}
	if tell != nil {
		tell(s)
	}
}
