package warehouse_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

var year = flag.Bool("year", false, "TestAYear runs for a year, with the retention that projects have by default")

// TestAYear publishes as a daemon does, with a clock that is faster, and deletes what is
// not kept once a day: after a while the file grows no more.
func TestAYear(t *testing.T) {
	days, perDay, recorded, built := 120, 1, 5, 1 // longer than the 50 builds that are kept however old they are
	keep := assets.Retention{Versions: 1, Runs: 24 * time.Hour, Checks: 24 * time.Hour, Observations: 24 * time.Hour}
	if *year {
		days, perDay, recorded, built, keep = 365, 24, 50, 5, assets.DefaultRetention()
	}
	db := open(t, filepath.Join(t.TempDir(), "w.duckdb"))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	entropy := rand.NewChaCha8([32]byte{})
	newID := func() string { return ulid.MustNew(ulid.Timestamp(now), entropy).String() }
	padding := strings.Repeat("select customer_id, sum(amount) as amount from staging.orders group by all ", 15)
	last := map[assets.Name]string{}
	var halfway warehouse.Size
	for day := range days {
		for range perDay {
			now = now.Add(24 * time.Hour / time.Duration(perDay))
			run := newID()
			version := assets.Digest("f1:" + run)
			seen := planner.Observation{Source: assets.MustName("raw.orders"), At: now, Version: planner.Version{ID: version, Arrived: now}}
			if err := db.Observe(ctx, []planner.Observation{seen}); err != nil {
				t.Fatal(err)
			}
			p := warehouse.Publication{Run: warehouse.Run{ID: run, Began: now, Ended: now.Add(time.Minute), Status: warehouse.Succeeded, Built: recorded}}
			named := map[string]bool{}
			for i := range recorded {
				name := assets.Name{Schema: "mart", Table: fmt.Sprintf("t%d", i)}
				m := planner.Materialization{ID: newID(), Key: planner.Key{Asset: name}, Run: run, Status: planner.Published, Previous: last[name], Rows: 1000,
					Reads: map[assets.Name]planner.Read{seen.Source: {Version: version, Projection: version}}, Began: now, Ended: now.Add(time.Second),
					Made:       planner.Version{ID: assets.Digest("h2:" + newID()), Columns: []assets.Column{{Name: "a", Type: "UBIGINT"}}, Arrived: now},
					Definition: planner.Definition{SQL: padding}}
				value := entropy.Uint64() % 1000
				measured := float64(value)
				check := planner.CheckResult{Check: "row_count", Kind: assets.RowCount, Severity: assets.Error, Status: planner.CheckPassed, Value: &measured}
				m.Checks = []planner.CheckResult{check}
				p.Audits.Judgements = append(p.Audits.Judgements, planner.Judgement{Run: run, Occasion: planner.OnBuild, Of: name, Version: m.Made.ID, At: now, CheckResult: check})
				if i < built {
					m.Table = name.String() + "@" + m.ID
					if err := db.Exec(ctx, "CREATE TABLE "+warehouse.TableRef(m.Table)+fmt.Sprintf(" AS SELECT hash(range, %d) AS a FROM range(1000)", value)); err != nil {
						t.Fatal(err)
					}
					p.Views = append(p.Views, warehouse.PublishedView{Name: name, SQL: "SELECT * FROM _assets." + warehouse.Ident(m.Table)})
					named[m.Table], named[m.Previous] = true, true
					last[name] = m.Table
				}
				p.Records = append(p.Records, m)
			}
			publish(t, db, p)
			if _, err := db.Sweep(ctx, named); err != nil {
				t.Fatal(err)
			}
			if err := db.Checkpoint(ctx); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		g, err := db.Collect(ctx, warehouse.Keeping{Retention: keep, Now: now, Most: 50_000})
		if err != nil {
			t.Fatal(err)
		}
		size, err := db.Size(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if day == days/2 {
			halfway = size
		}
		if day%30 == 29 {
			t.Logf("day %d: %.1f MiB, of which %.1f free; %v; took %v", day+1, float64(size.File)/(1<<20), float64(size.Free)/(1<<20), g.Past, time.Since(began))
		}
	}
	size, err := db.Size(ctx)
	if err != nil {
		t.Fatal(err)
	}
	// What is free is written to again: how much that is at a moment is chance.
	used, before := size.File-size.Free, halfway.File-halfway.Free
	if used > before+before/4 {
		t.Errorf("%d bytes are used in the end, and %d were halfway: the file grows for ever", used, before)
	}
}
