package warehouse_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

func TestArrivalsSince(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "w.duckdb"))
	if none, err := db.ArrivalsSince(ctx, moment); err != nil || len(none) > 0 {
		t.Errorf("before anything was recorded: %v, %v", none, err)
	}
	days := func(n int) time.Time { return moment.AddDate(0, 0, n) }
	often, rarely := assets.MustName("raw.often"), assets.MustName("raw.rarely")
	log := map[assets.Name][]planner.Arrival{}
	for i := range 40 {
		log[often] = append(log[often], planner.Arrival{ID: assets.Digest(fmt.Sprintf("f1:%d", i)), Arrived: days(i - 40)})
	}
	for i := range 3 {
		log[rarely] = append(log[rarely], planner.Arrival{ID: assets.Digest(fmt.Sprintf("f1:%d", i)), Arrived: days(30*i - 90)})
	}
	for source, arrivals := range log {
		last := arrivals[len(arrivals)-1]
		seen := planner.Observation{Source: source, At: moment, Before: arrivals[:len(arrivals)-1],
			Version: planner.Version{ID: last.ID, Arrived: last.Arrived, Columns: []assets.Column{{Name: "a", Type: "INTEGER"}}}}
		if err := db.Observe(ctx, []planner.Observation{seen}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		since time.Time
		often int // entries of raw.often
	}{
		{days(-20), 21}, // and the one before
		{days(-20).Add(time.Hour), 20},
		{days(-3), 10}, // its latest at least
		{days(-365), 40},
	} {
		got, err := db.ArrivalsSince(ctx, c.since)
		if err != nil {
			t.Fatal(err)
		}
		all := log[often]
		want := map[assets.Name][]planner.Arrival{often: all[len(all)-c.often:], rarely: log[rarely]}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("since %s (-want +got):\n%s", c.since, diff)
		}
	}
}
