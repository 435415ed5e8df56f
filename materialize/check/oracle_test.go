package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// A value is a small number; null stands for NULL.
const null = -1

func literal(v int) string {
	if v == null {
		return "NULL"
	}
	return fmt.Sprint(v)
}

// oracle counts the violations of a check on rows, one by one. The expression is "a <= b".
func oracle(c assets.Check, names []string, rows [][]int, other [][]int) (violations int64) {
	key := func(row []int) ([]int, bool) {
		var k []int
		for _, name := range c.Columns {
			k = append(k, row[slices.Index(names, name)])
		}
		return k, !slices.Contains(k, null)
	}
	seen := map[string]bool{}
	for _, row := range rows {
		k, whole := key(row)
		violated := false
		switch c.Kind {
		case assets.NotNull:
			violated = !whole
		case assets.Unique:
			violated = whole && seen[fmt.Sprint(k)]
			seen[fmt.Sprint(k)] = seen[fmt.Sprint(k)] || whole
		case assets.AcceptedValues:
			violated = whole && !slices.Contains(c.Values, literal(k[0]))
		case assets.Relationships:
			violated = whole && !slices.ContainsFunc(other, func(o []int) bool { return slices.Equal(o[:len(k)], k) })
		case assets.Expression, assets.Query:
			violated = row[0] != null && row[1] != null && row[0] > row[1]
		}
		if violated {
			violations++
		}
	}
	if c.Kind == assets.RowCount {
		return max(0, *c.Min-int64(len(rows)), int64(len(rows))-*c.Max)
	}
	return violations
}

func TestChecksAgreeWithOracle(t *testing.T) {
	c := connect(t)
	names := []string{"a", "b", "c"}
	table := func(t *rapid.T, name string) [][]int {
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(null, 3), 3, 3), 0, 12).Draw(t, name)
		statement := "CREATE OR REPLACE TABLE " + name + " (a INTEGER, b INTEGER, c INTEGER)"
		for i, row := range rows {
			statement += strings.Repeat("; INSERT INTO "+name+" VALUES ", 1-min(i, 1)) + strings.Repeat(", ", min(i, 1))
			statement += fmt.Sprintf("(%s, %s, %s)", literal(row[0]), literal(row[1]), literal(row[2]))
		}
		if err := c.Exec(bg, statement); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rapid.Check(t, func(t *rapid.T) {
		rows, other := table(t, "t"), table(t, "o")
		s := Scan{Relation: "t", Columns: []assets.Column{{Name: "a", Type: "INTEGER"}, {Name: "b", Type: "INTEGER"}, {Name: "c", Type: "INTEGER"}}}
		for range rapid.IntRange(1, 8).Draw(t, "checks") {
			columns := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 3, rapid.ID[string]).Draw(t, "columns")
			check := rapid.SampledFrom([]assets.Check{
				notNullOf(columns...), uniqueOf(columns...), acceptedOf(columns[0], "0", "2"), acceptedOf(columns[0], "1", "NULL"),
				expressionOf("a <= b"), queryOf("from t where a > b"), rowCountOf(2, 8),
				relationOf(columns, "o", names[:len(columns)]...),
			}).Draw(t, "check")
			s.Checks = append(s.Checks, check)
		}
		audit, err := Run(bg, c, s)
		if err != nil {
			t.Fatal(err)
		}
		if audit.Rows != int64(len(rows)) {
			t.Fatalf("%d rows, want %d", audit.Rows, len(rows))
		}
		for i, check := range s.Checks {
			result, want := audit.Results[i], oracle(check, names, rows, other)
			if result.Violations != want || (result.Status == planner.CheckPassed) != (want == 0) {
				t.Fatalf("%s %v: %s, want %d violations", check.ID(), check.Values, line(result), want)
			}
			if shows := check.Kind != assets.RowCount && want > 0; shows != (len(result.Rows) > 0) || len(result.Rows) > sampleRows {
				t.Fatalf("%s: %d violations, %d rows shown", check.ID(), want, len(result.Rows))
			}
		}
	})
}
