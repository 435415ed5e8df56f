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

// A row is five small numbers: a, b and c are values, d is a place in texts, n
// says where the row stands in an order without ties. null stands for NULL.
const null = -1

var (
	oracleNames = []string{"a", "b", "c", "d", "n"}
	texts4d     = []string{"", "  ", "x", "aé", "abc"}
)

func literal(v int) string {
	if v == null {
		return "NULL"
	}
	return fmt.Sprint(v)
}

func literalText(v int) string {
	if v == null {
		return "NULL"
	}
	return "'" + texts4d[v] + "'"
}

const oracleWhere = "c > 1"

// considers says whether a check looks at a row, whose where is oracleWhere or nothing.
func considers(c assets.Check, row []int) bool { return c.Where.Text == "" || row[2] > 1 }

// oracle counts the violations of a check on rows, one by one. The expression is
// "a <= b", the pattern "^a"; what is long is d, what is between is the first column.
func oracle(c assets.Check, all, other [][]int) (violations, looked int64) {
	var rows [][]int
	for _, row := range all {
		if considers(c, row) {
			rows = append(rows, row)
		}
	}
	looked = int64(len(rows))
	column := func(row []int, name string) int { return row[slices.Index(oracleNames, name)] }
	key := func(row []int) ([]int, bool) {
		var k []int
		for _, name := range c.Columns {
			k = append(k, column(row, name))
		}
		return k, !slices.Contains(k, null)
	}
	switch {
	case c.Kind == assets.RowCount:
		return max(0, *c.Min-looked, looked-*c.Max), looked
	case c.Kind == assets.NotEmpty && len(c.Columns) == 0:
		return 1 - min(1, looked), looked
	case c.Kind == assets.Increasing || c.Kind == assets.NoGaps:
		series := map[int][]int{} // by the value of within, if there is one
		slices.SortFunc(rows, func(x, y []int) int { return column(x, "n") - column(y, "n") })
		for _, row := range rows {
			group := 0
			if len(c.Within) > 0 {
				group = column(row, c.Within[0])
			}
			if v := column(row, c.Columns[0]); v != null {
				series[group] = append(series[group], v)
			}
		}
		for _, values := range series {
			if c.Kind == assets.Increasing {
				violations += falls(values, c.Strict)
			} else {
				violations += missing(values)
			}
		}
		return violations, looked
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
		case assets.NotEmpty:
			violated = whole && strings.TrimSpace(texts4d[k[0]]) == ""
		case assets.Between:
			violated = slices.ContainsFunc(k, func(v int) bool { return v != null && (v < 1 || v > 2) })
		case assets.Length:
			n := 0
			if whole {
				n = len([]rune(texts4d[k[0]]))
			}
			violated = whole && (n < 1 || n > 2)
		case assets.Matches:
			violated = whole && !strings.HasPrefix(texts4d[k[0]], "a")
		}
		if violated {
			violations++
		}
	}
	return violations, looked
}

// falls counts the values that are less than the one before or, if strict, equal to it.
func falls(values []int, strict bool) (n int64) {
	for i := 1; i < len(values); i++ {
		if values[i] < values[i-1] || strict && values[i] == values[i-1] {
			n++
		}
	}
	return n
}

// missing counts the whole numbers between the least and the greatest that are not there.
func missing(values []int) (n int64) {
	if len(values) == 0 {
		return 0
	}
	for v := slices.Min(values); v <= slices.Max(values); v++ {
		if !slices.Contains(values, v) {
			n++
		}
	}
	return n
}

// drawTable makes a table of no, one or a few random rows.
func drawTable(t *rapid.T, exec func(string) error, name string) [][]int {
	rows := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(null, 3), 4, 4), 0, 12).Draw(t, name)
	places := make([]int, len(rows))
	for i := range places {
		places[i] = i
	}
	places = rapid.Permutation(append(places, len(rows))).Draw(t, "places")
	statement := "CREATE OR REPLACE TABLE " + name + " (a INTEGER, b INTEGER, c INTEGER, d VARCHAR, n INTEGER)"
	for i := range rows {
		rows[i] = append(rows[i], places[i])
		statement += strings.Repeat("; INSERT INTO "+name+" VALUES ", 1-min(i, 1)) + strings.Repeat(", ", min(i, 1))
		statement += fmt.Sprintf("(%s, %s, %s, %s, %d)", literal(rows[i][0]), literal(rows[i][1]), literal(rows[i][2]), literalText(rows[i][3]), rows[i][4])
	}
	if err := exec(statement); err != nil {
		t.Fatal(err)
	}
	return rows
}

