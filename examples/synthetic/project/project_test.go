package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestShapeOfAThousand(t *testing.T) {
	tables := Tables(Options{Tables: 1000, Seed: 1})
	byLayer, bySize, bytes := map[int]int{}, map[int]int{}, 0
	for _, table := range tables {
		byLayer[table.Layer]++
		bySize[len(table.Inputs)]++
		bytes += len(table.SQL)
	}
	if byLayer[0] != 100 || bySize[0] != 100 {
		t.Errorf("%d sources, want one table in ten", byLayer[0])
	}
	if len(byLayer) != layers+1 {
		t.Errorf("%d layers of assets, want %d", len(byLayer)-1, layers)
	}
	for inputs := 1; inputs <= 3; inputs++ {
		if bySize[inputs] < 100 {
			t.Errorf("%d assets with %d inputs, want a good share of each", bySize[inputs], inputs)
		}
	}
	if mean := bytes / 900; mean < 450 || mean > 750 {
		t.Errorf("a query has %d bytes on average, want about 500", mean)
	}
}

func TestTablesStandAfterTheirInputs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Options{Tables: rapid.IntRange(2, 300).Draw(t, "tables"), Seed: rapid.Uint64().Draw(t, "seed")}
		tables := Tables(o)
		if len(tables) != o.Tables {
			t.Fatalf("%d tables, want %d", len(tables), o.Tables)
		}
		seen := map[string]bool{}
		for _, table := range tables {
			if (table.Layer == 0) != (len(table.Inputs) == 0) || len(table.Inputs) > 3 {
				t.Fatalf("%s in layer %d has inputs %v", table.Name, table.Layer, table.Inputs)
			}
			for _, input := range table.Inputs {
				if !seen[input] || !strings.Contains(table.SQL, input) {
					t.Fatalf("%s comes before its input %s, or does not read it", table.Name, input)
				}
			}
			if strings.ContainsAny(table.SQL, "{}") {
				t.Fatalf("%s has a hole left:\n%s", table.Name, table.SQL)
			}
			if seen[table.Name] {
				t.Fatalf("%s twice", table.Name)
			}
			seen[table.Name] = true
		}
	})
}

func TestSameSeedSameFiles(t *testing.T) {
	contents := func(seed uint64) map[string]string {
		dir, files := t.TempDir(), map[string]string{}
		if err := Write(dir, Options{Tables: 60, Rows: 20, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			name, _ := filepath.Rel(dir, path)
			files[name] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	first := contents(1)
	if diff := cmp.Diff(first, contents(1)); diff != "" {
		t.Errorf("the same seed wrote other files:\n%s", diff)
	}
	if cmp.Equal(first, contents(2)) {
		t.Error("two seeds wrote the same files")
	}
	if len(first) < 60 {
		t.Errorf("%d files, want one for each table and more", len(first))
	}
}
