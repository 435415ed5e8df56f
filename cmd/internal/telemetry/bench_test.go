package telemetry

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/telemetry/otlptest"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// BenchmarkRun traces a run of 1,000 assets with two checks each, sends all of it, and
// has a collector in the same process decode it. What it takes is beside what building
// them does.
func BenchmarkRun(b *testing.B) {
	p := shop("")
	var names []assets.Name
	for i := range 1000 {
		name := n(fmt.Sprintf("mart.table_%d", i))
		names = append(names, name)
		p.Assets[name] = &assets.Asset{Name: name, Kind: assets.Table, SQL: assets.SQL{Text: fmt.Sprintf("select %d as x, %500s", i, "y")}}
	}
	checks := []planner.CheckResult{{Check: "unique(x)", Status: planner.CheckPassed}, {Check: "not_null(x)", Status: planner.CheckPassed}}
	b.ReportAllocs()
	for b.Loop() {
		var c otlptest.Collector
		server := httptest.NewServer(&c)
		p.OTLP.Endpoint = server.URL
		tel, log := start(false)
		r := tel.Begin(p, runID, eight)
		for i, name := range names {
			at := eight.Add(time.Duration(i) * time.Millisecond)
			r.Event(materialize.Event{Type: materialize.AssetStarted, Asset: name, Action: planner.Create, At: at})
			r.Phases()(materialize.Phase{Kind: materialize.StagePhase, Asset: name, Began: at, Ended: at})
			r.Phases()(materialize.Phase{Kind: materialize.CheckPhase, Asset: name, Began: at, Ended: at, Rows: 1, Checks: checks})
			r.Event(materialize.Event{Type: materialize.AssetFinished, Asset: name, Action: planner.Create, Outcome: materialize.Built, Rows: 1, At: at})
		}
		r.End(materialize.Result{Status: "succeeded"}, nil, after(10))
		tel.Close()
		server.Close()
		if log.String() != "" {
			b.Fatal(log)
		}
	}
}
