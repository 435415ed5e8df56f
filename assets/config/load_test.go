package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/hcl/v2"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/seed-4311623e/assets/assets"
)

// load loads the project of a txtar archive that has no mistakes.
func load(t testing.TB, archive string, o Options) *assets.Project {
	t.Helper()
	p, diags := Load(writeArchive(t, txtar.Parse([]byte(archive))), o)
	for _, d := range diags {
		t.Errorf("unexpected: %s", show(d, p.Files))
	}
	return p
}

const shop = `
-- shop.hcl --
project "shop" {
  warehouse = "data/shop.duckdb"
  timezone  = "Europe/Paris"
  defaults {
    freshness { max_lag = "24h" }
  }
  retention { runs = "7d" }
}
source "raw.orders" {
  description = "From the till"
  owner       = "it@example.com"
  tags        = ["till"]
  files       = "data/orders/*.csv"
  format "csv" {
    dateformat = "%d/%m/%Y"
    header     = true
    skip       = 2
    nullstr    = ["", "N'A"]
    columns    = { id = "INTEGER", "a b" = "VARCHAR" }
  }
  freshness { max_age = "26h" }
}
source "Raw.Visits" { files = "visits.tsv.gz" }
-- mart/mart.hcl --
asset "mart.daily" {
  description = "Revenue"
  owner       = "finance@example.com"
  tags        = ["finance", "daily"]
  sql         = file("daily.sql")
  enabled     = false
  materialize "view" {}
  freshness { max_lag = "1d12h" }
  freshness {
    max_lag  = "6h"
    at       = "0 8 * * MON-FRI"
    timezone = "Europe/London"
    sources  = ["raw.orders"]
  }
  column "revenue" {
    type        = "DECIMAL(38,2)"
    description = "Net"
    check "not_null" {}
    check "expression" {
      expression = "revenue >= 0"
      severity   = "warn"
    }
  }
  check "unique" {
    columns     = ["day", "country"]
    name        = "one_a_day"
    description = "One row a day and country"
  }
  check "accepted_values" {
    columns = ["country"]
    values  = ["FR", "it's", 3, 1.5, true]
  }
  check "relationships" {
    columns = ["country"]
    to      = "raw.orders"
  }
  check "relationships" {
    columns    = ["day"]
    to         = "raw.orders"
    to_columns = ["ordered"]
  }
  check "row_count" { min = 1 }
  check "sql" { sql = file("violations.sql") }
}
-- mart/daily.sql --
select 1
-- mart/violations.sql --
select 2
`

