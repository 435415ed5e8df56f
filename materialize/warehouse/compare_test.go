package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// compare compares what two queries yield.
func compare(t interface {
	Helper()
	Fatal(...any)
}, c *Conn, was, is string, key ...string) Comparison {
	t.Helper()
	out, err := c.Compare(context.Background(), "("+was+")", "("+is+")", key, 100)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// counts are the numbers of a comparison: rows added, removed and changed.
func counts(c Comparison) [3]int64 { return [3]int64{c.Added, c.Removed, c.Changed} }

// What counts as equal, value by value.
func TestCompareValues(t *testing.T) {
	c := memoryConn(t)
	for _, v := range []struct {
		was, is string
		changed int64
	}{
		{"1", "1", 0},
		{"1", "2", 1},
		{"NULL::INTEGER", "NULL::INTEGER", 0},
		{"NULL::INTEGER", "0", 1},
		{"''", "NULL::VARCHAR", 1},
		{"'nan'::DOUBLE", "'nan'::DOUBLE", 0},
		{"'nan'::DOUBLE", "NULL::DOUBLE", 1},
		{"0.0::DOUBLE", "-0.0::DOUBLE", 0},
		{"'a'", "'A'", 1},
		{"[1, 2]", "[2, 1]", 1},
		{"[1, NULL]", "[1, NULL]", 0},
		{"[NULL]::INTEGER[]", "[]::INTEGER[]", 1},
		{"{'a': 1, 'b': NULL::DOUBLE}", "{'a': 1, 'b': NULL::DOUBLE}", 0},
		{"{'a': 1}", "{'a': 2}", 1},
		{"MAP {'a': 1}", "MAP {'a': 2}", 1},
		{"union_value(n := 1)", "union_value(n := 1)", 0},
		{"union_value(n := 1)", "union_value(n := 2)", 1},
		{"INTERVAL 30 DAYS", "INTERVAL 1 MONTH", 1},
		{"170141183460469231731687303715884105727", "170141183460469231731687303715884105726", 1},
		{"uuid '00000000-0000-0000-0000-000000000001'", "uuid '00000000-0000-0000-0000-000000000002'", 1},
		// The type changed.
		{"1::INTEGER", "1::BIGINT", 0},
		{"9007199254740993::BIGINT", "9007199254740992::HUGEINT", 1},
		{"1::INTEGER", "1.0::DOUBLE", 0},
		{"1.50::DECIMAL(9,2)", "1.5::DECIMAL(9,1)", 0},
		{"1.5::DOUBLE", "'1.5'", 0},
		{"1.5::DOUBLE", "'1.50'", 1},
		{"DATE '2024-01-01'", "TIMESTAMP '2024-01-01'", 0},
		{"DATE '2024-01-01'", "TIMESTAMP '2024-01-01 01:00:00'", 1},
		{"true", "'true'", 0},
		{"[1]", "['1']", 0}, // they print alike
		{"[1]", "['x']", 1},
	} {
		was, is := "SELECT 7 AS id, "+v.was+" AS v", "SELECT 7 AS id, "+v.is+" AS v"
		keyed := compare(t, c, was, is, "id")
		if got := counts(keyed); got != [3]int64{0, 0, v.changed} || keyed.Columns[1].Changed != v.changed {
			t.Errorf("%s → %s by key: %v", v.was, v.is, got)
		}
		if got := counts(compare(t, c, was, is)); got != [3]int64{v.changed, v.changed, 0} {
			t.Errorf("%s → %s as whole rows: %v", v.was, v.is, got)
		}
	}
}

// Names are DuckDB's: of any characters, and in any case.
func TestCompareNamesOfColumns(t *testing.T) {
	c := memoryConn(t)
	got := compare(t, c,
		`SELECT 1 AS "the ""key""", 1 AS e0, 2 AS "Here", 3 AS gone`,
		`SELECT 1 AS "the ""key""", 1 AS E0, 5 AS here, 4 AS "new.column"`, `The "Key"`)
	text := func(values ...string) []sql.NullString {
		out := make([]sql.NullString, len(values))
		for i, v := range values {
			if v != "NULL" {
				out[i] = sql.NullString{String: v, Valid: true}
			}
		}
		return out
	}
	want := Comparison{
		Key: []string{`the "key"`}, WasRows: 1, IsRows: 1, Changed: 1,
		Columns: []ComparedColumn{
			{Name: `the "key"`, Was: "INTEGER", Is: "INTEGER"}, {Name: "E0", Was: "INTEGER", Is: "INTEGER"},
			{Name: "here", Was: "INTEGER", Is: "INTEGER", Changed: 1}, {Name: "new.column", Is: "INTEGER"}, {Name: "gone", Was: "INTEGER"},
		},
		ChangedRows: []ComparedRow{{Was: text("1", "1", "2", "NULL", "3"), Is: text("1", "1", "5", "4", "NULL"), Times: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCompareSaysWhyAKeyWasNotUsed(t *testing.T) {
	c := memoryConn(t)
	for _, k := range []struct {
		was, is, key string
		want         string
	}{
		{"SELECT 1 AS id", "SELECT 1 AS id", "nope", "neither version has a column nope"},
		{"SELECT 1 AS id", "SELECT 1 AS id, 2 AS n", "n", "the previous version has no column n"},
		{"SELECT 1 AS id, 2 AS n", "SELECT 1 AS id", "n", "the published version has no column n"},
		{"SELECT 1 AS id", "SELECT unnest([1, 1]) AS id", "id", "id is not unique: the published version repeats 1 of its values"},
		{"SELECT unnest([NULL, NULL]) AS id", "SELECT 1 AS id", "id", "id is not unique: the previous version repeats 1 of its values"},
		{"SELECT NULL::INTEGER AS id", "SELECT NULL::INTEGER AS id", "id", ""},
	} {
		got := compare(t, c, k.was, k.is, k.key)
		if got.NoKey != k.want || (got.Key == nil) != (k.want != "") {
			t.Errorf("%s → %s by %s: %q, key %v", k.was, k.is, k.key, got.NoKey, got.Key)
		}
	}
}

func TestCompareWithoutACommonColumn(t *testing.T) {
	got := compare(t, memoryConn(t), "SELECT 1 AS a", "SELECT unnest([1, 2]) AS b")
	if counts(got) != [3]int64{2, 1, 0} {
		t.Error(got)
	}
}

// cells is a random row of the columns k, k"2, v and w, as SQL literals.
func cells(t *rapid.T) []string {
	pick := func(label string, literals ...string) string { return rapid.SampledFrom(literals).Draw(t, label) }
	return []string{
		pick("k", "NULL", "1", "2", "3"), pick("k2", "NULL", "''", "'a'", "'NULL'"),
		pick("v", "NULL", "'nan'", "0.0", "-0.0", "1.5", "'-inf'"), pick("w", "NULL", "'x'", "'X'"),
	}
}

var cellTypes = []string{`k INTEGER`, `"k""2" VARCHAR`, `v DOUBLE`, `w VARCHAR`}

// meant is a row as it is compared.
func meant(row []string, columns int) string {
	return strings.ReplaceAll(strings.Join(row[:columns], "|"), "-0.0", "0.0")
}

// On small random tables with NULLs, NaNs and repeated rows, the comparison is
// the one that counting in Go gives.
func TestCompareAgainstCounting(t *testing.T) {
	c := memoryConn(t)
	rapid.Check(t, func(t *rapid.T) {
		var tables [2][][]string
		var widths [2]int
		for side, name := range []string{"was", "is"} {
			tables[side] = rapid.SliceOfN(rapid.Custom(cells), 0, 8).Draw(t, name)
			widths[side] = rapid.IntRange(3, 4).Draw(t, name+" columns")
			statements := fmt.Sprintf("CREATE OR REPLACE TABLE t_%s (%s)", name, strings.Join(cellTypes[:widths[side]], ", "))
			for _, row := range tables[side] {
				statements += fmt.Sprintf("; INSERT INTO t_%s VALUES (%s)", name, strings.Join(row[:widths[side]], ", "))
			}
			if err := c.Exec(context.Background(), statements); err != nil {
				t.Fatal(err)
			}
		}
		keys := rapid.IntRange(0, 2).Draw(t, "columns in the key")
		got, err := c.Compare(context.Background(), "t_was", "t_is", []string{"k", `k"2`}[:keys], 100)
		if err != nil {
			t.Fatal(err)
		}
		common := min(widths[0], widths[1])
		want := countByKey(tables, common, keys)
		if keys == 0 || want == nil {
			want = countMultisets(tables, common)
		}
		if used := len(got.Key); used > 0 != (keys > 0 && got.NoKey == "") || used > 0 != (len(want) == 3+common) {
			t.Fatalf("key %v, not used because %q", got.Key, got.NoKey)
		}
		have := []int64{got.Added, got.Removed, got.Changed}
		for _, column := range got.Columns {
			if len(got.Key) > 0 && column.Was != "" && column.Is != "" {
				have = append(have, column.Changed)
			}
		}
		if !slices.Equal(have, want) {
			t.Fatalf("got %v, want %v", have, want)
		}
		for i, rows := range [][]ComparedRow{got.AddedRows, got.RemovedRows, got.ChangedRows} {
			var n int64
			for _, row := range rows {
				n += row.Times
				if (row.Was == nil) != (i == 0) || (row.Is == nil) != (i == 1) {
					t.Fatalf("example of kind %d: %v", i, row)
				}
			}
			if n != want[i] {
				t.Fatalf("%d examples of kind %d, want %d", n, i, want[i])
			}
		}
	})
}

// countByKey counts rows added, removed and changed, then changes of each common
// column; nil if the key does not tell rows apart.
func countByKey(tables [2][][]string, common, keys int) []int64 {
	var byKey [2]map[string][]string
	for side, rows := range tables {
		byKey[side] = map[string][]string{}
		for _, row := range rows {
			key := meant(row, keys)
			if byKey[side][key] != nil {
				return nil
			}
			byKey[side][key] = row
		}
	}
	counts := make([]int64, 3+common)
	for key, is := range byKey[1] {
		was := byKey[0][key]
		if was == nil {
			counts[0]++
			continue
		}
		if meant(was, common) != meant(is, common) {
			counts[2]++
		}
		for i := range common {
			if meant(was[i:], 1) != meant(is[i:], 1) {
				counts[3+i]++
			}
		}
	}
	for key := range byKey[0] {
		if byKey[1][key] == nil {
			counts[1]++
		}
	}
	return counts
}

func countMultisets(tables [2][][]string, common int) []int64 {
	net := map[string]int64{}
	for side, rows := range tables {
		for _, row := range rows {
			net[meant(row, common)] += int64(2*side - 1)
		}
	}
	counts := make([]int64, 3)
	for _, n := range net {
		counts[0] += max(n, 0)
		counts[1] += max(-n, 0)
	}
	return counts
}

// BenchmarkCompare compares two versions of a million rows of five columns, of
// which one in a thousand changed.
func BenchmarkCompare(b *testing.B) {
	c := memoryConn(b)
	table := `CREATE TABLE %s AS SELECT i AS id, i %% 1000 AS k, i * 1.5 AS v, 'name ' || (i %% 100000) AS name, i %% 1000 = %d AS f FROM range(%d, %[3]d + 1000000) r(i)`
	if err := c.Exec(context.Background(), fmt.Sprintf(table, "t_was", 7, 0)+";"+fmt.Sprintf(table, "t_is", 8, 10)); err != nil {
		b.Fatal(err)
	}
	for _, key := range [][]string{{"id"}, {"id", "name"}, nil} {
		b.Run(strings.Join(key, ","), func(b *testing.B) {
			for b.Loop() {
				if _, err := c.Compare(context.Background(), "t_was", "t_is", key, 10); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
