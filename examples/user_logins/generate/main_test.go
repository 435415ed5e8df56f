package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

func TestCommittedDataIsWhatTheGeneratorWrites(t *testing.T) {
	dir := t.TempDir()
	for _, code := range []string{"uk", "fr"} {
		if err := write(dir, countries[code], 1); err != nil {
			t.Fatal(err)
		}
		written, err := filepath.Glob(filepath.Join(dir, code, "*.csv"))
		if err != nil || len(written) != 1+len(months) {
			t.Fatalf("%s: wrote %v (%v)", code, written, err)
		}
		for _, path := range written {
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			committed := filepath.Join("..", "data", code, filepath.Base(path))
			want, err := os.ReadFile(committed)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs from what the generator writes: run the command in doc.go and commit the result", committed)
			}
		}
	}
}

func TestEncodingsDiffer(t *testing.T) {
	for code, wantUTF8 := range map[string]bool{"uk": true, "fr": false, "de": true} {
		dir := t.TempDir()
		if err := write(dir, countries[code], 7); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, code, "users.csv"))
		if err != nil {
			t.Fatal(err)
		}
		if utf8.Valid(text) != wantUTF8 {
			t.Errorf("%s: users.csv is UTF-8: %t, want %t", code, !wantUTF8, wantUTF8)
		}
	}
}

func TestSeedsDiffer(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for dir, seed := range map[string]uint64{a: 1, b: 2} {
		if err := write(dir, countries["uk"], seed); err != nil {
			t.Fatal(err)
		}
	}
	first, _ := os.ReadFile(filepath.Join(a, "uk", "users.csv"))
	second, _ := os.ReadFile(filepath.Join(b, "uk", "users.csv"))
	if len(first) == 0 || bytes.Equal(first, second) {
		t.Error("two seeds wrote the same users")
	}
}
