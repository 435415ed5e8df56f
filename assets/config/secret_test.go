package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
)

// vault is a program that tells secrets: the last argument, turned round. It knows
// how often it was asked for each.
type vault struct {
	mu    sync.Mutex
	asked map[string]int
	dir   string
}

func (v *vault) run(c Command) (Output, error) {
	name := c.Argv[len(c.Argv)-1]
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.asked == nil {
		v.asked = map[string]int{}
	}
	v.asked[name]++
	v.dir = c.Dir
	if name == "lost" {
		return Output{Stdout: "half-of-it", Stderr: "no half-of-it here"}, errors.New("failed with exit status 1")
	}
	text := []byte(name)
	slices.Reverse(text)
	return Output{Stdout: string(text) + "\r\n"}, nil
}

const vaulted = `
-- sub/shop.hcl --
project "shop" {}
secret "salt" { command = ["vault", "read", "white-salt"] }
secret "pepper" { command = ["vault", "read", "black-pepper"] }
secret "unused" { command = ["vault", "read", "nobody"] }
secret "by_unused" { command = ["vault", "read", "nobody-either"] }
locals {
  used      = "${local.between}!"
  between   = upper(secret.pepper)
  unused    = local.unused_as_well
  unused_as_well = secret.by_unused
}
asset "a" { sql = "select '${secret.salt}' as a, '${local.used}' as b" }
asset "b" { sql = "select '${secret.salt}${secret.salt}' as a" }
`

// A secret is obtained once for each reading of the project, and only if something
// that is used refers to it.
func TestSecretsAreObtainedWhenUsed(t *testing.T) {
	v := &vault{}
	p := load(t, strings.Replace(vaulted, "sub/shop.hcl", "shop.hcl", 1), Options{Run: v.run})
	if diff := cmp.Diff(map[string]int{"white-salt": 1, "black-pepper": 1}, v.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if v.dir != p.Dir {
		t.Errorf("it ran in %s", v.dir)
	}
	if want := "select 'tlas-etihw' as a, 'REPPEP-KCALB!' as b"; p.Assets[assets.MustName("a")].SQL.Text != want {
		t.Errorf("the SQL is %s, want %s", p.Assets[assets.MustName("a")].SQL.Text, want)
	}
	for _, secret := range []string{"tlas-etihw", "reppep-kcalb", "REPPEP-KCALB"} {
		if !slices.Contains(p.Secrets, secret) {
			t.Errorf("%q is not among the secrets %q", secret, p.Secrets)
		}
	}
}

// Without a program that may be run, statements are read with something else in place
// of the secret, and the rest is left open.
func TestSecretsThatAreNotObtained(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "shop.hcl", `
project "shop" {}
secret "told" { command = ["vault", "read", "it"] }
locals { sql = "select '${lower(secret.told)}' as a" }
connection "crm" {
  type = "postgres"
  dsn  = secret.told
}
source "crm.t" {
  connection = connection.crm
  table      = "t"
}
source "raw.fetched" {
  url     = "https://example.com/x.csv"
  headers = { Authorization = secret.told }
}
source "raw.elsewhere" { url = secret.told }
asset "a" { sql = local.sql }
asset "b" { sql = "select 1 as one where '${jsondecode(secret.told).password}' <> ''" }
asset "c" { sql = format("select '%s' as a", secret.told) }
asset "e" { sql = "select '${env("TOKEN")}' as e where '${secret.told}' <> ''" }
asset "d" {
  sql         = "select 1 as d"
  description = secret.told
}
`)
	p, diags := Load(dir, Options{Environ: []string{"TOKEN=hunter22"}})
	if !slices.Contains(p.Secrets, "hunter22") {
		t.Errorf("beside a secret that is not known another is forgotten: %q", p.Secrets)
	}
	for _, name := range []string{"crm.t", "raw.fetched", "raw.elsewhere"} {
		source := p.Sources[assets.MustName(name)]
		if name == "crm.t" && !p.Connections["crm"].Withheld || name != "crm.t" && !source.Withheld {
			t.Errorf("%s is to be left alone", name)
		}
	}
	for name, want := range map[string]string{
		"a": "select '(sensitive)' as a", "b": "select 1 as one where '(sensitive)' <> ''", "c": "",
	} {
		if sql := p.Assets[assets.MustName(name)].SQL; sql.Text != want || sql.Sensitive != (want != "") {
			t.Errorf("%s: %+v", name, sql)
		}
	}
	var said []string
	for _, d := range diags {
		said = append(said, fmt.Sprint(d.Severity == hcl.DiagWarning, " ", d.Summary))
	}
	if diff := cmp.Diff([]string{`true "sql" of asset "c" is not checked`, `false Sensitive value in "description" of asset "d"`}, said); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}

