package config

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-4311623e/assets/assets"
)

func TestTelemetryBlock(t *testing.T) {
	p := load(t, `
-- a.hcl --
project "shop" {
  telemetry {
    otlp {
      endpoint = "https://otel.example.com/${env("TENANT")}"
      headers  = { Authorization = "Bearer ${env("TOKEN")}", X-Retries = 3 }
      protocol = "http/protobuf"
    }
  }
}
`, Options{Environ: []string{"TENANT=t3nant", "TOKEN=t0ken"}})
	want := &assets.OTLP{
		Endpoint: "https://otel.example.com/t3nant",
		Headers:  map[string]string{"Authorization": "Bearer t0ken", "X-Retries": "3"},
	}
	if diff := cmp.Diff(want, p.OTLP, cmpopts.IgnoreFields(assets.OTLP{}, "Decl")); diff != "" {
		t.Error(diff)
	}
	for _, secret := range []string{"t0ken", "Bearer t0ken", "t3nant", "https://otel.example.com/t3nant"} {
		if !slices.Contains(p.Secrets, secret) {
			t.Errorf("%q is not among the secrets %q", secret, p.Secrets)
		}
	}
	if p := load(t, "-- a.hcl --\nproject \"shop\" {}", Options{}); p.OTLP != nil {
		t.Errorf("without a block: %+v", p.OTLP)
	}
}
