package server

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/planner"
)

// scrapes is how many scrapes are answered at once: each takes the memory of all metrics.
const scrapes = 4

// metrics answers scrapes from a registry of its own.
func (s *Server) metrics(d Daemon) http.Handler {
	return promhttp.HandlerFor(s.Gatherer(d.Snapshot), promhttp.HandlerOpts{MaxRequestsInFlight: scrapes})
}

// Gatherer gathers all metrics there are: of what was counted, and of what is known when
// it is asked.
func (s *Server) Gatherer(snapshot func() Snapshot) prometheus.Gatherer {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		snapshotCollector{snapshot, s.counters, s.Now})
	registry.MustRegister(s.counters.collectors()...)
	return registry
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// What is read off the daemon's snapshot at each scrape.
var (
	lagDesc       = describe("assets_lag_seconds", "Age of the oldest thing that the asset does not reflect; 0 if there is none.", "asset")
	toBreachDesc  = describe("assets_seconds_to_breach", "Time until the asset breaks its freshness policy, negative since it does; absent while nothing is behind.", "asset")
	stateDesc     = describe("assets_state", "1, labelled with the state the asset is in.", "asset", "state")
	rowsDesc      = describe("assets_rows", "Rows of the published version; absent for views.", "asset")
	lastBuildDesc = describe("assets_last_build_timestamp_seconds", "When the published version was last built or found up to date.", "asset")
	buildsDesc    = describe("assets_builds_total", "Builds of the asset that ended, failed ones included.", "asset")
	failuresDesc  = describe("assets_build_failures_total", "Builds of the asset that failed.", "asset")
	checksDesc    = describe("assets_checks", "Checks of the latest attempt, by outcome; absent without checks.", "asset", "outcome")

	sourceStateDesc   = describe("assets_source_state", "1, labelled with the state the source is in.", "source", "state")
	sourceArrivalDesc = describe("assets_source_last_arrival_timestamp_seconds", "When the version there is now arrived.", "source")
	sourceDeliverDesc = describe("assets_source_last_delivery_timestamp_seconds", "When content was delivered last, equal content included.", "source")
	sourceChecksDesc  = describe("assets_source_checks", "Checks of the version there is now, by outcome; absent without checks.", "source", "outcome")

	plannedDesc  = describe("assets_planned", "Assets by what the latest plan does with them.", "action")
	planTimeDesc = describe("assets_plan_timestamp_seconds", "When the latest plan was made.")
	runningDesc  = describe("assets_runs_in_progress", "Runs under way.")
	tickDesc     = describe("assets_last_tick_timestamp_seconds", "When the daemon last came round to look what there is to do.")
	faultDesc    = describe("assets_fault", "1 if nothing can be built, whatever the plan says: the log says why.")
	invalidDesc  = describe("assets_project_invalid", "1 if the project's files could not be loaded and the last good ones are in use.")
	openDesc     = describe("assets_breaches_in_progress", "Freshness policies that are broken now.")

	deliveredDesc   = describe("assets_notifications_delivered_total", "Messages about alerts that arrived.", "notify")
	undeliverDesc   = describe("assets_notifications_undelivered", "Messages about alerts that have not arrived yet.", "notify")
	notifyFailsDesc = describe("assets_notification_failures_total", "Attempts to deliver a message about alerts that did not get through.", "notify")

	breachesDesc = describe("assets_breaches_total", "Breaches of freshness policies that ever began, as recorded in the warehouse.")
)

// snapshotCollector tells of what a daemon knows when it is asked.
type snapshotCollector struct {
	snapshot func() Snapshot
	counters *counters
	now      func() time.Time
}

// Describe says nothing: which metrics there are depends on the snapshot.
func (snapshotCollector) Describe(chan<- *prometheus.Desc) {}