// Why a command failed is told in its own words, without what it wrote to stdout.
func TestACommandThatFails(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "shop.hcl", "project \"shop\" {}\nsecret \"lost\" { command = [\"vault\", \"read\", \"lost\"] }\nasset \"a\" { sql = \"select '${secret.lost}' as a\" }\n")
	_, diags := Load(dir, Options{Run: (&vault{}).run})
	if len(diags) != 1 || diags[0].Summary != `Cannot obtain secret "lost"` ||
		diags[0].Detail != "Its command vault failed with exit status 1. It says:\nno (sensitive) here" || diags[0].Subject.Start.Line != 2 {
		t.Errorf("%+v", diags)
	}
}

// What is made of a secret is one, and what stands in the project for all to see is none.
func TestDerivedSecrets(t *testing.T) {
	const secret = "Hunter22-of-the-vault"
	for _, c := range []struct {
		expr string
		want []string // besides the secret itself
		not  []string
	}{
		{`upper(var.s)`, []string{"HUNTER22-OF-THE-VAULT"}, nil},
		{`strrev(var.s)`, []string{"tluav-eht-fo-22retnuH"}, nil},
		{`substr(var.s, 6, 8)`, []string{"22-of-th"}, nil},
		{`join("+", split("-", var.s))`, []string{"Hunter22", "the", "vault", "Hunter22+of+the+vault"}, []string{"of", "+"}},
		{`replace(var.s, "-", "")`, []string{"Hunter22ofthevault"}, nil},
		{`regex("[0-9].*", var.s)`, []string{"22-of-the-vault"}, nil},
		{`element(regexall("[a-z]{4}", var.s), 0)`, []string{"unte", "vaul"}, nil},
		{`jsonencode({ k = var.s })`, []string{`{"k":"Hunter22-of-the-vault"}`}, nil},
		{`format("%s-%s", var.s, "plain text")`, []string{"Hunter22-of-the-vault-plain text"}, []string{"plain text"}},
		{`format("first line of many\n%s\nlast line of many", var.s)`, nil, []string{"first line of many", "last line of many"}},
		{`strlen(var.s) * 1000 + 7`, []string{"21000", "21007"}, nil},
		{`-tonumber(var.n)`, []string{"-1234567"}, nil},
		{`lookup({ Hunter22-of-the-vault = "blue plain word" }, var.s, "")`, nil, []string{"blue plain word"}},
		{`join(",", [for c in split("-", var.s) : title(c)])`, []string{"Vault", "Hunter22,Of,The,Vault"}, nil},
		{`[for n in [tonumber(var.n)] : n * 2][0]`, []string{"2469134"}, nil},
		{`templatefile("t.tmpl", { s = var.s })`, []string{"HUNTER22-OF-THE-VAULT"}, []string{"a line of the template"}},
		{`jsondecode("{\"a\":{\"b\":\"${var.s}\"}}").a.b`, nil, nil},
		{`var.s == "" ? "one plain branch" : lower(var.s)`, []string{"hunter22-of-the-vault"}, []string{"one plain branch"}},
		{`try(tonumber(var.s), lower(var.s))`, []string{"hunter22-of-the-vault"}, nil},
		{`merge({ a = "a plain value" }, { b = lower(var.s) }).b`, []string{"hunter22-of-the-vault"}, []string{"a plain value"}},
	} {
		dir := t.TempDir()
		write(t, dir, "t.tmpl", "a line of the template\n${upper(s)}\n")
		write(t, dir, "shop.hcl", "project \"shop\" {}\nvariable \"s\" { sensitive = true }\nvariable \"n\" { sensitive = true }\nasset \"a\" { sql = \"select '${"+c.expr+"}' as a\" }\n")
		p, diags := Load(dir, Options{Vars: map[string]string{"s": secret, "n": "1234567"}})
		if diags.HasErrors() {
			t.Errorf("%s: %s", c.expr, diags)
			continue
		}
		if !p.Assets[assets.MustName("a")].SQL.Sensitive {
			t.Errorf("%s: what uses it is not sensitive", c.expr)
		}
		for _, want := range append(c.want, secret) {
			if !slices.Contains(p.Secrets, want) {
				t.Errorf("%s: the secrets %q lack %q", c.expr, p.Secrets, want)
			}
		}
		for _, not := range c.not {
			if slices.Contains(p.Secrets, not) {
				t.Errorf("%s: %q is among the secrets", c.expr, not)
			}
		}
	}
}

