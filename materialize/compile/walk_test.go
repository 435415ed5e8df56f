package compile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func walk(t testing.TB, b Binder, sql string, inputs map[assets.Name][]assets.Column) (lineage.Bound, error) {
	t.Helper()
	plans, err := b.Bind(context.Background(), []string{sql})
	if err != nil {
		t.Fatal(err)
	}
	return lineage.Walk(plans[0], "v1.5.5", inputs)
}

// Types are written as DESCRIBE writes them, and DuckDB reads them back.
func TestTypesAreSpelledAsDuckDBSpellsThem(t *testing.T) {
	ctx := context.Background()
	binder := newBinder(t)
	var columns []string
	for i, typ := range []string{
		"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "BIGNUM",
		"FLOAT", "DOUBLE", "DECIMAL", "DECIMAL(3)", "DECIMAL(38,10)", "NUMERIC(5,5)", "VARCHAR", "CHAR(3)", "TEXT", "BLOB", "BIT", "UUID", "JSON", "VARIANT",
		"DATE", "TIME", "TIME_NS", "TIMETZ", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ", "INTERVAL", "GEOMETRY",
		"INT[]", "INT[3]", "INT[][2][]", "DECIMAL(4,1)[]", "JSON[]",
		"MAP(VARCHAR, INT)", "MAP(INT, STRUCT(a INT)[])",
		`STRUCT(a INT, "b c" VARCHAR, "select" INT, "Ab" INT, "name" DATE, _x INT, "1a" INT, "a""b" INT, "é" INT, "between" INT, a1 INT)`,
		"STRUCT(a STRUCT(b INT[]))", `UNION(i INT, "v v" VARCHAR)`,
		`ENUM('a', 'it''s', 'x"y', '')`, "ENUM('a')[]",
	} {
		columns = append(columns, fmt.Sprintf("NULL::%s AS c%d", typ, i))
	}
	sql := "SELECT " + strings.Join(columns, ", ") + ", NULL AS n, [] AS l, {'a': NULL} AS s, MAP {} AS m, 'x' COLLATE nocase AS c"
	bound, err := walk(t, binder, sql, nil)
	if err != nil {
		t.Fatal(err)
	}
	described, err := binder.Describe(ctx, sql)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(described, bound.Columns()); diff != "" {
		t.Errorf("DESCRIBE says otherwise (-describe +walk):\n%s", diff)
	}
	again := assets.MustName("m.again")
	if err := binder.Declare(ctx, map[assets.Name][]assets.Column{again: bound.Columns()}); err != nil {
		t.Fatal(err)
	}
	second, err := walk(t, binder, "FROM m.again", map[assets.Name][]assets.Column{again: bound.Columns()})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bound.Columns(), second.Columns()); diff != "" {
		t.Errorf("types do not survive CREATE TABLE:\n%s", diff)
	}
}

