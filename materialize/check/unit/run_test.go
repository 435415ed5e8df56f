package unit

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Each test is a query over raw.t, rows for it, what is expected, and what comes of it.
var outcomes = map[string]struct{ sql, given, expect, want string }{
	"equal":                        {"select a, b from raw.t", `rows = [{ a = 1, b = "x" }, { a = 2 }]`, `expect { rows = [{ a = 2, b = null }, { b = "x", a = 1 }] }`, ""},
	"one cell":                     {"select a, b from raw.t", `rows = [{ a = 1, b = "x" }]`, `expect { rows = [{ a = 1, b = "y" }] }`, "~[1 y] [1 x]"},
	"null is no text":              {"select b from raw.t", `rows = [{ b = null }]`, `expect { rows = [{ b = "NULL" }] }`, "-[NULL] +[NULL]"},
	"a column is not compared":     {"select a, b from raw.t", `rows = [{ a = 1, b = "x" }]`, `expect { rows = [{ a = 1 }] }`, ""},
	"one too many of two":          {"select a from raw.t", `rows = [{ a = 1 }, { a = 1 }]`, `expect { rows = [{ a = 1 }] }`, "+[1]"},
	"one too few":                  {"select a from raw.t", `rows = [{ a = 1 }]`, `expect { rows = [{ a = 1 }, { a = 1 }] }`, "-[1]"},
	"most alike":                   {"select a, b, d from raw.t", `rows = [{ a = 1, b = "x", d = 5 }, { a = 2, b = "y", d = 6 }]`, `expect { rows = [{ a = 2, b = "y", d = 7 }, { a = 1, b = "z", d = 5 }] }`, "~[2 y 7.0] [2 y 6.0] ~[1 z 5.0] [1 x 5.0]"},
	"nothing expected":             {"select a, b from raw.t", `rows = [{ a = 1 }]`, `expect { rows = [] }`, "+[1 NULL]"},
	"nothing comes":                {"select a from raw.t where a > 5", `rows = [{ a = 1 }]`, `expect { rows = [] }`, ""},
	"number of rows":               {"select a from raw.t", `rows = [{}, {}]`, `expect { rows = [{}] }`, "+[]"},
	"order does not count":         {"select a from raw.t order by a desc", `rows = [{ a = 1 }, { a = 2 }]`, `expect { rows = [{ a = 1 }, { a = 2 }] }`, ""},
	"order counts":                 {"select a from raw.t order by a desc", `rows = [{ a = 1 }, { a = 2 }]`, "expect {\n rows = [{ a = 1 }, { a = 2 }]\n ordered = true\n}", "~[1] [2] ~[2] [1]"},
	"order is right":               {"select a from raw.t order by a desc", `rows = [{ a = 1 }, { a = 2 }]`, "expect {\n rows = [{ a = 2 }, { a = 1 }]\n ordered = true\n}", ""},
	"nan and zero":                 {"select d from raw.t", `rows = [{ d = "nan" }, { d = "-0.0" }]`, `expect { rows = [{ d = "NaN" }, { d = 0 }] }`, ""},
	"decimals by value":            {"select sum(e) as e from raw.t", `rows = [{ e = 1.5 }, { e = "2" }]`, `expect { rows = [{ e = 3.50 }] }`, ""},
	"doubles are exact":            {"select d / 3 as d from raw.t", `rows = [{ d = 1 }]`, `expect { rows = [{ d = 0.333 }] }`, "-[0.333] +[0.3333333333333333]"},
	"tolerance":                    {"select d / 3 as d from raw.t", `rows = [{ d = 1 }, { d = 2 }]`, "expect {\n rows = [{ d = 0.667 }, { d = 0.333 }]\n tolerance = 0.001\n}", ""},
	"tolerance gives way":          {"select d from raw.t", `rows = [{ d = 1 }, { d = 1.1 }]`, "expect {\n rows = [{ d = 1.05 }, { d = 1.15 }]\n tolerance = 0.06\n}", ""},
	"tolerance is for floats only": {"select a from raw.t", `rows = [{ a = 1 }]`, "expect {\n rows = [{ a = 2 }]\n tolerance = 5\n}", "-[2] +[1]"},
	"nested": {"select l, s, m from raw.t", `rows = [{ l = ["a, b", null, "NULL"], s = { x = 1.10, y = ["2024-01-01"] }, m = { k = "v" } }]`,
		`expect { rows = [{ l = ["a, b", null, "NULL"], s = { y = ["2024-01-01"], x = 1.1 }, m = { k = "v" } }] }`, ""},
	"nested differs":  {"select l from raw.t", `rows = [{ l = ["a, b"] }]`, `expect { rows = [{ l = ["a", "b"] }] }`, "-[[a, b]] +[['a, b']]"},
	"expected sql":    {"select a, b from raw.t", `sql = "select range as a from range(3); -- three"`, `expect { sql = "select unnest([2, 1, 0]) as A -- end" }`, ""},
	"files":           {"select a, b, d from raw.t", `file = "t.csv"`, `expect { file = "t.json" }`, ""},
	"file differs":    {"select a, b from raw.t", `file = "t.csv"`, `expect { rows = [{ a = 1, b = "x,y" }, { a = 2 }] }`, "~[2 NULL] [2 ]"},
	"bad file":        {"select a from raw.t", `file = "bad.csv"`, `expect { rows = [] }`, `the fixtures cannot be loaded: Conversion Error: CSV Error on Line: 2 Original Line: x Error when converting column "a". Could not convert string "x" to 'BIGINT'`},
	"error":           {"select b::int as b from raw.t", `rows = [{ b = "x" }]`, `expect_error { message = "Could not convert string 'x'" }`, ""},
	"any error":       {"select b::int as b from raw.t", `rows = [{ b = "x" }]`, `expect_error {}`, ""},
	"other error":     {"select b::int as b from raw.t", `rows = [{ b = "x" }]`, `expect_error { message = "overflow" }`, `the SQL fails, but its message does not match "overflow": Conversion Error`},
	"no error":        {"select b from raw.t", `rows = [{ b = "x" }]`, `expect_error {}`, "the SQL was expected to fail, and does not"},
	"unexpected":      {"select b::int as b from raw.t", `rows = [{ b = "x" }]`, `expect { rows = [] }`, "the SQL fails: Conversion Error: Could not convert string 'x' to INT32"},
	"check fails":     {"select a from raw.t", `rows = [{ a = 1 }, { a = 1 }, { a = 1 }]`, "expect_check \"unique(a)\" {\n status = \"failed\"\n violations = 2\n}", ""},
	"check passes":    {"select a from raw.t", `rows = [{ a = 1 }]`, `expect_check "unique(a)" { status = "failed" }`, "check unique(a) passed, and failed is expected"},
	"check counts":    {"select a from raw.t", `rows = [{ a = 1 }, { a = 1 }]`, "expect_check \"unique(a)\" {\n status = \"failed\"\n violations = 2\n}", "check unique(a) finds 1 in violation, and 2 expected: 1 duplicate row for a"},
	"check warns":     {"select a from raw.t", `rows = [{ a = -1 }]`, `expect_check "positive" { status = "warned" }`, ""},
	"check by query":  {"select a from raw.t", `rows = [{ a = 7 }]`, `expect_check "seven" { status = "failed" }`, ""},
	"rows and checks": {"select a from raw.t", `rows = [{ a = 1 }]`, "expect { rows = [{ a = 2 }] }\nexpect_check \"seven\" { status = \"failed\" }", "check seven passed, and failed is expected -[2] +[1]"},
}