func TestLoad(t *testing.T) {
	p := load(t, shop, Options{})
	one := int64(1)
	lag := func(d time.Duration) assets.Freshness { return assets.Freshness{MaxLag: d} }
	want := &assets.Project{
		Name: "shop", Dir: p.Dir, Warehouse: filepath.Join(p.Dir, "data", "shop.duckdb"), Timezone: "Europe/Paris",
		Freshness: []assets.Freshness{lag(24 * time.Hour)},
		Retention: assets.Retention{Versions: 1, Runs: 7 * 24 * time.Hour, Checks: 90 * 24 * time.Hour, Observations: 90 * 24 * time.Hour},
		Groups:    map[string][]assets.Name{},
		Sources: map[assets.Name]*assets.Source{
			{Schema: "raw", Table: "orders"}: {
				Name: assets.MustName("raw.orders"), Description: "From the till", Owner: "it@example.com", Tags: []string{"till"}, MaxAge: 26 * time.Hour,
				Reader: assets.Reader{Glob: "data/orders/*.csv", Dir: p.Dir, Format: "csv", Options: map[string]string{
					"dateformat": "'%d/%m/%Y'", "header": "true", "skip": "2", "nullstr": "['', 'N''A']", "columns": "{'id': 'INTEGER', 'a b': 'VARCHAR'}",
				}},
			},
			{Schema: "raw", Table: "visits"}: {
				Name:   assets.MustName("raw.visits"),
				Reader: assets.Reader{Glob: "visits.tsv.gz", Dir: p.Dir, Format: "csv", Options: map[string]string{"delim": "'\t'"}},
			},
		},
		Assets: map[assets.Name]*assets.Asset{
			{Schema: "mart", Table: "daily"}: {
				Name: assets.MustName("mart.daily"), Description: "Revenue", Owner: "finance@example.com", Tags: []string{"finance", "daily"},
				SQL: assets.SQL{Text: "select 1\n"}, Kind: assets.View, Contract: assets.Open,
				Columns: []assets.DeclaredColumn{{Name: "revenue", Type: "DECIMAL(38,2)", Description: "Net"}},
				Freshness: []assets.Freshness{lag(36 * time.Hour), {
					MaxLag: 6 * time.Hour, At: "0 8 * * MON-FRI", Timezone: "Europe/London", Sources: []assets.Name{assets.MustName("raw.orders")}}},
				Checks: []assets.Check{
					{Kind: assets.NotNull, Severity: assets.Error, Columns: []string{"revenue"}},
					{Kind: assets.Expression, Severity: assets.Warn, Columns: []string{"revenue"}, SQL: assets.SQL{Text: "revenue >= 0"}},
					{Kind: assets.Unique, Severity: assets.Error, Columns: []string{"day", "country"}, Label: "one_a_day", Description: "One row a day and country"},
					{Kind: assets.AcceptedValues, Severity: assets.Error, Columns: []string{"country"}, Values: []string{"'FR'", "'it''s'", "3", "1.5", "true"}},
					{Kind: assets.Relationships, Severity: assets.Error, Columns: []string{"country"}, To: assets.MustName("raw.orders"), ToColumns: []string{"country"}},
					{Kind: assets.Relationships, Severity: assets.Error, Columns: []string{"day"}, To: assets.MustName("raw.orders"), ToColumns: []string{"ordered"}},
					{Kind: assets.RowCount, Severity: assets.Error, Min: &one},
					{Kind: assets.Query, Severity: assets.Error, SQL: assets.SQL{Text: "select 2\n"}},
				},
			},
		},
	}
	ignore := cmp.Options{
		cmpopts.IgnoreTypes(hcl.Range{}, []assets.Span{}), cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(assets.Project{}, "Files", "Digest"),
	}
	if diff := cmp.Diff(want, p, ignore); diff != "" {
		t.Errorf("project (-want +got):\n%s", diff)
	}
	files := []string{"mart/daily.sql", "mart/mart.hcl", "mart/violations.sql", "shop.hcl"}
	if diff := cmp.Diff(files, sortedKeys(p.Files)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	a := p.Assets[assets.MustName("mart.daily")]
	for what, r := range map[string]hcl.Range{
		`asset "mart.daily"`: a.Decl, `file("daily.sql")`: a.SQLRange, `column "revenue"`: a.Columns[0].Decl, `"DECIMAL(38,2)"`: a.Columns[0].TypeRange,
		`check "not_null"`: a.Checks[0].ArgRange, `"revenue >= 0"`: a.Checks[1].ArgRange, `["day", "country"]`: a.Checks[2].ArgRange,
		`check "row_count"`: a.Checks[6].ArgRange, `file("violations.sql")`: a.Checks[7].ArgRange,
	} {
		if got := string(r.SliceBytes(p.Files[r.Filename])); got != what {
			t.Errorf("range %v covers %q, want %q", r, got, what)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func TestLoadWithoutDirectory(t *testing.T) {
	for what, dir := range map[string]string{
		"assets init DIR": filepath.Join(t.TempDir(), "nowhere"),
		"assets init`":    t.TempDir(),
	} {
		p, diags := Load(dir, Options{})
		if p == nil || len(diags) != 1 || !strings.Contains(diags[0].Detail, what) {
			t.Errorf("%s: %v, want one diagnostic naming %q", dir, diags, what)
		}
	}
}

// The directory may be a link; a file may begin with a byte order mark.
func TestLoadLinkAndMark(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "real/a.hcl", "\xef\xbb\xbfproject \"p\" {}\nasset \"a.b\" { sql = file(\"x.sql\") }\n")
	write(t, dir, "real/x.sql", "\xef\xbb\xbfselect 'é'")
	if err := os.Symlink("real", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	p, diags := Load(filepath.Join(dir, "link"), Options{})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	sql := p.Assets[assets.MustName("a.b")].SQL
	if sql.Text != "select 'é'" {
		t.Errorf("text is %q", sql.Text)
	}
	checkOrigin(t, p, sql)
}

func TestForEach(t *testing.T) {
	p := load(t, `
-- a.hcl --
project "p" {}
locals { countries = { uk = "DD/MM/YYYY", fr = "YYYY-MM-DD" } }
asset "Staging.users" {
  for_each = local.countries
  name     = "staging.users_${each.key}"
  sql      = templatefile("sql/users.sql", { country = each.key, format = each.value })
  enabled  = each.key == "fr"
  check "accepted_values" {
    columns = ["country"]
    values  = [each.key]
  }
}
source "raw.users" {
  for_each = local.countries
  name     = "raw.users_${each.key}"
  files    = "data/${each.key}/*.csv"
  format "csv" {
    dateformat = each.value
  }
}
asset "staging.letters" {
  for_each = toset(["b", "a"])
  name     = "staging.letter_${each.value}"
  sql      = "select '${each.key}'"
}
asset "staging.none" {
  for_each = {}
  name     = "staging.none_${each.value}"
  sql      = "select 1"
}
-- sql/users.sql --
select '${country}', '${format}' from ${trimspace(file("table.txt"))}
-- sql/table.txt --
raw.users
`, Options{})
	name := assets.MustName
	groups := map[string][]assets.Name{
		"staging.users":   {name("staging.users_fr"), name("staging.users_uk")},
		"staging.letters": {name("staging.letter_a"), name("staging.letter_b")},
		"staging.none":    {},
	}
	if diff := cmp.Diff(groups, p.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if len(p.Sources) != 2 {
		t.Errorf("sources %v, want one for each country", assets.SortedNames(p.Sources))
	} else if fr := p.Sources[name("raw.users_fr")].Reader; fr.Glob != "data/fr/*.csv" || fr.Options["dateformat"] != "'YYYY-MM-DD'" {
		t.Errorf("got %+v", fr)
	}
	uk := p.Assets[name("staging.users_uk")]
	if uk.SQL.Text != "select 'uk', 'DD/MM/YYYY' from raw.users\n" || uk.Enabled || uk.Checks[0].Values[0] != "'uk'" || uk.Group != "staging.users" {
		t.Errorf("got %+v", uk)
	}
}

func TestVariablePrecedence(t *testing.T) {
	const files = `
-- a.hcl --
project "p" {}
variable "v" { default = "default" }
asset "a.b" { sql = "select '${var.v}'" }
-- more.vars --
v = "more"
-- last.vars --
v = "last"
`
	const auto = `
-- b.auto.hclvars --
v = "b"
-- a.auto.hclvars --
v = "a"
`
	for _, c := range []struct {
		want, files string
		o           Options
	}{
		{"default", files, Options{}},
		{"env", files, Options{Environ: []string{"ASSETS_VAR_v=other", "ASSETS_VAR_v=env"}}},
		{"b", files + auto, Options{Environ: []string{"ASSETS_VAR_v=env"}}},
		{"last", files + auto, Options{VarFiles: []string{"more.vars", "last.vars"}}},
		{"var", files + auto, Options{VarFiles: []string{"more.vars"}, Vars: map[string]string{"v": "var"}, Environ: []string{"ASSETS_VAR_v=env"}}},
	} {
		p := load(t, c.files, c.o)
		if got, want := p.Assets[assets.MustName("a.b")].SQL.Text, "select '"+c.want+"'"; got != want {
			t.Errorf("%v: got %s, want %s", c.o, got, want)
		}
	}
}

func TestVariableTypes(t *testing.T) {
	for _, c := range []struct{ ty, given, want string }{
		{"string", "007", `"007"`},
		{"number", "007", `7`},
		{"bool", "true", `true`},
		{"any", `{ a = 1 }`, `{"a":1}`},
		{"", `["x"]`, `"[\"x\"]"`},
		{"list(string)", `["a", 1]`, `["a","1"]`},
		{"map(number)", `{ a = 1 }`, `{"a":1}`},
		{"object({ a = string, b = optional(number, 3) })", `{ a = "x" }`, `{"a":"x","b":3}`},
	} {
		declaration := "type = " + c.ty
		if c.ty == "" {
			declaration = ""
		}
		p := load(t, "-- a.hcl --\nproject \"p\" {}\nvariable \"v\" {\n"+declaration+"\n}\nasset \"a.b\" { sql = jsonencode(var.v) }\n",
			Options{Vars: map[string]string{"v": c.given}})
		if got := p.Assets[assets.MustName("a.b")].SQL.Text; got != c.want {
			t.Errorf("type %s, given %s: got %s, want %s", c.ty, c.given, got, c.want)
		}
	}
}

func TestSecrets(t *testing.T) {
	p := load(t, `
-- a.hcl --
project "p" {}
variable "login" {
  type      = object({ user = string, pin = number, on = bool })
  sensitive = true
}
asset "a.secret" { sql = "select '${upper(var.login.user)}', '${env("TOKEN")}'" }
asset "a.file" {
  sql = templatefile("t.sql", { pin = var.login.pin })
  check "sql" { sql = "select '${env("TOKEN")}'" }
}
asset "a.public" { sql = "select '${nonsensitive(env("TOKEN"))}', ${env("UNSET", "3")}" }
asset "a.plain" { sql = "select 1" }
-- t.sql --
select ${pin}
`, Options{Environ: []string{"TOKEN=hunter2", "OTHER=unused"}, Vars: map[string]string{"login": `{ user = "alice", pin = 4711, on = true }`}})
	// The values themselves, and what was made of them in a statement.
	if diff := cmp.Diff([]string{"hunter2", "ALICE", "alice", "4711"}, p.Secrets); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	for name, want := range map[string]bool{"a.secret": true, "a.file": true, "a.public": true, "a.plain": false} {
		if got := p.Assets[assets.MustName(name)].SQL.Sensitive; got != want {
			t.Errorf("%s: sensitive %v, want %v", name, got, want)
		}
	}
	if !p.Assets[assets.MustName("a.file")].Checks[0].SQL.Sensitive {
		t.Error("the check's statement is not sensitive")
	}
}

// What bears meaning changes the digest; layout, file names and ranges do not.
func TestDigest(t *testing.T) {
	base := load(t, shop, Options{}).Digest
	same := map[string]func(string) string{
		"nothing":   func(s string) string { return s },
		"layout":    func(s string) string { return strings.ReplaceAll(s, "  ", "    ") },
		"comments":  func(s string) string { return strings.ReplaceAll(s, "asset \"", "# c\nasset \"") },
		"file name": func(s string) string { return strings.ReplaceAll(s, "shop.hcl", "z.hcl") },
		"where events go": func(s string) string {
			return strings.Replace(s, "  defaults {", "  lineage {\n    openlineage {\n      file = \"x.ndjson\"\n    }\n  }\n  defaults {", 1)
		},
		"where traces go": func(s string) string {
			return strings.Replace(s, "  defaults {", "  telemetry {\n    otlp {\n      endpoint = \"http://localhost:4318\"\n    }\n  }\n  defaults {", 1)
		},
		"case of a name": func(s string) string { return strings.ReplaceAll(s, `"mart.daily"`, `"MART.daily"`) },
	}
	for what, edit := range same {
		if load(t, edit(shop), Options{}).Digest != base {
			t.Errorf("%s changed the digest", what)
		}
	}
	for _, edit := range [][2]string{
		{`"Revenue"`, `"Turnover"`}, {`"finance", "daily"`, `"finance"`}, {"select 1", "select 3"}, {"enabled     = false", "enabled = true"},
		{`materialize "view" {}`, ``}, {`"DECIMAL(38,2)"`, `"DOUBLE"`}, {`severity   = "warn"`, ``}, {`"one_a_day"`, `"uniq"`}, {"min = 1", "min = 2"},
		{`"ordered"`, `"day"`}, {`"it's"`, `"its"`}, {"select 2", "select 4"}, {"1d12h", "1d"}, {"0 8 *", "0 9 *"}, {"Europe/London", "Europe/Rome"},
		{`sources  = ["raw.orders"]`, ``}, {`"26h"`, `"27h"`}, {"skip       = 2", "skip = 3"}, {"data/orders/*.csv", "data/orders/1.csv"},
		{`"DECIMAL(38,2)"`, "\"DECIMAL(38,2)\"\n    nullable = false"}, {`"Net"`, "\"Net\"\n    sensitive = true"}, {"enabled     = false", "enabled = false\n  contract = \"strict\""},
		{`"24h"`, `"25h"`}, {"Europe/Paris", "Europe/Berlin"}, {"shop.duckdb", "shop2.duckdb"}, {`"From the till"`, `"x"`},
		{`timezone  = "Europe/Paris"`, "max_builds_per_run = 5"}, {`description = "From the till"`, `poll = "5m"`},
	} {
		if !strings.Contains(shop, edit[0]) {
			t.Fatalf("no %s in the project", edit[0])
		}
		if load(t, strings.Replace(shop, edit[0], edit[1], 1), Options{}).Digest == base {
			t.Errorf("%s → %s did not change the digest", edit[0], edit[1])
		}
	}
}

func TestScheduleIsInTheDigest(t *testing.T) {
	seen := map[assets.Digest]string{}
	for _, schedule := range []string{"", `schedule = "@daily"`, `schedule = "@hourly"`, `every = "1d"`, "schedule = \"@daily\"\n  timezone = \"Europe/Rome\""} {
		d := load(t, fmt.Sprintf("-- a.hcl --\nproject \"p\" {}\nasset \"a.b\" {\n  sql = \"select 1\"\n  %s\n}\n", schedule), Options{}).Digest
		if other, twice := seen[d]; twice {
			t.Errorf("%q has the digest of %q", schedule, other)
		}
		seen[d] = schedule
	}
}

// Where a source comes from and when it is taken bear meaning; a token that was renewed does not.
func TestDigestOfArriving(t *testing.T) {
	const shop = `-- shop.hcl --
project "shop" {}
source "raw.rates" {
  url     = "https://example.com/rates.csv"
  headers = { Authorization = "Bearer 1" }
  timeout = "1m"
}
source "raw.orders" {
  files      = "*.csv"
  version_by = "content"
  marker     = "{}.done"
  settle     = "10s"
  when { file = "READY" }
  when { sql = "select true" }
  when {
    url    = "https://example.com/ready"
    status = 200
  }
  when {
    from     = "06:00"
    to       = "08:00"
    timezone = "UTC"
  }
}
`
	base := load(t, shop, Options{}).Digest
	for _, edit := range [][2]string{{"Bearer 1", "Bearer 2"}, {`"1m"`, `"2m"`}} {
		if load(t, strings.Replace(shop, edit[0], edit[1], 1), Options{}).Digest != base {
			t.Errorf("%s → %s changed the digest", edit[0], edit[1])
		}
	}
	for _, edit := range [][2]string{
		{"rates.csv", "rates2.csv"}, {`"content"`, `"stat"`}, {"{}.done", "{}.ok"}, {`"10s"`, `"11s"`}, {"READY", "GO"}, {"select true", "select 1"},
		{"com/ready", "com/go"}, {"200", "204"}, {"06:00", "07:00"}, {"08:00", "09:00"}, {`"UTC"`, `"Europe/Paris"`},
	} {
		if load(t, strings.Replace(shop, edit[0], edit[1], 1), Options{}).Digest == base {
			t.Errorf("%s → %s did not change the digest", edit[0], edit[1])
		}
	}
}

func TestFormatDir(t *testing.T) {
	dir := writeArchive(t, txtar.Parse([]byte(`
-- a.hcl --
project "p" {
a=1
  long   = 2
}
-- b.hcl --
asset {
-- x.auto.hclvars --
a=1
-- fine.hcl --
locals {
  a = 1
}
-- other/x.hcl --
project "other" {a=1}
`)))
	formatted, files, diags := FormatDir(dir)
	var got []string
	for _, f := range formatted {
		got = append(got, f.Path)
		if f.Changed() == bytes.Equal(f.Before, Format(f.Before)) {
			t.Errorf("%s: changed is %v", f.Path, f.Changed())
		}
		if f.Path == "a.hcl" && string(f.After) != "project \"p\" {\n  a    = 1\n  long = 2\n}\n" {
			t.Errorf("a.hcl became\n%s", f.After)
		}
	}
	if diff := cmp.Diff([]string{"a.hcl", "fine.hcl", "x.auto.hclvars"}, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if len(diags) != 1 || diags[0].Subject.Filename != "b.hcl" || files["b.hcl"] == nil {
		t.Errorf("diagnostics: %v", diags)
	}
}

func TestBracketsHaveALimit(t *testing.T) {
	dir := t.TempDir()
	text := "project \"p\" {}\nlocals {\n  x = " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000) + "\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "p.hcl"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	_, diags := Load(dir, Options{})
	if len(diags) == 0 || diags[0].Summary != "Too many brackets inside one another" {
		t.Errorf("got %v", diags)
	}
}
