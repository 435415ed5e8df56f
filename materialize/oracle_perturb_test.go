package materialize_test

import (
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

var perturbChecks = flag.Int("perturb.checks", 400, "how many queries have their inputs perturbed")

// table is the result of a query: rows in their order, columns as text.
type table struct{ rows [][]string }

// only is what some columns hold, row by row.
func (r table) only(columns []int) []string {
	out := make([]string, len(r.rows))
	for i, row := range r.rows {
		for _, c := range columns {
			out[i] += row[c] + "\x00"
		}
	}
	return out
}

func readTable(c *warehouse.Conn, sqlText string, columns []assets.Column) (out table, err error) {
	var list []string
	for _, col := range columns {
		list = append(list, col.Name+"::VARCHAR")
	}
	rows, err := c.Query(ctx, "SELECT "+strings.Join(list, ", ")+" FROM (\n"+sqlText+"\n)")
	if err != nil {
		return table{}, err
	}
	defer rows.Close()
	for rows.Next() {
		cells, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return table{}, err
		}
		row := make([]string, len(columns))
		for i, cell := range cells {
			row[i] = fmt.Sprint(cell)
		}
		out.rows = append(out.rows, row)
	}
	return out, rows.Err()
}

func (s oracleSource) create(name string) string {
	return "CREATE OR REPLACE TABLE " + name + " AS " + s.query()
}

func holds(origins []lineage.Origin, input assets.Name, column string) bool {
	return slices.ContainsFunc(origins, func(o lineage.Origin) bool { return o.Input == input && o.Column == column })
}

// Lineage is sound if what it does not name cannot matter. For a random query, each
// input column in turn gets other values: then
//   - if the query does not use it, all stays;
//   - if it does not decide which rows there are, every column that is not computed
//     from it keeps its values, row by row;
//   - and if it does not decide how rows lie either, they stay in their order.
func TestLineageIsSoundUnderPerturbation(t *testing.T) {
	binder := keptBinder(t)
	db, err := warehouse.Memory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(ctx, "SET threads=1; CREATE SCHEMA raw"); err != nil {
		t.Fatal(err)
	}
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	queries, refused, perturbed, kept, ordered := 0, 0, 0, 0, 0
	rapidly(t, *perturbChecks, func(t *rapid.T) {
		names := []assets.Name{assets.MustName("raw.s0"), assets.MustName("raw.s1")}
		sources := []oracleSource{drawSource(t), drawSource(t)}
		w := &writer{style: rapid.IntRange(0, 15).Draw(t, "style"), labels: map[*query][]string{}, tables: func(i int) (string, []field, int) { return names[i].String(), sources[i].fields, 6 }}
		statement := w.statement(drawQuery(t, 2, 3)).sql
		t.Log(statement)
		inputs := map[assets.Name][]assets.Column{}
		for i, name := range names {
			for _, f := range sources[i].fields {
				inputs[name] = append(inputs[name], assets.Column{Name: f.name, Type: string(f.kind)})
			}
			t.Log(sources[i].create(name.String()))
			if err := c.Exec(ctx, sources[i].create(name.String())); err != nil {
				t.Fatal(err)
			}
		}
		if err := binder.Declare(ctx, inputs); err != nil {
			t.Fatal(err)
		}
		plans, err := binder.Bind(ctx, []string{statement})
		if err != nil {
			t.Fatal(err)
		}
		bound, err := lineage.Walk(plans[0], warehouse.Engine(), inputs)
		if engine := (*lineage.EngineError)(nil); errors.As(err, &engine) {
			refused++
			t.Skip(err)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
		queries++
		statement = strings.TrimSuffix(statement, ";")
		before, err := readTable(c, statement, bound.Columns())
		if err != nil {
			t.Fatalf("%v\n%s", err, statement)
		}
		for i, name := range names {
			for j, f := range sources[i].fields {
				moved := sources[i].with(t, j)
				if err := c.Exec(ctx, moved.create(name.String())); err != nil {
					t.Fatal(err)
				}
				after, err := readTable(c, statement, bound.Columns())
				if err != nil {
					t.Fatalf("%v\n%s", err, statement)
				}
				if err := c.Exec(ctx, sources[i].create(name.String())); err != nil {
					t.Fatal(err)
				}
				perturbed++
				var same []int
				for o, output := range bound.Outputs {
					if !holds(output.From, name, f.name) {
						same = append(same, o)
					}
				}
				decides := holds(bound.RowsFrom, name, f.name)
				if !slices.Contains(bound.Uses[name], f.name) {
					if decides || len(same) < len(bound.Outputs) {
						t.Fatalf("%s.%s is not used, and still something comes from it", name, f.name)
					}
				}
				if decides {
					continue
				}
				kept++
				is, was := after.only(same), before.only(same)
				what := "its rows"
				if holds(bound.OrderFrom, name, f.name) {
					slices.Sort(is)
					slices.Sort(was)
				} else {
					ordered++
					what = "its rows, or their order,"
				}
				if !slices.Equal(is, was) {
					t.Fatalf("%s changed with %s.%s, which lineage does not tell\n%s\nfrom %q\nto %q\n%s", what, name, f.name, statement, was, is, moved.create(name.String()))
				}
			}
		}
	})
	t.Logf("%d queries, %d more refused by DuckDB: %d columns perturbed, %d of which decide about no rows, %d nor about their order", queries, refused, perturbed, kept, ordered)
	if refused*20 > queries {
		t.Error("DuckDB refused too many queries: the generator should know better")
	}
}

// with is s with other values in one column.
func (s oracleSource) with(t *rapid.T, column int) oracleSource {
	rows := make([][]string, len(s.rows))
	for i, row := range s.rows {
		rows[i] = slices.Clone(row)
		rows[i][column] = drawCell(t, s.fields[column].kind)
	}
	s.rows = rows
	return s
}
