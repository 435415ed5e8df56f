package view

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

var began = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func noViews(assets.Name) bool { return false }

// screen is what a terminal shows after a text with the movements that draw makes.
func screen(text string) []string {
	var lines []string
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "\x1b["); ok {
			up := 0
			for ; rest[0] != 'A'; rest = rest[1:] {
				up = up*10 + int(rest[0]-'0')
			}
			lines = lines[:len(lines)-up]
			text = strings.TrimPrefix(rest, "A\r\x1b[J")
			continue
		}
		line, rest, _ := strings.Cut(text, "\n")
		lines = append(lines, line)
		text = rest
	}
	return lines
}

func TestLiveShowsWhatRunsBelowWhatIsDone(t *testing.T) {
	var b bytes.Buffer
	l := &live{w: &b, teller: newTeller(Style{}, noViews), width: func() int { return 60 }, running: map[assets.Name]time.Time{}}
	events := func(list ...materialize.Event) {
		for _, e := range list {
			l.Event(e)
		}
	}
	events(
		materialize.Event{Type: materialize.RunStarted, At: began, Total: 3},
		materialize.Event{Type: materialize.AssetStarted, At: began, Asset: n("staging.b"), Total: 3},
		materialize.Event{Type: materialize.AssetStarted, At: began.Add(time.Second), Asset: n("staging.a"), Total: 3},
	)
	l.draw(began.Add(5 * time.Second))
	want := []string{"  staging.b  5s", "  staging.a  4s", "0 of 3 done, 2 running, 1 left, 5s"}
	if diff := cmp.Diff(want, screen(b.String())); diff != "" {
		t.Error(diff)
	}

	events(materialize.Event{Type: materialize.AssetFinished, Asset: n("staging.b"), Outcome: materialize.Built, Rows: 1234, Took: 6 * time.Second, Done: 1, Total: 3})
	l.draw(began.Add(65 * time.Second))
	want = []string{"staging.b: built 1,234 rows in 6.0 s [1/3]", "  staging.a  1m", "1 of 3 done, 1 running, 1 left, 1m"}
	if diff := cmp.Diff(want, screen(b.String())); diff != "" {
		t.Error(diff)
	}

	l.total = 0
	l.draw(began.Add(66 * time.Second))
	if diff := cmp.Diff(want[:1], screen(b.String())); diff != "" {
		t.Errorf("after the run only what is done stays: %s", diff)
	}
}

func TestLiveEndsInTheBackground(t *testing.T) {
	var b bytes.Buffer
	l := NewLive(&b, Style{}, noViews, func() int { return 0 })
	l.Event(materialize.Event{Type: materialize.RunStarted, At: began, Total: 1})
	l.Event(materialize.Event{Type: materialize.AssetFinished, Asset: n("a"), Outcome: materialize.Skipped, Message: "input b failed", Done: 1, Total: 1})
	l.Close()
	if diff := cmp.Diff([]string{"a: skipped: input b failed [1/1]"}, screen(b.String())); diff != "" {
		t.Error(diff)
	}
}

