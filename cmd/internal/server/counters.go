package server

import (
	"maps"
	"runtime"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// counters is what happened in runs since the process started. It may be told and
// asked from many goroutines.
type counters struct {
	mu       sync.Mutex
	builds   map[assets.Name]buildCount
	outcomes *prometheus.CounterVec
	retries  *prometheus.CounterVec
	duration prometheus.Histogram
	checks   *prometheus.CounterVec
	runs     *prometheus.CounterVec
	panics   prometheus.Counter
	info     prometheus.Gauge
}

// buildCount counts the builds of one asset; failed ones are among all.
type buildCount struct{ all, failed int }

func newCounters(version string) *counters {
	vec := func(name, help, label string, values ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
		for _, value := range values {
			v.WithLabelValues(value) // from 0 on: the first one is a rise, too
		}
		return v
	}
	c := &counters{
		builds: map[assets.Name]buildCount{},
		outcomes: vec("assets_outcomes_total", "How the assets of finished runs came out.", "outcome",
			string(materialize.Built), string(materialize.TakenUp), string(materialize.Unchanged), string(materialize.Revalidated),
			string(materialize.FailedBuild), string(materialize.Skipped), string(materialize.Dropped)),
		retries: vec("assets_retries_total", "Attempts at assets that failed and were to be repeated in the same run, by class of the error.", "class", classes()...),
		checks: vec("assets_checks_total", "Checks that were run on builds and on deliveries, by outcome.", "outcome",
			string(planner.CheckPassed), string(planner.CheckWarned), string(planner.CheckFailed)),
		runs: vec("assets_runs_total", "Finished runs, by status.", "status", "succeeded", "failed"),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "assets_build_duration_seconds", Help: "How long builds took, failed ones included.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000},
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{Name: "assets_http_panics_total", Help: "Requests that met a mistake of the program: see the log."}),
		info: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "assets_build_info", Help: "1, labelled with what the program was built as.",
			ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
		}),
	}
	c.info.Set(1)
	return c
}

func classes() (names []string) {
	for _, class := range assets.ErrorClasses() {
		names = append(names, string(class))
	}
	return names
}

// Observe counts what happens in a run. It never waits.
func (s *Server) Observe(e materialize.Event) {
	c := s.counters
	switch {
	case e.Type == materialize.AssetRetry:
		c.retries.WithLabelValues(string(e.Class)).Inc()
	case e.Type == materialize.AssetFinished:
		c.outcomes.WithLabelValues(string(e.Outcome)).Inc()
		if wasBuilt(e.Outcome) && e.Action != planner.Drop {
			c.duration.Observe(e.Took.Seconds())
			c.count(e.Asset, e.Outcome == materialize.FailedBuild)
		}
	case e.Type == materialize.RunFinished && e.Result != nil:
		c.runs.WithLabelValues(e.Result.Status).Inc()
		for _, a := range e.Result.Assets {
			if wasBuilt(a.Outcome) { // others carry the results of an earlier run
				c.checked(a.Record.Checks)
			}
		}
		for _, verdict := range e.Result.Sources {
			c.checked(verdict.Checks)
		}
	}
}

// wasBuilt reports whether an outcome is that of a build that was made in this run.
func wasBuilt(o materialize.Outcome) bool {
	return o == materialize.Built || o == materialize.Unchanged || o == materialize.FailedBuild
}

func (c *counters) count(asset assets.Name, failed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.builds[asset]
	n.all++
	if failed {
		n.failed++
	}
	c.builds[asset] = n
}

func (c *counters) checked(results []planner.CheckResult) {
	for _, r := range results {
		c.checks.WithLabelValues(string(r.Status)).Inc()
	}
}

// counted is how often each asset was built.
func (c *counters) counted() map[assets.Name]buildCount {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.builds)
}

func (c *counters) collectors() []prometheus.Collector {
	return []prometheus.Collector{c.outcomes, c.retries, c.duration, c.checks, c.runs, c.panics, c.info}
}
