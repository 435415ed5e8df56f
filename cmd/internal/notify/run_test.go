package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/lineage/export/openlineagetest"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

var update = flag.Bool("update", false, "write the goldens anew")

const secret = "hunter22"

var (
	orders, clean, sales, late = assets.MustName("raw.orders"), assets.MustName("staging.orders"), assets.MustName("mart.sales"), assets.MustName("late")
	began                      = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	runID                      = "01KJVX83ER7Q9A5V8K3XG0ZC7D"
)

// shop is raw.orders → staging.orders → mart.sales, a view, and late, whose build
// depends on what staging.orders comes to.
func shop(to *assets.OpenLineage) Options {
	amount := assets.Column{Name: "amount", Type: "DOUBLE"}
	from := func(input assets.Name, via lineage.Via) []lineage.Origin {
		return []lineage.Origin{{Input: input, Column: "amount", Via: via}}
	}
	table := func(input assets.Name, rows lineage.Via) *lineage.Node {
		return &lineage.Node{Inputs: []assets.Name{input}, Columns: []assets.Column{amount}, Bound: lineage.Bound{
			Outputs: []lineage.Output{{Column: amount, From: from(input, lineage.Transformation|lineage.Conditional)}}, RowsFrom: from(input, rows)}}
	}
	p := &assets.Project{
		Name: "shop", Dir: "/srv/shop", OpenLineage: to,
		Sources: map[assets.Name]*assets.Source{orders: {Name: orders, Description: "From the till", Reader: assets.Reader{Dir: "/srv/shop", Glob: "data/*.csv"}}},
		Assets: map[assets.Name]*assets.Asset{
			clean: {Name: clean, Kind: assets.Table, Owner: "data@example.com", SQL: assets.SQL{Text: "select amount / 100 as amount from raw.orders where amount < 1e9"},
				Columns: []assets.DeclaredColumn{{Name: "AMOUNT", Description: "In euros"}},
				Checks:  []assets.Check{{Kind: assets.NotNull, Columns: []string{"amount"}, Severity: assets.Error}, {Kind: assets.Query, Label: "none_huge", Severity: assets.Warn, SQL: assets.SQL{Text: "from staging.orders where amount > 1000"}}}},
			sales: {Name: sales, Kind: assets.View, Description: "Sold until now", SQL: assets.SQL{Text: "select sum(amount) as amount from staging.orders"}},
			late:  {Name: late, Kind: assets.Table, SQL: assets.SQL{Text: "select '" + secret + "'", Sensitive: true}},
		},
	}
	g := &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{
		orders: {Columns: []assets.Column{amount}}, clean: table(orders, lineage.Filter), sales: table(clean, 0), late: table(clean, lineage.Join),
	}}
	plan := planner.Plan{Steps: []planner.Step{
		{Key: planner.Key{Asset: clean}, Action: planner.Create}, {Key: planner.Key{Asset: sales}, Action: planner.Create},
		{Key: planner.Key{Asset: late}, Action: planner.Rebuild, ConditionalOn: []assets.Name{clean}},
	}}
	return Options{Project: p, Graph: g, Plan: plan, Engine: "v1.5.5", Now: func() time.Time { return began.Add(time.Minute) },
		Redact: func(s string) string { return strings.ReplaceAll(s, secret, "(sensitive)") }}
}

func at(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }

func starts(names ...assets.Name) []materialize.Event {
	events := []materialize.Event{{Type: materialize.RunStarted, Run: runID, At: at(0)}}
	for i, name := range names {
		events = append(events, materialize.Event{Type: materialize.AssetStarted, Asset: name, Run: runID, At: at(i + 1)})
	}
	return events
}

func ends(results ...materialize.AssetResult) []materialize.Event {
	result := materialize.Result{Run: runID, Status: "succeeded", Assets: results}
	for _, r := range results {
		switch r.Outcome {
		case materialize.FailedBuild:
			result.Failed++
		case materialize.Skipped:
			result.Skipped++
		}
	}
	return []materialize.Event{{Type: materialize.RunPublished, Run: runID, At: at(20), Result: &result}, {Type: materialize.RunFinished, Run: runID, At: at(21), Result: &result}}
}

