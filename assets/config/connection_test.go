package config

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

const crm = `
project "shop" {}
connection "crm" {
  type = "postgres"
  dsn  = "host=db dbname=crm user=${env("CRM_USER")} password=${env("CRM_PASSWORD")}"
}
connection "till" {
  type                = "sqlite"
  path                = "till.sqlite"
  extension_directory = "extensions"
}
source "crm.customers" {
  connection = connection.crm
  table      = "public.Customers"
  version    = "select max(updated_at) from public.customers;"
}
source "events.load_done" {
  event {}
}
`

// A password gets as far as the connection, is known as a secret, and decides no digest.
func TestConnections(t *testing.T) {
	load := func(user, password string) *assets.Project {
		t.Helper()
		dir := t.TempDir()
		write(t, dir, "project.hcl", crm)
		p, diags := Load(dir, Options{Environ: []string{"CRM_USER=" + user, "CRM_PASSWORD=" + password}})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return p
	}
	p := load("ann", "hunter22")
	if dsn := "host=db dbname=crm user=ann password=hunter22"; p.Connections["crm"].DSN != dsn || !slices.Contains(p.Secrets, "hunter22") {
		t.Errorf("the DSN is %q, the secrets are %q", p.Connections["crm"].DSN, p.Secrets)
	}
	if till := p.Connections["till"]; till.File() != filepath.Join(p.Dir, "till.sqlite") || till.ExtensionDirectory != filepath.Join(p.Dir, "extensions") {
		t.Errorf("paths are relative to the file: %+v", till)
	}
	table := p.Sources[assets.Name{Schema: "crm", Table: "customers"}].Table
	if table.Connection != "crm" || table.String() != "public.Customers" || table.Version != "select max(updated_at) from public.customers" {
		t.Errorf("the table is %+v", table)
	}
	if !p.Sources[assets.Name{Schema: "events", Table: "load_done"}].Event {
		t.Error("not a source of events")
	}
	if other := load("bob", "sesame99"); other.Digest != p.Digest {
		t.Error("who asks makes another project")
	}
}

// Whatever says what is read makes another project.
func TestConnectionsAreInTheDigest(t *testing.T) {
	digest := func(text string) assets.Digest {
		t.Helper()
		dir := t.TempDir()
		write(t, dir, "project.hcl", text)
		p, diags := Load(dir, Options{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return p.Digest
	}
	project := func(path, table, version string) string {
		return "project \"p\" {}\nconnection \"a\" {\n type = \"duckdb\"\n path = \"" + path + "\"\n}\n" +
			"source \"x\" {\n connection = connection.a\n table = \"" + table + "\"\n " + version + "\n}\n"
	}
	seen := map[assets.Digest]string{}
	for _, text := range []string{
		project("a.duckdb", "t", ""), project("b.duckdb", "t", ""), project("a.duckdb", "u", ""), project("a.duckdb", "s.t", ""),
		project("a.duckdb", "t", `version = "select 1"`), "project \"p\" {}\nsource \"x\" {\n event {}\n}\n",
	} {
		d := digest(text)
		if seen[d] != "" {
			t.Errorf("one digest of\n%s\nand\n%s", seen[d], text)
		}
		seen[d] = text
	}
}
