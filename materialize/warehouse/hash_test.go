package warehouse

import (
	"context"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
)

// describe returns the columns of a query.
func describe(t interface {
	Helper()
	Fatal(...any)
}, c *Conn, query string) []assets.Column {
	t.Helper()
	columns, err := c.Describe(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

func digestOf(t interface {
	Helper()
	Fatal(...any)
}, c *Conn, query string) assets.Digest {
	t.Helper()
	columns := describe(t, c, query)
	var rows int64
	var sums string
	if err := c.QueryRow(context.Background(), HashQuery("("+query+")", columns)).Scan(&rows, &sums); err != nil {
		t.Fatal(err)
	}
	return ContentDigest(columns, rows, sums)
}

func memoryConn(t testing.TB) *Conn {
	t.Helper()
	db, err := Memory(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); db.Close() })
	return c
}

// Each pair differs for a reader, and most are equal to one of the simpler ways
// to hash a table.
func TestContentDigestTellsApart(t *testing.T) {
	c := memoryConn(t)
	for _, pair := range [][2]string{
		{"SELECT unnest([1, 1, 2]) a", "SELECT unnest([3, 3, 2]) a"},
		{"SELECT 1 a", "SELECT unnest([1, 1, 1]) a"},
		{"SELECT 0 a", "SELECT unnest([0, 0]) a"},
		{"SELECT 1 a", "SELECT 1 b"},
		{"SELECT 1 a", "SELECT 1::BIGINT a"},
		{"SELECT 1 a, 2 b", "SELECT 2 b, 1 a"},
		{"SELECT 1::DECIMAL(5,2) a", "SELECT 1::DECIMAL(6,3) a"},
		{"SELECT {'a': 1} s", "SELECT {'b': 1} s"},
		{"SELECT NULL::INT a, 1 b", "SELECT 1 a, NULL::INT b"},
		{"SELECT NULL::INT a", "SELECT 0 a"},
		{"SELECT NULL::VARCHAR a", "SELECT '' a"},
		{"SELECT NULL::VARCHAR a", "SELECT 'NULL' a"},
		{"SELECT 'nan'::DOUBLE a", "SELECT NULL::DOUBLE a"},
		{"SELECT 'nan'::DOUBLE a", "SELECT 'inf'::DOUBLE a"},
		{"SELECT 'inf'::DOUBLE a", "SELECT '-inf'::DOUBLE a"},
		{"SELECT 0::HUGEINT a", "SELECT -1::HUGEINT a"},
		{"SELECT 0::DECIMAL(20,1) a", "SELECT -0.1::DECIMAL(20,1) a"},
		{"SELECT 0::UHUGEINT a", "SELECT 18446744073709551617::UHUGEINT a"},
		{"SELECT INTERVAL 1 MONTH a", "SELECT INTERVAL 30 DAY a"},
		{"SELECT INTERVAL 24 HOUR a", "SELECT INTERVAL 1 DAY a"},
		{"SELECT [INTERVAL 24 HOUR] a", "SELECT [INTERVAL 1 DAY] a"},
		{"SELECT {'i': INTERVAL 24 HOUR} a", "SELECT {'i': INTERVAL 1 DAY} a"},
		{"SELECT []::INT[] a", "SELECT NULL::INT[] a"},
		{"SELECT []::INT[] a", "SELECT [NULL]::INT[] a"},
		{"SELECT [0] a", "SELECT [0, 0] a"},
		{"SELECT [NULL, 1] a", "SELECT [1, NULL] a"},
		{"SELECT [[1], []] a", "SELECT [[], [1]] a"},
		{"SELECT ['a, b'] a", "SELECT ['a', 'b'] a"},
		{"SELECT ['NULL'] a", "SELECT [NULL]::VARCHAR[] a"},
		{"SELECT [0, 1]::INT[2] a", "SELECT [1, 0]::INT[2] a"},
		{"SELECT {'x': NULL::INT} a", "SELECT NULL::STRUCT(x INT) a"},
		{"SELECT {'x': 0, 'y': 1} a", "SELECT {'x': 1, 'y': 0} a"},
		{"SELECT MAP {'k': 0} a", "SELECT MAP {'k': NULL::INT} a"},
		{"SELECT union_value(a := 1)::UNION(a INT, b INT) u", "SELECT union_value(b := 1)::UNION(a INT, b INT) u"},
		{"SELECT 'a'::ENUM('a', 'b') e", "SELECT 'b'::ENUM('a', 'b') e"},
		{"SELECT 'a'::ENUM('a', 'b') e", "SELECT 'b'::ENUM('b', 'a') e"},
		{"SELECT '00:00:00+00'::TIMETZ a", "SELECT '01:00:00+01'::TIMETZ a"},
		{"SELECT '0'::BIT a", "SELECT '00'::BIT a"},
		{"SELECT 'a' a", "SELECT 'a' || chr(0) a"},
		{"SELECT 1::HUGEINT a", "SELECT 18446744073709551616::HUGEINT a"},
		{"SELECT 0::HUGEINT a", "SELECT 18446744073709551617::HUGEINT a"},
		{"SELECT 0.01::DECIMAL(38,2) a", "SELECT 184467440737095516.16::DECIMAL(38,2) a"},
		{"SELECT '80000000-0000-0001-0000-000000000002'::UUID a", "SELECT '80000000-0000-0002-0000-000000000001'::UUID a"},
		{"SELECT 1::VARIANT a", "SELECT '1'::VARIANT a"},
		{"SELECT 1 a WHERE false", "SELECT 1::BIGINT a WHERE false"},
	} {
		if a, b := digestOf(t, c, pair[0]), digestOf(t, c, pair[1]); a == b {
			t.Errorf("one digest %s for\n  %s\n  %s", a, pair[0], pair[1])
		}
	}
}

