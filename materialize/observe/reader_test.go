package observe

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Pinning types loses nothing of what DuckDB finds out about files, and never
// takes one column for another: each value carries its column's name.
func TestPinnedReadsWhatWasWritten(t *testing.T) {
	y := newYard(t)
	kinds := map[string]func(i int) string{
		"num": func(i int) string { return fmt.Sprint(i) },
		"txt": func(i int) string { return fmt.Sprintf("txt %d", i) },
		"day": func(i int) string { return fmt.Sprintf("2024-01-%02d", 1+i%28) },
		"eur": func(i int) string { return fmt.Sprintf("%02d/02/2024", 1+i%28) },
		"mix": func(i int) string { return []string{"1", "x", "", "2024-01-01", "1.5"}[i%5] },
		"Odd": func(i int) string { return fmt.Sprintf("it's \"%d\"", i) },
		"nil": func(i int) string { return "" },
	}
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		y.dir = mustTemp(t)
		defer os.RemoveAll(y.dir)
		type cells = map[string]string
		var want []cells
		all := map[string]bool{"num": true}
		for f := range rapid.IntRange(1, 3).Draw(t, "files") {
			columns := append(rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 5, rapid.ID[string]).Draw(t, "columns"), "num")
			columns = slices.Compact(slices.Sorted(slices.Values(columns)))
			if len(columns) < 2 {
				columns = append(columns, "txt") // one column shows no delimiter
			}
			columns = rapid.Permutation(columns).Draw(t, "order")
			delim := rapid.SampledFrom([]string{",", ";", "|", "\t"}).Draw(t, "delimiter")
			quote := func(s string) string {
				if strings.ContainsAny(s, "\"'") {
					return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
				}
				return s
			}
			text := strings.Join(columns, delim) + "\n"
			for i := range rapid.IntRange(1, 6).Draw(t, "rows") {
				row, line := cells{}, []string{}
				for _, name := range columns {
					row[name] = kinds[name](i + 10*f)
					line = append(line, quote(row[name]))
					all[name] = true
				}
				text += strings.Join(line, delim) + "\n"
				want = append(want, row)
			}
			y.write(fmt.Sprintf("%d.csv", f), text)
		}
		look := y.look(y.source("*.csv"))
		if look.Err != "" {
			t.Fatal(look.Err)
		}
		if len(look.Columns) != len(all) {
			t.Fatalf("columns %v, want %v", look.Columns, all)
		}
		var lines []string
		for _, row := range want {
			var line []string
			for _, c := range look.Columns {
				v := row[c.Name]
				switch {
				case v == "":
					v = "NULL"
				case c.Name == "eur" && c.Type != "VARCHAR":
					v = "2024-02-" + v[:2]
				}
				if v != "NULL" && c.Type == "TIMESTAMP" {
					v += " 00:00:00" // a second date format in one file is taken for that of timestamps
				}
				line = append(line, v)
			}
			lines = append(lines, strings.Join(line, " "))
		}
		if got := y.table(look.SQL); got != strings.Join(lines, "\n") {
			t.Fatalf("%s\nread\n%s\nwant\n%s", look.SQL, got, strings.Join(lines, "\n"))
		}
		read := reader{format: "csv", options: map[string]string{"hive_partitioning": "false", "union_by_name": "true"}, files: look.Files}
		if sniffed, pinned := y.table(read.sniff()), y.table(look.SQL); sniffed != pinned {
			t.Fatalf("sniffed\n%s\npinned\n%s", sniffed, pinned)
		}
	})
}

func mustTemp(t *rapid.T) string {
	dir, err := os.MkdirTemp("", "observe")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
