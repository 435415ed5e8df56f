package config

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzLoad: whatever a project's files hold, Load returns a project, and every
// diagnostic with a place has it inside a known file.
func FuzzLoad(f *testing.F) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(string(file.Data), "select '${x}'", "v = 1")
		}
	}
	f.Add(shop, "select 1", "")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, hcl, sql, vars string) {
		writeT(dir, "a.hcl", hcl)
		writeT(dir, "x.sql", sql)
		writeT(dir, "v.auto.hclvars", vars)
		writeT(dir, "p.hcl", "project \"p\" {}\nasset \"fuzz.x\" { sql = templatefile(\"x.sql\", { x = 1 }) }\n")
		p, diags := Load(dir, Options{Environ: []string{"X=secret"}})
		if p == nil {
			t.Fatal("no project")
		}
		for _, d := range diags {
			switch {
			case d.Summary == "":
				t.Errorf("%v: nobody knows what is wrong", d.Subject)
			case d.Subject == nil:
			case p.Files[d.Subject.Filename] == nil:
				t.Errorf("%v is in no known file: %s", d.Subject, d.Summary)
			case !d.Subject.CanSliceBytes(p.Files[d.Subject.Filename]):
				t.Errorf("%v is not inside its file: %s", d.Subject, d.Summary)
			}
		}
		for _, a := range p.Assets {
			checkOrigin(t, p, a.SQL)
		}
		Format([]byte(hcl))
	})
}
