package compile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func newBinder(t testing.TB) *warehouse.Binder {
	t.Helper()
	b, err := warehouse.NewBinder(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func parse(t testing.TB, b Binder, sql string) (lineage.Parsed, error) {
	t.Helper()
	trees, err := b.Syntax(context.Background(), []string{sql})
	if err != nil {
		t.Fatal(err)
	}
	return lineage.Parse(trees[0], "v0")
}

// What a statement names, by DuckDB's own syntax tree: refs as name@byte, with a
// star where the schema is not written.
func TestParseFindsWhatIsRead(t *testing.T) {
	binder := newBinder(t)
	for _, test := range []struct{ sql, want string }{
		{`select 1`, ``},
		{`select * from staging.orders`, `staging.orders@14`},
		{`from staging.orders`, `staging.orders@5`},
		{`table staging.orders`, `staging.orders@6`},
		{`values (1), ((select max(a) from m.t))`, `m.t@33`},
		{`select * from orders`, `orders@14*`},
		{`select * from Staging."Orders"`, `staging.orders@14`},
		{`select * from m.a, m.b, m.a x`, `m.a@14 m.b@19`},
		{`select * from m.b join m.a using (id)`, `m.b@14 m.a@23`},
		{`from m.a natural join m.b positional join m.c asof join m.d using (x)`, `m.a@5 m.b@22 m.c@42 m.d@56`},
		{`select * from m.a semi join m.b using (id) anti join m.c using (id)`, `m.a@14 m.b@28 m.c@53`},
		{`select * from m.a union all by name from m.b except from m.c`, `m.a@14 m.b@41 m.c@57`},
		{`select (select max(x) from m.s), exists (from m.e) from m.t where a in (from m.i) order by (select 1 from m.o)`, `m.s@27 m.e@46 m.t@56 m.i@77 m.o@106`},
		{`select * from m.a, lateral (select * from m.b where m.b.x = m.a.x)`, `m.a@14 m.b@42`},
		{`select list_transform([1], x -> x + (select 1 from m.l)) from m.t`, `m.l@51 m.t@62`},
		{`select count(*) filter (where a in (from m.f)) over (order by (select 1 from m.w)) from m.t qualify exists (from m.q)`, `m.f@41 m.w@77 m.t@88 m.q@113`},
		{`from m.t limit (select n from m.l)`, `m.t@5 m.l@30`},
		{`pivot m.t on a in (1, 2) using sum(b)`, `m.t@6`},
		{`from m.t pivot (sum(x) for y in (1, 2))`, `m.t@5`},
		{`unpivot m.t on a, b into name n value v`, `m.t@8`},
		{`from (pivot m.t on a in (1))`, `m.t@12`},
		{`from m.t, unnest(m.t.l), range(3), generate_series(1, 2)`, `m.t@5`},
		// common table expressions
		{`with t as (select 1) from t`, ``},
		{`with T as (select 1) from "t"`, ``},
		{`with t as (select * from t) select * from t`, `t@25*`},
		{`with a as (from b), b as (select 1) from a`, `b@16*`},
		{`with a as (select 1), b as (from a) from b, m.a`, `m.a@44`},
		{`with t as (select 1) select * from m.t, t`, `m.t@35`},
		{`with t as (select 1) select (with t as (from m.u) select 1 from t), (from t)`, `m.u@45`},
		{`select * from (with t as (select 1) from t), t`, `t@45*`},
		{`with t as materialized (from m.x) from t union all from t`, `m.x@29`},
		{`with recursive r as (select 1 a union all select a + 1 from r where a < 3) from r`, ``},
		{`with recursive r as (select a from m.t union select r.a from r join m.p using (a)) from r`, `m.t@35 m.p@68`},
		{`with recursive t as (from t) from t`, `t@26*`},
		{`with recursive r(a) using key (a) as (select 1 union select a from recurring.r) from r`, ``},
		{`with t as (select 1) from t where exists (from t where exists (from m.t))`, `m.t@68`},
		// what is no declared name shows as a name that nothing declares
		{`from information_schema.tables`, `information_schema.tables@5`},
		{`from duckdb_tables`, `duckdb_tables@5*`},
		{`from pg_catalog.pg_class`, `pg_catalog.pg_class@5`},
		// files
		{`from 'data/a.csv'`, `file data/a.csv csv@5`},
		{`from "a.parquet" join b.parquet using (x)`, `file a.parquet parquet@5 b.parquet@22`},
		{`from 'a.ndjson.gz', 'x/*', 's3://b/k.parquet'`, `file a.ndjson.gz json@5 file x/* @20 file s3://b/k.parquet parquet@27`},
		{`from read_csv('a/*.csv', header = true)`, `file a/*.csv csv@5`},
		{`from read_parquet(['a.parquet', 'b.parquet'])`, `file a.parquet parquet@5`},
		{`from READ_JSON_AUTO('a' || 'b')`, `file a json@5`},
		// refusals
		{`from shop.mart.sales`, `refused@5: shop.mart.sales names a catalog`},
		{`from m.t; select 2`, `refused@17: More than one statement`},
		{``, `refused@0: The SQL is empty`},
		{`-- nothing`, `refused@0: The SQL is empty`},
		{`from query('select 1')`, `refused@5: query() cannot be used in an asset`},
		{`from query_table('t')`, `refused@5: query_table() cannot be used in an asset`},
		{`from histogram('m.t', x)`, `refused@5: histogram() cannot be used in an asset`},
		{`select (select count(*) from duckdb_tables())`, `refused@29: duckdb_tables() cannot be used in an asset`},
		{`from glob('*')`, `refused@5: glob() cannot be used in an asset`},
		{`from read_text('a.txt')`, `refused@5: read_text() cannot be used in an asset`},
		{`from parquet_metadata('a')`, `refused@5: parquet_metadata() cannot be used in an asset`},
		{`from pragma_version()`, `refused@5: pragma_version() cannot be used in an asset`},
		{`from json_execute_serialized_sql('x')`, `refused@5: json_execute_serialized_sql() cannot be used in an asset`},
		{`describe m.t`, `m.t@9 refused@0: DESCRIBE, SHOW and SUMMARIZE cannot be used in an asset`},
		{`from (summarize m.t)`, `m.t@16 refused@0: DESCRIBE, SHOW and SUMMARIZE cannot be used in an asset`},
		{`select $since`, `refused@-1: A parameter has no value`},
	} {
		parsed, err := parse(t, binder, test.sql)
		if err != nil {
			t.Errorf("%s: %v", test.sql, err)
			continue
		}
		var got []string
		for _, f := range parsed.Files {
			got = append(got, fmt.Sprintf("file %s %s@%d", f.Path, f.Format, f.Offset))
		}
		for _, r := range parsed.Refs {
			bare := ""
			if r.Bare {
				bare = "*"
			}
			got = append(got, fmt.Sprintf("%s@%d%s", r.Name, r.Offset, bare))
		}
		for _, r := range parsed.Refusals {
			got = append(got, fmt.Sprintf("refused@%d: %s", r.Offset, r.Summary))
		}
		if got := strings.Join(got, " "); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.sql, got, test.want)
		}
	}
}

