package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// line is where messages travel in these tests: to nobody while it is down.
type line struct {
	mu   sync.Mutex
	down error
	slow time.Duration // what an answer takes
	got  []string
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	down, slow := l.down, l.slow
	l.mu.Unlock()
	select {
	case <-time.After(slow):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if down != nil {
		return nil, down
	}
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, err
	}
	var parts []string
	for _, a := range m.Alerts {
		parts = append(parts, fmt.Sprintf("%s %s", a.Status, a.Summary))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, strings.Join(parts, ", "))
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("ok")), Request: r}, nil
}

func (l *line) set(down error, slow time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down, l.slow = down, slow
}

// take returns what arrived since it was called last.
func (l *line) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := strings.Join(l.got, "; ")
	l.got = nil
	return got
}

// house is the directory of a project, and what holds in it.
type house struct {
	*testing.T
	line
	dir     string
	project *assets.Project
	state   planner.State
	graph   Options
	plans   time.Duration
}

func newHouse(t *testing.T) *house {
	o := shop(nil)
	for _, a := range o.Project.Assets {
		a.Enabled = true
	}
	o.Project.Timezone = "UTC"
	o.Graph.Order = []assets.Name{clean, sales, late}
	for name, node := range o.Graph.Nodes {
		for _, input := range node.Inputs {
			o.Graph.Nodes[input].Readers = append(o.Graph.Nodes[input].Readers, name)
		}
	}
	h := &house{T: t, dir: t.TempDir(), project: o.Project, graph: o, state: planner.State{Failed: map[planner.Key]planner.Materialization{}, Last: map[planner.Key]planner.Materialization{}}}
	h.project.Notify = []*assets.Notify{{Name: "ops", Webhook: &assets.Webhook{URL: "http://ops.example.com/k3y"}, Severity: assets.Warn, GroupBy: []assets.GroupBy{assets.ByRun},
		GroupWait: 30 * time.Second, RepeatInterval: 4 * time.Hour, Resolve: true, LongRunning: 3, DiskFull: 90}}
	return h
}

func (h *house) fails(name assets.Name, why string) {
	h.state.Failed = map[planner.Key]planner.Materialization{{Asset: name}: {Key: planner.Key{Asset: name}, Status: planner.Failed, Err: why, Run: runID, Ended: time.Now()}}
}

func (h *house) heals() { h.state.Failed = nil }

// scene is what is known now: no two plans are made at one moment.
func (h *house) scene() Scene {
	h.plans++
	in := planner.Input{Project: h.project, Graph: h.graph.Graph, State: h.state, Now: time.Now().Add(h.plans)}
	return Scene{Input: in}
}

func (h *house) alerts(stays bool) *Alerts {
	return NewAlerts(AlertOptions{Dir: h.dir, Now: time.Now, Redact: h.graph.Redact, Log: zerolog.Nop(), Daemon: stays, Transport: &h.line})
}

// apply is a process that runs something and ends.
func (h *house) apply() (undelivered int) {
	a := h.alerts(false)
	a.Begin(h.scene())
	time.Sleep(time.Second)
	a.Look(h.scene())
	for _, t := range a.Close(context.Background()) {
		undelivered += t.Undelivered
	}
	return undelivered
}

// tookSo is how long a build has taken: what that is when a message is written depends on
// what else there was to be done.
var tookSo = regexp.MustCompile(`for [0-9hms]+,`)

func (h *house) want(what string) {
	h.Helper()
	if got := tookSo.ReplaceAllString(h.take(), "for so long,"); got != what {
		h.Errorf("got  %s\nwant %s", got, what)
	}
}

// Each process compares what holds with what the one before told: nothing is told twice,
// nothing is forgotten, whatever each of them has lived through.
func TestOneProcessAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.apply()
		h.want("")
		h.fails(clean, "no such column "+secret)
		if kept := h.apply(); kept != 0 {
			t.Errorf("%d are kept", kept)
		}
		h.want("firing staging.orders failed")
		h.apply()
		h.want("")
		time.Sleep(5 * time.Hour)
		h.apply()
		h.want("firing staging.orders failed")
		h.heals()
		h.apply()
		h.want("resolved staging.orders failed")

		// What was told is lost: once more.
		h.fails(clean, "again")
		h.apply()
		h.take()
		if err := os.WriteFile(alertsPath(h.dir), []byte(`{"format_version":"1.0","targets":{"ops":`), 0o666); err != nil {
			t.Fatal(err)
		}
		h.apply()
		h.want("firing staging.orders failed")
		h.heals()
		h.apply()
		h.want("resolved staging.orders failed")
	})
}

func TestADaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		a := h.alerts(true)
		a.Look(h.scene())
		h.fails(clean, "broken")
		time.Sleep(time.Minute)
		a.Look(h.scene())
		time.Sleep(29 * time.Second)
		synctest.Wait()
		h.want("")
		time.Sleep(2 * time.Second)
		h.want("firing staging.orders failed")

		// Another process leaves it to the daemon.
		began := time.Now()
		h.apply()
		if took := time.Since(began); took > time.Second { // as long as the run
			t.Errorf("it took %s", took)
		}
		h.want("")

		a.Close(context.Background())
		h.want("firing The daemon was stopped")
		time.Sleep(time.Hour)
		a = h.alerts(true)
		a.Look(h.scene())
		time.Sleep(time.Minute)
		h.want("resolved The daemon was stopped")

		// A crash: nobody closes anything.
		sign := time.Now()
		close(a.stop)
		<-a.done
		a.targets["ops"].delivery.abandon()
		if err := a.lock.Unlock(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		a = h.alerts(true)
		scene := h.scene()
		scene.Before = sign
		a.Look(scene)
		time.Sleep(time.Minute)
		h.want(fmt.Sprintf("resolved The daemon was down from %s until %s", moment(sign, time.UTC), moment(sign.Add(2*time.Hour), time.UTC)))
		h.heals()
		a.Look(h.scene())
		a.Close(context.Background())
		h.want("firing The daemon was stopped; resolved staging.orders failed")
	})
}

// However much goes wrong at once: a message of it is one that servers take.
func TestAMessageOfManyAlerts(t *testing.T) {
	g := &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{clean: {}}}
	for i := range 150 {
		name := assets.MustName(fmt.Sprintf("mart.a%d", i))
		g.Nodes[name] = &lineage.Node{Inputs: []assets.Name{clean}}
		g.Nodes[clean].Readers = append(g.Nodes[clean].Readers, name)
	}
	for many, most := range map[int]int{1: mostAffected, 40: 50, 600: fewAffected} {
		alerts := slices.Repeat([]Alert{{Name: clean, Status: Firing}}, many)
		affect(alerts, g)
		for _, a := range alerts {
			if len(a.Affected) != most || a.AffectedCount != 150 {
				t.Fatalf("of %d alerts one holds %d names of %d", many, len(a.Affected), a.AffectedCount)
			}
		}
	}
}

func TestLongRunningBuilds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.state.Estimates = map[assets.Name]time.Duration{clean: 2 * time.Minute, late: time.Second}
		h.project.Notify[0].GroupWait = 0
		a := h.alerts(false)
		a.Begin(h.scene())
		for _, name := range []assets.Name{clean, late, sales} {
			a.Event(materialize.Event{Type: materialize.AssetStarted, Asset: name, Run: runID, At: time.Now()})
		}
		time.Sleep(59 * time.Second)
		h.want("")
		time.Sleep(2 * time.Second)
		h.want("firing late has been built for so long, and usually takes 1s")
		a.Event(materialize.Event{Type: materialize.AssetFinished, Asset: late, Run: runID, At: time.Now()})
		time.Sleep(5*time.Minute - 2*time.Second)
		h.want("resolved late has been built for so long, and usually takes 1s")
		time.Sleep(2 * time.Second)
		h.want("firing staging.orders has been built for so long, and usually takes 2m0s")
		a.Event(materialize.Event{Type: materialize.RunFinished, Run: runID, At: time.Now()})
		a.Look(h.scene())
		a.Close(context.Background())
		h.want("resolved staging.orders has been built for so long, and usually takes 2m0s")
	})
}

