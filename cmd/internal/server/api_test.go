package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func TestAPIAnswersWithTheDocumentsOfTheCommand(t *testing.T) {
	h, d := open()
	s := d.snapshot
	now := s.Input
	now.Now = clock()
	runs, _ := d.Runs(t.Context(), 20)
	run, records, _ := d.Records(t.Context(), "latest")
	records[0].Err = "cannot log in with (sensitive)"
	for _, c := range []struct {
		path string
		want any
	}{
		{"/api/v1/plan", view.NewPlanJSON("shop", s.Plan, []view.DiagnosticJSON{})},
		{"/api/v1/runs", view.NewRuns(runs)},
		{"/api/v1/runs?limit=1", view.NewRuns(runs[:1])},
		{"/api/v1/runs/latest", view.NewRun(run, records)},
		{"/api/v1/assets/mart.sales", view.NewWhy(now, s.Plan, n("mart.sales"))},
		{"/api/v1/assets/Mart.Sales", view.NewWhy(now, s.Plan, n("mart.sales"))},
		{"/api/v1/assets/mart.old", view.NewWhy(now, s.Plan, n("mart.old"))},
		{"/api/v1/assets/raw.orders", view.NewWhy(now, s.Plan, n("raw.orders"))},
	} {
		w := ask(h, "GET", c.path, "")
		var want strings.Builder
		if err := view.JSONLine(&want, c.want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), w.Body.String()); w.Code != 200 || diff != "" {
			t.Errorf("%s: %d %s", c.path, w.Code, diff)
		}
		if got := w.Header().Get("Content-Type") + ", " + w.Header().Get("Cache-Control"); got != "application/json, no-store" {
			t.Errorf("%s: %s", c.path, got)
		}
	}
}

func TestStatusIsOfNowAndTellsOfRunsUnderWay(t *testing.T) {
	h, d := open()
	d.snapshot.Invalid = `shop.hcl:3: the password "hunter2hunter2" is not closed`
	var doc StatusJSON
	w := ask(h, "GET", "/api/v1/status", "")
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range doc.Assets {
		got = append(got, fmt.Sprint(a.Asset, " ", a.State, " ", a.LagSeconds))
	}
	want := []string{"mart.sales behind 240", "mart.old removed 0", "staging.orders fresh 0"} // behind for 3 minutes then, and one has passed
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(doc.Sources) != 1 || !doc.At.Equal(eight) || len(doc.Running) != 1 || doc.Running[0].Run != "01R3" || doc.Running[0].Assets[0] != n("staging.orders") {
		t.Errorf("%+v", doc)
	}
	want = []string{"The project's files could not be loaded", `The daemon goes on with what they said before. shop.hcl:3: the password "(sensitive)" is not closed.`}
	if got := []string{doc.Diagnostics[0].Summary, doc.Diagnostics[0].Detail}; !cmp.Equal(want, got) {
		t.Error(got)
	}
}

