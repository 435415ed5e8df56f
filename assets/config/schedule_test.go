package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
)

// When things are looked at and built, as it is written and as it is read.
func TestSchedules(t *testing.T) {
	p := load(t, `
-- a.hcl --
project "shop" {
  timezone           = "Europe/Paris"
  max_builds_per_run = 20
}
source "raw.x" {
  files = "x.csv"
  poll  = "1m30s"
}
asset "a.cron" {
  sql      = "select 1"
  schedule = "0 8 * * MON-FRI"
  timezone = "America/New_York"
}
asset "a.preset" {
  sql      = "select 1"
  schedule = "@daily"
}
asset "a.interval" {
  sql   = "select 1"
  every = "6h"
}
asset "a.policy" {
  sql = "select 1"
  freshness {
    max_lag = "1h"
    at      = "@every 1d12h"
  }
}
`, Options{})
	if p.MaxBuildsPerRun != 20 {
		t.Errorf("MaxBuildsPerRun is %d", p.MaxBuildsPerRun)
	}
	if poll := p.Sources[assets.MustName("raw.x")].Poll; poll != 90*time.Second {
		t.Errorf("Poll is %s", poll)
	}
	type schedule struct{ Expr, Timezone, Text string }
	got := map[string]schedule{}
	for name, a := range p.Assets {
		s := a.Schedule
		if s.IsZero() {
			continue
		}
		got[name.String()] = schedule{s.Expr, s.Timezone, string(s.Decl.SliceBytes(p.Files[s.Decl.Filename]))}
	}
	want := map[string]schedule{
		"a.cron":     {"0 8 * * MON-FRI", "America/New_York", `"0 8 * * MON-FRI"`},
		"a.preset":   {"@daily", "", `"@daily"`},
		"a.interval": {"@every 6h", "", `"6h"`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schedules (-want +got):\n%s", diff)
	}
	if at := p.Assets[assets.MustName("a.policy")].Freshness[0].At; at != "@every 1d12h" {
		t.Errorf("the policy holds at %q", at)
	}
}
