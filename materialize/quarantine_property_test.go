package materialize_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// null stands for NULL among small numbers.
const null = -9

// rowRule is a check of one row (a, b) as HCL, and what it means.
type rowRule struct {
	hcl      string
	violated func(a, b int) bool
}

var rowRules = []rowRule{
	{`check "not_null" { columns = ["a", "b"] `, func(a, b int) bool { return a == null || b == null }},
	{`check "between" { columns = ["a"], min = 1, max = 3 `, func(a, _ int) bool { return a != null && (a < 1 || a > 3) }},
	{`check "accepted_values" { columns = ["b"], values = [0, 1, 2] `, func(_, b int) bool { return b != null && b > 2 }},
	{`check "expression" { expression = "a + b <> 4" `, func(a, b int) bool { return a != null && b != null && a+b == 4 }},
	{`check "not_null" { columns = ["b"], where = "a > 2" `, func(a, b int) bool { return a != null && a > 2 && b == null }},
	{`check "expression" { expression = "b is not null", where = "a is null" `, func(a, b int) bool { return a == null && b == null }},
}

// Whatever rows come and whatever checks there are: what is published and what is
// put aside are together what the SQL yields, what is put aside violates just what
// is said of it, and what is published violates nothing. Deliveries and checks
// follow each other in one warehouse.
func TestPublishedAndPutAsideAreWhatTheSQLYields(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "quarantine")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		var w *world
		for range rapid.IntRange(1, 3).Draw(t, "deliveries") {
			rules := rapid.SliceOfNDistinct(rapid.IntRange(0, len(rowRules)-1), 1, 4, rapid.ID[int]).Draw(t, "rules")
			hcl := "source \"raw.x\" { files = \"x.csv\" }\nasset \"t\" {\n  sql = \"select a::INTEGER as a, b::INTEGER as b from raw.x\"\n"
			for _, i := range rules {
				head, rest, _ := strings.Cut(rowRules[i].hcl, "{")
				hcl += fmt.Sprintf("  %s{\n    name = \"rule%d\"\n    quarantine = true\n   %s\n  }\n", head, i, strings.NewReplacer(`, min`, "\nmin", `, max`, "\nmax", `, values`, "\nvalues", `, where`, "\nwhere").Replace(rest))
			}
			value := rapid.SampledFrom([]int{null, 0, 1, 2, 3, 4})
			csv := "a,b\n"
			var published, aside []string
			for range rapid.IntRange(1, 8).Draw(t, "rows") {
				a, b := value.Draw(t, "a"), value.Draw(t, "b")
				csv += cell(a, "") + "," + cell(b, "") + "\n"
				var violated []string
				for _, i := range rules {
					if rowRules[i].violated(a, b) {
						violated = append(violated, fmt.Sprintf("rule%d", i))
					}
				}
				row := cell(a, "NULL") + "," + cell(b, "NULL")
				if violated == nil {
					published = append(published, row)
				} else {
					slices.Sort(violated)
					aside = append(aside, row+","+strings.Join(violated, "+"))
				}
			}
			files := map[string]string{"p.hcl": hcl + "}\n", "x.csv": csv}
			if w == nil {
				w = newWorld(t, dir, files)
				defer w.close()
			} else {
				w.lay(files)
			}
			if result := w.apply(); result.Failed > 0 {
				t.Fatalf("failed: %s", result.Assets[0].Message)
			}
			const row = "concat(coalesce(a::VARCHAR, 'NULL'), ',', coalesce(b::VARCHAR, 'NULL')"
			w.wantSame("published", published, "SELECT "+row+") FROM _wh.main.t")
			w.wantSame("put aside", aside, "SELECT "+row+`, ',', array_to_string(list_sort(_check), '+')) FROM _wh.quarantine.t`)
			if again := w.plan(); again.Work() {
				t.Fatalf("after apply there is still something to do: %v", actions(again.Plan))
			}
		}
	})
}

func cell(n int, ifNull string) string {
	if n == null {
		return ifNull
	}
	return fmt.Sprint(n)
}

func (w *world) wantSame(what string, want []string, sql string) {
	w.Helper()
	got, err := w.query(sql)
	if err != nil {
		w.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.Fatalf("%s: %v, want %v", what, got, want)
	}
}