func outcome(name assets.Name, o materialize.Outcome, message string) materialize.AssetResult {
	record := planner.Materialization{Key: planner.Key{Asset: name}, Ended: at(10), Made: planner.Version{ID: "h2:" + assets.Digest(name.Table)}, Rows: 42,
		Table: name.String() + "@1", Reads: map[assets.Name]planner.Read{orders: {Version: "f1:0123"}, clean: {Version: "h2:orders"}}}
	if name == sales {
		record.Table, record.Rows = "", 0
	}
	return materialize.AssetResult{Asset: name, Outcome: o, Message: message, Record: record}
}

func checked(r materialize.AssetResult, status planner.CheckStatus) materialize.AssetResult {
	r.Record.Checks = []planner.CheckResult{
		{Check: "not_null(amount)", Kind: assets.NotNull, Severity: assets.Error, Status: status, Message: "3 rows with " + secret},
		{Check: "none_huge", Kind: assets.Query, Severity: assets.Warn, Status: planner.CheckWarned, Violations: 7},
	}
	return r
}

// The events of runs that come out in each way are as the goldens have them, and
// as OpenLineage's specification has them.
func TestEvents(t *testing.T) {
	finished := func(name assets.Name, o materialize.Outcome) materialize.Event {
		return materialize.Event{Type: materialize.AssetFinished, Asset: name, Outcome: o, At: at(10)}
	}
	for _, c := range []struct {
		name    string
		events  [][]materialize.Event
		failure string
		ctx     context.Context
		want    string // type and job of each event
	}{
		{"published", [][]materialize.Event{starts(clean, clean, sales, late), {finished(late, materialize.Built)},
			ends(checked(outcome(clean, materialize.Built, ""), planner.CheckPassed), outcome(sales, materialize.Built, ""), outcome(late, materialize.Built, ""))}, "", nil,
			`START shop.apply, START staging.orders, START mart.sales, START main.late, START staging.orders.checks, COMPLETE staging.orders.checks, COMPLETE staging.orders, COMPLETE mart.sales, COMPLETE main.late, COMPLETE shop.apply`},
		{"withheld", [][]materialize.Event{starts(clean, sales),
			ends(checked(outcome(clean, materialize.FailedBuild, "check not_null(amount): 3 rows with "+secret), planner.CheckFailed), outcome(sales, materialize.Skipped, "input staging.orders failed"), outcome(late, materialize.Skipped, "input staging.orders failed"))}, "", nil,
			`START shop.apply, START staging.orders, START mart.sales, START staging.orders.checks, FAIL staging.orders.checks, FAIL staging.orders, FAIL mart.sales, FAIL shop.apply`},
		{"up_to_date", [][]materialize.Event{starts(late), {finished(late, materialize.Revalidated)}, ends(outcome(late, materialize.Revalidated, ""))}, "", nil,
			`START shop.apply, COMPLETE shop.apply`},
		{"dropped", [][]materialize.Event{starts(), ends(outcome(assets.MustName("old.table"), materialize.Dropped, ""))}, "", nil,
			`START shop.apply, COMPLETE shop.apply`},
		{"not_published", [][]materialize.Event{starts(clean)}, "disk full at " + secret, nil,
			`START shop.apply, START staging.orders, FAIL staging.orders, FAIL shop.apply`},
		{"interrupted", [][]materialize.Event{starts(clean, late)}, "Nothing was published.", done(),
			`START shop.apply, START staging.orders, ABORT staging.orders, ABORT shop.apply`},
		{"failed_after_publish", [][]materialize.Event{starts(clean), ends(outcome(clean, materialize.Built, ""))[:1]}, "cannot drop", nil,
			`START shop.apply, START staging.orders, COMPLETE staging.orders, FAIL shop.apply`},
		{"never_began", nil, "the warehouse is locked", nil, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lineage.ndjson")
			r := Open(shop(&assets.OpenLineage{File: path, Namespace: "shop-prod"}))
			for _, events := range c.events {
				for _, e := range events {
					r.Event(e)
				}
			}
			var failure hcl.Diagnostics
			if c.failure != "" {
				failure = hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "The run failed", Detail: c.failure}}
			}
			ctx := c.ctx
			if ctx == nil {
				ctx = context.Background()
			}
			for _, d := range r.Close(ctx, failure) {
				t.Error(d)
			}
			got, err := os.ReadFile(path)
			if err != nil && c.want != "" {
				t.Fatal(err)
			}
			if bytes.Contains(got, []byte(secret)) {
				t.Error("a secret got out")
			}
			if told := told(t, got); told != c.want {
				t.Errorf("told\n%s, want\n%s", told, c.want)
			}
			if c.want != "" {
				golden(t, c.name, got)
			}
		})
	}
}

