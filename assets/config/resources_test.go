package config

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
)

func TestResourcesAreRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "p.hcl", `
project "shop" {
  duckdb {
    memory_limit            = "4GB"
    threads                 = 4
    temp_directory          = "spill"
    max_temp_directory_size = "1.5 TiB"
  }
}
pool "disk" { slots = 3 }
pool "crm" { slots = 2 }
asset "a" {
  sql      = "select 1 as x"
  pools    = ["disk", "crm"]
  priority = -5
}
`)
	p, diags := Load(dir, Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	want := assets.DuckDB{MemoryLimit: "4GB", Threads: 4, TempDirectory: filepath.Join(dir, "spill"), MaxTempDirectorySize: "1.5 TiB"}
	if p.DuckDB != want {
		t.Errorf("%+v", p.DuckDB)
	}
	if p.Pools["disk"].Slots != 3 || p.Pools["crm"].Slots != 2 || len(p.Pools) != 2 {
		t.Error(p.Pools)
	}
	a := p.Assets[assets.MustName("a")]
	// Sorted, so that what needs the same is the same.
	if diff := cmp.Diff([]string{"crm", "disk"}, a.Pools); diff != "" || a.Priority != -5 {
		t.Error(diff, a.Priority)
	}
}

// How much may go on at once says nothing about what is built: a saved plan holds.
func TestResourcesAreNoMeaning(t *testing.T) {
	digestOf := func(project, asset string) assets.Digest {
		dir := t.TempDir()
		write(t, dir, "p.hcl", "project \"p\" {\n"+project+"}\npool \"x\" { slots = 2 }\nasset \"a\" {\n  sql = \"select 1 as x\"\n"+asset+"}\n")
		p, diags := Load(dir, Options{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return p.Digest
	}
	plain := digestOf("", "")
	if got := digestOf("  duckdb { memory_limit = \"1GB\" }\n", "  pools = [\"x\"]\n  priority = 3\n"); got != plain {
		t.Errorf("%s became %s", plain, got)
	}
	if got := digestOf("", "  description = \"x\"\n"); got == plain {
		t.Error("the digest does not see an edit")
	}
}
