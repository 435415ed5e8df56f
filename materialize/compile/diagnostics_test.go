package compile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// Each mistake in the SQL of asset mart.x: where it is shown, what is said.
func TestMistakesInSQL(t *testing.T) {
	for _, test := range []struct{ sql, place, summary, detail string }{
		{"select id,\n  amuont from staging.orders", "2,3-9", `Unknown column "amuont"`, `Candidate bindings: "amount"`},
		{"select o.amuont from staging.orders o", "1,8-16", `Table "o" does not have a column named "amuont"`, `Candidate bindings: "amount"`},
		{"select 'é', zz.id from staging.orders", "1,13-18", `Referenced table "zz" not found`, "Candidate tables"},
		{"select uper(note) from staging.orders", "1,8-12", "Scalar Function with name uper does not exist", `Did you mean "upper"`},
		{"select sum(note) from staging.orders", "1,8-11", "No function matches the given name and argument types 'sum(VARCHAR)'", "explicit type casts"},
		{"select id, count(*) as n from staging.orders", "1,8-10", `Column "id" must appear in the GROUP BY clause`, "ANY_VALUE"},
		{"select id\nfrom staging.ordrs", "2,6-19", `Unknown input "staging.ordrs"`, "Did you mean staging.orders?"},
		{"select id from orders", "1,16-22", `Unknown input "orders"`, "Did you mean staging.orders?"},
		{"select id from marts.orders", "1,16-28", `Unknown input "marts.orders"`, "staging.orders"},
		{"select * from information_schema.tables", "1,15-40", `Unknown input "information_schema.tables"`, "Tables of the system"},
		{"select * from nowhere.zzzzzz", "1,15-29", `Unknown input "nowhere.zzzzzz"`, "Declare it"},
		{"select * from mart.x", "1,15-21", `Asset "mart.x" reads itself`, "another one"},
		{"selec id from staging.orders", "1,1-6", "The SQL cannot be parsed", `Syntax error at or near "selec"`},
		{"select id from staging.orders where", "1,35-36", "The SQL cannot be parsed", "It ends too early"},
		{"select 1;\nselect 2", "2,8-9", "More than one statement", "one query"},
		{"-- nothing", "1,1-2", "The SQL is empty", "one query"},
		{"select id from staging.orders where id > $1", "1,42-43", "A parameter has no value", `templatefile("x.sql", { name = var.name })`},
		{"select id from staging.orders where id > ${var.min}", "1,42-43", "Nothing is put in for ${…} in this file", `templatefile("mart.x.sql", { min = var.min }), and write ${min} in it`},
		{"select ${ columns } from staging.orders", "1,8-9", "Nothing is put in for ${…} in this file", `{ name = var.name }), and write ${name}`},
		{"select * from ref('orders')", "1,15-18", "Assets need no ref()", "from staging.orders."},
		{"select * from ref('mart.orders')", "1,15-18", "Assets need no ref()", "from mart.orders."},
		{"select * from source('raw', 'known') s", "1,15-21", "Assets need no source()", "from raw.known."},
		{"select * from {{ ref('orders') }}", "1,15-16", "{{ is Jinja's", "write the name with its schema, as it is declared: from staging.orders."},
		{"select * from {{source(\"raw\", \"known\")}}", "1,15-16", "{{ is Jinja's", "from raw.known."},
		{"{{ config(materialized='table') }}\nselect 1 as id", "1,1-2", "{{ is Jinja's", "its block"},
		{"select {{ var('x') }} as x", "1,8-9", "{{ is Jinja's", "templatefile"},
		{"select 1 as id\n{% if is_incremental() %} where 1 {% endif %}", "2,1-2", "{% is Jinja's", "%{ if … }"},
		{"{# a comment #}\nselect 1 as id", "1,1-2", "{# is Jinja's", "templatefile"},
		{"-- model\nMODEL (\n  name a.b,\n  kind FULL\n);\nselect 1 as id", "2,1-6", "MODEL (…) is SQLMesh's", "its kind a block materialize"},
		{"-- first\ninsert into staging.orders values (1)", "2,1-7", "The SQL is not a query", "begins with INSERT"},
		{"create table x as select 1", "1,1-7", "The SQL is not a query", "begins with CREATE"},
		{"pivot staging.orders on note using sum(amount)", "1,1-6", "PIVOT needs its values", "IN (2023, 2024)"},
		{"with p as (pivot staging.orders on note using sum(amount)) from p", "1,12-17", "PIVOT needs its values", "IN (2023, 2024)"},
		{"select id, note as id from staging.orders", "1,12-16", `Two columns are called "id"`, "EXCLUDE"},
		{"select * from staging.orders a join staging.orders b on a.id = b.id order by 1", "1,8-9", `Two columns are called "id"`, "USING"},
		{"select 1 as n, 2 as m,\n 3 as N union all select 4, 5, 6", "2,2-3", `Two columns are called "N"`, "EXCLUDE"},
		{"select 1 as id\x00 where false", "", "The SQL cannot be parsed", "NUL character"},
		{"select 1e309 as id", "", "The SQL cannot be parsed", "too large"},
		{"select row(1, 2) as pair", "", "The SQL cannot be compiled", "fields have no names"},
		{"select * from shop.staging.orders", "1,15-34", "shop.staging.orders names a catalog", "Write staging.orders"},
		{"select * from query_table('staging.orders')", "1,15-26", "query_table() cannot be used in an asset", "Write the query itself"},
		{"from 'data/Orders 2024.csv'", "1,6-28", `The SQL reads the file "data/Orders 2024.csv" directly`, "source \"raw.orders_2024\" {\n  files = \"data/Orders 2024.csv\"\n}"},
		{"select * from read_csv('in/events/*.log', delim = '|')", "1,15-23", `The SQL reads the file "in/events/*.log" directly`, "source \"raw.events\" {\n  files = \"in/events/*.log\"\n  format \"csv\" {}\n}"},
		{"from 'data/known.csv'", "1,6-22", `The SQL reads the file "data/known.csv" directly`, `Source "raw.known" reads this file`},
	} {
		p := newProject(map[string]string{"raw.known": "a INTEGER"}, map[string]string{
			"staging.orders": "select 1 as id, 2.5 as amount, 'n' as note",
			"mart.x":         test.sql,
			"mart.reader":    "select whatever from mart.x", // silently skipped
		})
		p.Sources[assets.MustName("raw.known")].Reader.Glob = "data/known.csv"
		g, diags, _ := p.compile(t, "")
		if len(diags) != 1 {
			t.Errorf("%s: %d diagnostics, want one\n%s", test.sql, len(diags), describe(diags))
			continue
		}
		got := describe(diags)
		place := "mart.x.hcl:0,0-0" // the asset's sql argument
		if test.place != "" {
			place = "mart.x.sql:" + test.place
		}
		if !strings.HasPrefix(got, place+": "+test.summary) || !strings.Contains(got, test.detail) {
			t.Errorf("%s\n got %s\nwant %s: %s … %s", test.sql, got, place, test.summary, test.detail)
		}
		if unbound := g.Nodes[assets.MustName("mart.reader")].Unbound; unbound != "asset mart.x does not compile" {
			t.Errorf("%s: the reader is unbound because %q", test.sql, unbound)
		}
	}
}

