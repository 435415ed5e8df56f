package observe

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// forge writes another content of the same size and puts the old mtime back, which
// only reading the file can find out: it shows whether a file was read.
func (y *yard) forge(path, content string) {
	y.t.Helper()
	full := filepath.Join(y.dir, path)
	info, err := os.Stat(full)
	if err != nil || info.Size() != int64(len(content)) {
		y.t.Fatal("a forged file must have the size of the old one", err)
	}
	y.write(path, content)
	if err := os.Chtimes(full, info.ModTime(), info.ModTime()); err != nil {
		y.t.Fatal(err)
	}
}

func TestCacheSparesReading(t *testing.T) {
	y := newYard(t)
	s := y.source("*.csv")
	y.write("a.csv", "a\n1\n")
	y.age("a.csv", time.Hour)
	first := y.good(s)
	// What the cache says is believed as long as the file has not moved.
	cache, err := os.ReadFile(y.CachePath)
	if err != nil {
		t.Fatal(err)
	}
	hash := first.Files[0].Hash
	lie := strings.Replace(string(cache), hash, strings.Repeat("0", len(hash)), 1)
	if err := os.WriteFile(y.CachePath, []byte(lie), 0o666); err != nil {
		t.Fatal(err)
	}
	if y.good(s).ID == first.ID {
		t.Error("a file that has not moved was read again")
	}
	if err := os.Remove(y.CachePath); err != nil {
		t.Fatal(err)
	}
	if y.good(s).ID != first.ID {
		t.Error("without the cache a file was not read")
	}
}

// A file written within the time step of its mtime could be written again without
// moving: such a hash is not trusted.
func TestCacheDistrustsYoungFiles(t *testing.T) {
	y := newYard(t)
	s := y.source("*.csv")
	y.write("a.csv", "a\n1\n")
	first := y.good(s)
	y.forge("a.csv", "a\n2\n")
	if y.good(s).ID == first.ID {
		t.Error("the second write within the mtime's step was missed")
	}
}

// A file with another content, the size and the mtime of before: cp -p does that.
func TestCacheNoticesAForgedMtime(t *testing.T) {
	y := newYard(t)
	s := y.source("*.csv")
	y.write("a.csv", "a\n1\n")
	y.age("a.csv", time.Hour)
	first := y.good(s)
	y.forge("a.csv", "a\n2\n")
	if y.good(s).ID == first.ID {
		t.Error("the inode says that the file changed, and it was not read again")
	}
}

func TestCacheNoticesAReplacedFile(t *testing.T) {
	y := newYard(t)
	s := y.source("a.csv")
	y.write("a.csv", "a\n1\n")
	y.age("a.csv", time.Hour)
	y.write("b.csv", "a\n2\n")
	y.age("b.csv", time.Hour)
	first := y.good(s)
	if err := os.Rename(filepath.Join(y.dir, "b.csv"), filepath.Join(y.dir, "a.csv")); err != nil {
		t.Fatal(err)
	}
	if y.good(s).ID == first.ID {
		t.Error("another file of the same name, size and mtime was taken for the old one")
	}
}

func TestBrokenCacheIsEmpty(t *testing.T) {
	for _, content := range []string{"", "{", `{"format": "files-0", "sources": {"raw.orders": {}}}`, `{"format": "files-1", "sources": 3}`} {
		y := newYard(t)
		y.write("a.csv", "a\n1\n")
		y.write(".assets/files.json", content)
		y.good(y.source("*.csv"))
		if c := readCache(y.CachePath); len(c.all) != 1 {
			t.Errorf("after %q the cache holds %d files", content, len(c.all))
		}
	}
}

// A look at some sources keeps what is known of the others' files.
func TestCacheKeepsOtherSources(t *testing.T) {
	y := newYard(t)
	y.write("a.csv", "a\n1\n")
	y.write("b.csv", "a\n2\n")
	other := y.source("b.csv")
	other.Name = assets.MustName("raw.other")
	y.good(y.source("a.csv"))
	y.good(other)
	if c := readCache(y.CachePath); len(c.all) != 2 {
		t.Errorf("the cache holds %d files, want 2", len(c.all))
	}
}

func TestUnwritableCacheIsNoError(t *testing.T) {
	y := newYard(t)
	y.write("a.csv", "a\n1\n")
	y.write("file", "")
	y.CachePath = filepath.Join(y.dir, "file", "cache.json")
	y.good(y.source("*.csv"))
}

func TestChanged(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(y *yard)
		want string
	}{
		{"nothing", func(y *yard) {}, ""},
		{"touched", func(y *yard) { y.age("b.csv", time.Minute) }, ""},
		{"a new file", func(y *yard) { y.write("c.csv", "a\n3\n") }, ""},
		{"written", func(y *yard) { y.write("b.csv", "a\n3\n") }, "b.csv"},
		{"written within the mtime's step", func(y *yard) { y.forge("b.csv", "a\n3\n") }, "b.csv"},
		{"vanished", func(y *yard) { os.Remove(filepath.Join(y.dir, "b.csv")) }, "b.csv"},
		{"emptied", func(y *yard) { y.write("b.csv", "") }, "b.csv"},
	} {
		t.Run(test.name, func(t *testing.T) {
			y := newYard(t)
			y.write("a.csv", "a\n1\n")
			y.write("b.csv", "a\n2\n")
			look := y.good(y.source("*.csv"))
			test.do(y)
			want := test.want
			if want != "" {
				want = filepath.Join(y.dir, want)
			}
			if got, err := Changed(bg, look); got != want || err != nil {
				t.Errorf("changed: %q, %v; want %q", got, err, want)
			}
		})
	}
}

// meddler is a context that does something whenever it is asked for its error,
// which hashing does before each piece of a file it reads.
type meddler struct {
	context.Context
	do func()
}

func (m meddler) Err() error { m.do(); return nil }

// A file that never stands still is reported, not read half; one that does at
// last is read again.
func TestFileThatChangesWhileHashed(t *testing.T) {
	y := newYard(t)
	y.write("a.csv", "a\n1\n")
	path := filepath.Join(y.dir, "a.csv")
	left := 1 << 20
	ctx := meddler{bg, func() {
		if left--; left < 0 {
			return
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString("1\n"); err != nil {
			t.Fatal(err)
		}
	}}
	if _, err := hash(ctx, path, File{}); err == nil || err.Error() != path+" changes while it is read: wait until it is written" {
		t.Errorf("hashed a file under the writer's hands: %v", err)
	}
	left = 2
	f, err := hash(ctx, path, File{})
	if err != nil {
		t.Fatal(err)
	}
	if still, err := hash(bg, path, File{}); err != nil || still.Hash != f.Hash {
		t.Errorf("hash %s of a file that came to rest, want %s, %v", f.Hash, still.Hash, err)
	}
}
