package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// partial is the pattern of names of files that are being fetched.
const partial = ".part-*"

// forgotten is how old what is left of an interrupted transfer has to be before it
// is removed: another process may be at it.
const forgotten = 2 * time.Hour

// fetched is the content that an address had when it was last fetched. Losing it
// costs a transfer.
type fetched struct {
	Name         string `json:"name"` // of the file
	Hash         string `json:"hash"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// copies are a source's directory of what was fetched. A run reads these files: what
// it reads is what was looked at, whatever the server has by then.
type copies struct {
	dir  string
	Of   assets.Digest `json:"of"`   // of the requests, to which Latest are the answers
	Last []fetched     `json:"last"` // one for each address
	// Taken and Before name the files of the version that was taken last, and of the
	// one before: a run may be reading that.
	Taken  []string `json:"taken"`
	Before []string `json:"before,omitempty"`
}

const copiesFile = "copies.json"

func (o *Observer) openCopies(s *assets.Source) (*copies, error) {
	c := &copies{dir: filepath.Join(o.FetchDir, s.Name.String())}
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return nil, err
	}
	if text, err := os.ReadFile(filepath.Join(c.dir, copiesFile)); err != nil || json.Unmarshal(text, c) != nil {
		*c = copies{dir: c.dir}
	}
	parts := []string{}
	for _, r := range s.Remote {
		parts = append(parts, r.URL)
		for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
			parts = append(parts, name, r.Headers[name])
		}
	}
	if of := assets.NewDigest("get", parts...); c.Of != of || len(c.Last) != len(s.Remote) {
		c.Of, c.Last = of, make([]fetched, len(s.Remote)) // another request may get another answer
	}
	return c, nil
}

// fetchAll fetches what the addresses of a source have now, and returns the files.
func (o *Observer) fetchAll(ctx context.Context, s *assets.Source, cache *hashCache) (c *copies, files []File, failed []error) {
	c, err := o.openCopies(s)
	if err != nil {
		return nil, nil, []error{err}
	}
	files, failed = make([]File, len(s.Remote)), make([]error, len(s.Remote))
	var g errgroup.Group
	g.SetLimit(perHost)
	for i, r := range s.Remote {
		g.Go(func() error {
			known := c.Last[i]
			path := filepath.Join(c.dir, known.Name)
			f, err := hash(ctx, path, cache.lookup(path))
			if err != nil || f.Hash != known.Hash {
				known = fetched{} // the file is gone, or is not what it was
			}
			if c.Last[i], err = o.fetch(ctx, r, c.dir, fmt.Sprintf("%d-", i), known); err != nil {
				failed[i] = fmt.Errorf("%s cannot be fetched: %w", r.Shown, err)
				return nil
			}
			path = filepath.Join(c.dir, c.Last[i].Name)
			files[i], failed[i] = hash(ctx, path, cache.lookup(path))
			return nil
		})
	}
	g.Wait()
	return c, files, failed
}

// lastTaken returns the files of the version that was taken last, as far as they are there.
func (c *copies) lastTaken(ctx context.Context, cache *hashCache) []File {
	var files []File
	for _, name := range c.Taken {
		path := filepath.Join(c.dir, name)
		f, err := hash(ctx, path, cache.lookup(path))
		if err != nil {
			return nil
		}
		files = append(files, f)
	}
	return files
}

// keep writes down what was fetched and, if files are now the source's version, that
// they are. What is neither this version, nor the one before, nor newer, nor being read
// (see [Hold]), is removed.
func (c *copies) keep(files []File) error {
	if len(files) > 0 {
		var names []string
		for _, f := range files {
			names = append(names, filepath.Base(f.Path))
		}
		if !slices.Equal(names, c.Taken) {
			c.Before, c.Taken = c.Taken, names
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	path := filepath.Join(c.dir, copiesFile)
	needed := append(c.names(), copiesFile)
	before, err := os.ReadFile(path)
	if err != nil || string(before) != string(text) {
		var other copies // of a process that looked meanwhile
		if json.Unmarshal(before, &other) == nil {
			needed = append(needed, other.names()...)
		}
		if err := warehouse.ReplaceFile(path, text); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(c.dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), reading) {
			needed = append(needed, e.Name())
			needed = append(needed, held(filepath.Join(c.dir, e.Name()))...)
		}
	}
	for _, e := range entries {
		if slices.Contains(needed, e.Name()) {
			continue
		}
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), ".") && time.Since(info.ModTime()) < forgotten {
			continue
		}
		os.Remove(filepath.Join(c.dir, e.Name()))
	}
	return err
}

// names are all files that are still of use.
func (c *copies) names() []string {
	names := slices.Concat(c.Taken, c.Before)
	for _, f := range c.Last {
		names = append(names, f.Name)
	}
	return names
}

// SweepFetched removes what was fetched of sources that are no more.
func SweepFetched(dir string, sources map[assets.Name]*assets.Source) {
	entries, _ := os.ReadDir(dir) // without the directory nothing was fetched
	for _, e := range entries {
		name, err := assets.ParseName(e.Name())
		if s := sources[name]; err == nil && e.Type()&fs.ModeDir != 0 && (s == nil || len(s.Remote) == 0) {
			os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}
