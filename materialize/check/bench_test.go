package check

import (
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

// A million rows, ten checks, digests of the content and of two projections: as
// one audit, as the statement a person would write for the checks alone, and as
// one statement a check.
func BenchmarkAudit(b *testing.B) {
	c := connect(b)
	checks := []assets.Check{
		notNullOf("id"), notNullOf("k"), notNullOf("d"), notNullOf("n"), uniqueOf("id"), acceptedOf("s", "'a'", "'b'", "'c'"),
		rowCountOf(1, -1), expressionOf("x >= 0"), expressionOf("k < 1000"), expressionOf("d > DATE '2019-12-31'"),
	}
	s := scan(b, c, `SELECT i AS id, i % 1000 AS k, i * 1.5::DOUBLE AS x, 'name ' || i AS n, DATE '2020-01-01' + (i % 1000)::INT AS d,
		['a', 'b', 'c'][1 + i % 3] AS s FROM range(1000000) r(i)`, checks...)
	run := func(b *testing.B, s Scan) {
		for b.Loop() {
			audit, err := Run(bg, c, s)
			if err != nil {
				b.Fatal(err)
			}
			for _, r := range audit.Results {
				if r.Status != "passed" {
					b.Fatal(line(r))
				}
			}
		}
	}
	b.Run("audit", func(b *testing.B) {
		s.Projections = [][]string{{"id", "k"}, {"d", "n", "x"}}
		run(b, s)
	})
	b.Run("hash alone", func(b *testing.B) { run(b, Scan{Relation: s.Relation, Columns: s.Columns}) })
	b.Run("one by one", func(b *testing.B) {
		for b.Loop() {
			Cross(bg, c, s)
		}
	})
	b.Run("by hand", func(b *testing.B) {
		for b.Loop() {
			var n [9]int64
			err := queryRow(bg, c, `SELECT count(*), count(*) - count(id), count(*) - count(k), count(*) - count(d), count(*) - count(n),
				count(id) - count(DISTINCT id), count(*) FILTER (s NOT IN ('a', 'b', 'c')),
				count(*) FILTER (NOT (x >= 0)), count(*) FILTER (NOT (k < 1000) OR NOT (d > DATE '2019-12-31')) FROM t`,
				&n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8])
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	small := scan(b, c, "FROM t LIMIT 1000", checks...)
	small.Projections = s.Projections
	b.Run("audit of 1,000 rows", func(b *testing.B) { run(b, small) })
}
