package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The files of the example are what its README says makes them.
func TestTheExamplesFilesAreGenerated(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir, 1, 3, 0); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"drivers.csv", "trips/2024-03-01.csv", "trips/2024-03-02.csv", "trips/2024-03-03.csv"} {
		if read(t, dir, name) != read(t, "../data", name) {
			t.Errorf("%s is not what the generator writes", name)
		}
	}
}

func TestNights(t *testing.T) {
	dir, broken := t.TempDir(), t.TempDir()
	for _, err := range []error{write(dir, 1, 5, 0), write(broken, 1, 5, 4)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for night, name := range []string{"trips/2024-03-01.csv", "trips/2024-03-02.csv", "trips/2024-03-03.csv", "trips/2024-03-04.csv"} {
		good, bad := read(t, dir, name), read(t, broken, name)
		if night < 3 && good != bad {
			t.Errorf("%s depends on a night that is still to come", name)
		}
		if strings.Contains(good, "USD") || strings.Contains(bad, "USD") != (night == 3) {
			t.Errorf("%s: only the broken night has another currency", name)
		}
		lines := strings.Split(strings.TrimSpace(good), "\n")
		seen, twice, late, negative := map[string]bool{}, 0, 0, 0
		for _, line := range lines[1:] {
			id := strings.SplitN(line, ",", 2)[0]
			if seen[id] {
				twice++
			}
			seen[id] = true
			if id[:4] != lines[1][:4] {
				late++
			}
			if strings.Contains(line, ",-") {
				negative++
			}
		}
		if twice == 0 || night > 0 && late == 0 {
			t.Errorf("%s: %d delivered twice, %d late, %d negative", name, twice, late, negative)
		}
	}
}