func TestUses(t *testing.T) {
	for _, test := range []struct{ sql, want string }{
		{`select a from m.t`, "m.t(a)"},
		{`select A as x from M.T`, "m.t(a)"},
		{`select 1 as x from m.t`, "m.t()"},
		{`select count(*) as n from m.t`, "m.t()"},
		{`select count(*) as n from m.t where b > 1`, "m.t(b)"},
		{`from m.t`, "m.t(a b c)"},
		{`select * exclude (b) from m.t`, "m.t(a c)"},
		{`select columns('a|c') from m.t`, "m.t(a c)"},
		{`select t from m.t`, "m.t(a b c)"},
		{`select x.a from m.t as x join m.u as y on x.b = y.b`, "m.t(a b) m.u(b)"},
		{`select a, d from m.t join m.u using (b)`, "m.t(a b) m.u(b d)"},
		{`select m.t.a from m.t natural join m.u`, "m.t(a b) m.u(b)"},
		{`select a from m.t semi join m.u using (b)`, "m.t(a b) m.u(b)"},
		{`select a from m.t where exists (select 1 from m.u where m.u.b = m.t.c)`, "m.t(a c) m.u(b)"},
		{`select a from m.t where b in (select d from m.u)`, "m.t(a b) m.u(d)"},
		{`select a, (select max(d) from m.u where m.u.b = m.t.b) as x from m.t`, "m.t(a b) m.u(b d)"},
		{`select x from m.t, lateral (select d + m.t.c as x from m.u where m.u.b = m.t.a)`, "m.t(a c) m.u(b d)"},
		{`select a from m.t order by b limit 3`, "m.t(ORDER a b)"},
		{`select a, sum(b) as s, row_number() over (order by a) as n from m.t group by a`, "m.t(a b)"},
		{`select s from (select a, sum(b) as s from m.t group by a) order by a limit 1`, "m.t(a b)"},
		{`select s from (select a, c, sum(b) as s from m.t group by a, c) order by a limit 1`, "m.t(ORDER a b c)"},
		{`select a from (select distinct a, b from m.t) order by a, b limit 1`, "m.t(a b)"},
		{`select distinct on (b) a from m.t order by c`, "m.t(ORDER a b c)"},
		{`select a from m.t qualify row_number() over (partition by b order by c) = 1`, "m.t(ORDER a b c)"},
		{`select sum(a) filter (where b > 0) as s from m.t group by c having max(c) > 1`, "m.t(a b c)"},
		{`select a from m.t union all select d from m.u`, "m.t(a) m.u(d)"},
		{`with x as (select a, b from m.t) select a from x where b = 1`, "m.t(a b)"},
		{`with unused as (select b from m.t) select d from m.u`, "m.u(d)"},
		{`with recursive r as (select a, b from m.t union all select r.a + 1, m.u.d from r join m.u on r.b = m.u.b where r.a < 5) select a from r`, "m.t(a b) m.u(b d)"},
		{`pivot m.t on a in (1, 2) using sum(b)`, "m.t(a b c)"},
		{`pivot (select a, b from m.t) on a in (1, 2) using sum(b)`, "m.t(a b)"},
		{`unpivot m.t on a, b into name n value v`, "m.t(a b c)"},
		{`select unnest([a, b]) as x from m.t`, "m.t(a b)"},
		{`select g.x from m.t, generate_series(1, m.t.a) as g(x)`, "m.t(a)"},
		{`select list_transform([1, 2], lambda x: x + b) as l from m.t`, "m.t(b)"},
		{`select rowid as r from m.t`, "m.t(ORDER a b c)"},
		{`select max(m.t.rowid) as r from m.t join m.u using (b)`, "m.t(ORDER a b c) m.u(ORDER b d)"},
		{`select a from m.t asof join m.u on m.t.b >= m.u.b`, "m.t(a b) m.u(b)"},
		{`select a, d from m.t positional join m.u`, "m.t(ORDER a) m.u(ORDER d)"},
		{`select a, grouping(a) as g from m.t group by grouping sets ((a), (b))`, "m.t(a b)"},
		// Values without a source that differ from row to row: a limit chooses among them.
		{`select x from (select x from (select 1 as x, a from m.t union all select 2, d from m.u) order by a) limit 1`, "m.t(ORDER a) m.u(ORDER d)"},
		{`select n from (select n from (select a, count(*) as n, max(b) as b from m.t group by a) order by b) limit 1`, "m.t(ORDER a b)"},
		{`select x from (select x from (values (1), (2)) as v(x), m.t order by a + x) limit 1`, "m.t(ORDER a)"},
		{`select x from (select unnest([1, 2]) as x, a from m.t order by a) limit 1`, "m.t(ORDER a)"},
		{`select x from (select x, b from m.t left join (select 1 as x, b from m.u) using (b) order by b) limit 1`, "m.t(ORDER b) m.u(ORDER b)"},
		{`select first(x) as x from (select x from (select 1 as x, a from m.t union all select 2, 0) order by a)`, "m.t(ORDER a)"},
		{`select 1 as x from m.t limit 1`, "m.t()"},
		// A window leaves the rows sorted by its keys.
		{`select a from (select a, row_number() over (order by b) as n from m.t) limit 1`, "m.t(ORDER a b)"},
		{`select n from (select first_value(a) over (partition by b) as n, rank() over (order by c) as m from m.t)`, "m.t(ORDER a b c)"},
		{`select list(a) as l, (select max(d) from m.u where m.u.b = m.t.b) as x from m.t group by b`, "m.t(ORDER a b) m.u(b d)"},
	} {
		p := newProject(map[string]string{"m.t": "a INTEGER, b INTEGER, c INTEGER", "m.u": "b INTEGER, d INTEGER"}, map[string]string{"x": test.sql})
		g, diags, _ := p.compile(t, "")
		if diags.HasErrors() {
			t.Errorf("%s:\n%s", test.sql, describe(diags))
			continue
		}
		node := g.Nodes[assets.MustName("x")]
		if _, got, _ := strings.Cut(summary(node), "< "); got != test.want {
			t.Errorf("%s: uses %s, want %s", test.sql, got, test.want)
		}
		if node.Bound.Assumed {
			t.Errorf("%s: the plan was not read", test.sql)
		}
	}
}

