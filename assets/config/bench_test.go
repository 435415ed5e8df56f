package config

import (
	"fmt"
	"strings"
	"testing"
)

// writeLayered writes a project of n assets, each with its .sql file, a column
// and two checks, ten to a *.hcl file.
func writeLayered(t testing.TB, n int) string {
	dir := t.TempDir()
	write(t, dir, "project.hcl", "project \"bench\" {}\nvariable \"since\" { default = \"2024-01-01\" }\nsource \"raw.s\" { files = \"*.csv\" }\n")
	var hcl strings.Builder
	for i := range n {
		name := fmt.Sprintf("a%d", i)
		write(t, dir, "sql/"+name+".sql", strings.Repeat("select id, name, amount, created_at -- some columns\n", 8)+"from raw.s\n")
		fmt.Fprintf(&hcl, "asset \"layer%d.%s\" {\n  description = \"Number %d\"\n  owner = \"team@example.com\"\n  tags = [\"x\"]\n  sql = file(\"sql/%s.sql\")\n", i%5, name, i, name)
		hcl.WriteString("  column \"id\" {\n    type = \"BIGINT\"\n    check \"not_null\" {}\n  }\n  check \"unique\" { columns = [\"id\"] }\n}\n")
		if i%10 == 9 {
			write(t, dir, fmt.Sprintf("f%d.hcl", i/10), hcl.String())
			hcl.Reset()
		}
	}
	return dir
}

// The bar: 1,000 assets in well under 80 ms, and linear from there.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := writeLayered(b, n)
			b.ReportAllocs()
			for b.Loop() {
				if p, diags := Load(dir, Options{}); len(p.Assets) != n || len(diags) > 0 {
					b.Fatal(len(p.Assets), diags)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/asset")
		})
	}
}