// Nothing goes on of a run that was cancelled, and the next build begins when it begins.
func TestABuildThatEndedWithItsRunIsNotLongRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.state.Estimates = map[assets.Name]time.Duration{clean: 2 * time.Minute}
		h.project.Notify[0].GroupWait = 0
		a := h.alerts(false)
		look := func(running map[assets.Name]time.Time) {
			s := h.scene()
			s.Running = running
			a.Look(s)
		}
		began := map[assets.Name]time.Time{clean: time.Now()}
		a.Event(materialize.Event{Type: materialize.AssetStarted, Asset: clean, Run: "01CANCELLED", At: time.Now()})
		look(began)
		time.Sleep(time.Minute)
		look(nil)
		time.Sleep(time.Hour)
		h.want("")
		began = map[assets.Name]time.Time{clean: time.Now()}
		look(began)
		a.Event(materialize.Event{Type: materialize.AssetStarted, Asset: clean, Run: runID, At: time.Now()})
		look(began)
		time.Sleep(5 * time.Minute)
		h.want("")
		time.Sleep(2 * time.Minute)
		h.want("firing staging.orders has been built for so long, and usually takes 2m0s")
		a.Close(context.Background())
	})
}

// The project is edited while the daemon goes on.
func TestEditing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		a := h.alerts(true)
		declared := h.project.Notify
		edit := func(notify ...*assets.Notify) {
			edited := *h.project
			edited.Notify = notify
			h.project = &edited
			a.Look(h.scene())
			time.Sleep(time.Minute)
		}
		edit()
		h.fails(clean, "one")
		a.Look(h.scene())
		time.Sleep(time.Minute)
		h.want("")
		if _, err := os.Stat(filepath.Join(h.dir, "alerts")); err == nil {
			t.Error("files are made though nobody is told")
		}
		edit(declared...)
		h.want("firing staging.orders failed")
		other := *declared[0]
		other.Webhook, other.RepeatInterval = &assets.Webhook{URL: "http://other.example.com"}, time.Hour
		edit(&other)
		h.want("")
		time.Sleep(time.Hour)
		h.want("firing staging.orders failed")
		if place := a.Targets()[0].Place; place != "http://other.example.com" {
			t.Error(place)
		}
		edit()
		h.heals()
		a.Look(h.scene())
		time.Sleep(time.Minute)
		h.want("")
		a.Close(context.Background())
		h.want("")
	})
}

// A secret is looked for in the whole text: of one that was cut, or whose blanks became
// one, nobody would know what is left.
func TestSecretsAreTakenOutBeforeTextsAreCut(t *testing.T) {
	const key = "two  blanks"
	d := describer{redact: func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, secret, "…"), key, "…") }}
	d.Input.Project = newHouse(t).project
	a := d.finish(Alert{Summary: "no " + key + " " + strings.Repeat("x", 280) + secret, Cause: strings.Repeat("x", longestCause-4) + secret})
	if text := a.Summary + a.Cause; strings.Contains(text, "blanks") || strings.Contains(text, secret[:4]) {
		t.Error(text)
	}
}

