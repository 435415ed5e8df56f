package observe

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// cacheFormat names the layout of the cache file; another one is not read.
const cacheFormat = "files-3"

// hashCache keeps what is known of each source's files. A source that was not
// looked at keeps its entries, one that was keeps those of the files it has.
type hashCache struct {
	Format  string                             `json:"format"`
	Sources map[assets.Name]map[string]hashOne `json:"sources"`
	// Unsettled are files of each source that may still be being written.
	Unsettled map[assets.Name]map[string]sighting `json:"unsettled,omitempty"`
	all       map[string]hashOne                  // by path, of every source, as read
	changed   bool
}

// hashOne is a File without its path. Times are nanoseconds since 1970, which a
// file system keeps exactly.
type hashOne struct {
	Size    int64  `json:"size"`
	ModTime int64  `json:"mtime"`
	Inode   uint64 `json:"inode"`
	Changed int64  `json:"changed"`
	Hash    string `json:"hash"`
	Hashed  int64  `json:"hashed"`

	Dialect    *Dialect `json:"dialect,omitempty"`
	DialectKey string   `json:"dialect_key,omitempty"`
}

// readCache reads the cache file. One that is not there, broken or of another
// format is as good as an empty one.
func readCache(path string) *hashCache {
	c := &hashCache{}
	if data, err := os.ReadFile(path); err != nil || json.Unmarshal(data, c) != nil || c.Format != cacheFormat {
		c = &hashCache{Format: cacheFormat}
	}
	c.all = map[string]hashOne{}
	for _, files := range c.Sources {
		maps.Copy(c.all, files)
	}
	return c
}

// lookup returns what is known of a file, or the zero File.
func (c *hashCache) lookup(path string) File {
	e, ok := c.all[path]
	if !ok {
		return File{}
	}
	return File{Path: path, Size: e.Size, ModTime: time.Unix(0, e.ModTime), Inode: e.Inode, Changed: e.Changed, Hash: e.Hash, Hashed: time.Unix(0, e.Hashed),
		dialect: e.Dialect, dialectKey: e.DialectKey}
}

// remember replaces what is known of a source's files.
func (c *hashCache) remember(source assets.Name, files []File) {
	fresh := make(map[string]hashOne, len(files))
	for _, f := range files {
		if f.Hash != "" {
			fresh[f.Path] = hashOne{f.Size, f.ModTime.UnixNano(), f.Inode, f.Changed, f.Hash, f.Hashed.UnixNano(), f.dialect, f.dialectKey}
		}
	}
	if maps.Equal(fresh, c.Sources[source]) {
		return
	}
	if c.Sources == nil {
		c.Sources = map[assets.Name]map[string]hashOne{}
	}
	c.Sources[source], c.changed = fresh, true
}

// watch replaces what is known of a source's files that are not taken yet.
func (c *hashCache) watch(source assets.Name, unsettled map[string]sighting) {
	if len(unsettled)+len(c.Unsettled[source]) == 0 {
		return
	}
	if c.Unsettled == nil {
		c.Unsettled = map[assets.Name]map[string]sighting{}
	}
	c.changed = true
	if c.Unsettled[source] = unsettled; len(unsettled) == 0 {
		delete(c.Unsettled, source)
	}
}

// write replaces the cache file if anything changed. A reader sees the old file or the new one.
func (c *hashCache) write(path string) error {
	if path == "" || !c.changed {
		return nil
	}
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return warehouse.ReplaceFile(path, data)
}
