package examples

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/config"
)

// What `assets init -example` copies must be the whole example, and nothing else.
func TestEmbeddedExamplesAreWhole(t *testing.T) {
	for _, name := range Names() {
		embedded := map[string]bool{}
		err := fs.WalkDir(FS, name, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			embedded[path] = true
			got, err := FS.ReadFile(path)
			if err != nil {
				return err
			}
			if want, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s is not the file on disk (%v)", path, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = fs.WalkDir(os.DirFS("."), name, func(file string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && entry.Name() == ".assets":
				return fs.SkipDir
			case entry.IsDir() || path.Ext(file) == ".go" || strings.HasPrefix(entry.Name(), "warehouse.duckdb"):
			case strings.HasPrefix(file, "user_logins/data/de/"), strings.HasPrefix(file, "streaming/data/views/2026-03-31/"): // what READMEs say to try
			case !embedded[file]:
				t.Errorf("%s is not embedded: `assets init -example %s` would leave it out", file, name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestExamplesLoad(t *testing.T) {
	for _, name := range Names() {
		project, diags := config.Load(name, config.Options{})
		for _, d := range diags {
			t.Errorf("%s: %s", name, d)
		}
		if project == nil {
			continue
		}
		if project.Name != name {
			t.Errorf("the project of %s is called %q", name, project.Name)
		}
		for _, asset := range project.Assets {
			if len(asset.Checks) == 0 && asset.Kind != "view" {
				t.Errorf("%s: %s has no check: an example shows what its owner wants to hold", name, asset.Name)
			}
		}
	}
}

func TestExamplesAreFormatted(t *testing.T) {
	err := fs.WalkDir(FS, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".hcl") {
			return err
		}
		text, err := FS.ReadFile(path)
		if formatted := config.Format(text); !bytes.Equal(formatted, text) {
			t.Errorf("%s is not formatted: run `assets fmt`", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The README of user_logins promises that one entry adds a country.
func TestAThirdCountryIsOneEntry(t *testing.T) {
	readme, err := os.ReadFile("user_logins/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, entry, _ := strings.Cut(string(readme), "```hcl\n")
	entry, _, found := strings.Cut(entry, "```")
	if !found {
		t.Fatal("the README shows no entry")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("user_logins")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "countries.hcl")
	countries, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	end := bytes.LastIndex(countries, []byte("  }\n}"))
	if err := os.WriteFile(file, slices.Concat(countries[:end], []byte(entry), countries[end:]), 0o644); err != nil {
		t.Fatal(err)
	}
	project, diags := config.Load(dir, config.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, name := range []string{"raw.users_de", "raw.logins_de"} {
		if project.Sources[assets.MustName(name)] == nil {
			t.Errorf("no source %s", name)
		}
	}
	united := project.Assets[assets.MustName("marts.users")].SQL.Text
	if project.Assets[assets.MustName("staging.users_de")] == nil || !strings.Contains(united, "from staging.users_de") {
		t.Errorf("Germany is not united with the others:\n%s", united)
	}
}