func drawCheck(t *rapid.T) assets.Check {
	values := []string{"a", "b", "c"}
	columns := rapid.SliceOfNDistinct(rapid.SampledFrom(values), 1, 3, rapid.ID[string]).Draw(t, "columns")
	one := []string{columns[0]}
	var within []string
	if rapid.Bool().Draw(t, "within") {
		within = []string{"b"}
	}
	low, high := int64(1), int64(2)
	c := rapid.SampledFrom([]assets.Check{
		notNullOf(columns...), uniqueOf(columns...), acceptedOf(columns[0], "0", "2"), acceptedOf(columns[0], "1", "NULL"),
		expressionOf("a <= b"), queryOf("from t where a > b"), rowCountOf(2, 8),
		relationOf(columns, "o", values[:len(columns)]...),
		{Kind: assets.NotEmpty}, {Kind: assets.NotEmpty, Columns: []string{"d"}},
		{Kind: assets.Between, Columns: columns, Low: "1", High: "2"},
		{Kind: assets.Length, Columns: []string{"d"}, Min: &low, Max: &high},
		{Kind: assets.Matches, Columns: []string{"d"}, Pattern: "^a"},
		{Kind: assets.Increasing, Columns: one, OrderBy: []string{"n"}, Within: within},
		{Kind: assets.Increasing, Columns: one, OrderBy: []string{"n"}, Within: within, Strict: true},
		{Kind: assets.NoGaps, Columns: one, Within: within},
	}).Draw(t, "check")
	c.Severity = assets.Error
	if c.Kind != assets.Query && rapid.Bool().Draw(t, "where") {
		c.Where.Text = oracleWhere
	}
	switch rapid.IntRange(0, 3).Draw(t, "tolerance") {
	case 0:
		c.Tolerance.Rows = float64(rapid.IntRange(1, 3).Draw(t, "tolerated rows"))
	case 1:
		c.Tolerance.Share = rapid.SampledFrom([]float64{0.1, 0.25, 0.5, 1}).Draw(t, "tolerated share")
	}
	return c
}

func TestChecksAgreeWithOracle(t *testing.T) {
	c := connect(t)
	exec := func(statement string) error { return c.Exec(bg, statement) }
	rapid.Check(t, func(t *rapid.T) {
		rows, other := drawTable(t, exec, "t"), drawTable(t, exec, "o")
		s := Scan{Relation: "t", Columns: []assets.Column{{Name: "a", Type: "INTEGER"}, {Name: "b", Type: "INTEGER"}, {Name: "c", Type: "INTEGER"}, {Name: "d", Type: "VARCHAR"}, {Name: "n", Type: "INTEGER"}}}
		s.ChecksOnly = rapid.Bool().Draw(t, "checks only")
		for range rapid.IntRange(1, 8).Draw(t, "checks") {
			s.Checks = append(s.Checks, drawCheck(t))
		}
		audit, err := Run(bg, c, s)
		if err != nil {
			t.Fatal(err)
		}
		if audit.Rows != int64(len(rows)) && !(s.ChecksOnly && audit.Rows == -1) {
			t.Fatalf("%d rows, want %d", audit.Rows, len(rows))
		}
		cross := Cross(bg, c, s)
		for i, check := range s.Checks {
			want, looked := oracle(check, rows, other)
			passes := float64(want) <= max(check.Tolerance.Rows, check.Tolerance.Share*float64(looked))
			for _, result := range []planner.CheckResult{audit.Results[i], cross[i]} {
				if result.Violations != want || (result.Status == planner.CheckPassed) != passes {
					t.Fatalf("%s %v where %q, tolerance %v: %s, want %d violations of %d rows", check.ID(), check.Values, check.Where.Text, check.Tolerance, line(result), want, looked)
				}
				aboutRows := check.Kind != assets.RowCount && !(check.Kind == assets.NotEmpty && len(check.Columns) == 0)
				if shows := aboutRows && want > 0; shows != (len(result.Rows) > 0) || len(result.Rows) > sampleRows || len(result.Kept) < len(result.Rows) {
					t.Fatalf("%s: %d violations, %d rows shown, %d kept", check.ID(), want, len(result.Rows), len(result.Kept))
				}
			}
		}
	})
}