// Every table that DuckDB finds missing when it binds a statement is one of its
// refs: names are scoped as DuckDB scopes them.
func TestRefsAgreeWithTheBinder(t *testing.T) {
	binder := newBinder(t)
	for _, sql := range []string{
		`with a as (from b), b as (select 1) from a`,
		`with recursive t as (from t) from t`,
		`with recursive r as (select 1 as a union all select a from r) select * from r`,
		`with t as (select 1) select (with u as (from t) select 1 from u)`,
		`select * from (with t as (select 1) from t), t`,
		`with t as (from t) from t`,
		`with t as (select 1) from main.t`,
	} {
		parsed, err := parse(t, binder, sql)
		if err != nil {
			t.Fatal(err)
		}
		plans, err := binder.Bind(context.Background(), []string{sql})
		if err != nil {
			t.Fatal(err)
		}
		missing := lineage.EngineErrorIn(plans[0])
		if found := len(parsed.Refs) > 0; found != (missing != nil) {
			t.Errorf("%s\nrefs %v, but the binder says %v", sql, parsed.Refs, missing)
		}
	}
}

func TestParseErrors(t *testing.T) {
	binder := newBinder(t)
	for _, test := range []struct{ sql, kind string }{
		{`selec 1`, "parser"},
		{`select 'é' >`, "parser"},
		{`insert into m.t values (1)`, "not implemented"},
		{`create table x (a int)`, "not implemented"},
		{`pivot m.t on a using sum(b)`, "not implemented"},
		{`copy m.t to 'x.csv'`, "not implemented"},
	} {
		_, err := parse(t, binder, test.sql)
		engine, ok := err.(*lineage.EngineError)
		if !ok || engine.Type != test.kind {
			t.Errorf("%s: got %v, want an error of type %s", test.sql, err, test.kind)
		}
	}
}