// What follows from a mistake that was told before is not a mistake of its own.
func TestWhatFollowsIsNotReported(t *testing.T) {
	p := newProject(nil, map[string]string{
		"m.empty": " \n", "m.reads_empty": "from m.empty",
		"m.reads_unread": "from gone.a", "m.below": "from m.reads_unread", "m.fine": "select 1 as id",
	})
	p.Unread = assets.Unread{Names: map[assets.Name]bool{assets.MustName("gone.a"): true}, Prefixes: []string{"gone.users_"}}
	p.asset("m.reads_member", "from gone.users_uk")
	g, diags, _ := p.compile(t, "")
	if len(diags) > 0 {
		t.Error(describe(diags))
	}
	for name, unbound := range map[string]bool{"m.empty": true, "m.reads_empty": true, "m.reads_unread": true, "m.below": true, "m.reads_member": true, "m.fine": false} {
		if got := g.Nodes[assets.MustName(name)].Unbound; (got != "") != unbound {
			t.Errorf("%s: unbound %q", name, got)
		}
	}
	// The members of a group share their SQL: what is wrong in it is said once.
	p = newProject(nil, map[string]string{})
	for _, name := range []string{"m.a", "m.b"} {
		p.asset(name, "").SQL = sqlIn("group.sql", "from nowhere.x")
	}
	if _, diags, _ := p.compile(t, ""); len(diags) != 1 {
		t.Errorf("%d diagnostics, want one\n%s", len(diags), describe(diags))
	}
}

