package unit

import (
	"fmt"
	"strings"
	"testing"
)

// Each line of a test block is wrong in one way: what is said of it, and what the
// diagnostic's range covers.
var mistakes = []struct{ block, says, covers string }{
	{`given "raw.t" { rows = [{ a = 1, aa = 2 }] }`, `Unknown column "aa": Source "raw.t" has no such column. Did you mean "a"?`, "aa = 2"},
	{`given "raw.t" { rows = [{ zzz = 1 }] }`, "Its columns are a, d, e, l, s, m, i, j, f.", "zzz = 1"},
	{`given "raw.t" { rows = [{ a = 1 }, { a = "x" }] }`, `"x" is no BIGINT: Column "a" of source "raw.t" has this type.`, `a = "x"`},
	{`given "raw.t" { rows = [{ a = 1.5 }] }`, `"1.5" is no BIGINT: Column "a" of source "raw.t" has this type. It would become 2.`, "a = 1.5"},
	{`given "raw.t" { rows = [{ e = 1.555 }] }`, "It would become 1.56.", "e = 1.555"},
	{`given "raw.t" { rows = [{ d = "2024-02-30" }] }`, `"2024-02-30" is no DATE`, `d = "2024-02-30"`},
	{`given "raw.t" { rows = [{ d = "2024-02-03 10:00:00" }] }`, "A date has no time of day.", `d = "2024-02-03 10:00:00"`},
	{`given "raw.t" { rows = [{ l = [1, "x"] }] }`, "cannot make anything of the x in it", `l = [1, "x"]`},
	{`given "raw.t" { rows = [{ s = { z = 1 } }] }`, `It has no field "z".`, "s = { z = 1 }"},
	{`given "raw.t" { rows = [{ j = "{" }, { j = "{}" }, { j = { a = [1.50] } }] }`, `"{" is no JSON`, `j = "{"`},
	{`given "raw.t" { rows = [{ f = [1, 2] }, { f = [1, 2, 3] }] }`, `[1,2] is no INTEGER[3]`, `f = [1, 2]`},
	{`given "raw.t" { rows = [for n in ["x"] : { a = n }] }`, `"x" is no BIGINT`, `[for n in ["x"] : { a = n }]`},
	{`given "raw.t" { file = "other.csv" }`, `Unknown column "b"`, `"other.csv"`},
	{`given "raw.t" { file = "broken.parquet" }`, "Cannot read the file", `"broken.parquet"`},
	{`given "raw.t" { sql = "select 1 as b" }`, `Unknown column "b"`, `"select 1 as b"`},
	{`given "raw.t" { sql = "select * from raw.u" }`, "A fixture reads raw.u", "raw.u"},
	{`given "raw.t" { sql = "select aa + 1 as a" }`, `aa`, "aa"},
	{`given "raw.t" { sql = "select from where" }`, "The SQL cannot be parsed", "where"},
	{`given "raw.t" { sql = "from 'x.csv'" }`, "The SQL reads a file directly", "'x.csv'"},
	{`given "elsewhere" { rows = [] }`, `Asset "a.x" does not read "elsewhere": It reads raw.t. Take this block out`, `given "elsewhere"`},
	{`given "raw.u" { rows = [] }`, `Asset "a.x" does not read "raw.u": Did you mean "raw.t"?`, `given "raw.u"`},
	{"", `No rows are given for "raw.t": Asset "a.x" reads it. Add a block that says what it holds. That it holds nothing is said by given "raw.t" { rows = [] }.`, `test "t"`},
}

func TestMistakes(t *testing.T) {
	sources := map[string]string{"raw.t": "a BIGINT; d DATE; e DECIMAL(10,2); l BIGINT[]; s STRUCT(x BIGINT); m MAP(VARCHAR, BIGINT); i INTEGER; j JSON; f INTEGER[3]", "main.elsewhere": "a BIGINT", "raw.u": "a BIGINT"}
	for _, m := range mistakes {
		given := m.block
		if !strings.Contains(given, `"raw.t"`) && given != "" {
			given += "\n given \"raw.t\" { rows = [] }"
		}
		p := load(t, sources, fmt.Sprintf("asset \"a.x\" { sql = \"select a, d from raw.t\" }\ntest \"t\" {\n asset = \"a.x\"\n %s\n expect { rows = [] }\n}\n", given),
			"other.csv", "b\n1\n", "broken.parquet", "x")
		s, diags := p.prepare(t)
		if len(diags) != 1 {
			t.Errorf("%s: %v", m.block, diags)
			continue
		}
		d := diags[0]
		if got := d.Summary + ": " + d.Detail; !strings.Contains(got, m.says) {
			t.Errorf("%s: %s\nwant %s", m.block, got, m.says)
		}
		if got := string(d.Subject.SliceBytes(p.Files[d.Subject.Filename])); got != m.covers {
			t.Errorf("%s: covers %s, want %s", m.block, got, m.covers)
		}
		if len(s.Tests()) != 0 {
			t.Errorf("%s: the test counts as right", m.block)
		}
	}
}

// Expected rows have the columns and types of what the SQL yields.
func TestMistakesInExpectedRows(t *testing.T) {
	for expect, want := range map[string]string{
		`rows = [{ totl = 1 }]`:       `Unknown column "totl": Asset "a.x" has no such column. Did you mean "total"?`,
		`rows = [{ total = "x" }]`:    `"x" is no HUGEINT: Column "total" of asset "a.x" has this type.`,
		`sql = "select 1 as nothing"`: `Unknown column "nothing"`,
	} {
		p := load(t, map[string]string{"raw.t": "a BIGINT"}, fmt.Sprintf("asset \"a.x\" { sql = \"select sum(a) as total from raw.t\" }\ntest \"t\" {\n asset = \"a.x\"\n given \"raw.t\" { rows = [] }\n expect { %s }\n}\n", expect))
		_, diags := p.prepare(t)
		if len(diags) != 1 || !strings.Contains(diags[0].Summary+": "+diags[0].Detail, want) {
			t.Errorf("%s: %v", expect, diags)
		}
	}
}

// What a relationship refers to must be given where something is expected of it.
func TestExpectedChecksNeedTheirInputs(t *testing.T) {
	p := load(t, map[string]string{"raw.t": "a BIGINT", "raw.u": "a BIGINT"}, `
asset "a.x" {
  sql = "select a from raw.t"
  check "relationships" {
    columns = ["a"]
    to      = "raw.u"
  }
}
test "t" {
  asset = "a.x"
  given "raw.t" { rows = [] }
  expect_check "relationships(a)" { status = "passed" }
}
`)
	_, diags := p.prepare(t)
	if len(diags) != 1 || diags[0].Summary != `No rows are given for "raw.u"` {
		t.Error(diags)
	}
}
