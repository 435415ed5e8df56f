package config

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-4311623e/assets/assets"
)

func TestOpenLineageBlock(t *testing.T) {
	p := load(t, `
-- a.hcl --
project "shop" {
  lineage {
    openlineage {
      file    = "out/lineage.ndjson"
      url     = "https://lineage.example.com/${env("KEY")}"
      headers = { Authorization = "Bearer ${env("TOKEN")}", X-Retries = 3 }
      timeout = "1500ms"
    }
  }
}
`, Options{Environ: []string{"KEY=k3y-of-mine", "TOKEN=t0ken"}})
	want := &assets.OpenLineage{
		File: filepath.Join(p.Dir, "out", "lineage.ndjson"), URL: "https://lineage.example.com/k3y-of-mine",
		Headers: map[string]string{"Authorization": "Bearer t0ken", "X-Retries": "3"}, Timeout: 1500 * time.Millisecond, Namespace: "shop",
	}
	if diff := cmp.Diff(want, p.OpenLineage, cmpopts.IgnoreFields(assets.OpenLineage{}, "Decl")); diff != "" {
		t.Error(diff)
	}
	for _, secret := range []string{"t0ken", "Bearer t0ken", "k3y-of-mine", "https://lineage.example.com/k3y-of-mine"} {
		if !slices.Contains(p.Secrets, secret) {
			t.Errorf("%q is not among the secrets %q", secret, p.Secrets)
		}
	}
	if p := load(t, "-- a.hcl --\nproject \"shop\" {}", Options{}); p.OpenLineage != nil {
		t.Errorf("without a block: %+v", p.OpenLineage)
	}
}