func TestClipCutsToTheWidthOfTheTerminal(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{{"short", 10, "short"}, {"exactly ten", 8, "exactl…"}, {"日本語日本語", 6, "日本…"}} {
		if got := clip(c.text, c.width); got != c.want {
			t.Errorf("clip(%q, %d) = %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

func TestLinesTellEveryOutcome(t *testing.T) {
	isView := func(name assets.Name) bool { return name == n("v") }
	for _, c := range []struct {
		event materialize.Event
		want  string
	}{
		{materialize.Event{Asset: n("a"), Outcome: materialize.Built, Rows: 1, Took: 41 * time.Second}, "a: built 1 row in 41 s [1/2]\n"},
		{materialize.Event{Asset: n("v"), Outcome: materialize.Built}, "v: view made [1/2]\n"},
		{materialize.Event{Asset: n("a"), Outcome: materialize.TakenUp, Rows: 5}, "a: taken up as an earlier run built it, 5 rows [1/2]\n"},
		{materialize.Event{Asset: n("a"), Outcome: materialize.Unchanged, Took: 3 * time.Minute}, "a: built in 3m0s, content unchanged [1/2]\n"},
		{materialize.Event{Asset: n("a"), Outcome: materialize.Revalidated}, "a: up to date, not built [1/2]\n"},
		{materialize.Event{Asset: n("a"), Outcome: materialize.FailedBuild, Message: "division by zero"}, "a: failed: division by zero [1/2]\n"},
		{materialize.Event{Asset: n("a"), Outcome: materialize.Dropped}, "a: dropped [1/2]\n"},
	} {
		c.event.Type, c.event.Done, c.event.Total = materialize.AssetFinished, 1, 2
		var b bytes.Buffer
		NewLines(&b, Style{}, isView).Event(c.event)
		if b.String() != c.want {
			t.Errorf("%s: got %q, want %q", c.event.Outcome, b.String(), c.want)
		}
	}
}

func TestResultLineCountsWhatIsLeftUndone(t *testing.T) {
	blocked := planner.Plan{Steps: []planner.Step{step("a", planner.Blocked), step("b", planner.Blocked)}}
	warned := materialize.AssetResult{Record: planner.Materialization{Checks: []planner.CheckResult{{Status: planner.CheckWarned}, {Status: planner.CheckPassed}}}}
	for _, c := range []struct {
		plan   planner.Plan
		result materialize.Result
		want   string
	}{
		{planner.Plan{}, materialize.Result{Built: 2, Unchanged: 1, Took: time.Second}, "Apply complete: 2 built, 1 unchanged, 0 failed, 0 skipped, in 1.0 s."},
		{planner.Plan{}, materialize.Result{Dropped: 3, Took: time.Second}, "Apply complete: 0 built, 0 unchanged, 0 failed, 0 skipped, 3 dropped, in 1.0 s."},
		{planner.Plan{}, materialize.Result{Built: 1, Took: time.Second, Assets: []materialize.AssetResult{warned, warned}}, "Apply complete: 1 built, 0 unchanged, 0 failed, 0 skipped, 2 warnings, in 1.0 s."},
		{planner.Plan{}, materialize.Result{Failed: 1, Skipped: 2, Took: time.Second}, "Apply incomplete: 0 built, 0 unchanged, 1 failed, 2 skipped, in 1.0 s."},
		{blocked, materialize.Result{Built: 1, Took: time.Second}, "Apply incomplete: 1 built, 0 unchanged, 0 failed, 0 skipped, 2 blocked, in 1.0 s."},
		{blocked, materialize.Result{}, "Apply incomplete: 0 built, 0 unchanged, 0 failed, 0 skipped, 2 blocked."},
	} {
		if got := ResultLine(NewTotals(c.plan, c.result), c.result.Took, "Apply", Style{}); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestAFailedCheckIsToldOnce(t *testing.T) {
	var b bytes.Buffer
	progress := NewLines(&b, Style{}, noViews)
	check := planner.CheckResult{Check: "unique(id)", Status: planner.CheckFailed, Message: "1 duplicate row for id."}
	progress.Event(materialize.Event{Type: materialize.CheckFinished, Asset: n("a"), Check: &check})
	progress.Event(materialize.Event{Type: materialize.AssetFinished, Asset: n("a"), Outcome: materialize.FailedBuild, Message: "check unique(id): 1 duplicate row for id.", Done: 1, Total: 1})
	if want := "a: check unique(id) failed: 1 duplicate row for id\na: failed [1/1]\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestEventJSON(t *testing.T) {
	for _, c := range []struct {
		event materialize.Event
		want  string
	}{
		{materialize.Event{Type: materialize.RunStarted, At: began, Run: "R", Total: 2},
			`{"type":"run_started","at":"2026-11-23T08:00:00Z","run":"R","done":0,"total":2}`},
		{materialize.Event{Type: materialize.AssetStarted, At: began, Run: "R", Asset: n("mart.a"), Action: planner.Create, Total: 2},
			`{"type":"asset_started","at":"2026-11-23T08:00:00Z","run":"R","asset":"mart.a","action":"create","done":0,"total":2}`},
		{materialize.Event{Type: materialize.AssetFinished, At: began, Run: "R", Asset: n("mart.a"), Action: planner.Create, Outcome: materialize.Built, Rows: 0, Took: time.Second, Done: 1, Total: 2},
			`{"type":"asset_finished","at":"2026-11-23T08:00:00Z","run":"R","asset":"mart.a","action":"create","status":"built","rows":0,"seconds":1,"done":1,"total":2}`},
		{materialize.Event{Type: materialize.RunFinished, At: began, Run: "R", Result: &materialize.Result{Status: "succeeded", Built: 1, Took: time.Second}},
			`{"type":"run_finished","at":"2026-11-23T08:00:00Z","run":"R","status":"succeeded","seconds":1,"built":1,"unchanged":0,"failed":0,"skipped":0,"dropped":0,"blocked":0,"warnings":0}`},
	} {
		var b bytes.Buffer
		NewJSONLines(&b).Event(c.event)
		if diff := cmp.Diff(c.want+"\n", b.String()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestDiffShowsTouchedLines(t *testing.T) {
	var b bytes.Buffer
	Diff(&b, "a.hcl", []byte("a\nb=1\nc\nd=2\ne=3\n"), []byte("a\nb = 1\nc\nd = 2\ne = 3\n"), Style{})
	want := "--- a.hcl\n+++ a.hcl\n@@ -2,1 +2,1 @@\n-b=1\n+b = 1\n@@ -4,2 +4,2 @@\n-d=2\n-e=3\n+d = 2\n+e = 3\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}
