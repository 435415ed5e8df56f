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
	f.Add(shop, "select 1", "broken")
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
			var text []byte
			known := true
			if d.Subject != nil {
				text, known = p.Files[d.Subject.Filename]
			}
			switch {
			case d.Summary == "":
				t.Errorf("%v: nobody knows what is wrong", d.Subject)
			case !known:
				t.Errorf("%v is in no known file: %s", d.Subject, d.Summary)
			case text == nil: // without a place, or in a file that is not to be shown
			case !d.Subject.CanSliceBytes(text):
				t.Errorf("%v is not inside its file: %s", d.Subject, d.Summary)
			}
		}
		for _, a := range p.Assets {
			checkOrigin(t, p, a.SQL)
		}
		Format([]byte(hcl))
	})
}
