package daemon

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/planner"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watching is a watcher of a directory, and what it tells.
type watching struct {
	*testing.T
	dir   string
	w     *watcher
	tells chan change
}

func watch(t *testing.T, globs ...string) *watching {
	dir := t.TempDir()
	b := &watching{T: t, dir: dir, tells: make(chan change, 100)}
	w, err := newWatcher(zerolog.Nop(), func(c change) { b.tells <- c })
	if err != nil {
		t.Fatal(err)
	}
	b.w = w
	of := interest{places: map[assets.Name]place{}, project: map[string]bool{filepath.Join(dir, "p.hcl"): true}, root: dir,
		warehouse: filepath.Join(dir, "warehouse.duckdb"), events: filepath.Join(dir, ".assets", "events")}
	for i, glob := range globs {
		name := assets.MustName("s" + string(rune('0'+i)))
		p, local := placeOf(&assets.Source{Name: name, Reader: assets.Reader{Glob: glob, Dir: dir}})
		if !local {
			t.Fatal(glob)
		}
		of.places[name] = p
	}
	w.look(of)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { w.run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return b
}

func (b *watching) write(path string) {
	b.Helper()
	path = filepath.Join(b.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o666); err != nil {
		b.Fatal(err)
	}
}

// await waits for a tell that satisfies want; others before it do not matter, as
// what is told too much costs a look.
func (b *watching) await(what string, want func(change) bool) {
	b.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case c := <-b.tells:
			if want(c) {
				return
			}
		case <-limit:
			b.Fatalf("nothing was told of %s", what)
		}
	}
}

func ofSource(name string) func(change) bool {
	return func(c change) bool { return c.sources[assets.MustName(name)] }
}