// All that an alert is about, and nothing that is secret.
func TestScene(t *testing.T) {
	h := newHouse(t)
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	h.project.Sources[orders].Checks = nil
	h.state = planner.State{
		Last: map[planner.Key]planner.Materialization{
			{Asset: clean}: {Key: planner.Key{Asset: clean}, Run: "1", Ended: now.Add(-time.Hour), Checks: []planner.CheckResult{{Check: "none_huge", Status: planner.CheckWarned, Message: "7 rows with " + secret}}},
		},
		Failed: map[planner.Key]planner.Materialization{
			{Asset: clean}: {Key: planner.Key{Asset: clean}, Run: "2", Status: planner.Failed, Ended: now, Err: "checks failed",
				Checks: []planner.CheckResult{{Check: "not_null(amount)", Status: planner.CheckFailed, Message: "3 rows"}, {Check: "none_huge", Status: planner.CheckPassed}}},
			{Asset: late}:  {Key: planner.Key{Asset: late}, Run: "2", Status: planner.Failed, Ended: now, Err: "cannot convert " + secret + "\n\nLINE 1: CREATE TABLE"},
			{Asset: sales}: {Key: planner.Key{Asset: sales}, Run: "2", Status: planner.Skipped, Ended: now, Err: "input failed"},
		},
		Verdicts: map[assets.Name]planner.Verdict{orders: {Source: orders, Run: "2", At: now, Checks: []planner.CheckResult{
			{Check: "schema", Status: planner.CheckFailed, Message: "a column is missing"}, {Check: "row_count", Status: planner.CheckWarned, Message: "fewer rows"}}}},
	}
	d := describer{Scene: h.scene(), redact: h.graph.Redact, zone: time.UTC}
	d.Input.Now = now
	d.Input.Observed = map[assets.Name]planner.Observation{orders: {Source: orders, Err: "permission denied", At: now}}
	d.Fault, d.FaultSince, d.Invalid = "the disk is full", now, "mart.hcl:3: Unsupported block"
	var got []string
	all, _ := d.alerts()
	affect(all, h.graph.Graph)
	for _, a := range all {
		text, err := json.Marshal(a)
		if err != nil || strings.Contains(string(text), secret) {
			t.Errorf("%v %s", err, text)
		}
		got = append(got, fmt.Sprintf("%s %s %s [%s] %s | %s | %v", a.Event, a.Severity, a.Summary, a.Owner, a.Cause, a.Effect, a.Affected))
	}
	want := []string{
		"asset_failed error late failed [] cannot convert (sensitive) | It was never built. | []",
		"check_failed error Source raw.orders: check schema failed [] a column is missing | What reads it keeps its last good version. | [late mart.sales staging.orders]",
		"check_failed error staging.orders: check not_null(amount) failed [data@example.com] 3 rows | Its version of 2026-03-02 09:00 UTC stays visible. | [late mart.sales]",
		"check_warned warn Source raw.orders: check row_count warns [] fewer rows | It is read all the same. | [late mart.sales staging.orders]",
		"check_warned warn staging.orders: check none_huge warns [data@example.com] 7 rows with (sensitive) | It is published all the same. | [late mart.sales]",
		"source_unobserved warn Source raw.orders cannot be observed [] permission denied | What reads it keeps its last good version. | [late mart.sales staging.orders]",
		"run_failed error Nothing can be built [] the disk is full | What is published stays visible, and gets older. | []",
		"project_invalid error The project was edited and has mistakes [] mart.hcl:3: Unsupported block | Its last good version is kept until they are mended. | []",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d.Plan.Steps = []planner.Step{{Key: planner.Key{Asset: late}, State: planner.StateFresh}}
	if again, _ := d.alerts(); len(again) != len(want)-1 || again[0].Name == late {
		t.Error("a failure of what is fresh by now is told")
	}
	if !slices.IsSortedFunc(all, compareAlerts) {
		t.Error("not in order")
	}
}

func TestRoutes(t *testing.T) {
	h := newHouse(t)
	a := Alert{Event: assets.AssetFailed, Severity: assets.Error, Name: clean, Owner: "data@example.com", Tags: []string{"core", "daily"}}
	whole := Alert{Event: assets.DiskFull, Severity: assets.Error, used: 95}
	for _, c := range []struct {
		name          string
		n             assets.Notify
		asset, source bool
		whole         bool
	}{
		{"everything", assets.Notify{}, true, true, true},
		{"an owner", assets.Notify{Owners: []string{"x", "data@example.com"}}, true, false, false},
		{"a tag", assets.Notify{Tags: []string{"daily"}}, true, false, false},
		{"an event", assets.Notify{Events: []assets.AlertEvent{assets.DiskFull}}, false, false, true},
		{"a name", assets.Notify{Assets: []string{"staging.orders"}}, true, false, false},
		{"a pattern", assets.Notify{Assets: []string{"staging.*", "nothing.*"}}, true, false, false},
		{"what is made from a source, and itself", assets.Notify{Assets: []string{"raw.orders+"}}, true, true, false},
		{"a source", assets.Notify{Assets: []string{"raw.orders"}}, false, true, false},
		{"all of them have to hold", assets.Notify{Owners: []string{"data@example.com"}, Tags: []string{"other"}}, false, false, false},
		{"a fuller disk", assets.Notify{DiskFull: 96}, true, true, false},
	} {
		r := newRoute(&c.n, h.project, h.graph.Graph)
		of := a
		of.Name, of.Owner, of.Tags, of.Severity = orders, "", nil, assets.Warn
		if r.tells(a) != c.asset || r.tells(of) != c.source || r.tells(whole) != c.whole {
			t.Errorf("%s: %v %v %v", c.name, r.tells(a), r.tells(of), r.tells(whole))
		}
	}
}
