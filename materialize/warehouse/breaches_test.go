package warehouse_test

import (
	"cmp"
	"path/filepath"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/planner"
)

func TestTheLedgerOfBreachesGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.duckdb")
	db := open(t, path)
	if l, err := db.Ledger(ctx, moment.AddDate(1, 0, 0)); err != nil || l.Open != nil || !l.Synced.IsZero() {
		t.Errorf("before there was a run: %+v, %v", l, err)
	}
	breach := func(policy string, ended time.Time) planner.Breach {
		return planner.Breach{Name: orders, Policy: policy, Due: moment.Add(-time.Hour), BehindSince: moment.Add(-2 * time.Hour), Source: "raw.orders", Cause: "the disk is full", Ended: ended}
	}
	healed, open1, open2 := breach("max_lag 1h", moment), breach("max_lag 1m", time.Time{}), breach("max_lag 2m", time.Time{})
	healed.Run = "R1"
	publishWith := func(run string, list ...planner.Breach) {
		p := publication(t, db, run, 1)
		p.Breaches = list
		publish(t, db, p)
	}
	read := func(wantOpen, wantAll []planner.Breach) {
		t.Helper()
		ledger, err := db.Ledger(ctx, moment.AddDate(1, 0, 0))
		if err != nil || !ledger.Synced.Equal(moment.Add(time.Minute)) {
			t.Errorf("synced %s, %v", ledger.Synced, err)
		}
		all, err := db.Breaches(ctx)
		if err != nil {
			t.Error(err)
		}
		for _, list := range [][]planner.Breach{ledger.Open, all} {
			slices.SortFunc(list, func(a, b planner.Breach) int { return cmp.Compare(a.Policy, b.Policy) })
		}
		if diff := gocmp.Diff([][]planner.Breach{wantOpen, wantAll}, [][]planner.Breach{ledger.Open, all}); diff != "" {
			t.Errorf("open and all (-want +got):\n%s", diff)
		}
	}
	publishWith("R1", healed, open1, open2)
	read([]planner.Breach{open1, open2}, []planner.Breach{healed, open1, open2})

	over := open2
	over.Ended, over.Run = moment.Add(time.Hour), "R2"
	publishWith("R2", open1, over) // they take the place of those that were open
	read([]planner.Breach{open1}, []planner.Breach{healed, open1, over})
	publishWith("R3") // knows of none
	read([]planner.Breach{open1}, []planner.Breach{healed, open1, over})

	// What a clock that was ahead entered is not yet, and what is entered of the same now counts.
	past := moment.Add(-time.Minute)
	if l, err := db.Ledger(ctx, past); err != nil || len(l.Open) != 1 || !l.Synced.IsZero() {
		t.Errorf("before all runs: %+v, %v", l, err)
	}
	if l, err := db.Ledger(ctx, past.Add(-time.Hour)); err != nil || l.Open != nil {
		t.Errorf("before it was due: %+v, %v", l, err)
	}
	again := over
	again.Ended, again.Run = over.Ended.Add(-time.Minute), "R4"
	publishWith("R4", open1, again)
	read([]planner.Breach{open1}, []planner.Breach{healed, open1, again})

	first, err := db.FirstBuilt(ctx)
	if err != nil || !first[orders].Equal(moment.Add(time.Second)) {
		t.Errorf("first built: %v, %v", first, err)
	}
}
