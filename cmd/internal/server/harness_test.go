package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

var n = assets.MustName

// eight is when the plan of the tests was made.
var eight = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// fakeDaemon answers with what a test gives it, and remembers what was pushed.
type fakeDaemon struct {
	mu       sync.Mutex
	snapshot Snapshot
	pushed   []string // "source version"
	err      error    // of Push, Runs and Records
	onRuns   func(context.Context) error
}

func (d *fakeDaemon) Snapshot() Snapshot {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.snapshot
}

func (d *fakeDaemon) Push(_ context.Context, source assets.Name, version string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.pushed = append(d.pushed, source.String()+" "+version)
	}
	return d.err
}

func (d *fakeDaemon) Runs(ctx context.Context, limit int) ([]warehouse.Run, error) {
	if d.onRuns != nil {
		if err := d.onRuns(ctx); err != nil {
			return nil, err
		}
	}
	runs := []warehouse.Run{{ID: "01R2", Began: eight, Ended: eight.Add(time.Second), Status: warehouse.Partly, Failed: 1}, {ID: "01R1", Began: eight, Ended: eight, Status: warehouse.Succeeded, Built: 2}}
	return runs[:min(limit, len(runs))], d.err
}

func (d *fakeDaemon) Records(_ context.Context, run string) (warehouse.Run, []planner.Materialization, error) {
	records := []planner.Materialization{{Key: planner.Key{Asset: n("mart.sales")}, Status: planner.Failed, Err: "cannot log in with hunter2hunter2"}}
	return warehouse.Run{ID: strings.ToUpper(run), Status: warehouse.Partly}, records, d.err
}

// shop is a snapshot of raw.orders → staging.orders → mart.sales: the source moved three
// minutes ago, and mart.sales is due in an hour.
func shop() Snapshot {
	raw, staging, mart, old := n("raw.orders"), n("staging.orders"), n("mart.sales"), n("mart.old")
	record := func(name assets.Name, rows int64) planner.Materialization {
		return planner.Materialization{Key: planner.Key{Asset: name}, Run: "01R1", Status: planner.Published, Table: name.String() + "@m", Rows: rows,
			Definition: planner.Definition{SQL: "select 'hunter2hunter2'"},
			Made:       planner.Version{ID: "v:aaaaaaaaaa"}, Began: eight.Add(-time.Hour), Ended: eight.Add(-time.Hour + time.Second),
			Checks: []planner.CheckResult{{Check: "a", Status: planner.CheckPassed}, {Check: "b", Status: planner.CheckWarned}}}
	}
	view := record(old, 0)
	view.Table, view.Checks = "", nil
	project := &assets.Project{Name: "shop", Sources: map[assets.Name]*assets.Source{raw: {Name: raw}},
		Assets: map[assets.Name]*assets.Asset{staging: {Name: staging, Kind: assets.Table, SQL: assets.SQL{Text: "select 'hunter2hunter2'"}}, mart: {Name: mart, Kind: assets.Table}}}
	in := planner.Input{
		Project: project,
		Graph: &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{
			raw: {Name: raw, Readers: []assets.Name{staging}}, staging: {Name: staging, Inputs: []assets.Name{raw}, Readers: []assets.Name{mart}},
			mart: {Name: mart, Inputs: []assets.Name{staging}}}, Order: []assets.Name{staging, mart}},
		State: planner.State{Last: map[planner.Key]planner.Materialization{{Asset: staging}: record(staging, 99), {Asset: mart}: record(mart, 7), {Asset: old}: view},
			Found: map[assets.Name]planner.Found{staging: {Kind: "view"}, mart: {Kind: "view"}, old: {Kind: "view"}}},
		Observed: map[assets.Name]planner.Observation{raw: {Source: raw, Version: planner.Version{ID: "v:2222222222", Arrived: eight.Add(-3 * time.Minute)}}},
		Now:      eight,
	}
	step := func(name assets.Name, action planner.Action, reason planner.Reason) planner.Step {
		return planner.Step{Key: planner.Key{Asset: name}, Action: action, Reasons: []planner.Reason{reason}, State: planner.StateBehind}
	}
	waiting := step(mart, planner.Wait, planner.Reason{Code: planner.NotDue, Message: "due in 1h"})
	waiting.BehindSince, waiting.Due = eight.Add(-3*time.Minute), eight.Add(time.Hour)
	plan := planner.Plan{At: eight, NextWake: eight.Add(time.Hour), Sources: map[assets.Name]planner.SourceState{raw: planner.SourceLate}, Steps: []planner.Step{
		{Key: planner.Key{Asset: staging}, Action: planner.None, State: planner.StateFresh}, waiting,
		step(old, planner.Drop, planner.Reason{Code: planner.Removed, Message: "it left the project"})}}
	return Snapshot{At: eight, Tick: eight, Project: project, Input: in, Plan: plan, Ready: true, Notified: []Notified{{Name: "ops", Delivered: 3, Failed: 2, Undelivered: 1}},
		Running: []Running{{Run: "01R3", Since: eight.Add(-time.Second), Assets: []assets.Name{staging}}}, Breaches: &Breaches{Open: 1, Total: 4}}
}

// clock is a minute after the plan was made.
func clock() time.Time { return eight.Add(time.Minute) }

func options() Options {
	return Options{Version: "1.2.3", Now: clock, Log: zerolog.Nop(), Redact: func(text string) string { return strings.ReplaceAll(text, "hunter2hunter2", "(sensitive)") }}
}

// open is a server without a token that knows the shop.
func open() (http.Handler, *fakeDaemon) {
	d := &fakeDaemon{snapshot: shop()}
	return New(options()).Handler(d), d
}

// ask sends a request as a program on this machine does.
func ask(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost"+target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// told is what an answer that is an error says: "summary: detail".
func told(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	var doc failureJSON
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || doc.FormatVersion != "1.0" || len(doc.Diagnostics) != 1 {
		t.Fatalf("%d is not answered with one diagnostic: %s", w.Code, w.Body)
	}
	return doc.Diagnostics[0].Summary + ": " + doc.Diagnostics[0].Detail
}
