package check

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

func of(kind assets.CheckKind, columns string, change func(*assets.Check)) assets.Check {
	c := assets.Check{Kind: kind, Severity: assets.Error, Columns: strings.Fields(columns)}
	if change != nil {
		change(&c)
	}
	return c
}

// Each kind against data that must pass, must fail, is empty, is all NULL, and has
// what types bring along: NaN, infinities, zones, lists.
func TestMoreKinds(t *testing.T) {
	const (
		empty = "SELECT 1 AS a, 'x' AS b, 1.5::DOUBLE AS d, DATE '2024-01-01' AS day, [1] AS l, 1 AS g WHERE false"
		nulls = "SELECT NULL::INTEGER AS a, NULL::VARCHAR AS b, NULL::DOUBLE AS d, NULL::DATE AS day, NULL::INTEGER[] AS l, 1 AS g FROM range(2)"
		one   = "SELECT 5 AS a, 'x' AS b, 1.5::DOUBLE AS d, DATE '2024-01-02' AS day, [1] AS l, 1 AS g"
		some  = `SELECT * FROM (VALUES (1, ' ', 'nan'::DOUBLE, DATE '2024-01-01', [], 1), (3, 'ab', 'inf'::DOUBLE, DATE '2024-01-02', [1, 2], 1),
			(2, 'abc', '-inf'::DOUBLE, DATE '2024-01-05', [NULL], 2), (2, 'é', 0.5, DATE '2024-01-05', NULL, 2), (NULL, NULL, NULL, NULL, NULL, 2)) v(a, b, d, day, l, g)`
		zoned = "SELECT TIMESTAMPTZ '2024-01-01 23:00:00-05' AS at UNION ALL SELECT TIMESTAMPTZ '2024-01-02 03:59:59Z'"
	)
	now := time.Date(2024, 1, 2, 12, 0, 0, 0, time.UTC)
	five, three := int64(5), int64(3)
	half, tenth := 0.5, -0.1
	for _, test := range []struct {
		query string
		check assets.Check
		want  string
	}{
		{empty, of(assets.NotEmpty, "", nil), "1: there is no row"},
		{nulls, of(assets.NotEmpty, "", nil), "passed"},
		{empty, of(assets.NotEmpty, "b", nil), "passed"},
		{nulls, of(assets.NotEmpty, "b l", nil), "passed"},
		{some, of(assets.NotEmpty, "b", nil), "1: 1 of 5 rows has nothing in b [b a d day l g:   1 nan 2024-01-01 [] 1]"},
		{some, of(assets.NotEmpty, "l", nil), "1: 1 of 5 rows has nothing in l [l a b d day g: [] 1   nan 2024-01-01 1]"},
		{"SELECT '[]' AS b", of(assets.NotEmpty, "b", nil), "passed"},

		{some, of(assets.Between, "a", func(c *assets.Check) { c.Low, c.High = "1", "2" }), "1: 1 of 5 rows has a value in a that is not between 1 and 2 [a b d day l g: 3 ab inf 2024-01-02 [1, 2] 1]"},
		{some, of(assets.Between, "d", func(c *assets.Check) { c.Low = "0" }), "1: 1 of 5 rows has a value in d that is not at least 0 [d a b day l g: -inf 2 abc 2024-01-05 [NULL] 2]"},
		{some, of(assets.Between, "d", func(c *assets.Check) { c.High = "1" }), "2: "},
		{some, of(assets.Between, "day", func(c *assets.Check) { c.High = "'2024-01-04'" }), "2: "},
		{nulls, of(assets.Between, "a", func(c *assets.Check) { c.Low = "1" }), "passed"},
		{empty, of(assets.Between, "a", func(c *assets.Check) { c.Low = "1" }), "passed"},

		{some, of(assets.Length, "b", func(c *assets.Check) { c.Max = &three }), "passed"},
		{some, of(assets.Length, "b", func(c *assets.Check) { c.Min = &three }), "3: 3 of 5 rows have a value in b whose length is not at least 3"},
		{some, of(assets.Length, "l", func(c *assets.Check) { c.Min = &three }), "3: "},
		{nulls, of(assets.Length, "l", func(c *assets.Check) { c.Min = &three }), "passed"},

		{some, of(assets.Matches, "b", func(c *assets.Check) { c.Pattern = "^[a-z]" }), "2: 2 of 5 rows have a value in b that does not match ^[a-z]"},
		{some, of(assets.Matches, "b", func(c *assets.Check) { c.Pattern = "it's" }), "4: "},
		{nulls, of(assets.Matches, "b", func(c *assets.Check) { c.Pattern = "x" }), "passed"},

		{some, of(assets.Increasing, "a", func(c *assets.Check) { c.OrderBy = []string{"day", "b"} }), "1: 1 of 5 rows has a value in a that is less than the one before it [a b day d l g: 2 abc 2024-01-05 -inf [NULL] 2]"},
		{some, of(assets.Increasing, "a", func(c *assets.Check) { c.OrderBy, c.Strict = []string{"day", "b"}, true }), "2: 2 of 5 rows have a value in a that is not more than the one before it"},
		{some, of(assets.Increasing, "a", func(c *assets.Check) { c.OrderBy, c.Within = []string{"day"}, []string{"g"} }), "passed"},
		{some, of(assets.Increasing, "a", func(c *assets.Check) { c.OrderBy, c.Where = []string{"day", "b"}, assets.SQL{Text: "a <> 3"} }), "passed"},
		{nulls, of(assets.Increasing, "a", func(c *assets.Check) { c.OrderBy = []string{"day"} }), "passed"},

		{some, of(assets.NoGaps, "a", nil), "passed"},
		{some, of(assets.NoGaps, "day", nil), "2: 2 values are missing in day, between the least and the greatest [day: 2024-01-03, 2024-01-04]"},
		{some, of(assets.NoGaps, "day", func(c *assets.Check) { c.Within = []string{"g"} }), "passed"},
		{some, of(assets.NoGaps, "day", func(c *assets.Check) { c.Where = assets.SQL{Text: "day < date '2024-01-03' -- early"} }), "passed"},
		{"SELECT unnest([10, 20, 40]) AS a", of(assets.NoGaps, "a", func(c *assets.Check) { c.Step = "10" }), "1: 1 value is missing in a, between the least and the greatest [a: 30]"},
		{nulls, of(assets.NoGaps, "a", nil), "passed"},
		{one, of(assets.NoGaps, "a", nil), "passed"},

		{zoned, of(assets.Recency, "at", func(c *assets.Check) { c.MaxAge = 8 * time.Hour }), "passed"}, // 23:00-05 is 04:00Z
		{zoned, of(assets.Recency, "at", func(c *assets.Check) { c.MaxAge = 7 * time.Hour }), "1: the newest at is 2024-01-02 04:00:00 UTC, 8h ago, and must be at most 7h old"},
		{one, of(assets.Recency, "day", func(c *assets.Check) { c.MaxAge = 12 * time.Hour }), "passed"},
		{one, of(assets.Recency, "day", func(c *assets.Check) { c.MaxAge = time.Hour }), "1: the newest day is 2024-01-02 00:00:00 UTC, 12h ago, and must be at most 1h old"},
		{nulls, of(assets.Recency, "day", func(c *assets.Check) { c.MaxAge = time.Hour }), "1: there is no time in day, and the newest must be at most 1h old"},
		{empty, of(assets.Recency, "day", func(c *assets.Check) { c.MaxAge = time.Hour }), "1: there is no time in day, and the newest must be at most 1h old"},

		{some, of(assets.RowCount, "", func(c *assets.Check) { c.Min, c.Where = &five, assets.SQL{Text: "a is not null"} }), "1: 4 rows, and there must be at least 5"},
		{some, of(assets.RowCount, "", func(c *assets.Check) { c.Change = &assets.Band{Max: &half} }), "passed"},
		{one, of(assets.RowCount, "", func(c *assets.Check) { c.Change = &assets.Band{Min: &tenth} }), "3: 1 row, 75% less than in the version before (4), and the change must be at least -10%"},
		{empty, of(assets.RowCount, "", func(c *assets.Check) { c.Change = &assets.Band{Max: &half} }), "passed"},

		{some, of(assets.Unique, "a", func(c *assets.Check) { c.Where = assets.SQL{Text: "day < date '2024-01-04'"} }), "passed"},
		{some, of(assets.Unique, "a", func(c *assets.Check) { c.Tolerance.Rows = 1 }), "passed"},
		{some, of(assets.NotNull, "a", func(c *assets.Check) { c.Tolerance.Share = 0.2 }), "passed"},
		{some, of(assets.NotNull, "a", func(c *assets.Check) { c.Tolerance.Share = 0.19 }), "1: 1 of 5 rows has a NULL in a"},
		{some, of(assets.NotNull, "a", func(c *assets.Check) { c.Where = assets.SQL{Text: "g = 1"} }), "passed"},
		{some, of(assets.NotNull, "a", func(c *assets.Check) { c.Where, c.Tolerance.Share = assets.SQL{Text: "g = 2"}, 0.3 }), "1: 1 of 3 rows has a NULL in a"},
		{some, of(assets.NotNull, "a", func(c *assets.Check) { c.Where = assets.SQL{Text: "nope = 2"} }), "0: could not be run: Binder Error: Referenced column \"nope\" not found in FROM clause! Candidate bindings: \"a\""},
	} {
		t.Run(string(test.check.Kind), func(t *testing.T) {
			c := connect(t)
			s := scan(t, c, test.query, test.check)
			before := int64(4)
			s.Now, s.Previous = now, &before
			audit, err := Run(bg, c, s)
			if err != nil {
				t.Fatal(err)
			}
			alone := Cross(bg, c, s)
			for _, r := range []planner.CheckResult{audit.Results[0], alone[0]} {
				if got := line(r); got != test.want && !(strings.HasSuffix(test.want, ": ") && strings.HasPrefix(got, test.want)) && !strings.HasPrefix(got, test.want+" [") {
					t.Errorf("%s %+v\ngot  %s\nwant %s", test.query, test.check.Columns, got, test.want)
				}
			}
		})
	}
}