func TestSyntaxDigest(t *testing.T) {
	binder := newBinder(t)
	digest := func(sql string) string {
		parsed, err := parse(t, binder, sql)
		if err != nil {
			t.Fatal(err)
		}
		return string(parsed.Syntax)
	}
	const base = `select a, 'it''s' as b from m.t where a != 1`
	for _, same := range []string{
		"SELECT a,\n\t'it''s' AS b\nFROM m.t WHERE a != 1",
		"-- why\nselect a, /* what */ 'it''s' as b from m.t where a <> 1;",
		`select (a), 'it''s' b from m."t" where (a != 1)`,
		`from m.t select a, 'it''s' as b where a != 1`,
	} {
		if digest(same) != digest(base) {
			t.Errorf("layout changes the digest of\n%s", same)
		}
	}
	for _, other := range []string{
		`select a, 'It''s' as b from m.t where a != 1`,
		`select a, 'it''s' as c from m.t where a != 1`,
		`select a, 'it''s' as b from m.t where a != 2`,
		`select a, '"query_location":12,' as b from m.t where a != 1`,
	} {
		if digest(other) == digest(base) {
			t.Errorf("the digest does not see the change in\n%s", other)
		}
	}
	if a, b := digest(`select '"query_location":12,'`), digest(`select '"query_location":13,'`); a == b {
		t.Error("text that looks like a position is taken for one")
	}
	if got := digest(base); !strings.HasPrefix(got, "ast1-v0:") {
		t.Errorf("scheme of %s", got)
	}
}

func TestVolatileFunctions(t *testing.T) {
	for _, test := range []struct{ sql, want string }{
		{`select now() as a, upper('x') as b`, "now"},
		{`select current_date as d, current_timestamp as t`, "current_date get_current_timestamp"},
		{`select age(timestamp '2020-01-01') as a`, "age"},
		{`select age(timestamp '2020-01-01', timestamp '2021-01-01') as a`, ""},
		{`select random() as r, uuid() as u`, "random uuid"},
		{`select range as d from range(date '2020-01-01', current_date, interval 1 day)`, "current_date"},
		{`select * from range(date '2020-01-01', today(), interval 1 day)`, "today"},
		{`from m.t tablesample 10%`, "tablesample"},
		{`select current_date from (select 1 as current_date)`, ""},
		{`select a from m.t where ts > ago(interval 1 day)`, "ago get_current_timestamp"},
		{`select rowid from m.t`, "rowid"},
		{`select (select count(*) from m.t where a > random()) as n`, "random"},
	} {
		p := newProject(map[string]string{"m.t": "a INTEGER, ts TIMESTAMPTZ"}, map[string]string{"x": test.sql})
		g, _ := p.mustCompile(t, "")
		node := g.Nodes[p.Assets[g.Order[0]].Name]
		if got := strings.Join(node.Bound.Volatile, " "); got != test.want {
			t.Errorf("%s: volatile %q, want %q", test.sql, got, test.want)
		}
	}
}

// The engine says itself which functions are not constant; none may be forgotten
// when it is upgraded.
func TestVolatileFunctionsAreComplete(t *testing.T) {
	ctx := context.Background()
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
	rows, err := conn.Query(ctx, "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT' AND function_type = 'scalar' ORDER BY ALL")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	constant := []string{"error"} // raises; yields nothing
	for n := 0; rows.Next(); n++ {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if !lineage.IsVolatile(name, 0) && !slices.Contains(constant, name) {
			t.Errorf("%s is not constant in this engine: list it in lineage/volatile.go", name)
		}
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
}

func TestKeywordsAreComplete(t *testing.T) {
	ctx := context.Background()
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
	rows, err := conn.Query(ctx, "SELECT DISTINCT keyword_name FROM duckdb_keywords()")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var word string
		if err := rows.Scan(&word); err != nil {
			t.Fatal(err)
		}
		if !lineage.IsKeyword(word) {
			t.Errorf("%s is a keyword of this engine: list it in lineage/keywords.go", word)
		}
	}
}
