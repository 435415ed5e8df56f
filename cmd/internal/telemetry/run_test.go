package telemetry

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/oklog/ulid/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/telemetry/otlptest"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

func TestARunIsATrace(t *testing.T) {
	var c otlptest.Collector
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "team=data") // the SDK reads it itself
	tel, _ := start(false)
	p := shop(serve(t, &c))
	r := tel.Begin(p, runID, eight)
	phase := r.Phases()
	r.Event(started("staging.orders", 1))
	phase(materialize.Phase{Kind: materialize.StagePhase, Asset: n("staging.orders"), Began: after(1), Ended: after(2)})
	phase(materialize.Phase{Kind: materialize.CheckPhase, Asset: n("staging.orders"), Began: after(2), Ended: after(3), Rows: 7, Checks: []planner.CheckResult{
		{Check: "unique(id)", Status: planner.CheckPassed}, {Check: "row_count", Status: planner.CheckWarned, Message: "7 rows, " + secret}}})
	r.Event(finished("staging.orders", materialize.Built, "", 3))
	r.Event(started("mart.sales", 3))
	phase(materialize.Phase{Kind: materialize.StagePhase, Asset: n("mart.sales"), Began: after(3), Ended: after(4), Err: errors.New("no " + secret)})
	r.Event(finished("mart.sales", materialize.FailedBuild, "no "+secret, 4))
	r.Event(finished("mart.late", materialize.Skipped, "input mart.sales failed", 5))
	phase(materialize.Phase{Kind: materialize.CheckPhase, Source: n("raw.orders"), Began: after(1), Ended: after(2), Rows: -1})
	phase(materialize.Phase{Kind: materialize.PublishPhase, Began: after(5), Ended: after(6), Tables: 1})
	r.End(materialize.Result{Status: "failed", Built: 1, Failed: 1, Skipped: 1, Assets: make([]materialize.AssetResult, 3)}, nil, after(7))
	if want := traceOf(t, runID); r.TraceID() != want {
		t.Errorf("the trace is %s, want %s", r.TraceID(), want)
	}
	tel.Close()

	tree, spans, points := arrived(t, &c, "assets.outcome", "assets.rows", "assets.attempt", "error.type", "assets.checks.passed", "assets.tables")
	want := `run assets.outcome=failed ERROR 1 of 3 assets failed
  asset mart.late assets.outcome=skipped
  asset mart.sales assets.outcome=failed assets.attempt=1 error.type=sql ERROR no (sensitive)
    stage mart.sales error.type=sql ERROR no (sensitive)
  asset staging.orders assets.outcome=built assets.rows=7 assets.attempt=1
    check staging.orders assets.rows=7 assets.checks.passed=1
      · check row_count warned
    stage staging.orders
  check raw.orders assets.checks.passed=0
  publish assets.tables=1
`
	if diff := cmp.Diff(want, tree); diff != "" {
		t.Error(diff)
	}
	texts := map[string]string{}
	for _, s := range spans {
		texts[s.Name] = s.Attributes["db.query.text"]
		if s.Resource["service.name"] != "assets" || s.Resource["service.version"] != "1.2.3" || s.Resource["assets.project"] != "shop" || s.Resource["team"] != "data" {
			t.Errorf("resource of %s: %v", s.Name, s.Resource)
		}
		if s.Name == "asset staging.orders" && (!s.Began.Equal(after(1)) || !s.Ended.Equal(after(3)) || s.Attributes["assets.owner"] != "data@example.com") {
			t.Error(s)
		}
	}
	if texts["stage staging.orders"] != "select '(sensitive)' as x" || texts["stage mart.sales"] != "(sensitive)" {
		t.Errorf("statements: %q", texts)
	}
	if len(points) != 1 || points[0].String() != "assets_answer 42" {
		t.Error(points)
	}
}

func traceOf(t *testing.T, run string) string {
	t.Helper()
	id, err := ulid.ParseStrict(run)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", id[:])
}

