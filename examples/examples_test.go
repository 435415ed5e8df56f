package examples

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

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
			case strings.HasPrefix(file, "user_logins/data/de/"): // what its README says to try
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