var columns = map[string]string{"raw.t": "a BIGINT; b VARCHAR; d DOUBLE; e DECIMAL(10,3); l VARCHAR[]; s STRUCT(x DECIMAL(10,2), y DATE[]); m MAP(VARCHAR, VARCHAR)"}

func TestOutcomes(t *testing.T) {
	var text strings.Builder
	var names []string
	for name, o := range outcomes {
		asset := "a." + regexp.MustCompile(`\W`).ReplaceAllString(name, "_")
		checks := ""
		if strings.Contains(name, "check") {
			checks = "check \"unique\" { columns = [\"a\"] }\ncheck \"expression\" {\n name = \"positive\"\n expression = \"a >= 0\"\n severity = \"warn\"\n}\n" +
				"check \"sql\" {\n name = \"seven\"\n sql = \"from " + asset + " where a = 7\"\n}\n"
		}
		fmt.Fprintf(&text, "asset %q {\n sql = %q\n%s}\ntest %[4]q {\n asset = %[1]q\n given \"raw.t\" { %[5]s }\n %[6]s\n}\n", asset, o.sql, checks, name, o.given, o.expect)
		names = append(names, name)
	}
	p := load(t, columns, text.String(), "t.csv", "A,b,d\n1,\"x,y\",0.5\n2,\"\",\n", "bad.csv", "a\nx\n",
		"t.json", `[{"a": 2, "b": "", "d": null}, {"a": 1, "b": "x,y", "d": 0.5}]`)
	for _, workers := range []int{1, 4} {
		for i, o := range p.run(t, workers) {
			if o.Test != p.Tests[i] {
				t.Fatalf("outcome %d is that of %s", i, o.Test.Name)
			}
			want := outcomes[o.Test.Name].want
			got := describe(o)
			if got != want && (want == "" || !strings.HasPrefix(got, want)) {
				t.Errorf("%s: %s\nwant %s", o.Test.Name, got, want)
			}
			if o.Passed() != (want == "") {
				t.Errorf("%s: passed is %t", o.Test.Name, o.Passed())
			}
		}
	}
	if len(names) != len(p.Tests) {
		t.Errorf("%d tests of %d", len(p.Tests), len(names))
	}
}

