package session

import (
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// A run that was interrupted leaves its observations, and no trace among the runs.
// A plan made before it must not record older events after them.
func TestEventsThatAnotherProcessRecordedAreNotRecordedAgain(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "project.hcl", `
project "p" {}
source "events.done" {
  event {}
}
asset "mart.done" { sql = "select version from events.done" }
`)
	apply := func(s *Session) bool {
		t.Helper()
		_, plan, diags := s.Plan(ctx, Narrow{})
		mustNot(t, diags)
		_, diags = s.Apply(ctx, plan)
		return !diags.HasErrors()
	}
	push := func(version string) {
		t.Helper()
		_, _, diags := open(t, dir).Push("events.done", version, time.Now())
		mustNot(t, diags)
	}
	push("one")
	if !apply(open(t, dir)) {
		t.Fatal("the first run failed")
	}

	push("two")
	slow := open(t, dir)
	_, plan, diags := slow.Plan(ctx, Narrow{})
	mustNot(t, diags)
	push("three")
	quick := open(t, dir)
	_, _, diags = quick.Plan(ctx, Narrow{})
	mustNot(t, diags)
	db, err := warehouse.Open(ctx, quick.warehouse(false))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Observe(ctx, quick.news()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	quick.forgetEvents()

	if _, diags := slow.Apply(ctx, plan); !diags.HasErrors() || !slow.Overtaken {
		t.Errorf("a plan of older events was carried out: %v", diags)
	}
	if !apply(open(t, dir)) {
		t.Fatal("the last run failed")
	}
	db, err = warehouse.Open(ctx, quick.warehouse(false))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	recorded, err := db.Observations(ctx)
	name := assets.MustName("events.done")
	if last := quick.Looks[name].ID; err != nil || recorded[name].ID != last {
		t.Errorf("the last version is %s, %v, want %s", recorded[name].ID, err, last)
	}
}