func TestContentDigestOfEqualContent(t *testing.T) {
	c := memoryConn(t)
	for _, pair := range [][2]string{
		{"SELECT unnest([1, 2, 3]) a", "SELECT unnest([3, 1, 2]) a"},
		{"SELECT 1 a WHERE false", "SELECT 2 a WHERE false"},
		// Documented: a reader sees -0.0 and 0.0, DuckDB calls them equal.
		{"SELECT 0.0::DOUBLE a", "SELECT '-0.0'::DOUBLE a"},
	} {
		if a, b := digestOf(t, c, pair[0]), digestOf(t, c, pair[1]); a != b {
			t.Errorf("%s and %s for\n  %s\n  %s", a, b, pair[0], pair[1])
		}
	}
	// Without columns only the number of rows counts.
	digest := func(relation string) assets.Digest {
		var rows int64
		var sums string
		if err := c.QueryRow(context.Background(), HashQuery(relation, nil)).Scan(&rows, &sums); err != nil {
			t.Fatal(err)
		}
		return ContentDigest(nil, rows, sums)
	}
	if digest("range(3)") != digest("(SELECT 'x' FROM range(3))") || digest("range(3)") == digest("range(4)") {
		t.Error("the digest of no columns is not that of the number of rows")
	}
}

// Columns of a random table: a type, and literals to fill it with.
var cellKinds = []struct {
	typ    string
	values []string
}{
	{"INTEGER", []string{"NULL", "0", "1", "2", "-1"}},
	{"BIGINT", []string{"NULL", "0", "1", "9223372036854775807"}},
	{"HUGEINT", []string{"NULL", "0", "-1", "170141183460469231731687303715884105727"}},
	{"DOUBLE", []string{"NULL", "0", "1", "'nan'", "'inf'", "'-inf'", "1e-320"}},
	{"DECIMAL(9,2)", []string{"NULL", "0", "1", "1.1"}},
	{"DECIMAL(30,2)", []string{"NULL", "0", "1", "1.1", "-0.01"}},
	{"VARCHAR", []string{"NULL", "''", "'a'", "'A'", "'a '", "'a long text that is not inlined'", "'ä'"}},
	{"BLOB", []string{"NULL", "''", `'\x00'`, `'\x00\x00'`}},
	{"BOOLEAN", []string{"NULL", "true", "false"}},
	{"DATE", []string{"NULL", "'1970-01-01'", "'1970-01-02'", "'infinity'"}},
	{"TIMESTAMP", []string{"NULL", "'1970-01-01'", "'1970-01-01 00:00:00.000001'"}},
	{"TIMESTAMPTZ", []string{"NULL", "'1970-01-01 00:00:00+00'", "'1970-01-01 00:00:00+01'"}},
	{"TIME", []string{"NULL", "'00:00:00'", "'24:00:00'"}},
	{"INTERVAL", []string{"NULL", "'0 days'", "'1 month'", "'30 days'", "'720 hours'"}},
	{"UUID", []string{"NULL", "'00000000-0000-0000-0000-000000000000'", "'00000000-0000-0000-0000-000000000001'"}},
	{"ENUM('a', 'b')", []string{"NULL", "'a'", "'b'"}},
	{"INTEGER[]", []string{"NULL", "[]", "[NULL]", "[0]", "[0, 0]", "[NULL, 0]", "[1, 2]", "[2, 1]"}},
	{"VARCHAR[][]", []string{"NULL", "[[]]", "[['a'], []]", "[[], ['a']]", "[['a', 'b']]", "[['a, b']]"}},
	{"STRUCT(x INTEGER, y VARCHAR)", []string{"NULL", "{'x': NULL, 'y': NULL}", "{'x': 0, 'y': 'x'}", "{'x': 0, 'y': NULL}", "{'x': NULL, 'y': 'x'}"}},
	{"MAP(VARCHAR, INTEGER)", []string{"NULL", "MAP {}", "MAP {'a': 0}", "MAP {'a': NULL}", "MAP {'b': 0}"}},
	{"JSON", []string{"NULL", "'null'", "'{}'", "'[]'"}},
	{"VARIANT", []string{"NULL", "1", "'1'", "[1]", "['1']", "{'a': 1}"}},
}