// What happens in runs that do not go as planned.
func TestRunsThatGoOtherwise(t *testing.T) {
	sales := n("mart.sales")
	for _, c := range []struct {
		name string
		does func(*Run)
		want string
	}{
		{"built anew, for a source moved", func(r *Run) {
			r.Event(started("mart.sales", 1))
			r.Event(started("mart.sales", 3))
			r.Event(finished("mart.sales", materialize.Built, "", 4))
			r.End(materialize.Result{Status: "succeeded", Assets: []materialize.AssetResult{{Asset: sales, Outcome: materialize.Built}}}, nil, after(5))
		}, "run assets.outcome=succeeded\n  asset mart.sales assets.outcome=repeated assets.attempt=1\n  asset mart.sales assets.outcome=built assets.attempt=1\n"},
		{"another attempt after one that failed", func(r *Run) {
			r.Event(started("mart.sales", 1))
			r.Phases()(materialize.Phase{Kind: materialize.StagePhase, Asset: sales, Began: after(1), Ended: after(2), Err: errors.New("no " + secret + "\nLINE 1: ...er2' as x")})
			r.Event(retried("mart.sales", assets.IOError, "no "+secret, 2))
			r.Event(again("mart.sales", 3))
			r.Event(finished("mart.sales", materialize.Built, "", 4))
			r.End(materialize.Result{Status: "succeeded", Assets: []materialize.AssetResult{{Asset: sales, Outcome: materialize.Built}}}, nil, after(5))
		}, "run assets.outcome=succeeded\n  asset mart.sales assets.outcome=repeated assets.attempt=1 error.type=io ERROR no (sensitive)\n" +
			"    stage mart.sales error.type=sql ERROR no (sensitive)\n  asset mart.sales assets.outcome=built assets.attempt=2\n"},
		{"the last attempt", func(r *Run) {
			r.Event(started("mart.sales", 1))
			r.Event(retried("mart.sales", assets.LockError, "in use", 2))
			r.Event(again("mart.sales", 3))
			e := finished("mart.sales", materialize.FailedBuild, "it took too long", 4)
			e.Class = assets.TimeoutError
			r.Event(e)
			r.End(materialize.Result{Status: "failed", Failed: 1, Assets: []materialize.AssetResult{{Asset: sales, Outcome: materialize.FailedBuild}}}, nil, after(5))
		}, "run assets.outcome=failed ERROR 1 of 1 assets failed\n  asset mart.sales assets.outcome=repeated assets.attempt=1 error.type=lock ERROR in use\n" +
			"  asset mart.sales assets.outcome=failed assets.attempt=2 error.type=timeout ERROR it took too long\n"},
		{"stopped before another attempt", func(r *Run) {
			r.Event(started("mart.sales", 1))
			r.Event(retried("mart.sales", assets.LockError, "in use", 2))
			e := finished("mart.sales", materialize.FailedBuild, "in use", 4)
			e.Class = assets.LockError
			r.Event(e)
			r.End(materialize.Result{Status: "failed", Failed: 1, Assets: []materialize.AssetResult{{Asset: sales, Outcome: materialize.FailedBuild}}}, nil, after(5))
		}, "run assets.outcome=failed ERROR 1 of 1 assets failed\n  asset mart.sales assets.outcome=failed assets.attempt=1 error.type=lock ERROR in use\n"},
		{"interrupted before another attempt", func(r *Run) {
			r.Event(started("mart.sales", 1))
			r.Event(retried("mart.sales", assets.LockError, "in use", 2))
			r.End(materialize.Result{}, context.Canceled, after(5))
		}, "run assets.outcome=interrupted ERROR interrupted: nothing was published\n  asset mart.sales assets.outcome=interrupted assets.attempt=1 error.type=lock ERROR in use\n"},
		{"withheld for a check beside others", func(r *Run) {
			r.Event(started("mart.sales", 1))
			r.Event(finished("mart.sales", materialize.Built, "", 2))
			r.Phases()(materialize.Phase{Kind: materialize.CheckPhase, Asset: sales, Began: after(3), Ended: after(4), Rows: -1,
				Checks: []planner.CheckResult{{Check: "reconcile", Status: planner.CheckFailed, Message: "1 row too many"}}})
			r.Event(finished("mart.sales", materialize.FailedBuild, "check reconcile: 1 row too many", 4))
			r.End(materialize.Result{Status: "failed", Failed: 1, Assets: []materialize.AssetResult{{Asset: sales, Outcome: materialize.FailedBuild}}}, nil, after(5))
		}, "run assets.outcome=failed ERROR 1 of 1 assets failed\n  asset mart.sales assets.outcome=failed assets.attempt=1 error.type=_OTHER ERROR check reconcile: 1 row too many\n" +
			"  check mart.sales error.type=check ERROR check reconcile: 1 row too many\n    · check reconcile failed\n"},
		{"withheld with what it was built from", func(r *Run) {
			r.Event(started("mart.sales", 1))
			r.Event(finished("mart.sales", materialize.Built, "", 2))
			r.End(materialize.Result{Status: "failed", Failed: 1, Assets: []materialize.AssetResult{{Asset: sales, Outcome: materialize.Skipped, Message: "input a failed"}, {}}}, nil, after(5))
		}, "run assets.outcome=failed ERROR 1 of 2 assets failed\n  asset mart.sales assets.outcome=skipped assets.attempt=1\n"},
		{"interrupted", func(r *Run) {
			r.Event(started("mart.sales", 1))
			r.End(materialize.Result{}, fmt.Errorf("stage: %w", context.Canceled), after(5))
		}, "run assets.outcome=interrupted ERROR interrupted: nothing was published\n  asset mart.sales assets.outcome=interrupted assets.attempt=1\n"},
		{"the machinery failed", func(r *Run) {
			r.End(materialize.Result{}, errors.New("the disk is full of "+secret), after(5))
		}, "run assets.outcome=failed error.type=_OTHER ERROR the disk is full of (sensitive)\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var collector otlptest.Collector
			tel, _ := start(false)
			c.does(tel.Begin(shop(serve(t, &collector)), runID, eight))
			tel.Close()
			tree, _, _ := arrived(t, &collector, "assets.outcome", "assets.attempt", "error.type")
			if diff := cmp.Diff(c.want, tree); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARunIsAChildOfWhoeverStartedIt(t *testing.T) {
	const theirs, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for _, c := range []struct{ name, traceparent, trace, parent string }{
		{"none", "", traceOf(t, runID), ""},
		{"sampled", "00-" + theirs + "-" + span + "-01", theirs, span},
		{"not sampled: theirs is not kept, and neither is ours", "00-" + theirs + "-" + span + "-00", "", ""},
		{"no trace context", "00-" + theirs, traceOf(t, runID), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var collector otlptest.Collector
			tel, _ := start(false, "TRACEPARENT="+c.traceparent)
			p := shop(serve(t, &collector))
			r := tel.Begin(p, runID, eight)
			r.End(materialize.Result{}, nil, after(1))
			tel.Close()
			_, spans, _ := arrived(t, &collector)
			if r.TraceID() != c.trace {
				t.Errorf("trace %s, want %s", r.TraceID(), c.trace)
			}
			if c.trace == "" {
				if len(spans) > 0 || r.Phases() != nil {
					t.Error(spans)
				}
				return
			}
			if len(spans) != 1 || spans[0].Trace != c.trace || spans[0].Parent != c.parent {
				t.Errorf("got %+v", spans)
			}
		})
	}
}

func TestNothingIsConfigured(t *testing.T) {
	tel, log := start(false, "OTEL_EXPORTER_OTLP_HEADERS=a=b")
	p := shop("")
	p.OTLP = nil
	r := tel.Begin(p, runID, eight)
	r.Event(started("mart.sales", 1))
	r.End(materialize.Result{}, nil, after(1))
	if r != nil || r.Phases() != nil || r.TraceID() != "" || tel.Configure(p) || log.String() != "" {
		t.Error("something was done")
	}
	tel.Close()
	var none *Telemetry
	none.Gather(nil)
	if none.Begin(p, runID, eight) != nil {
		t.Error("nobody traced")
	}
	none.Close()
}
