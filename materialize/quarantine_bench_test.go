package materialize_test

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkQuarantine builds assets whose check withholds what fails, puts aside
// nothing because nothing is bad, and puts aside one row in a hundred: 100 small
// ones in memory, and a big one in the file.
func BenchmarkQuarantine(b *testing.B) {
	for _, size := range []struct {
		name         string
		assets, rows int
	}{{"100 of 1,000 rows", 100, 1000}, {"one of 4 million rows", 1, 4_000_000}} {
		for _, way := range []struct{ name, check string }{
			{"error", `expression = "id >= 0"`},
			{"none bad", "expression = \"id >= 0\"\nquarantine = true"},
			{"1% bad", "expression = \"id % 100 <> 7\"\nquarantine = true"},
		} {
			b.Run(size.name+"/"+way.name, func(b *testing.B) {
				var hcl strings.Builder
				fmt.Fprintf(&hcl, "asset \"base\" { sql = \"select range as id, range %% 17 as k, 'text ' || range as note from range(%d)\" }\n", size.rows)
				for i := range size.assets {
					fmt.Fprintf(&hcl, "asset \"t%d\" {\n  sql = \"select *, %d as n from base\"\n  check \"expression\" {\n%s\n}\n}\n", i, i, way.check)
				}
				for b.Loop() {
					b.StopTimer()
					w := newWorld(b, b.TempDir(), map[string]string{"p.hcl": hcl.String()})
					p := w.plan()
					b.StartTimer()
					w.carryOut(p)
					b.StopTimer()
					w.close()
					b.StartTimer()
				}
			})
		}
	}
}
