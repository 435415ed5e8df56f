package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var tuesday = time.Date(2026, 3, 24, 0, 0, 0, 0, time.UTC)

// texts are the files under a directory, by their path in it.
func texts(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, glob := range []string{"*.csv", "views/*/*.csv"} {
		paths, err := filepath.Glob(filepath.Join(dir, glob))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			name, err := filepath.Rel(dir, path)
			if err != nil {
				t.Fatal(err)
			}
			if out[filepath.ToSlash(name)], err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// The files of the example are what its README says makes them.
func TestTheExamplesFilesAreGenerated(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir, 1, tuesday, 7, ""); err != nil {
		t.Fatal(err)
	}
	made, kept := texts(t, dir), texts(t, "../data")
	if len(made) != 1+7*hours {
		t.Errorf("%d files are made, want %d", len(made), 1+7*hours)
	}
	for name := range made {
		if !bytes.Equal(made[name], kept[name]) {
			t.Errorf("%s is not what the generator writes", name)
		}
	}
}

// A broken hour is its own, and a night does not depend on others.
func TestABrokenHour(t *testing.T) {
	good, broken := t.TempDir(), t.TempDir()
	if err := write(good, 1, tuesday, 3, ""); err != nil {
		t.Fatal(err)
	}
	if err := write(broken, 1, tuesday.AddDate(0, 0, 2), 1, "2026-03-26/03"); err != nil {
		t.Fatal(err)
	}
	before := texts(t, good)
	for name, text := range texts(t, broken) {
		if differs := !bytes.Equal(text, before[name]); differs != (name == "views/2026-03-26/03.csv") {
			t.Errorf("%s differs: %t", name, differs)
		}
	}
}