// Collect sends the metrics of the snapshot.
func (c snapshotCollector) Collect(out chan<- prometheus.Metric) {
	s := c.snapshot()
	e := emitter{out}
	e.gauge(invalidDesc, number(s.Invalid != ""))
	e.gauge(faultDesc, number(s.Fault != ""))
	e.moment(tickDesc, s.Tick)
	e.gauge(runningDesc, float64(len(s.Running)))
	if s.Breaches != nil {
		e.gauge(openDesc, float64(s.Breaches.Open))
		e.counter(breachesDesc, float64(s.Breaches.Total))
	}
	for _, n := range s.Notified {
		e.counter(deliveredDesc, float64(n.Delivered), n.Name)
		e.counter(notifyFailsDesc, float64(n.Failed), n.Name)
		e.gauge(undeliverDesc, float64(n.Undelivered), n.Name)
	}
	if !s.Ready {
		return
	}
	e.disk(s.Project.Warehouse)
	e.moment(planTimeDesc, s.At)
	e.planned(s.Plan.Summary())
	now := c.now()
	builds := c.counters.counted()
	s.Input.Now = now
	// In the order of labels, the registry has next to nothing to sort: a third of its time.
	names := s.names()
	slices.SortFunc(names, assets.Name.Compare)
	doc := view.NewStatus(s.Input, s.Plan, names, nil)
	for i := range doc.Assets {
		e.asset(&doc.Assets[i], now, builds[doc.Assets[i].Asset], s.Input.State.Last[planner.Key{Asset: doc.Assets[i].Asset}])
	}
	for i := range doc.Sources {
		e.source(&doc.Sources[i], s)
	}
}

// emitter sends metrics.
type emitter struct{ out chan<- prometheus.Metric }

func (e emitter) gauge(d *prometheus.Desc, value float64, labels ...string) {
	e.out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (e emitter) counter(d *prometheus.Desc, value float64, labels ...string) {
	e.out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}

// moment sends a time in seconds since 1970; a zero time is not sent.
func (e emitter) moment(d *prometheus.Desc, t time.Time, labels ...string) {
	if !t.IsZero() {
		e.gauge(d, float64(t.UnixMilli())/1000, labels...)
	}
}

func (e emitter) asset(a *view.AssetStatusJSON, now time.Time, builds buildCount, last planner.Materialization) {
	name := a.Asset.String()
	e.gauge(lagDesc, a.LagSeconds, name)
	if a.Due != nil {
		e.gauge(toBreachDesc, a.Due.Sub(now).Seconds(), name)
	}
	e.gauge(stateDesc, 1, name, a.State)
	if a.Last != nil {
		e.moment(lastBuildDesc, a.Last.At, name)
		if last.Table != "" {
			e.gauge(rowsDesc, float64(a.Last.Rows), name)
		}
	}
	e.counter(buildsDesc, float64(builds.all), name)
	e.counter(failuresDesc, float64(builds.failed), name)
	e.checks(checksDesc, name, a.Checks)
}

func (e emitter) source(s *view.SourceStatusJSON, snapshot Snapshot) {
	name := s.Source.String()
	if state := snapshot.Plan.Sources[s.Source]; state != "" {
		e.gauge(sourceStateDesc, 1, name, string(state))
	}
	seen := snapshot.Input.Observed[s.Source]
	e.moment(sourceArrivalDesc, seen.Arrived, name)
	if seen.Delivered.IsZero() {
		seen.Delivered = seen.Arrived
	}
	e.moment(sourceDeliverDesc, seen.Delivered, name)
	e.checks(sourceChecksDesc, name, s.Checks)
}

func (e emitter) checks(d *prometheus.Desc, name string, c view.ChecksJSON) {
	if c == (view.ChecksJSON{}) {
		return
	}
	e.gauge(d, float64(c.Failed), name, string(planner.CheckFailed))
	e.gauge(d, float64(c.Passed), name, string(planner.CheckPassed))
	e.gauge(d, float64(c.Warned), name, string(planner.CheckWarned))
}

func (e emitter) planned(s planner.Summary) {
	for action, n := range map[planner.Action]int{
		planner.Create: s.Create, planner.Rebuild: s.Rebuild, planner.Revalidate: s.Revalidate, planner.Drop: s.Drop,
		planner.Wait: s.Wait, planner.Blocked: s.Blocked, planner.None: s.Unchanged,
	} {
		e.gauge(plannedDesc, float64(n), action.String())
	}
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
