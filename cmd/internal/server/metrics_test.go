package server

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// scrape returns the lines of the metrics that are ours and of those kinds.
func scrape(t testing.TB, s *Server, d Daemon, prefixes ...string) []string {
	t.Helper()
	w := ask(s.Handler(d), "GET", "/metrics", "")
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	var lines []string
	for line := range strings.Lines(w.Body.String()) {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(line, p) }) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func TestMetricsTellOfTheSnapshot(t *testing.T) {
	d := &fakeDaemon{snapshot: shop()}
	got := scrape(t, New(options()), d, "assets_lag", "assets_sec", "assets_state", "assets_rows", "assets_last", "assets_checks{", "assets_source", "assets_planned", "assets_plan_",
		"assets_runs_in", "assets_project", "assets_breaches", "assets_fault")
	want := []string{
		"assets_breaches_in_progress 1",
		"assets_breaches_total 4",
		`assets_checks{asset="mart.sales",outcome="failed"} 0`, `assets_checks{asset="mart.sales",outcome="passed"} 1`, `assets_checks{asset="mart.sales",outcome="warned"} 1`,
		`assets_checks{asset="staging.orders",outcome="failed"} 0`, `assets_checks{asset="staging.orders",outcome="passed"} 1`, `assets_checks{asset="staging.orders",outcome="warned"} 1`,
		"assets_fault 0",
		`assets_lag_seconds{asset="mart.old"} 0`, `assets_lag_seconds{asset="mart.sales"} 240`, `assets_lag_seconds{asset="staging.orders"} 0`,
		`assets_last_build_timestamp_seconds{asset="mart.old"} 1.795417201e+09`, `assets_last_build_timestamp_seconds{asset="mart.sales"} 1.795417201e+09`, `assets_last_build_timestamp_seconds{asset="staging.orders"} 1.795417201e+09`,
		"assets_last_tick_timestamp_seconds 1.7954208e+09",
		"assets_plan_timestamp_seconds 1.7954208e+09",
		`assets_planned{action="blocked"} 0`, `assets_planned{action="create"} 0`, `assets_planned{action="drop"} 1`, `assets_planned{action="none"} 1`,
		`assets_planned{action="rebuild"} 0`, `assets_planned{action="revalidate"} 0`, `assets_planned{action="wait"} 1`,
		"assets_project_invalid 0",
		`assets_rows{asset="mart.sales"} 7`, `assets_rows{asset="staging.orders"} 99`,
		"assets_runs_in_progress 1",
		`assets_seconds_to_breach{asset="mart.sales"} 3540`,
		`assets_source_last_arrival_timestamp_seconds{source="raw.orders"} 1.79542062e+09`,
		`assets_source_last_delivery_timestamp_seconds{source="raw.orders"} 1.79542062e+09`,
		`assets_source_state{source="raw.orders",state="late"} 1`,
		`assets_state{asset="mart.old",state="removed"} 1`, `assets_state{asset="mart.sales",state="behind"} 1`, `assets_state{asset="staging.orders",state="fresh"} 1`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	d.snapshot.Invalid, d.snapshot.Fault, d.snapshot.Breaches = "shop.hcl is wrong", "the disk is full", nil
	d.snapshot.Plan.Steps[1].Due = eight
	want = []string{"assets_fault 1", "assets_project_invalid 1", `assets_seconds_to_breach{asset="mart.sales"} -60`}
	if diff := cmp.Diff(want, scrape(t, New(options()), d, "assets_breaches", "assets_fault", "assets_project", "assets_seconds")); diff != "" {
		t.Error(diff)
	}
}

func TestMetricsCountWhatHappensInRuns(t *testing.T) {
	s, d := New(options()), &fakeDaemon{snapshot: shop()}
	kinds := []string{"assets_builds", "assets_build_failures", "assets_outcomes", "assets_retries", "assets_runs_total", "assets_checks_total", "assets_build_duration_seconds_sum", "assets_build_duration_seconds_count", `assets_build_duration_seconds_bucket{le="1"}`}
	for _, line := range scrape(t, s, d, kinds...) { // so that the first of its kind is a rise
		if !strings.HasSuffix(line, " 0") {
			t.Errorf("before any run: %s", line)
		}
	}
	checks := []planner.CheckResult{{Status: planner.CheckPassed}, {Status: planner.CheckFailed}}
	finished := func(name string, action planner.Action, outcome materialize.Outcome, took time.Duration) materialize.Event {
		return materialize.Event{Type: materialize.AssetFinished, Asset: n(name), Action: action, Outcome: outcome, Took: took}
	}
	for _, e := range []materialize.Event{
		{Type: materialize.RunStarted},
		{Type: materialize.AssetStarted, Asset: n("mart.sales")},
		{Type: materialize.CheckFinished, Asset: n("mart.sales"), Check: &checks[1]},
		{Type: materialize.AssetRetry, Asset: n("mart.sales"), Class: assets.CheckError},
		{Type: materialize.AssetRetry, Asset: n("mart.sales"), Class: assets.IOError},
		{Type: materialize.AssetRetry, Asset: n("staging.orders"), Class: assets.IOError},
		finished("mart.sales", planner.Rebuild, materialize.FailedBuild, 500*time.Millisecond),
		finished("mart.sales", planner.Rebuild, materialize.Unchanged, 2*time.Second),
		finished("staging.orders", planner.Create, materialize.Built, time.Second),
		finished("staging.orders", planner.Revalidate, materialize.Revalidated, time.Second),
		finished("staging.orders", planner.Rebuild, materialize.TakenUp, time.Second),
		finished("staging.orders", planner.Rebuild, materialize.Skipped, 0),
		finished("mart.old", planner.Drop, materialize.FailedBuild, time.Second),
		finished("mart.elsewhere", planner.Rebuild, materialize.Built, time.Second), // it left the project
		{Type: materialize.RunPublished, Result: &materialize.Result{Status: "failed", Assets: []materialize.AssetResult{{Outcome: materialize.Built, Record: planner.Materialization{Checks: checks}}}}},
		{Type: materialize.RunFinished, Result: &materialize.Result{Status: "failed",
			Assets: []materialize.AssetResult{
				{Outcome: materialize.Built, Record: planner.Materialization{Checks: checks}},
				{Outcome: materialize.Revalidated, Record: planner.Materialization{Checks: checks}},
			},
			Sources: []planner.Verdict{{Checks: []planner.CheckResult{{Status: planner.CheckWarned}}}}}},
		{Type: materialize.RunFinished, Result: &materialize.Result{Status: "succeeded"}},
		{Type: materialize.RunFinished},
	} {
		s.Observe(e)
	}
	want := []string{
		`assets_build_duration_seconds_bucket{le="1"} 3`, "assets_build_duration_seconds_sum 4.5", "assets_build_duration_seconds_count 4",
		`assets_build_failures_total{asset="mart.old"} 0`, `assets_build_failures_total{asset="mart.sales"} 1`, `assets_build_failures_total{asset="staging.orders"} 0`,
		`assets_builds_total{asset="mart.old"} 0`, `assets_builds_total{asset="mart.sales"} 2`, `assets_builds_total{asset="staging.orders"} 1`,
		`assets_checks_total{outcome="failed"} 1`, `assets_checks_total{outcome="passed"} 1`, `assets_checks_total{outcome="warned"} 1`,
		`assets_outcomes_total{outcome="built"} 2`, `assets_outcomes_total{outcome="dropped"} 0`, `assets_outcomes_total{outcome="failed"} 2`,
		`assets_outcomes_total{outcome="revalidated"} 1`, `assets_outcomes_total{outcome="skipped"} 1`, `assets_outcomes_total{outcome="taken_up"} 1`, `assets_outcomes_total{outcome="unchanged"} 1`,
		`assets_retries_total{class="check"} 1`, `assets_retries_total{class="command"} 0`, `assets_retries_total{class="io"} 2`,
		`assets_retries_total{class="lock"} 0`, `assets_retries_total{class="sql"} 0`, `assets_retries_total{class="timeout"} 0`,
		`assets_runs_total{status="failed"} 1`, `assets_runs_total{status="succeeded"} 1`,
	}
	if diff := cmp.Diff(want, scrape(t, s, d, kinds...)); diff != "" {
		t.Error(diff)
	}
}

func TestMetricsTellWhatIsRunning(t *testing.T) {
	s, d := New(options()), &fakeDaemon{snapshot: shop()}
	info := scrape(t, s, d, "assets_build_info", "go_info", "process_start_time")
	if len(info) < 2 || !regexp.MustCompile(`^assets_build_info\{goversion="go[^"]+",version="1.2.3"\} 1$`).MatchString(info[0]) {
		t.Error(info)
	}
	// Another server in this process counts for itself, and so does another handler.
	s.Observe(materialize.Event{Type: materialize.RunFinished, Result: &materialize.Result{Status: "failed"}})
	if got := scrape(t, New(options()), d, "assets_runs_total"); got[0] != `assets_runs_total{status="failed"} 0` {
		t.Error(got)
	}
	if got := scrape(t, s, d, "assets_runs_total"); got[0] != `assets_runs_total{status="failed"} 1` {
		t.Error(got)
	}
}

// Names, units and help are as Prometheus wants them.
func TestPromtoolApproves(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: apt-get install prometheus")
	}
	s, d := New(options()), &fakeDaemon{snapshot: shop()}
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = strings.NewReader(ask(s.Handler(d), "GET", "/metrics", "").Body.String())
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// many is a snapshot of so many assets, in chains of ten.
func many(count int) Snapshot {
	s := shop()
	s.Project = &assets.Project{Name: "many", Sources: map[assets.Name]*assets.Source{}, Assets: map[assets.Name]*assets.Asset{}}
	s.Input = planner.Input{Project: s.Project, Graph: &lineage.Graph{}, Now: eight,
		State: planner.State{Last: map[planner.Key]planner.Materialization{}, Found: map[assets.Name]planner.Found{}}, Observed: map[assets.Name]planner.Observation{}}
	s.Plan = planner.Plan{At: eight, Sources: map[assets.Name]planner.SourceState{}}
	template := shop().Input.State.Last[planner.Key{Asset: n("mart.sales")}]
	for i := range count {
		name := n(fmt.Sprintf("layer_%d.table_%d", i%10, i))
		if i%10 == 0 {
			s.Project.Sources[name] = &assets.Source{Name: name}
			s.Plan.Sources[name] = planner.SourceOK
			s.Input.Observed[name] = planner.Observation{Source: name, Version: planner.Version{ID: "v:1", Arrived: eight}}
			continue
		}
		template.Key = planner.Key{Asset: name}
		s.Project.Assets[name] = &assets.Asset{Name: name}
		s.Input.State.Last[template.Key] = template
		s.Input.State.Found[name] = planner.Found{Kind: "view"}
		s.Plan.Steps = append(s.Plan.Steps, planner.Step{Key: template.Key, Action: planner.Wait, BehindSince: eight, Due: eight.Add(time.Hour), State: planner.StateBehind})
	}
	return s
}

func BenchmarkScrape(b *testing.B) {
	for _, count := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("assets=%d", count), func(b *testing.B) {
			h := New(options()).Handler(&fakeDaemon{snapshot: many(count)})
			b.ReportAllocs()
			for b.Loop() {
				if w := ask(h, "GET", "/metrics", ""); w.Code != 200 {
					b.Fatal(w.Code)
				}
			}
		})
	}
}

func BenchmarkStatus(b *testing.B) {
	h := New(options()).Handler(&fakeDaemon{snapshot: many(10_000)})
	b.ReportAllocs()
	for b.Loop() {
		if w := ask(h, "GET", "/api/v1/status", ""); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}

func TestMetricsTellOfTheDisk(t *testing.T) {
	d := &fakeDaemon{snapshot: shop()}
	d.snapshot.Project.Warehouse = filepath.Join(t.TempDir(), "warehouse.duckdb")
	if got := scrape(t, New(options()), d, "assets_warehouse"); got != nil {
		t.Errorf("there is no warehouse: %q", got)
	}
	for name, size := range map[string]int{"": 1000, ".wal": 24} {
		if err := os.WriteFile(d.snapshot.Project.Warehouse+name, make([]byte, size), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got := scrape(t, New(options()), d, "assets_warehouse", "assets_disk")
	if len(got) == 0 || got[len(got)-1] != "assets_warehouse_size_bytes 1024" {
		t.Errorf("got %q", got)
	}
	if runtime.GOOS == "linux" && len(got) != 3 {
		t.Errorf("nothing of the file system: %q", got)
	}
}