func done() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// told are the types and jobs of events, each of which is validated.
func told(t *testing.T, events []byte) string {
	t.Helper()
	var out []string
	for line := range bytes.Lines(events) {
		var e struct {
			EventType string
			Job       struct{ Name string }
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e.EventType+" "+e.Job.Name)
	}
	t.Run("valid", func(t *testing.T) {
		v := openlineagetest.New(t)
		for line := range bytes.Lines(events) {
			if err := v.Event(line); err != nil {
				t.Error(err)
			}
		}
	})
	return strings.Join(out, ", ")
}

// golden compares events, made legible, with a file of testdata.
func golden(t *testing.T, name string, events []byte) {
	t.Helper()
	var legible bytes.Buffer
	for line := range bytes.Lines(events) {
		if err := json.Indent(&legible, line, "", "  "); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, legible.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), legible.String()); diff != "" {
		t.Errorf("%s differs (-update writes it anew): %s", path, diff)
	}
}

// server takes events, and answers with what code says.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	got  bytes.Buffer
	code func() int
}

func newServer(t *testing.T, code func() int) *server {
	s := &server{code: code}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		answer := s.code()
		if answer == 200 {
			s.got.Write(append(body, '\n'))
		}
		w.WriteHeader(answer)
	}))
	t.Cleanup(s.Close)
	return s
}

// What a server does not take is kept, and comes first the next time.
func TestUndeliveredIsSentByTheNextRun(t *testing.T) {
	alive := false
	s := newServer(t, func() int {
		if alive {
			return 200
		}
		return 503
	})
	o := shop(&assets.OpenLineage{URL: s.URL, Timeout: time.Second, Namespace: "shop"})
	o.Undelivered = filepath.Join(t.TempDir(), "undelivered.ndjson")
	run := func(id string) hcl.Diagnostics {
		r := Open(o)
		for _, e := range append(starts(clean), ends(outcome(clean, materialize.Built, ""))...) {
			e.Run = id
			r.Event(e)
		}
		return r.Close(context.Background(), nil)
	}
	for _, n := range []string{"4", "8"} {
		warnings := run("01KJVX83ER7Q9A5V8K3XG0ZC7" + n)
		if len(warnings) != 1 || warnings.HasErrors() || !strings.HasPrefix(warnings[0].Detail, n+" OpenLineage events were not delivered to "+s.URL+": it answered 503 Service Unavailable. ") ||
			!strings.Contains(warnings[0].Detail, o.Undelivered) {
			t.Errorf("%v", warnings)
		}
	}
	alive = true
	if warnings := run("01KJVX83ER7Q9A5V8K3XG0ZC7F"); warnings != nil {
		t.Errorf("%v", warnings)
	}
	if _, err := os.Stat(o.Undelivered); err == nil {
		t.Error("what was delivered is still kept")
	}
	one := "START shop.apply, START staging.orders, COMPLETE staging.orders, COMPLETE shop.apply"
	if got := told(t, s.got.Bytes()); got != one+", "+one+", "+one {
		t.Errorf("delivered: %s", got)
	}
	var ids []string
	for line := range bytes.Lines(s.got.Bytes()) {
		if id := string(line[bytes.Index(line, []byte(`"runId":"`))+9:][:36]); len(ids) == 0 || ids[len(ids)-1] != id {
			ids = append(ids, id)
		}
	}
	if ids[0] != uuid("01KJVX83ER7Q9A5V8K3XG0ZC74") || ids[len(ids)-1] != uuid("01KJVX83ER7Q9A5V8K3XG0ZC7F") {
		t.Errorf("not in order: %v", ids)
	}
}