// A distribution is compared with earlier versions, once there are enough.
func TestDistribution(t *testing.T) {
	const data = "SELECT unnest([1, 2, 3, 6, NULL]) AS x"
	calm, wild := []float64{2.9, 3, 3.1}, []float64{9, 10, 11}
	for _, test := range []struct {
		name      string
		statistic assets.Statistic
		expected  assets.Deviation
		history   []float64
		want      string
	}{
		{"silent until there are enough", "mean", assets.Deviation{Last: 4, ZScore: 1}, wild, "passed"},
		{"as before", "mean", assets.Deviation{Last: 3, ZScore: 3}, calm, "passed"},
		{"far off", "mean", assets.Deviation{Last: 3, ZScore: 3}, wild, "1: the mean of x is 3, and was 10 ± 1 in the last 3 versions: more than 3 standard deviations off"},
		{"only the last ones count", "mean", assets.Deviation{Last: 3, ZScore: 3}, append([]float64{1000}, calm...), "passed"},
		{"always the same before, and other now", "mean", assets.Deviation{Last: 2, ZScore: 3}, []float64{2, 2}, "1: the mean of x is 3, and was 2 ± 0 in the last 2 versions: more than 3 standard deviations off"},
		{"in a band", "q50", assets.Deviation{Last: 2, Band: 0.5}, []float64{2, 2}, "passed"},
		{"out of a band", "null_rate", assets.Deviation{Last: 2, Band: 0.5}, []float64{0.1, 0.1}, "1: the null rate of x is 0.2, and was 0.1 on average in the last 2 versions: more than 50% off"},
		{"distinct", "distinct_count", assets.Deviation{Last: 2, Band: 0}, []float64{4, 4}, "passed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := connect(t)
			check := of(assets.Distribution, "x", func(c *assets.Check) { c.Statistic, c.Deviation = test.statistic, &test.expected })
			s := scan(t, c, data, check)
			s.History = map[string][]float64{check.ID(): test.history}
			audit, err := Run(bg, c, s)
			if err != nil {
				t.Fatal(err)
			}
			if got := line(audit.Results[0]); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if audit.Results[0].Value == nil {
				t.Error("what was measured is not kept")
			}
		})
	}
	c := connect(t)
	check := of(assets.Distribution, "x", func(c *assets.Check) { c.Statistic, c.Deviation = "mean", &assets.Deviation{Last: 2, ZScore: 3} })
	for _, query := range []string{"SELECT 'nan'::DOUBLE AS x", "SELECT NULL::DOUBLE AS x", "SELECT 1.0 AS x WHERE false"} {
		s := scan(t, c, query, check)
		s.History = map[string][]float64{check.ID(): {1, 2}}
		audit, err := Run(bg, c, s)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := line(audit.Results[0]), "1: the mean of x cannot be computed: there is no value that is a number; in the last 2 versions it was 1.5 on average"; got != want {
			t.Errorf("%s\ngot  %s\nwant %s", query, got, want)
		}
	}
}

