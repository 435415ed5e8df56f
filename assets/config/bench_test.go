package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// writeLayered writes a project of n assets, each with its .sql file, a column
// and two checks, ten to a *.hcl file.
func writeLayered(t testing.TB, n int) string {
	dir := t.TempDir()
	write(t, dir, "project.hcl", "project \"bench\" {}\nvariable \"since\" { default = \"2024-01-01\" }\nsource \"raw.s\" { files = \"*.csv\" }\n")
	var text strings.Builder
	for i := range n {
		name := fmt.Sprintf("a%d", i)
		write(t, dir, "sql/"+name+".sql", strings.Repeat("select id, name, amount, created_at -- some columns\n", 8)+"from raw.s\n")
		fmt.Fprintf(&text, "asset \"layer%d.%s\" {\n  description = \"Number %d\"\n  owner = \"team@example.com\"\n  tags = [\"x\"]\n  sql = file(\"sql/%s.sql\")\n", i%5, name, i, name)
		text.WriteString("  column \"id\" {\n    type = \"BIGINT\"\n    check \"not_null\" {}\n  }\n  check \"unique\" { columns = [\"id\"] }\n}\n")
		if i%10 == 9 {
			write(t, dir, fmt.Sprintf("f%d.hcl", i/10), text.String())
			text.Reset()
		}
	}
	return dir
}

// parseAll is the floor: the *.hcl files parsed one after the other, and nothing done with them.
func parseAll(b *testing.B, dir string) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.hcl"))
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		if _, diags := hclsyntax.ParseConfig(text, path, hcl.InitialPos); diags.HasErrors() {
			b.Fatal(diags)
		}
	}
}

// The bar: 1,000 assets in well under 80 ms, and linear from there; beside it, as a ratio
// that holds on a busy machine, too, the time that bare parsing takes on one core.
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
			load := b.Elapsed()
			b.StopTimer()
			began := time.Now()
			for range b.N {
				parseAll(b, dir)
			}
			b.ReportMetric(float64(load.Microseconds())/float64(b.N)/float64(n), "µs/asset")
			b.ReportMetric(float64(load)/float64(time.Since(began)), "×parse")
		})
	}
}