// A run leaves no goroutine and no connection behind, whatever the server does.
func TestNothingIsLeftBehind(t *testing.T) {
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer func() {
		close(release)
		hanging.Close()
	}()
	for _, address := range []string{newServer(t, func() int { return 200 }).URL, newServer(t, func() int { return 500 }).URL, "http://127.0.0.1:1", hanging.URL} {
		o := shop(&assets.OpenLineage{URL: address, File: filepath.Join(t.TempDir(), "x.ndjson"), Timeout: 5 * time.Second, Namespace: "shop"})
		o.Undelivered = filepath.Join(t.TempDir(), "undelivered.ndjson")
		began := time.Now()
		r := Open(o)
		for _, e := range append(starts(clean), ends(outcome(clean, materialize.Built, ""))...) {
			r.Event(e)
		}
		r.Close(context.Background(), nil)
		if took := time.Since(began); took > ofRun.grace+time.Second { // a slow machine's second
			t.Errorf("%s: the run was held up for %s", address, took)
		}
	}
	var left string
	for range 100 {
		stacks := make([]byte, 1<<20)
		left = string(stacks[:runtime.Stack(stacks, true)])
		if !strings.Contains(left, "persistConn") && !strings.Contains(left, "notify.(*delivery)") && !strings.Contains(left, "notify.Open") {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("still running:\n%s", left)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A server that takes the connection and says nothing holds up neither the run nor,
// by more than the grace, its end.
func TestAHangingServerDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := shop(&assets.OpenLineage{URL: "https://lineage.example.com/k3y", Timeout: 5 * time.Second, Namespace: "shop"})
		o.Undelivered = filepath.Join(t.TempDir(), "undelivered.ndjson")
		o.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		began := time.Now()
		r := Open(o)
		for _, e := range append(starts(clean, sales), ends(outcome(clean, materialize.Built, ""), outcome(sales, materialize.Built, ""))...) {
			r.Event(e)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("telling took %s", waited)
		}
		warnings := r.Close(context.Background(), nil)
		if waited := time.Since(began); waited != ofRun.grace {
			t.Errorf("the end took %s, want %s", waited, ofRun.grace)
		}
		want := "6 OpenLineage events were not delivered to https://lineage.example.com: it had not answered by the end of the run. "
		if len(warnings) != 1 || !strings.HasPrefix(warnings[0].Detail, want) {
			t.Errorf("%v", warnings)
		}
	})
}

func TestWarnings(t *testing.T) {
	dir := t.TempDir()
	o := shop(&assets.OpenLineage{File: filepath.Join(dir, "file", "x.ndjson"), Namespace: "shop"})
	o.Project.Dir = dir
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	run := func() hcl.Diagnostics {
		r := Open(o)
		for _, e := range append(starts(), ends()...) {
			r.Event(e)
		}
		return r.Close(context.Background(), nil)
	}
	if w := run(); len(w) != 1 || !strings.HasPrefix(w[0].Detail, "2 OpenLineage events were not appended to file/x.ndjson: ") || !strings.Contains(w[0].Detail, "not a directory. What was built is not affected. ") {
		t.Errorf("%v", w)
	}

	s := newServer(t, func() int { return 422 })
	o.Project.OpenLineage = &assets.OpenLineage{URL: s.URL, Timeout: time.Second, Namespace: "shop"}
	o.Undelivered = filepath.Join(dir, ".assets", "undelivered.ndjson")
	if w := run(); len(w) != 1 || !strings.HasPrefix(w[0].Detail, "2 OpenLineage events were refused by "+s.URL+": it answered 422 Unprocessable Entity. They are not sent again") {
		t.Errorf("%v", w)
	}

	s.code = func() int { return 404 }
	if w := run(); len(w) != 1 || !strings.Contains(w[0].Detail, "404 Not Found. It could not be kept for the next run either: ") {
		t.Errorf("%v", w)
	}
	if Open(shop(nil)).Close(context.Background(), nil) != nil {
		t.Error("a project without the block is warned")
	}
}