// A test sees what it is given and nothing that another one left behind; keys of a
// unique check decide which rows are compared.
func TestNamesAreThoseOfTheTest(t *testing.T) {
	p := load(t, map[string]string{"raw.t": "id BIGINT; n BIGINT", "raw.u": "id BIGINT"}, `
asset "a.one" {
  sql = "select id, n, n % 2 as odd from raw.t"
  check "unique" { columns = ["id"] }
  check "relationships" {
    columns = ["id"]
    to      = "raw.u"
  }
}
asset "main.two" { sql = "select count(*) as n from a.one" }
test "keys" {
  asset = "a.one"
  given "raw.t" { rows = [{ id = 1, n = 3 }, { id = 2, n = 5 }] }
  expect { rows = [{ id = 2, n = 3, odd = 1 }] }
}
test "relationship" {
  asset = "a.one"
  given "raw.t" { rows = [{ id = 1 }, { id = 2 }] }
  given "raw.u" { rows = [{ id = 2 }] }
  expect_check "relationships(id)" {
    status     = "failed"
    violations = 1
  }
}
test "downstream" {
  asset = "two"
  given "a.one" { rows = [{}, {}, {}] }
  expect { rows = [{ n = 3 }] }
}
`)
	want := []string{"~[2 3 1] [2 5 1] +[1 3 1]", "", ""}
	for i, o := range p.run(t, 1) {
		if got := describe(o); got != want[i] {
			t.Errorf("%s: %s, want %s", o.Test.Name, got, want[i])
		}
	}
}