// Cut-off is sound if a column outside Uses can never matter: queries made at
// random give the same rows when such a column gets other values.
func TestUsesIsComplete(t *testing.T) {
	ctx := context.Background()
	binder := newBinder(t)
	db, err := warehouse.Memory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	inputs := map[assets.Name][]assets.Column{}
	for _, name := range []string{"m.t", "m.u"} {
		inputs[assets.MustName(name)] = []assets.Column{{Name: "a", Type: "INTEGER"}, {Name: "b", Type: "INTEGER"}, {Name: "c", Type: "INTEGER"}, {Name: "d", Type: "INTEGER"}}
	}
	if err := binder.Declare(ctx, inputs); err != nil {
		t.Fatal(err)
	}
	unused := 0
	rapid.Check(t, func(r *rapid.T) {
		sql := query(r, 3, false)
		bound, err := walk(t, binder, sql, inputs)
		if err != nil {
			r.Skip(err) // the generator is not careful with types
		}
		// Two data sets that agree in exactly the used columns.
		var results [2]string
		data := map[string][]int{}
		for i := range results {
			ddl := "CREATE SCHEMA IF NOT EXISTS m;"
			for _, name := range assets.SortedNames(inputs) {
				rows := rapid.IntRange(0, 4).Draw(r, "rows of "+name.String())
				if i == 1 {
					rows = len(data[name.String()+".rows"])
				}
				data[name.String()+".rows"] = make([]int, rows)
				ddl += fmt.Sprintf("CREATE OR REPLACE TABLE %s(a INTEGER, b INTEGER, c INTEGER, d INTEGER);", name)
				for _, c := range inputs[name] {
					key := name.String() + "." + c.Name
					if used := slices.Contains(bound.Uses[name], c.Name); i == 0 || !used {
						unused += i
						data[key] = rapid.SliceOfN(rapid.IntRange(0, 3), rows, rows).Draw(r, key)
					}
				}
				for row := range rows {
					ddl += fmt.Sprintf("INSERT INTO %s VALUES (%d, %d, %d, %d);", name,
						data[name.String()+".a"][row], data[name.String()+".b"][row], data[name.String()+".c"][row], data[name.String()+".d"][row])
				}
			}
			if err := conn.Exec(ctx, ddl); err != nil {
				t.Fatal(err)
			}
			if err := conn.Exec(ctx, `CREATE OR REPLACE TEMP TABLE "?" AS `+sql); err != nil {
				results[i] = "error" // a value, such as a division by zero, may decide that
				continue
			}
			row := conn.QueryRow(ctx, `SELECT coalesce(string_agg(r, chr(10) ORDER BY r), '') FROM (SELECT x::VARCHAR AS r FROM "?" AS x)`)
			if err := row.Scan(&results[i]); err != nil {
				t.Fatal(err)
			}
		}
		if results[0] != results[1] {
			r.Fatalf("uses %v, but other columns decide the result of\n%s\n%s\nagainst\n%s", bound.Uses, sql, results[0], results[1])
		}
	})
	if unused == 0 {
		t.Error("no query left a column unused: the test proves nothing")
	}
}

