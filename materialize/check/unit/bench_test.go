package unit

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

const manyTests = 1000

// thousand is a project with a thousand tests of a join and an aggregate. No two are
// given the same orders; customers are the same in all of them if shared says so.
func thousand(b *testing.B, shared bool) project {
	var text strings.Builder
	text.WriteString(`asset "mart.daily_sales" {
  sql = "select order_date, country, sum(amount) as revenue, count(*) as orders from raw.orders join raw.customers using (customer_id) where status = 'paid' group by all"
}
`)
	for i := range manyTests {
		name := "ann"
		if !shared {
			name += fmt.Sprint(i)
		}
		fmt.Fprintf(&text, `test "t%d" {
  asset = "mart.daily_sales"
  given "raw.orders" {
    rows = [
      { customer_id = 1, order_date = "2024-01-01", amount = %[1]d, status = "paid" },
      { customer_id = 1, order_date = "2024-01-01", amount = 0.5, status = "paid" },
      { customer_id = 2, order_date = "2024-01-02", amount = 7, status = "returned" },
    ]
  }
  given "raw.customers" { rows = [{ customer_id = 1, country = "FR", name = %[2]q }, { customer_id = 2, country = "DE" }] }
  expect { rows = [{ order_date = "2024-01-01", country = "FR", revenue = %[1]d.5, orders = 2 }] }
}
`, i, name)
	}
	return load(b, map[string]string{"raw.orders": "order_id BIGINT; customer_id BIGINT; order_date DATE; amount DECIMAL(10,2); status VARCHAR", "raw.customers": "customer_id BIGINT; country VARCHAR; name VARCHAR"},
		text.String())
}

// BenchmarkThousandTests compares a thousand tests, from reading to judging them,
// with running their SQL a thousand times on tables that are there: the bar is a
// ratio of 3. Both use one worker.
func BenchmarkThousandTests(b *testing.B) {
	b.Run("all different", func(b *testing.B) { benchmark(b, thousand(b, false)) })
	b.Run("customers shared", func(b *testing.B) { benchmark(b, thousand(b, true)) })
}

func benchmark(b *testing.B, p project) {
	ctx := context.Background()
	s, diags := p.prepare(b)
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	c, err := s.db.Conn(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.Exec(ctx, "ATTACH ':memory:' AS bare; USE bare; CREATE SCHEMA raw; CREATE SCHEMA mart"); err != nil {
		b.Fatal(err)
	}
	for _, f := range s.tests[0].given {
		if err := c.Exec(ctx, f.load()); err != nil {
			b.Fatal(err)
		}
	}
	statement := s.tests[0].asset.SQL.Text
	var alone, built, tested, prepared time.Duration
	timed := func(into *time.Duration, do func()) {
		began := time.Now()
		do()
		*into += time.Since(began)
	}
	for b.Loop() {
		timed(&alone, func() {
			for range manyTests {
				drain(b, c, statement)
			}
		})
		timed(&built, func() {
			for range manyTests {
				if err := c.Exec(ctx, "CREATE OR REPLACE TABLE mart.daily_sales AS "+statement); err != nil {
					b.Fatal(err)
				}
			}
		})
		var again *Suite
		timed(&prepared, func() { again, _, err = prepare(ctx, s.db, p.Project, p.graph, p.Tests) })
		if err != nil {
			b.Fatal(err)
		}
		timed(&tested, func() {
			outcomes, err := again.Run(ctx, 1, nil)
			if err != nil || len(outcomes) != manyTests {
				b.Fatal(err)
			}
			for _, o := range outcomes {
				if !o.Passed() {
					b.Fatal(describe(o))
				}
			}
		})
	}
	b.ReportMetric(float64(prepared+tested)/float64(alone), "x-queries")
	b.ReportMetric(float64(prepared+tested)/float64(built), "x-builds")
	b.ReportMetric(float64(prepared.Milliseconds())/float64(b.N), "ms-prepare")
	b.ReportMetric(float64(tested.Milliseconds())/float64(b.N), "ms-run")
	b.ReportMetric(float64(alone.Milliseconds())/float64(b.N), "ms-queries")
}

func drain(b *testing.B, c *warehouse.Conn, statement string) {
	rows, err := c.Query(context.Background(), statement)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var cells [4]any
	for rows.Next() {
		if err := rows.Scan(&cells[0], &cells[1], &cells[2], &cells[3]); err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
}