// ${var.x} inside a string of a file is good SQL, but means something else than it seems.
func TestInterpolationInAFile(t *testing.T) {
	for sql, want := range map[string]string{
		"select '${var.since}' as since": `m.a.sql:1,9-10: Nothing is put in for ${…} in this file`,
		"select '${x}' as since":         "",
		"select 'a${' as since":          "",
	} {
		p := newProject(nil, map[string]string{"m.a": sql})
		_, diags, _ := p.compile(t, "")
		if got := describe(diags); diags.HasErrors() || want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", sql, got, want)
		}
		p.Assets[assets.MustName("m.a")].SQL = sqlIn("m.hcl", sql) // doubled there: $${
		if _, diags, _ = p.compile(t, ""); len(diags) > 0 {
			t.Errorf("%s in HCL: %s", sql, describe(diags))
		}
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	p := newProject(map[string]string{"raw.a": "id INTEGER"}, map[string]string{
		"b.one":   "select nope from raw.a",
		"b.two":   "select * from raw.missing",
		"b.three": "selec",
		"b.four":  "select id from raw.a",
		"b.five":  "select neither from b.four",
	})
	p.Assets[assets.MustName("b.four")].Checks = []assets.Check{{Kind: assets.Expression, SQL: sqlIn("check.hcl", "ids > 0")}}
	_, diags, _ := p.compile(t, "")
	var files []string
	for _, d := range diags {
		files = append(files, d.Subject.Filename)
	}
	if got := strings.Join(files, " "); got != "b.five.sql b.one.sql b.three.sql b.two.sql check.hcl" {
		t.Errorf("mistakes in %s\n%s", got, describe(diags))
	}
}

func TestCycle(t *testing.T) {
	p := newProject(nil, map[string]string{
		"m.a": "select *\nfrom m.b", "m.b": "from m.c, m.a", "m.c": "from m.a", "m.below": "from m.c", "m.p": "from m.q", "m.q": "from m.p",
	})
	_, diags, _ := p.compile(t, "")
	got := describe(diags)
	for _, want := range []string{
		"m.a.sql:2,6-9: Cycle: m.a → m.b → m.a\n", "m.a reads m.b at m.a.sql:2,6; m.b reads m.a at m.b.sql:1,11",
		"m.p.sql:1,6-9: Cycle: m.p → m.q → m.p\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if len(diags) != 2 {
		t.Errorf("%d diagnostics, want one for each cycle\n%s", len(diags), got)
	}
}

