package materialize_test

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	synthetic "github.com/seed-4311623e/assets/examples/synthetic/project"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// BenchmarkRecording builds 1,000 small sources and assets, with two checks each, and then
// does once more, alone, all that is written down about such a run: the records when
// tables are staged and when they are published, what each check found, what was seen of
// the sources, every event, and the cached state. The metric is what the recording adds to
// a run without it, in percent; design: at most 5. The commits of groups of tables are
// needed without records as well: as many that write one row each are taken off.
func BenchmarkRecording(b *testing.B) {
	const tablesPerCommit = 20 // at most; what the workers built meanwhile
	var running, recording time.Duration
	for b.Loop() {
		dir := b.TempDir()
		if err := synthetic.Write(dir, synthetic.Options{Tables: 1000, Seed: 1}); err != nil {
			b.Fatal(err)
		}
		w := &world{tb: b, dir: dir, now: clock()}
		w.open()
		p := w.plan()
		began := time.Now()
		result := w.carryOut(p)
		running += time.Since(began)
		w.close()

		var records []planner.Materialization
		var judgements []planner.Judgement
		for _, a := range result.Assets {
			records = append(records, a.Record)
			for _, check := range a.Record.Checks {
				judgements = append(judgements, planner.Judgement{Of: a.Asset, Version: a.Record.Made.ID, Run: result.Run, At: w.now, Occasion: planner.OnBuild, CheckResult: check})
			}
		}
		var seen []planner.Observation
		for _, name := range assets.SortedNames(p.looks) {
			seen = append(seen, p.looks[name].Observation)
		}
		if len(records) != 900 || len(judgements) != 1800 || len(seen) != 100 {
			b.Fatal(len(records), len(judgements), len(seen))
		}
		path := filepath.Join(b.TempDir(), "w.duckdb")
		db, err := warehouse.Open(ctx, warehouse.Options{Path: path})
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Exec(ctx, "CREATE TABLE "+warehouse.Catalog+".main.one (i INTEGER)"); err != nil {
			b.Fatal(err)
		}
		began = time.Now()
		for range slices.Chunk(records, tablesPerCommit) {
			if err := db.Exec(ctx, "INSERT INTO "+warehouse.Catalog+".main.one VALUES (1)"); err != nil {
				b.Fatal(err)
			}
		}
		recording -= time.Since(began)
		began = time.Now()
		if err := db.Observe(ctx, seen); err != nil {
			b.Fatal(err)
		}
		for batch := range slices.Chunk(records, tablesPerCommit) {
			staging := make([]warehouse.Staging, len(batch))
			for i, record := range batch {
				staging[i].Record = record
			}
			if err := db.Stage(ctx, staging); err != nil {
				b.Fatal(err)
			}
		}
		if err := db.Publish(ctx, warehouse.Publication{Run: warehouse.Run{ID: result.Run, Began: w.now, Ended: w.now, Status: warehouse.Succeeded},
			Records: records, Audits: warehouse.Audits{Judgements: judgements}}); err != nil {
			b.Fatal(err)
		}
		for _, e := range w.events {
			fmt.Fprintf(io.Discard, "%+v\n", e) // how they are told is decided elsewhere
		}
		recording += time.Since(began)
		if err := db.Close(); err != nil { // which a run has to do anyway
			b.Fatal(err)
		}
		began = time.Now()
		mark, err := warehouse.MarkOf(path)
		if err != nil {
			b.Fatal(err)
		}
		warehouse.Save(mark, filepath.Join(dir, "state"), warehouse.Snapshot{State: result.State})
		recording += time.Since(began)
	}
	b.ReportMetric(100*float64(recording)/float64(running-recording), "%recording")
}