func TestFilesOfSourcesAreWatched(t *testing.T) {
	b := watch(t, "a.csv", "day/*.csv", "deep/**/*.parquet", "*/*/x.json")
	b.write("a.csv")
	b.await("a file", ofSource("s0"))
	b.write("day/1.csv") // in a directory that was not there
	b.await("a file in a new directory", ofSource("s1"))
	b.write("day/2.csv")
	b.await("a second file there", ofSource("s1"))
	b.write("deep/er/and/deeper/1.parquet")
	b.await("a file far below", ofSource("s2"))
	b.write("deep/er/and/deeper/2.parquet")
	b.await("another one", ofSource("s2"))
	if err := os.Rename(filepath.Join(b.dir, "deep/er"), filepath.Join(b.dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	b.await("a directory that was moved away", ofSource("s2"))
	if err := os.Remove(filepath.Join(b.dir, "a.csv")); err != nil {
		t.Fatal(err)
	}
	b.await("a file that was removed", ofSource("s0"))
	for _, name := range []string{"s0", "s1", "s2", "s3"} {
		if !b.w.trusts(assets.MustName(name)) {
			t.Errorf("%s is polled as well", name)
		}
	}
}

func TestFilesOfTheProjectAreWatched(t *testing.T) {
	b := watch(t)
	project := func(c change) bool { return c.project }
	b.write("p.hcl")
	b.await("an edit", project)
	b.write("more/sql/a.sql")
	b.await("a new directory", project)
	b.write("more/sql/b.sql")
	b.await("a file in it", project)
	b.write(".assets/events/x.json")
	b.await("a pushed event", func(c change) bool { return c.events })
	b.write(".assets/events/y.json")
	b.await("another one", func(c change) bool { return c.events })
	b.write("warehouse.duckdb")
	b.await("the warehouse", func(c change) bool { return c.warehouse })
}

// One delivery of many files is one thing to look at.
func TestEventsAreCollected(t *testing.T) {
	b := watch(t, "*.csv")
	for _, file := range []string{"1.csv", "2.csv", "3.csv"} {
		b.write(file)
	}
	b.write("p.hcl")
	b.await("all of it", func(c change) bool { return c.sources[assets.MustName("s0")] && c.project })
}

func TestDirectories(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"a/b/c", "a/.hidden/x", "z"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for glob, want := range map[string][]string{
		"a/*.csv":       {"a"},
		"a/*/*.csv":     {"a", "a/b"},
		"a/**/*.csv":    {"a", "a/b", "a/b/c"},
		"none/yet/*.x":  {"."},
		"z/none/**/*.x": {"z"},
	} {
		p, _ := placeOf(&assets.Source{Reader: assets.Reader{Glob: glob, Dir: dir}})
		got := map[string]bool{}
		for _, d := range p.directories() {
			rel, err := filepath.Rel(dir, d)
			if err != nil {
				t.Fatal(err)
			}
			got[rel] = true
		}
		if list := slices.Sorted(maps.Keys(got)); !slices.Equal(list, want) {
			t.Errorf("%s: %v, want %v", glob, list, want)
		}
	}
}

func TestWhatIsNotInThisFileSystem(t *testing.T) {
	for _, glob := range []string{"", "https://example.com/a.csv", "s3://bucket/*.parquet"} {
		if p, local := placeOf(&assets.Source{Reader: assets.Reader{Glob: glob, Dir: "/"}}); local {
			t.Errorf("%q is looked for in %s", glob, p.base)
		}
	}
}

// What happens behind a symbolic link is not told: its source is polled.
func TestLinkedFilesArePolled(t *testing.T) {
	elsewhere := t.TempDir()
	dir := t.TempDir()
	for link, to := range map[string]string{"linked": elsewhere, "latest.csv": filepath.Join(elsewhere, "1.csv")} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(real, "plain"), 0o777); err != nil {
		t.Fatal(err)
	}
	for glob, want := range map[string]bool{"plain/*.csv": false, "linked/*.csv": true, "latest.csv": true, "*/x.csv": true} {
		p, ok := placeOf(&assets.Source{Reader: assets.Reader{Glob: glob, Dir: real}})
		if !ok || p.linked(map[string]bool{}) != want {
			t.Errorf("%s: linked is not %v", glob, want)
		}
	}
}

// late is a keeper beside which something happens just after the project was loaded.
type late struct {
	Keeper
	happens func()
}

func (l late) Load() func(context.Context) *session.Loaded {
	load := l.Keeper.Load()
	return func(ctx context.Context) *session.Loaded {
		loaded := load(ctx)
		l.happens()
		return loaded
	}
}

// A file that changes after the first look at it, and before anything is watched, is not
// left to the next poll.
func TestWhatHappensBeforeAnythingIsWatchedIsSeen(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("project.hcl", `
project "p" {}
source "raw.orders" { files = "orders.csv" }
asset "orders" { sql = "select id from raw.orders" }
`)
	write("orders.csv", "id\n1\n")
	keeper := session.NewKeeper(session.Options{Dir: dir, Now: time.Now, Log: zerolog.Nop()})
	defer keeper.Close()
	built := New(Options{Keeper: Keep(keeper), Dir: dir, Clock: NewClock(), Log: zerolog.Nop(), Once: true})
	if err := built.Run(t.Context(), t.Context()); err != nil { // else the run would find out
		t.Fatal(err)
	}
	var once sync.Once
	k := late{Keep(keeper), func() { once.Do(func() { write("orders.csv", "id\n1\n2\n") }) }}
	stop, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	orders := planner.Key{Asset: assets.MustName("orders")}
	seen := false
	d := New(Options{Keeper: k, Dir: dir, Clock: NewClock(), Log: zerolog.Nop(), Watch: func(s Snapshot) {
		if s.Input.State.Last[orders].Rows == 2 {
			seen = true
			cancel()
		}
	}})
	if err := d.Run(stop, stop); err != nil {
		t.Fatal(err)
	}
	if !seen {
		t.Error("the change was not seen")
	}
}