// A secret that is exchanged makes another project where it stands in a statement, and
// only there.
func TestExchangedSecrets(t *testing.T) {
	const project = `
-- shop.hcl --
project "shop" {
  lineage {
    openlineage { url = "https://example.com/${secret.s}" }
  }
}
secret "s" { env = "S" }
connection "crm" {
  type = "postgres"
  dsn  = "host=db dbname=crm password=${secret.s}"
}
source "raw.x" {
  url     = "https://example.com/${secret.s}/x.csv?token=${secret.s}"
  headers = { Authorization = secret.s }
  when {
    url = "https://example.com/${secret.s}"
  }
}
asset "a" { sql = "select 1 as a from raw.x %s" }
`
	digest := func(where, secret string) assets.Digest {
		return load(t, fmt.Sprintf(project, where), Options{Environ: []string{"S=" + secret}}).Digest
	}
	if digest("", "the-old-one") != digest("", "the-new-one") {
		t.Error("a secret that bears no meaning makes another project")
	}
	if where := "where '${secret.s}' <> ''"; digest(where, "the-old-one") == digest(where, "the-new-one") {
		t.Error("a statement with another secret is the same")
	}
}

// The line of a file of variables that cannot be read may hold a secret.
func TestABrokenFileOfVariablesIsNotShown(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "shop.hcl", "project \"shop\" {}\nvariable \"s\" {\n  sensitive = true\n  default   = \"\"\n}\n")
	write(t, dir, "x.auto.hclvars", "s = \"hunter22\n")
	p, diags := Load(dir, Options{})
	if !diags.HasErrors() || strings.Contains(diags.Error(), "hunter22") {
		t.Errorf("%v", diags)
	}
	for name, text := range p.Files {
		if strings.Contains(string(text), "hunter22") {
			t.Errorf("%s is kept for showing", filepath.Base(name))
		}
	}
}

// What nonsensitive() lets out is shown, unless it is a secret elsewhere.
func TestNonsensitiveLetsOut(t *testing.T) {
	const kept = "locals {\n  kept = [env(\"REGION\")]\n}\n"
	for _, c := range []struct {
		locals, argument string
		want             []string
	}{
		{"", `description = nonsensitive(env("REGION"))`, nil},
		{"", `description = "in ${nonsensitive(upper(env("REGION")))}"`, nil},
		{"", `owner = nonsensitive("${env("REGION")}-team")`, nil},
		{"", `tags = [for part in split("-", nonsensitive(env("REGION"))) : part]`, nil},
		{kept, `description = nonsensitive(env("REGION"))`, []string{"west-europe"}},
		{kept, `description = nonsensitive(substr(env("REGION"), 0, 4))`, []string{"west-europe"}},
	} {
		p := load(t, "-- shop.hcl --\nproject \"shop\" {}\n"+c.locals+"asset \"a\" {\n  sql = \"select 1 as a\"\n  "+c.argument+"\n}\n", Options{Environ: []string{"REGION=west-europe"}})
		if diff := cmp.Diff(c.want, p.Secrets); diff != "" {
			t.Errorf("%s: secrets (-want +got):\n%s", c.argument, diff)
		}
	}
}