// query makes a query over m.t and m.u that always yields columns a and b, in
// terms of the order of rows only where it is total.
func query(r *rapid.T, depth int, nested bool) string {
	if depth == 0 {
		table := rapid.SampledFrom([]string{"m.t", "m.u"}).Draw(r, "table")
		return fmt.Sprintf("SELECT %s AS a, %s AS b FROM %s", column(r), column(r), table)
	}
	sub := func() string { return query(r, rapid.IntRange(0, depth-1).Draw(r, "depth"), true) }
	switch rapid.IntRange(0, 11).Draw(r, "shape") {
	case 0:
		return fmt.Sprintf("SELECT a, b FROM (%s) WHERE %s", sub(), condition(r))
	case 1:
		return fmt.Sprintf("SELECT x.a AS a, y.b AS b FROM (%s) x %s JOIN (%s) y ON x.b = y.a", sub(), rapid.SampledFrom([]string{"", "LEFT", "FULL"}).Draw(r, "join"), sub())
	case 2:
		return fmt.Sprintf("SELECT a, %s AS b FROM (%s) GROUP BY a", rapid.SampledFrom([]string{"sum(b)::INTEGER", "count(*)::INTEGER", "max(b)", "min(b)"}).Draw(r, "agg"), sub())
	case 3:
		return fmt.Sprintf("%s %s %s", sub(), rapid.SampledFrom([]string{"UNION ALL", "UNION", "EXCEPT", "INTERSECT"}).Draw(r, "set"), sub())
	case 4:
		return fmt.Sprintf("WITH q AS (%s) SELECT q.a AS a, p.b AS b FROM q JOIN q AS p USING (a)", sub())
	case 5:
		return fmt.Sprintf("SELECT a, (rank() OVER (PARTITION BY b ORDER BY a))::INTEGER AS b FROM (%s)", sub())
	case 6:
		return fmt.Sprintf("SELECT a, b FROM (%s) WHERE a IN (SELECT %s FROM m.u)", sub(), column(r))
	case 7:
		return fmt.Sprintf("SELECT q.a AS a, (SELECT max(%s) FROM m.t WHERE m.t.%s = q.b) AS b FROM (%s) q", column(r), column(r), sub())
	case 8:
		return fmt.Sprintf("SELECT q.a AS a, l.v AS b FROM (%s) q, LATERAL (SELECT %s + q.b AS v FROM m.u WHERE %s > q.a) l", sub(), column(r), column(r))
	case 9:
		return fmt.Sprintf("SELECT a, unnest([b, a]) AS b FROM (%s)", sub())
	case 10:
		return fmt.Sprintf("SELECT a, b FROM (%s) q WHERE EXISTS (FROM m.t WHERE %s = q.a)", sub(), column(r))
	default:
		if nested {
			return fmt.Sprintf("SELECT DISTINCT a, b FROM (%s)", sub())
		}
		return fmt.Sprintf("SELECT a, b FROM (%s) ORDER BY a, b LIMIT 2", sub())
	}
}

func column(r *rapid.T) string {
	return rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(r, "column")
}

func condition(r *rapid.T) string {
	return rapid.SampledFrom([]string{"a > 1", "b = a", "b IS NULL OR a < 2", "CASE WHEN a = 1 THEN b > 0 ELSE true END"}).Draw(r, "where")
}

// Generated SQL is long: chains of operators and unions make deep trees.
func TestDeepTrees(t *testing.T) {
	p := newProject(map[string]string{"m.t": "a VARCHAR, b VARCHAR"}, map[string]string{
		"m.concat": "select a" + strings.Repeat(" || 'x' || a", 200) + " as x from m.t",
		"m.unions": "select b from m.t" + strings.Repeat(" union all select a from m.t", 400),
	})
	g, _ := p.mustCompile(t, "")
	if got := summary(g.Nodes[assets.MustName("m.concat")]); got != "x VARCHAR < m.t(a)" {
		t.Error(got)
	}
	if got := summary(g.Nodes[assets.MustName("m.unions")]); got != "b VARCHAR < m.t(a b)" {
		t.Error(got)
	}
}

// DuckDB renames the second of two equal columns, so a duplicate has to be told
// from a column that is really called a_1.
func TestDuplicateColumns(t *testing.T) {
	binder := newBinder(t)
	inputs := map[assets.Name][]assets.Column{assets.MustName("m.t"): {{Name: "a", Type: "INTEGER"}, {Name: "b", Type: "INTEGER"}}}
	if err := binder.Declare(context.Background(), inputs); err != nil {
		t.Fatal(err)
	}
	for sql, duplicate := range map[string]string{
		"select a, b as a_1 from m.t":                                               "",
		"select * from (select a, b from m.t) as s(a, a_1)":                         "",
		"select * from (select a, a from m.t) as s(a, a_1)":                         "",
		"with s(a, a_1) as (select a, a from m.t) select * from s":                  "",
		"with s(a, a_1) as materialized (select a, a from m.t) from s union from s": "",
		"select a, a as a_1, b as a_2 from m.t order by b":                          "",
		"select a + 1, a + 1 from m.t":                                              "",
		"select a, b as A from m.t":                                                 "A",
		"select a, a from m.t":                                                      "a",
		"select * from m.t x, m.t y":                                                "a",
		"select x.*, y.* from m.t x join m.t y using (a) limit 3":                   "a",
		"select a, b as a from m.t union all select 1, 2":                           "a",
		"with s as (select a from m.t) select distinct a, 1 as a from s":            "a",
		"select a, b as a from m.t order by a + b":                                  "a",
	} {
		bound, err := walk(t, binder, sql, inputs)
		var twice *lineage.DuplicateColumnError
		switch {
		case duplicate == "" && err != nil:
			t.Errorf("%s: %v", sql, err)
		case duplicate != "" && (!errors.As(err, &twice) || twice.Name != duplicate):
			t.Errorf("%s: got %v and columns %v, want a duplicate %s", sql, err, bound.Outputs, duplicate)
		}
	}
}
