package check

import (
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

var benchRows = flag.Int("rows", 10_000_000, "rows of the table that BenchmarkTenChecks checks")

// Ten checks, as they run on a source or on demand, against one statement that a
// person would write for them, and against reading the columns they need once. Each
// iteration runs all three in turn; what is reported are ratios of medians.
func BenchmarkTenChecks(b *testing.B) {
	c := connect(b)
	low, high := int64(1), int64(20)
	checks := []assets.Check{
		notNullOf("id"), notNullOf("k"), notNullOf("d"), uniqueOf("id"), acceptedOf("s", "'a'", "'b'", "'c'"), rowCountOf(1, -1),
		{Kind: assets.Between, Severity: assets.Error, Columns: []string{"x"}, Low: "0", High: "100000000"},
		{Kind: assets.Length, Severity: assets.Error, Columns: []string{"n"}, Min: &low, Max: &high},
		{Kind: assets.Expression, Severity: assets.Error, SQL: assets.SQL{Text: "k < 1000"}},
		{Kind: assets.Expression, Severity: assets.Error, SQL: assets.SQL{Text: "d > DATE '2019-12-31'"}, Where: assets.SQL{Text: "k > 10"}},
	}
	s := scan(b, c, `SELECT i AS id, i % 1000 AS k, i * 1.5::DOUBLE AS x, 'name ' || i AS n, DATE '2020-01-01' + (i % 1000)::INT AS d,
		['a', 'b', 'c'][1 + i % 3] AS s, 'never read ' || i AS other FROM range(`+literal(*benchRows)+`) r(i)`, checks...)
	s.ChecksOnly = true
	var ours, byHand, reading []time.Duration
	timed := func(list *[]time.Duration, do func() error) {
		began := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		*list = append(*list, time.Since(began))
	}
	for b.Loop() {
		timed(&ours, func() error {
			audit, err := Run(bg, c, s)
			for _, r := range audit.Results {
				if r.Status != planner.CheckPassed {
					b.Fatal(line(r))
				}
			}
			return err
		})
		timed(&byHand, func() error {
			var n [10]int64
			return queryRow(bg, c, `SELECT count(*), count(*) - count(id), count(*) - count(k), count(*) - count(d), count(id) - count(DISTINCT id),
				count(*) FILTER (s NOT IN ('a', 'b', 'c')), count(*) FILTER (x NOT BETWEEN 0 AND 100000000), count(*) FILTER (length(n) NOT BETWEEN 1 AND 20),
				count(*) FILTER (NOT (k < 1000)), count(*) FILTER (k > 10 AND NOT (d > DATE '2019-12-31')) FROM t`,
				&n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9])
		})
		timed(&reading, func() error {
			var n [6]any
			return queryRow(bg, c, "SELECT max(id), max(k), max(x), max(n), max(d), max(s) FROM t", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5])
		})
	}
	median := func(list []time.Duration) float64 {
		slices.Sort(list)
		return list[len(list)/2].Seconds()
	}
	b.ReportMetric(median(ours), "s/checks")
	b.ReportMetric(median(byHand), "s/by-hand")
	b.ReportMetric(median(reading), "s/reading")
	b.ReportMetric(median(ours)/median(byHand), "x-by-hand")
	b.ReportMetric(median(ours)/median(reading), "x-reading")
}