func TestMistakesInColumnsAndChecks(t *testing.T) {
	at := func(file string) hcl.Range { return hcl.Range{Filename: file} }
	column := func(name, typ string) func(*assets.Asset) {
		return func(a *assets.Asset) {
			a.Columns = []assets.DeclaredColumn{{Name: name, Type: typ, Decl: at("column"), TypeRange: at("type")}}
		}
	}
	check := func(c assets.Check) func(*assets.Asset) {
		return func(a *assets.Asset) {
			c.ArgRange = at("arg")
			a.Checks = []assets.Check{c}
		}
	}
	strict := func(columns ...string) func(*assets.Asset) {
		return func(a *assets.Asset) {
			a.Contract, a.ContractRange = assets.Strict, at("contract")
			for _, name := range columns {
				a.Columns = append(a.Columns, assets.DeclaredColumn{Name: name})
			}
		}
	}
	raw := assets.MustName("raw.c")
	for _, test := range []struct {
		name string
		edit func(*assets.Asset)
		want string // start of the diagnostic; empty: none
	}{
		{"declared", column("amount", "DECIMAL(10,2)"), ""},
		{"declared in other words", column("AMOUNT", "numeric( 10, 2 )"), ""},
		{"declared without a type", column("id", ""), ""},
		{"integer synonym", column("id", "int4"), ""},
		{"mismatch", column("amount", "double"), `type:0,0-0: Type mismatch in column "amount"` + "\n" + `Asset "mart.x" declares DOUBLE, but its SQL gives DECIMAL(10,2).`},
		{"no type", column("amount", "money"), `type:0,0-0: "money" is not a type`},
		{"more than a type", column("amount", "INTEGER) AS a, (1"), `type:0,0-0: "INTEGER) AS a, (1" is not a type`},
		{"no such column", column("amuont", "DOUBLE"), `column:0,0-0: Unknown column "amuont"` + "\n" + `Asset "mart.x" has no such column. Did you mean "amount"?`},
		{"strict, with all columns", strict("ID", "amount", "note", "day"), ""},
		{"strict, with some columns", strict("id", "note"), `contract:0,0-0: 2 columns are not in the contract` + "\n" +
			`The contract of asset "mart.x" is strict: it has the declared columns and no others. Its SQL also gives amount, day. ` +
			`Leave them out of the SQL, write contract = "open", or declare them:` + "\n\n" +
			`column "amount" { type = "DECIMAL(10,2)" }` + "\n" + `column "day" { type = "DATE" }`},
		{"strict, but for one column", strict("id", "note", "day"), `contract:0,0-0: Column "amount" is not in the contract` + "\n"},
		{"strict by default", func(a *assets.Asset) {
			strict("id", "note", "day")(a)
			a.Decl, a.ContractRange = at("header"), at("header")
		}, `header:0,0-0: Column "amount" is not in the contract` + "\n" + `The contract of asset "mart.x" is strict by the project's defaults: it`},
		{"strict without columns", strict(), `contract:0,0-0: A strict contract without columns` + "\n" +
			`Asset "mart.x" declares no column, and a strict contract allows no others. Leave the contract out, or declare what its SQL gives:` + "\n\n" +
			`column "id" { type = "INTEGER" }` + "\n"},
		{"open, with some columns", func(a *assets.Asset) { strict("id")(a); a.Contract = assets.Open }, ""},
		{"check of columns", check(assets.Check{Kind: assets.Unique, Columns: []string{"id", "ID", "note"}}), ""},
		{"check of no column", check(assets.Check{Kind: assets.NotNull, Columns: []string{"zzz"}}), `arg:0,0-0: Unknown column "zzz"` + "\n" + `Asset "mart.x" has no such column. Its columns are id, amount, note, day.`},
		{"expression", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "amount >= 0 and x.id > 0 -- never negative")}), ""},
		{"expression over a subquery", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "id in (select id from raw.c)")}), ""},
		{"expression of no column", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "amount >=\n zero")}), `expr:2,2-6: Unknown column "zero"`},
		{"expression that does not parse", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "amount >=")}), `expr:1,9-10: The SQL cannot be parsed` + "\n" + `It ends too early`},
		{"expression with aggregate", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "sum(amount) > 0")}), `expr:1,1-4: An expression is about one row` + "\n" + `A sum or a count`},
		{"expression with window", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "row_number() over () > 1")}), `expr:1,1-11: An expression is about one row`},
		{"expression that is a number", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "id")}), `arg:0,0-0: The expression is no condition but of type INTEGER` + "\n" + `An expression is true or false of each row`},
		{"expression that is a text", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "case when id > 1 then note end")}), `arg:0,0-0: The expression is no condition but of type VARCHAR`},
		{"expression that is a date", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "current_date")}), `arg:0,0-0: The expression is no condition but of type DATE`},
		{"expression of several conditions", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "id between 1 and 2 or not (note like 'x%' and true)")}), ""},
		{"expression that is null", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "null")}), ""},
		{"expression with a cast", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "id::boolean")}), ""},
		{"expression that ends", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "id > 0; -- good")}), `expr:1,7-8: The SQL cannot be parsed` + "\n" + `An expression is a condition, not a statement`},
		{"expression that closes more than it opens", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "id > 1) or (true")}), `expr:1,7-8: The SQL cannot be parsed`},
		{"several checks of no column", func(a *assets.Asset) {
			a.Columns = []assets.DeclaredColumn{{Name: "Nope", Type: "INTEGER", Decl: at("column")}}
			a.Checks = []assets.Check{
				{Kind: assets.NotNull, Columns: []string{"Nope"}, ArgRange: at("arg")}, {Kind: assets.Unique, Columns: []string{"nope"}, ArgRange: at("arg2")},
				{Kind: assets.Expression, SQL: sqlIn("expr", "nope > 0"), ArgRange: at("arg3")},
			}
		}, `column:0,0-0: Unknown column "Nope"`},
		{"accepted values of the column's type", check(assets.Check{Kind: assets.AcceptedValues, Columns: []string{"id"}, Values: []string{"1", "'2'"}}), ""},
		{"accepted numbers as text", check(assets.Check{Kind: assets.AcceptedValues, Columns: []string{"note"}, Values: []string{"1", "'x'"}}), ""},
		{"accepted words in a number", check(assets.Check{Kind: assets.AcceptedValues, Columns: []string{"note", "id"}, Values: []string{"'1'", "'x'"}}), `arg:0,0-0: Column "id" cannot be compared with the accepted values` + "\n" + `In asset "mart.x" it is of type INTEGER: Could not convert string 'x' to INT32.`},
		{"accepted numbers in a date", check(assets.Check{Kind: assets.AcceptedValues, Columns: []string{"day"}, Values: []string{"1"}}), `arg:0,0-0: Column "day" cannot be compared with the accepted values`},
		{"relationship of other types", check(assets.Check{Kind: assets.Relationships, Columns: []string{"amount"}, To: raw, ToColumns: []string{"id"}}), ""},
		{"relationship of text to a number", check(assets.Check{Kind: assets.Relationships, Columns: []string{"note"}, To: raw, ToColumns: []string{"id"}}), ""},
		{"relationship of a date to a number", check(assets.Check{Kind: assets.Relationships, Columns: []string{"day"}, To: raw, ToColumns: []string{"id"}}), `arg:0,0-0: Column "day" cannot be compared with "id" of raw.c`},
		{"what a broken block declares", func(a *assets.Asset) {
			a.Checks = []assets.Check{
				{Kind: assets.Relationships, Columns: []string{"id"}, To: assets.MustName("gone.a"), ToColumns: []string{"id"}, ArgRange: at("arg")},
				{Kind: assets.Query, SQL: sqlIn("sql", "from gone.a"), ArgRange: at("arg")},
			}
		}, ""},
		{"expression over nothing", check(assets.Check{Kind: assets.Expression, SQL: sqlIn("expr", "id in (from raw.nope)")}), `expr:1,13-21: Unknown input "raw.nope"`},
		{"sql", check(assets.Check{Kind: assets.Query, SQL: sqlIn("sql", "select * from mart.x join raw.c using (id)")}), ""},
		{"sql of no column", check(assets.Check{Kind: assets.Query, SQL: sqlIn("sql", "select * from mart.x where idd > 1")}), `sql:1,28-31: Unknown column "idd"`},
		{"sql over nothing", check(assets.Check{Kind: assets.Query, SQL: sqlIn("sql", "from mart.y")}), `sql:1,6-12: Unknown input "mart.y"` + "\n" + `Check "sql" of asset "mart.x" reads mart.y, but no source or asset has this name. Did you mean mart.x?`},
		{"sql that writes", check(assets.Check{Kind: assets.Query, SQL: sqlIn("sql", "delete from mart.x")}), `sql:1,1-7: The SQL is not a query`},
		{"relationship", check(assets.Check{Kind: assets.Relationships, Columns: []string{"id"}, To: raw, ToColumns: []string{"id"}}), ""},
		{"relationship to nothing", check(assets.Check{Kind: assets.Relationships, Columns: []string{"id"}, To: assets.MustName("raw.d"), ToColumns: []string{"id"}}), `arg:0,0-0: Unknown input "raw.d"`},
		{"relationship to no column", check(assets.Check{Kind: assets.Relationships, Columns: []string{"id"}, To: raw, ToColumns: []string{"idd"}}), `arg:0,0-0: Unknown column "idd"` + "\n" + `Raw.c has no such column. Did you mean "id"?`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProject(map[string]string{"raw.c": "id INTEGER"}, nil)
			p.Unread.Names = map[assets.Name]bool{assets.MustName("gone.a"): true}
			test.edit(p.asset("mart.x", "select 1 as id, 1.5::DECIMAL(10,2) as amount, 'x' as note, date '2024-01-01' as day"))
			_, diags, _ := p.compile(t, "")
			got := describe(diags)
			if test.want == "" && got != "" || test.want != "" && (len(diags) != 1 || !strings.HasPrefix(got, test.want)) {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestChecksOrderNothingButAreKnown(t *testing.T) {
	p := newProject(map[string]string{"raw.c": "id INTEGER"}, map[string]string{"m.a": "select 1 as id", "m.b": "select id from m.a"})
	a := p.Assets[assets.MustName("m.a")]
	a.Checks = []assets.Check{
		{Kind: assets.Query, SQL: sqlIn("q", "from m.a anti join m.b using (id)")},
		{Kind: assets.Relationships, Columns: []string{"id"}, To: assets.MustName("raw.c"), ToColumns: []string{"id"}},
	}
	g, _ := p.mustCompile(t, "")
	node := g.Nodes[a.Name]
	if len(node.Inputs) != 0 || len(node.CheckInputs) != 2 || node.CheckInputs[0].String() != "m.b" || node.CheckInputs[1].String() != "raw.c" {
		t.Errorf("inputs %v, check inputs %v", node.Inputs, node.CheckInputs)
	}
}

func TestViewsReadPublishedNamesOnly(t *testing.T) {
	p := newProject(map[string]string{"raw.c": "id INTEGER"}, map[string]string{"plain": "select 1 as id", "m.t": "select 1 as id"})
	for name, sql := range map[string]string{"v.good": "from m.t join main.plain using (id)", "v.source": "from raw.c", "v.bare": "from plain"} {
		p.asset(name, sql).Kind = assets.View
	}
	secret := p.asset("v.secret", "select 's3cret' as k")
	secret.Kind, secret.SQL.Sensitive = assets.View, true
	_, diags, _ := p.compile(t, "")
	var got []string
	for _, d := range diags {
		got = append(got, d.Subject.Filename+": "+d.Summary)
	}
	want := "v.bare.sql: View \"v.bare\" names plain without a schema\nv.secret.hcl: A view's SQL holds a secret\nv.source.sql: View \"v.source\" reads the source \"raw.c\""
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

func TestSourcesNeverSeenLeaveDescendantsUnbound(t *testing.T) {
	p := newProject(map[string]string{"raw.never": "", "raw.seen": "id INTEGER"}, map[string]string{
		"m.a": "select anything from raw.never", "m.b": "select other from m.a join raw.seen using (id)", "m.c": "select id from raw.seen",
	})
	p.Assets[assets.MustName("m.a")].Checks = []assets.Check{{Kind: assets.NotNull, Columns: []string{"anything"}}, {Kind: assets.Expression, SQL: sqlIn("e", "anything > 1")}}
	g, _ := p.mustCompile(t, "")
	for name, want := range map[string]string{"raw.never": "source raw.never was never observed", "m.a": "source raw.never was never observed", "m.b": "source raw.never was never observed", "m.c": "", "raw.seen": ""} {
		node := g.Nodes[assets.MustName(name)]
		if node.Unbound != want || (node.Columns == nil) != (want != "") {
			t.Errorf("%s: unbound %q, columns %v", name, node.Unbound, node.Columns)
		}
	}
	if g.Nodes[assets.MustName("m.a")].Bound.Syntax == "" {
		t.Error("an unbound asset has no syntax digest")
	}
}

// A statement whose plan cannot be shown is described instead, and taken to use all.
func TestPlansThatCannotBeShown(t *testing.T) {
	p := newProject(map[string]string{"raw.c": "id INTEGER, note VARCHAR"}, map[string]string{"m.a": "select id from raw.c"})
	for _, answer := range []string{
		`{"error":true,"error_type":"not implemented","error_message":"Operator does not support serialization"}`,
		`{"error":true,"error_type":"internal","error_message":"INTERNAL Error"}`,
		`{"error":false,"plans":[{"type":"LOGICAL_NEW_KIND"}]}`,
		`no JSON`,
	} {
		c := &mute{answer: answer}
		g, diags := Compile(t.Context(), p.Project, p.sources, c.open, "v0", "")
		if diags.HasErrors() {
			t.Fatal(describe(diags))
		}
		node := g.Nodes[assets.MustName("m.a")]
		if got := summary(node); got != "id INTEGER < raw.c(ORDER id note)" || !node.Bound.Assumed || node.Bound.Because == "" || node.Bound.Meaning == "" {
			t.Errorf("got %s, bound %+v", got, node.Bound)
		}
	}
}

func TestAColumnMustNotBeNamedAfterASecret(t *testing.T) {
	p := newProject(nil, nil)
	p.Secrets = []string{"hunter2hunter2"}
	a := p.asset("mart.x", "select length('hunter2hunter2')")
	a.SQL.Sensitive = true
	dir := t.TempDir()
	_, diags, _ := p.compile(t, dir)
	if got := describe(diags); !strings.Contains(got, "A column is named after a secret") || strings.Contains(got, "hunter2") {
		t.Errorf("got %s", got)
	}
	a.SQL.Text = "select {'Hunter2hunter2': 1} as n"
	_, diags, _ = p.compile(t, dir)
	if got := describe(diags); !strings.Contains(got, "A secret is in the type of a column") || strings.Contains(got, "unter2") {
		t.Errorf("got %s", got)
	}
	a.SQL.Text = "select length('hunter2hunter2') as n"
	if _, diags, _ = p.compile(t, dir); len(diags) > 0 {
		t.Errorf("with a name of its own: %s", describe(diags))
	}
	cache, err := os.ReadFile(filepath.Join(dir, "compile.cache"))
	if err != nil || strings.Contains(string(cache), "hunter2") {
		t.Errorf("the cache holds the secret, or there is none: %v", err)
	}
}

func TestReadersOfADisabledAssetSeeWhatIsPublished(t *testing.T) {
	p := newProject(map[string]string{"main.off": "id INTEGER"}, map[string]string{"mart.reader": "select * from main.off"})
	delete(p.Sources, assets.MustName("off"))
	off := p.asset("off", "select 1.5 as id, 2 as more")
	off.Enabled = false
	g, _ := p.mustCompile(t, "")
	if got := g.Nodes[assets.MustName("mart.reader")].Columns; len(got) != 1 || got[0].Type != "INTEGER" {
		t.Errorf("the reader has columns %v", got)
	}
}