func TestReconcile(t *testing.T) {
	c := connect(t)
	if err := c.Exec(bg, "CREATE OR REPLACE TABLE o AS SELECT * FROM (VALUES (10.0), (20.5)) v(amount)"); err != nil {
		t.Fatal(err)
	}
	check := func(expression, to string, tolerance assets.Tolerance) assets.Check {
		return of(assets.Reconcile, "", func(c *assets.Check) {
			c.SQL, c.ToSQL, c.To, c.Tolerance = assets.SQL{Text: expression}, assets.SQL{Text: to}, assets.MustName("o"), tolerance
		})
	}
	for _, test := range []struct {
		query string
		check assets.Check
		want  string
	}{
		{"SELECT 30.5 AS total", check("sum(total)", "sum(amount)", assets.Tolerance{}), "passed"},
		{"SELECT 30 AS total", check("sum(total)", "sum(amount)", assets.Tolerance{}), "1: sum(total) is 30 here, and sum(amount) of o is 30.5"},
		{"SELECT 30 AS total", check("sum(total)", "sum(amount)", assets.Tolerance{Rows: 0.5}), "passed"},
		{"SELECT 30 AS total", check("sum(total)", "sum(amount)", assets.Tolerance{Share: 0.01}), "1: sum(total) is 30 here, and sum(amount) of o is 30.5"},
		{"SELECT 30 AS total", check("sum(total)", "sum(amount)", assets.Tolerance{Share: 0.02}), "passed"},
		{"SELECT NULL::INTEGER AS total", check("sum(total)", "sum(amount)", assets.Tolerance{Rows: 100}), "1: sum(total) is NULL here, and sum(amount) of o is 30.5"},
		{"SELECT NULL::INTEGER AS total", check("sum(total)", "sum(amount) FILTER (WHERE false)", assets.Tolerance{}), "passed"},
		{"SELECT 1 AS total", check("sum(nope)", "sum(amount)", assets.Tolerance{}), "0: could not be run: Binder Error: Referenced column \"nope\" not found in FROM clause! Candidate bindings: \"total\""},
	} {
		got := line(Cross(bg, c, scan(t, c, test.query, test.check))[0])
		if got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.query, got, test.want)
		}
	}
}
