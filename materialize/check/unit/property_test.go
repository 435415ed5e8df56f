package unit

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
)

var pools = map[string][]string{
	"a": {"0", "1", "-7", "9223372036854775807"}, "b": {"", "x", "NULL", "a, b", "é\n", "'"}, "d": {"0.1", "nan", "inf", "1e300", "-0.0"},
	"e": {"0.5", "-1.250", "1234567.891"}, "l": {"[]", "[1, NULL]", "[1, 2]"}, "s": {"{'x': 1, 'y': [2024-01-01]}", "{'x': NULL, 'y': NULL}"},
	"t": {"2024-01-01 10:00:00+00", "1999-12-31 23:59:59.123456+00"}, "h": {"\\x00\\xFF", "abc"},
}

// A test that expects what the SQL made passes, in whichever order the rows are
// written, and fails once one cell of one row is another.
func TestOwnOutputPasses(t *testing.T) {
	p := load(t, map[string]string{"raw.t": "a BIGINT; b VARCHAR; d DOUBLE; e DECIMAL(10,3); l INTEGER[]; s STRUCT(x INTEGER, y DATE[]); t TIMESTAMPTZ; h BLOB"},
		"asset \"a.x\" { sql = \"select *, count(*) over (partition by b) as n, e / 3 as third from raw.t\" }\n")
	asset, raw := assets.MustName("a.x"), assets.MustName("raw.t")
	outputs := p.graph.Nodes[asset].Bound.Columns()
	db, err := open(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	run := func(rt *rapid.T, given, expected []assets.Row) Outcome {
		test := &assets.Test{Name: "t", Asset: asset, Given: []assets.Given{{Input: raw, Fixture: assets.Fixture{Rows: given}}}, Expect: &assets.Expected{Fixture: assets.Fixture{Rows: expected}}}
		s, diags, err := prepare(context.Background(), db, p.Project, p.graph, []*assets.Test{test})
		if err != nil || diags.HasErrors() {
			rt.Fatal(err, diags)
		}
		outcomes, err := s.Run(context.Background(), 1, nil)
		if err != nil || outcomes[0].Message != "" {
			rt.Fatal(err, outcomes)
		}
		return outcomes[0]
	}
	rapid.Check(t, func(rt *rapid.T) {
		var given []assets.Row
		for range rapid.IntRange(1, 5).Draw(rt, "rows") {
			var row assets.Row
			for _, c := range p.graph.Nodes[raw].Columns {
				if i := rapid.IntRange(-1, len(pools[c.Name])-1).Draw(rt, c.Name); i >= 0 {
					row.Cells = append(row.Cells, assets.Cell{Column: c.Name, Value: assets.Value{Text: pools[c.Name][i]}})
				}
			}
			given = append(given, row)
		}
		var expected []assets.Row
		for _, pair := range run(rt, given, nil).Diff.Rows {
			var row assets.Row
			for i, cell := range pair.Got {
				row.Cells = append(row.Cells, assets.Cell{Column: outputs[i].Name, Value: assets.Value{Text: cell.Text, Null: cell.Null}})
			}
			expected = append(expected, row)
		}
		if len(expected) != len(given) {
			rt.Fatalf("%d rows of %d", len(expected), len(given))
		}
		expected = rapid.Permutation(expected).Draw(rt, "order")
		if o := run(rt, given, expected); !o.Passed() {
			rt.Fatal(describe(o))
		}
		r := rapid.IntRange(0, len(expected)-1).Draw(rt, "row")
		c := rapid.IntRange(0, len(outputs)-1).Draw(rt, "column")
		changed := slices.Clone(expected)
		changed[r].Cells = slices.Clone(changed[r].Cells)
		cell := &changed[r].Cells[c]
		if pool := pools[cell.Column]; cell.Value.Null && pool == nil {
			cell.Value = assets.Value{Text: "42"}
		} else if cell.Value.Null {
			cell.Value = assets.Value{Text: pool[0]}
		} else {
			cell.Value = assets.Value{Null: true}
		}
		if o := run(rt, given, changed); o.Passed() {
			rt.Fatal(fmt.Sprintf("passes though %s of row %d is %v", cell.Column, r, cell.Value))
		}
	})
}