// Fixtures that cannot be loaded leave nothing behind, and take nothing away.
func TestFixturesAreLoadedWholeOrNot(t *testing.T) {
	p := load(t, map[string]string{"raw.t": "a BIGINT", "raw.u": "b BIGINT"}, `
asset "a.first" { sql = "select b from raw.u" }
asset "b.bad" { sql = "select a from raw.t" }
asset "b.good" { sql = "select a from raw.t" }
test "first" {
  asset = "a.first"
  given "raw.u" { rows = [{ b = 1 }] }
  expect { rows = [{ b = 1 }] }
}
test "bad" {
  asset = "b.bad"
  given "raw.t" { file = "bad.csv" }
  expect { rows = [] }
}
test "good" {
  asset = "b.good"
  given "raw.t" { rows = [{ a = 2 }] }
  expect { rows = [{ a = 2 }] }
}
`, "bad.csv", "a\nx\n")
	for i, o := range p.run(t, 1) {
		if o.Passed() != (i != 1) {
			t.Errorf("%s: %s", o.Test.Name, describe(o))
		}
	}
}

// Every format of file is read, compressed ones too, with the types of the input.
func TestFixtureFormats(t *testing.T) {
	db, err := warehouse.Memory(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	parquet := filepath.Join(t.TempDir(), "t.parquet")
	if err := db.Exec(context.Background(), "COPY (SELECT '1.5' AS e, DATE '2024-01-02' AS d) TO "+warehouse.Literal(parquet)); err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(parquet)
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	w.Write([]byte("e,d\n1.5,2024-01-02\n"))
	w.Close()
	files := map[string]string{
		"t.parquet": string(binary), "t.csv.gz": zipped.String(), "t.csv": "e;d\n1.5;2024-01-02\n", "t.tsv": "d\te\n2024-01-02\t1.5\n",
		"t.json": `[{"e": 1.5, "d": "2024-01-02"}]`, "t.ndjson": `{"e": "1.5", "d": "2024-01-02"}` + "\n",
	}
	text := "asset \"a.x\" { sql = \"select e, d from raw.t\" }\n"
	var written []string
	for name, content := range files {
		written = append(written, name, content)
		text += fmt.Sprintf("test %q {\n asset = \"a.x\"\n given \"raw.t\" { file = %[1]q }\n expect { rows = [{ e = 1.500, d = \"2024-01-02\" }] }\n}\n", name)
		text += fmt.Sprintf("test \"expected %[1]s\" {\n asset = \"a.x\"\n given \"raw.t\" { rows = [{ e = 1.5, d = \"2024-01-02\" }] }\n expect { file = %[1]q }\n}\n", name)
	}
	for _, o := range load(t, map[string]string{"raw.t": "e DECIMAL(10,3); d DATE; more BIGINT"}, text, written...).run(t, 2) {
		if !o.Passed() {
			t.Errorf("%s: %s", o.Test.Name, describe(o))
		}
	}
}

// A fixture that is there already is taken as it is, but never what another test made
// under its name.
func TestFixturesAreTakenAgain(t *testing.T) {
	first := `
test "first %[1]d" {
  asset = "a.one"
  given "raw.t" { rows = [{ id = 1 }, { id = 2 }] }
  expect { rows = [{ id = 1 }, { id = 2 }] }
}
test "second %[1]d" {
  asset = "a.two"
  given "a.one" { rows = [{ id = %[2]d }] }
  expect { rows = [{ total = %[2]d }] }
}
`
	p := load(t, map[string]string{"raw.t": "id BIGINT"}, `
asset "a.one" { sql = "select id from raw.t" }
asset "a.two" { sql = "select sum(id) as total from a.one" }
`+fmt.Sprintf(first, 1, 7)+fmt.Sprintf(first, 2, 7)+fmt.Sprintf(first, 3, 8)+`
test "again" {
  asset = "a.two"
  given "a.one" { rows = [{ id = 8 }] }
  expect { rows = [{ total = 8 }] }
}
test "other rows" {
  asset = "a.one"
  given "raw.t" { rows = [{ id = 3 }] }
  expect { rows = [{ id = 3 }] }
}
`)
	for _, o := range p.run(t, 1) {
		if !o.Passed() {
			t.Errorf("%s: %s", o.Test.Name, describe(o))
		}
	}
}
