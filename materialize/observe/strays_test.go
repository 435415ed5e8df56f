package observe

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/seed-4311623e/assets/assets"
)

// looked looks at the source of events of a directory, and returns what was told of.
func looked(t testing.TB, dir string) (look Look, strays []Stray) {
	t.Helper()
	o := Observer{EventDir: dir, Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), OnStray: func(s Stray) { strays = append(strays, s) }}
	looks, err := o.Look(bg, []*assets.Source{loadDone})
	if err != nil {
		t.Fatal(err)
	}
	return looks[loadDone.Name], strays
}

func TestWhatIsNoEventIsPutAside(t *testing.T) {
	id := func(n int) string { return ulid.MustNew(uint64(n), ulid.DefaultEntropy()).String() }
	for _, c := range []struct{ name, file, text string }{
		{"another name", "hello.json", `{"source":"events.load_done","version":"x"}`},
		{"another ending", id(1) + ".txt", "x"},
		{"no JSON", id(1) + ".json", "x"},
		{"nothing", id(1) + ".json", ""},
		{"cut off", id(1) + ".json", `{"source":"events.load_d`},
		{"of no source", id(1) + ".json", `{"version":"x"}`},
		{"of no version", id(1) + ".json", `{"source":"events.load_done"}`},
		{"a version of two lines", id(1) + ".json", `{"source":"events.load_done","version":"a\nb"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, c.file)
			if err := os.WriteFile(path, []byte(c.text), 0o666); err != nil {
				t.Fatal(err)
			}
			// What was pushed besides is not held up.
			if err := Push(dir, loadDone.Name, "good", time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)); err != nil {
				t.Fatal(err)
			}
			look, strays := looked(t, dir)
			if e, _ := eventOf(look.ID); look.Err != "" || e.Version != "good" {
				t.Errorf("%+v", look)
			}
			if len(strays) != 1 || strays[0].Path != path || strays[0].Why == "" {
				t.Fatalf("told of %+v", strays)
			}
			if kept, err := os.ReadFile(filepath.Join(strays[0].Aside, c.file)); err != nil || string(kept) != c.text {
				t.Errorf("%q is kept, %v", kept, err)
			}
			if _, strays := looked(t, dir); strays != nil {
				t.Errorf("told again of %+v", strays)
			}
		})
	}
}

// What somebody is just pushing is left alone; what an interrupted push left is not.
func TestPushesThatWereInterruptedAreForgotten(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{".a.json.1.new": time.Minute, ".b.json.1.new": 24 * time.Hour} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	if _, strays := looked(t, dir); strays != nil {
		t.Errorf("told of %+v", strays)
	}
	entries, _ := os.ReadDir(dir)
	if !slices.EqualFunc(entries, []string{".a.json.1.new"}, func(e os.DirEntry, name string) bool { return e.Name() == name }) {
		t.Error(entries)
	}
}

// FuzzEvents: whatever lies among the events, a look comes to an end without an error of
// the machinery, what was pushed is seen, and the next look finds nothing to tell of.
func FuzzEvents(f *testing.F) {
	f.Add("01ARZ3NDEKTSV4RRFFQ69G5FAV.json", `{"source":"events.load_done","version":"v","at":"2026-03-01T11:00:00Z"}`)
	f.Add("01ARZ3NDEKTSV4RRFFQ69G5FAV.json", `{"source":"events.load_done","version":"v","at":"9999-12-31T23:59:59Z"}`)
	f.Add("01ARZ3NDEKTSV4RRFFQ69G5FAV.json", `{"source":"events.load_done","version":"v","at":"-292277022399-01-01T00:00:00Z"}`)
	f.Add("01ARZ3NDEKTSV4RRFFQ69G5FAV.json", `{"source":"a.b.c","version":"v"}`)
	f.Add("7ZZZZZZZZZZZZZZZZZZZZZZZZZ.json", `{"source":"events.load_done","version":"v"}`)
	f.Add("01arz3ndektsv4rrffq69g5fav.json", `{"source":"events.load_done","version":"v"}`)
	f.Add("x", "")
	f.Fuzz(func(t *testing.T, name, text string) {
		if name != filepath.Base(name) || name == "." || name == ".." || name == asideDir || len(name) > 100 {
			t.Skip()
		}
		dir := t.TempDir()
		if os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666) != nil {
			t.Skip()
		}
		if err := Push(dir, loadDone.Name, "pushed", time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)); err != nil {
			// Nothing comes after the last of all ids; then whoever pushes is told.
			t.Skip()
		}
		look, _ := looked(t, dir)
		if look.Err != "" {
			t.Fatal(look.Err)
		}
		if e, ok := eventOf(look.ID); !ok || e.Version != "pushed" && !slices.ContainsFunc(look.Events, func(e Event) bool { return e.Version == "pushed" }) {
			t.Fatalf("what was pushed is lost: %+v", look)
		}
		again, strays := looked(t, dir)
		if strays != nil || again.ID != look.ID {
			t.Fatalf("looked again it is %s, not %s, and told of %+v", again.ID, look.ID, strays)
		}
	})
}
