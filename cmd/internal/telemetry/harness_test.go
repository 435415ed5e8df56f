package telemetry

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/telemetry/otlptest"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret = "hunter2hunter2"
	token  = "t0ken-in-a-header" // that the project does not call sensitive
	runID  = "01M8H5NJS3N1DJFXDQC34Z3JMM"
)

var n = assets.MustName

// eight is when the runs of the tests begin.
var eight = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func after(seconds int) time.Time { return eight.Add(time.Duration(seconds) * time.Second) }

// shop is a project whose telemetry goes to endpoint.
func shop(endpoint string) *assets.Project {
	orders, sales := n("staging.orders"), n("mart.sales")
	return &assets.Project{Name: "shop", OTLP: &assets.OTLP{Endpoint: endpoint, Headers: map[string]string{"X-Key": token}}, Assets: map[assets.Name]*assets.Asset{
		orders: {Name: orders, Kind: assets.Table, Owner: "data@example.com", SQL: assets.SQL{Text: "select '" + secret + "' as x"}},
		sales:  {Name: sales, Kind: assets.Table, SQL: assets.SQL{Text: "select 1 as x", Sensitive: true}},
	}}
}

// log is what a Telemetry logs. It may be written and read at once.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start is a Telemetry with one metric, and its log. Its secrets are taken out of all it sends.
func start(live bool, environ ...string) (*Telemetry, *log) {
	l := &log{}
	t := New(Options{Environ: environ, Version: "1.2.3", Log: zerolog.New(l), Live: live, Child: true,
		Redact: func(s string) string { return strings.ReplaceAll(s, secret, "(sensitive)") }})
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "assets_answer"}, func() float64 { return 42 }))
	t.Gather(registry)
	return t, l
}

// serve answers requests until the end of the test, when whoever still waits is let go.
func serve(t *testing.T, h http.Handler) (address string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}

func started(name string, second int) materialize.Event {
	return materialize.Event{Type: materialize.AssetStarted, Asset: n(name), Action: planner.Create, Attempt: 1, At: after(second)}
}

// again is the beginning of the second attempt.
func again(name string, second int) materialize.Event {
	e := started(name, second)
	e.Attempt = 2
	return e
}

func retried(name string, class assets.ErrorClass, message string, second int) materialize.Event {
	return materialize.Event{Type: materialize.AssetRetry, Asset: n(name), Action: planner.Create, Class: class, Message: message, At: after(second)}
}

func finished(name string, outcome materialize.Outcome, message string, second int) materialize.Event {
	return materialize.Event{Type: materialize.AssetFinished, Asset: n(name), Action: planner.Create, Outcome: outcome, Message: message, Rows: 7, At: after(second)}
}

// small is a run of one asset.
func small(t *Telemetry, p *assets.Project) {
	r := t.Begin(p, runID, eight)
	r.Event(started("staging.orders", 1))
	if r == nil {
		return
	}
	r.Phases()(materialize.Phase{Kind: materialize.StagePhase, Asset: n("staging.orders"), Began: after(1), Ended: after(2)})
	r.Event(finished("staging.orders", materialize.Built, "", 3))
	r.End(materialize.Result{Status: "succeeded", Built: 1, Assets: []materialize.AssetResult{{Asset: n("staging.orders"), Outcome: materialize.Built}}}, nil, after(4))
}

// arrived is what a collector took, as a tree; nothing in it is secret.
func arrived(t *testing.T, c *otlptest.Collector, attributes ...string) (tree string, spans []otlptest.Span, points []otlptest.Point) {
	t.Helper()
	for _, r := range c.Requests() {
		if bytes.Contains(r.Body, []byte(secret)) {
			t.Errorf("a secret was sent to %s", r.Path)
		}
	}
	spans, points, err := otlptest.Decode(c.Requests())
	if err != nil {
		t.Fatal(err)
	}
	if tree, err = otlptest.Tree(spans, attributes...); err != nil {
		t.Fatal(err)
	}
	return tree, spans, points
}
