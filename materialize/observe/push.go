package observe

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Event is a version of a source that somebody pushed.
type Event struct {
	ID      ulid.ULID   `json:"-"` // orders events; the name of its file
	Source  assets.Name `json:"source"`
	Version string      `json:"version"` // what the source's column version holds
	At      time.Time   `json:"at"`
}

const (
	eventFile = ".json"
	// longestVersion bounds a version that is pushed, in bytes.
	longestVersion = 200
)

// Push keeps an event in dir until the warehouse has recorded it. An empty version
// is one that was never there before. When Push returns without an error the event
// survives a crash; after one it is there whole or not at all. The warehouse is not
// touched, and any number of processes may push at once: the events of one of them
// stay in order.
func Push(dir string, source assets.Name, version string, at time.Time) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	id, err := nextID(dir, at)
	if err != nil {
		return err
	}
	if version == "" {
		version = id.String()
	}
	if err := validVersion(version); err != nil {
		return err
	}
	text, err := json.Marshal(Event{Source: source, Version: version, At: at.UTC()})
	if err != nil {
		return err
	}
	return warehouse.ReplaceFileDurably(filepath.Join(dir, id.String()+eventFile), text)
}

// NewVersion returns a version that nobody else will push.
func NewVersion(at time.Time) string {
	return ulid.MustNew(ulid.Timestamp(at), ulid.DefaultEntropy()).String()
}

func validVersion(version string) error {
	switch {
	case len(version) > longestVersion:
		return fmt.Errorf("a version has at most %d bytes, not %d", longestVersion, len(version))
	case !utf8.ValidString(version), strings.ContainsFunc(version, unicode.IsControl):
		return fmt.Errorf("the version %q is no line of text", version)
	case strings.TrimSpace(version) == "":
		return errors.New("the version is blank")
	}
	return nil
}

// nextID returns an id that comes after all that are waiting, also if the clock was
// set back since.
func nextID(dir string, at time.Time) (ulid.ULID, error) {
	ids, err := spooled(dir)
	if err != nil {
		return ulid.ULID{}, err
	}
	id, err := ulid.New(ulid.Timestamp(at), ulid.DefaultEntropy())
	if n := len(ids); err == nil && n > 0 && id.Compare(ids[n-1]) <= 0 {
		// Not the next number: another process may be taking that.
		id, err = ulid.New(ids[n-1].Time()+1, ulid.DefaultEntropy())
	}
	return id, err
}

// spooled lists the events in dir, oldest first. Files by other names are none of ours:
// see [stray].
func spooled(dir string) ([]ulid.ULID, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ids []ulid.ULID
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), eventFile); ok {
			if id, err := ulid.ParseStrict(name); err == nil {
				ids = append(ids, id)
			}
		}
	}
	slices.SortFunc(ids, ulid.ULID.Compare)
	return ids, nil
}

// readEvents reads the events in dir, oldest first, by source. What is no event is put
// aside, and told of: nothing may wait behind it.
func readEvents(dir string, tell func(Stray)) (map[assets.Name][]Event, error) {
	if err := putStrangersAside(dir, tell); err != nil {
		return nil, err
	}
	ids, err := spooled(dir)
	if err != nil {
		return nil, err
	}
	events := map[assets.Name][]Event{}
	for _, id := range ids {
		path := filepath.Join(dir, id.String()+eventFile)
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // recorded by another process meanwhile
		}
		if err != nil {
			return nil, err
		}
		e, err := readEvent(text)
		if err != nil {
			putAside(path, err, tell)
			continue
		}
		e.ID = id
		events[e.Source] = append(events[e.Source], e)
	}
	return events, nil
}

func readEvent(text []byte) (e Event, err error) {
	if err := json.Unmarshal(text, &e); err != nil {
		return e, err
	}
	if e.Source == (assets.Name{}) {
		return e, errors.New("it names no source")
	}
	return e, validVersion(e.Version)
}

// Forget removes from dir the events that led to a look, once that is recorded. It
// may be called again after a crash. What it leaves tells when an equal version was
// pushed last.
func Forget(dir string, look Look) error {
	over := look.Events
	if n := len(over); n > 0 && !look.Delivered.IsZero() {
		over = over[:n-1]
	}
	for _, e := range over { // the newest last: it says that those before it are over
		if err := os.Remove(filepath.Join(dir, e.ID.String()+eventFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