// Permuting rows keeps the digest, and changing any one cell, swapping two cells
// of a column, dropping and repeating a row change it.
func TestContentDigestSeesEveryCell(t *testing.T) {
	c := memoryConn(t)
	rapid.Check(t, func(t *rapid.T) {
		width, height := rapid.IntRange(1, 4).Draw(t, "columns"), rapid.IntRange(1, 6).Draw(t, "rows")
		kinds := make([]int, width)
		for i := range kinds {
			kinds[i] = rapid.IntRange(0, len(cellKinds)-1).Draw(t, "kind")
		}
		cells := make([][]int, height)
		for r := range cells {
			cells[r] = make([]int, width)
			for i, k := range kinds {
				cells[r][i] = rapid.IntRange(0, len(cellKinds[k].values)-1).Draw(t, "cell")
			}
		}
		query := func(cells [][]int) string {
			selects := make([]string, len(cells))
			for r, row := range cells {
				exprs := make([]string, width)
				for i, k := range kinds {
					exprs[i] = fmt.Sprintf("CAST(%s AS %s) AS c%d", cellKinds[k].values[row[i]], cellKinds[k].typ, i)
				}
				selects[r] = "SELECT " + strings.Join(exprs, ", ")
			}
			return strings.Join(selects, " UNION ALL ")
		}
		clone := func() [][]int {
			copied := make([][]int, height)
			for r := range cells {
				copied[r] = append([]int(nil), cells[r]...)
			}
			return copied
		}
		digest := digestOf(t, c, query(cells))

		shuffled := clone()
		rand.New(rand.NewSource(int64(rapid.Int().Draw(t, "seed")))).Shuffle(height, func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		if got := digestOf(t, c, query(shuffled)); got != digest {
			t.Fatalf("permuted rows: %s became %s", digest, got)
		}

		changed := clone()
		row, col := rapid.IntRange(0, height-1).Draw(t, "row"), rapid.IntRange(0, width-1).Draw(t, "column")
		n := len(cellKinds[kinds[col]].values)
		changed[row][col] = (changed[row][col] + rapid.IntRange(1, n-1).Draw(t, "change")) % n
		if got := digestOf(t, c, query(changed)); got == digest {
			t.Fatalf("one digest %s for\n  %s\n  %s", digest, query(cells), query(changed))
		}

		repeated := append(clone(), cells[row])
		if got := digestOf(t, c, query(repeated)); got == digest {
			t.Fatalf("row %d repeated: still %s", row, digest)
		}
	})
}

// The exclusive or of hash(x, y) is blind to values changing places within a column.
func TestContentDigestSeesSwappedValues(t *testing.T) {
	c := memoryConn(t)
	seen := map[assets.Digest]string{}
	for a := range 8 {
		for b := range 8 {
			query := fmt.Sprintf("SELECT * FROM (VALUES (1, %d), (2, %d)) v(x, y)", a, b)
			digest := digestOf(t, c, query)
			if other, ok := seen[digest]; ok {
				t.Errorf("one digest for %s and %s", query, other)
			}
			seen[digest] = query
		}
	}
}

func BenchmarkContentDigest(b *testing.B) {
	c := memoryConn(b)
	if err := c.Exec(context.Background(), `CREATE TABLE t AS SELECT i AS id, i % 1000 AS k, i * 1.5::DOUBLE AS x, 'name ' || i AS n,
		DATE '2020-01-01' + (i % 1000)::INT AS d FROM range(1000000) r(i)`); err != nil {
		b.Fatal(err)
	}
	columns := describe(b, c, "SELECT * FROM t")
	for b.Loop() {
		var rows int64
		var sums string
		if err := c.QueryRow(context.Background(), HashQuery("t", columns)).Scan(&rows, &sums); err != nil {
			b.Fatal(err)
		}
	}
}