func TestNothingTellsASecret(t *testing.T) {
	h, d := open()
	d.snapshot.Invalid = "hunter2hunter2"
	for _, path := range []string{"/api/v1/status", "/api/v1/plan", "/api/v1/runs/latest", "/api/v1/assets/staging.orders", "/metrics", "/readyz", "/api/v1/assets/hunter2hunter2"} {
		if w := ask(h, "GET", path, ""); strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
}

func TestAPIRefuses(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, c := range []struct {
		method, path string
		code         int
		says         string
	}{
		{"GET", "/", 404, `"/" is no path of this server`},
		{"GET", "/api/v2/status", 404, `"/api/v2/status" is no path`},
		{"GET", "/api/v1/breaches", 404, "is no path"},
		{"GET", "/api/v1/assets/mart.sale", 404, `No asset or source is called "mart.sale". Did you mean mart.sales?`},
		{"GET", "/api/v1/assets/sales", 404, "Did you mean mart.sales?"},
		{"GET", "/api/v1/assets/mart%2Fsales", 404, `No asset or source is called "mart/sales". Did you mean mart.sales?`},
		{"GET", "/api/v1/assets/a.b.c.d", 404, `called "a.b.c.d".`},
		{"GET", "/api/v1/assets/" + long, 404, `xxx…".`},
		{"GET", "/api/v1/assets/%FF%00", 404, `called "�\x00".`},
		{"GET", "/api/v1/runs/", 404, "is no path"},
		{"GET", "/api/v1/runs/'%20or%201=1", 404, `"' or 1=1" is not the id of a run`},
		{"GET", "/api/v1/runs?limit=0", 400, `limit is a number from 1 to 1000, not "0"`},
		{"GET", "/api/v1/runs?limit=all", 400, `not "all"`},
		{"GET", "/api/v1/runs?limit=99999999999999999999", 400, "limit is a number"},
		{"GET", "/api/v1/runs?limit=1&limit=2", 400, "Give limit once"},
		{"GET", "/api/v1/runs?limits=1", 400, "Did you mean limit?"},
		{"GET", "/api/v1/status?x=1", 400, `Nothing is called "x" here`},
		{"GET", "/api/v1/status?%zz", 400, "NAME=VALUE"},
		{"POST", "/api/v1/status", 405, `"/api/v1/status" takes GET`},
		{"DELETE", "/api/v1/runs/01R1", 405, "takes GET"},
		{"PUT", "/metrics", 405, "takes GET"},
		{"GET", "/api/v1/events/raw.orders", 405, "takes POST"},
		{"POST", "/healthz", 405, "takes GET"},
	} {
		h, _ := open()
		w := ask(h, c.method, c.path, "")
		if got := told(t, w); w.Code != c.code || !strings.Contains(got, c.says) {
			t.Errorf("%s %.60s: %d %s, want %d … %s", c.method, c.path, w.Code, got, c.code, c.says)
		}
		if allow := w.Header().Get("Allow"); (allow != "") != (c.code == 405) {
			t.Errorf("%s %.60s: Allow is %q", c.method, c.path, allow)
		}
	}
}

func TestErrorsOfTheDaemon(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		wait string
		says string
	}{
		{fmt.Errorf("the run 01R3 writes: %w", ErrBusy), 503, "5", "Cannot read the runs: the run 01R3 writes: busy."},
		{fmt.Errorf("disk full at hunter2hunter2"), 500, "", "Cannot read the runs: Disk full at (sensitive)."},
	} {
		h, d := open()
		d.err = c.err
		w := ask(h, "GET", "/api/v1/runs", "")
		if got := told(t, w); w.Code != c.code || !strings.EqualFold(got, c.says) || w.Header().Get("Retry-After") != c.wait {
			t.Errorf("%d %s %v", w.Code, got, w.Header())
		}
	}
	h, d := open()
	d.err = fmt.Errorf("%w is called 01X", ErrNoRun)
	if w := ask(h, "GET", "/api/v1/runs/01x", ""); w.Code != 404 || told(t, w) != "Cannot show the run: No such run is called 01X." {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestBeforeTheFirstPlanThereIsNothingToShow(t *testing.T) {
	h, d := open()
	d.snapshot = Snapshot{}
	for _, path := range []string{"/api/v1/status", "/api/v1/plan", "/api/v1/assets/mart.sales"} {
		if w := ask(h, "GET", path, ""); w.Code != 503 || !strings.Contains(told(t, w), "There is no plan yet") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := ask(h, "POST", "/api/v1/events/raw.orders", ""); w.Code != 503 || len(d.pushed) > 0 {
		t.Errorf("%d, pushed %v", w.Code, d.pushed)
	}
	if w := ask(h, "GET", "/metrics", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "assets_project_invalid 0") {
		t.Errorf("%d", w.Code)
	}
}

func TestBreachesAreThoseOfTheLedger(t *testing.T) {
	o := options()
	o.Breaches = func(_ context.Context, query url.Values) (any, error) {
		if query.Get("since") == "" {
			return nil, fmt.Errorf("%w: since when?", ErrQuery)
		}
		return map[string]string{"since": query.Get("since")}, nil
	}
	h := New(o).Handler(&fakeDaemon{})
	if w := ask(h, "GET", "/api/v1/breaches?since=2026", ""); w.Code != 200 || w.Body.String() != `{"since":"2026"}`+"\n" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for query, says := range map[string]string{
		"":                    "Cannot tell of breaches: Wrong parameter: since when?",
		"?name=a&name=b":      "Cannot tell of breaches: Wrong parameter: since when?", // several names may be given
		"?names=a":            `Unknown parameter: Nothing is called "names" here. Did you mean name?`,
		"?since=1&since=2":    "A parameter is given twice: Give since once.",
		"?open=true&name%2B=": `Unknown parameter: Nothing is called "name+" here. Did you mean name?`,
	} {
		if w := ask(h, "GET", "/api/v1/breaches"+query, ""); w.Code != 400 || told(t, w) != says {
			t.Errorf("%s: %d %s", query, w.Code, told(t, w))
		}
	}
}

func TestHealth(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Snapshot)
		at     time.Duration // after the plan was made
		ready  int
		says   string
	}{
		{"a plan was made", func(*Snapshot) {}, time.Minute, 200, "ok"},
		{"no plan yet", func(s *Snapshot) { *s = Snapshot{} }, time.Minute, 503, "no plan was made yet, 0.00 s after the start"},
		{"about to plan again", func(s *Snapshot) { s.Running = nil }, time.Hour + time.Minute, 200, "ok"},
		{"overdue", func(s *Snapshot) { s.Running = nil }, time.Hour + 3*time.Minute, 503, "stuck: a plan was due at 2026-11-23 09:00:00 UTC, 3m0s ago"},
		{"busy with a run", func(*Snapshot) {}, time.Hour + 3*time.Minute, 200, "ok"},
		{"nothing to wake for", func(s *Snapshot) { s.Plan.NextWake, s.Running = time.Time{}, nil }, 1000 * time.Hour, 200, "ok"},
		{"a fault that may pass", func(s *Snapshot) { s.Fault, s.FaultSince = "the disk is full", eight }, 2 * time.Minute, 200, "ok"},
		{"a fault that lasts", func(s *Snapshot) { s.Fault, s.FaultSince = "the disk is full", eight }, 3 * time.Minute, 503, "nothing could be built for 3m0s: the log and /api/v1/status say why"},
		{"stopping", func(s *Snapshot) { s.Stopping = true }, time.Minute, 503, "stopping: no run begins any more"},
		{"an invalid project is served on", func(s *Snapshot) { s.Invalid = "shop.hcl is wrong" }, time.Minute, 200, "ok"},
	} {
		o := options()
		o.Now = func() time.Time { return eight.Add(c.at) }
		d := &fakeDaemon{snapshot: shop()}
		c.change(&d.snapshot)
		h := New(o).Handler(d)
		if w := ask(h, "GET", "/readyz", ""); w.Code != c.ready || w.Body.String() != c.says+"\n" {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if w := ask(h, "GET", "/healthz", ""); w.Code != 200 || w.Body.String() != "ok\n" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if w := ask(h, http.MethodHead, "/readyz", ""); w.Code != c.ready {
			t.Errorf("%s: HEAD %d", c.name, w.Code)
		}
	}
}
