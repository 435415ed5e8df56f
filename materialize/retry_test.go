package materialize_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// TestMain lets the test binary be another program that has a database open for writing.
func TestMain(m *testing.M) {
	if path := os.Getenv("HOLD_DATABASE"); path != "" {
		db, err := warehouse.Memory(ctx)
		if err == nil {
			err = db.Exec(ctx, "ATTACH "+warehouse.Literal(path)+" AS held")
		}
		fmt.Println("held", err)
		os.Stdin.Read(make([]byte, 1)) // until the test ends this process
		return
	}
	os.Exit(m.Run())
}

// held has another process hold a database until release is called.
func (w *world) held(path string) (release func()) {
	w.Helper()
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), "HOLD_DATABASE="+filepath.Join(w.dir, path))
	stdin, err := holder.StdinPipe()
	if err != nil {
		w.Fatal(err)
	}
	stdout, err := holder.StdoutPipe()
	if err != nil {
		w.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		w.Fatal(err)
	}
	line := make([]byte, 1000)
	if n, err := stdout.Read(line); err != nil || string(line[:n]) != "held <nil>\n" {
		w.Fatalf("the holder did not start: %s %v", line[:n], err)
	}
	return func() {
		stdin.Close()
		holder.Wait()
	}
}

// tale is what a run told of an asset: how each attempt began and ended.
func (w *world) tale(name string) []string {
	var tale []string
	for _, e := range w.events {
		if e.Asset.String() != name {
			continue
		}
		switch e.Type {
		case materialize.AssetStarted:
			tale = append(tale, fmt.Sprintf("started %d", e.Attempt))
		case materialize.AssetRetry:
			tale = append(tale, fmt.Sprintf("retry %d of %d (%s) in %s", e.Attempt, e.MaxAttempts, e.Class, e.Next.Sub(e.At)))
		case materialize.AssetFinished:
			tale = append(tale, strings.TrimSpace(fmt.Sprintf("%s %s", e.Outcome, e.Class)))
		}
	}
	return tale
}

func wantTale(t *testing.T, w *world, name string, want ...string) {
	t.Helper()
	if got := w.tale(name); !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", name, got, want)
	}
}

func (w *world) record(r materialize.Result, name string) planner.Materialization {
	w.Helper()
	for _, a := range r.Assets {
		if a.Asset.String() == name {
			return a.Record
		}
	}
	w.Fatalf("%s had no part in the run", name)
	return planner.Materialization{}
}

const retries = `
  retry {
    max_attempts = 4
    delay        = "4s"
    max_delay    = "10s"
  }
`

// A file is away when it is to be read, and comes back before the third attempt.
func TestAFileThatComesBackIsReadByALaterAttempt(t *testing.T) {
	w := testWorld(t, map[string]string{"a.hcl": `
source "raw.s" { files = "s.csv" }
asset "a.x" {
  sql = "select * from raw.s"` + retries + `}
asset "a.y" { sql = "select i + 1 as i from a.x" }
`})
	w.csv("s.csv", "i", "1")
	p := w.plan()
	path, away := filepath.Join(w.dir, "s.csv"), filepath.Join(w.dir, "s.away")
	if err := os.Rename(path, away); err != nil {
		t.Fatal(err)
	}
	pauses := 0
	w.pause = func(context.Context, time.Duration) error {
		if pauses++; pauses == 2 {
			return os.Rename(away, path)
		}
		return nil
	}
	r := w.carryOut(p)
	wantTale(t, w, "a.x", "started 1", "retry 1 of 4 (io) in 2s", "started 2", "retry 2 of 4 (io) in 4s", "started 3", "built")
	wantTale(t, w, "a.y", "started 1", "built")
	wantRows(t, w, "a.y", "{'i': 2}")
	record := w.record(r, "a.x")
	if len(record.Attempts) != 2 || record.Attempts[1].Number != 2 || record.Attempts[1].Class != assets.IOError || !strings.Contains(record.Attempts[1].Err, "s.csv") || record.Class != "" {
		t.Errorf("the record of what was built in the end: %+v", record.Attempts)
	}
	last := w.events[len(w.events)-1]
	if last.Type != materialize.RunFinished || last.Done != 2 || last.Total != 2 {
		t.Errorf("%d of %d done at the end, want 2 of 2", last.Done, last.Total)
	}
	wantNothingToDo(t, w)
}

// Another process has a database open for writing, and gives it up during the first pause.
func TestADatabaseThatIsGivenUpIsReadByALaterAttempt(t *testing.T) {
	w := customers(t)
	w.write("project.hcl", `project "test" { 
  defaults { 
    retry { on = ["lock"] }
  } 
}`)
	p := w.plan()
	release := w.held("crm.duckdb")
	w.pause = func(context.Context, time.Duration) error {
		release()
		return nil
	}
	w.carryOut(p)
	wantTale(t, w, "staging.a", "started 1", "retry 1 of 3 (lock) in 2.5s", "started 2", "built")
	wantRows(t, w, "staging.b", "{'n': 1, 'name': ann, 'm': 1}")
}

const slow = "select count(*) as n from range(100000) a, range(100000000) b where a.range * b.range % 7 = 3"

// What takes longer than its timeout is interrupted, and no other asset suffers from that:
// neither one beside it, nor one that reads the same source.
func TestABuildThatTakesTooLongIsInterrupted(t *testing.T) {
	w := testWorld(t, map[string]string{"a.hcl": `
source "raw.s" { files = "s.csv" }
asset "a.slow" {
  sql     = "` + slow + ` and (select count(*) from raw.s) > 0"
  timeout = "100ms"
  retry { max_attempts = 2 }
}
asset "a.reader" { sql = "select * from a.slow" }
asset "a.other" { sql = "select i from raw.s" }
`})
	w.csv("s.csv", "i", "1")
	w.pause = func(context.Context, time.Duration) error { return nil }
	r := w.apply()
	wantTale(t, w, "a.slow", "started 1", "retry 1 of 2 (timeout) in 2.5s", "started 2", "failed timeout")
	wantTale(t, w, "a.reader", "skipped")
	wantRows(t, w, "a.other", "{'i': 1}")
	record := w.record(r, "a.slow")
	if want := "it took longer than its timeout, which is 100ms, and was interrupted"; record.Err != want {
		t.Errorf("%q, want %q", record.Err, want)
	}
	if len(w.tables()) != 1 {
		t.Errorf("tables of what was interrupted stay: %v", w.tables())
	}
}

// All attempts together may take so long: no other begins for which no time is left.
func TestAllAttemptsTogetherHaveATime(t *testing.T) {
	w := testWorld(t, map[string]string{"a.hcl": `
asset "a.slow" {
  sql         = "` + slow + `"
  timeout     = "50ms"
  max_runtime = "10s"
  retry {
    max_attempts = 100
    delay        = "8s"
    max_delay    = "1h"
  }
}
`})
	w.pause = func(context.Context, time.Duration) error { return nil }
	w.apply()
	wantTale(t, w, "a.slow", "started 1", "retry 1 of 100 (timeout) in 4s", "started 2", "retry 2 of 100 (timeout) in 8s", "started 3", "failed timeout")
}

// What cannot succeed by itself is attempted once, whatever blocks there are about other
// errors; what a block names is attempted again, unless no row can make a difference.
func TestWhatCannotSucceedIsNotAttemptedAgain(t *testing.T) {
	for _, c := range []struct {
		name, asset string
		want        []string
	}{
		{"a check, by default", `
  sql = "select 1 as i"
  retry {}
  check "expression" { expression = "i > 1" }`, []string{"started 1", "failed check"}},
		{"a check, by name", `
  sql = "select 1 as i"
  retry {
    on           = ["check"]
    max_attempts = 2
  }
  check "expression" { expression = "i > 1" }`, []string{"started 1", "retry 1 of 2 (check) in 2.5s", "started 2", "failed check"}},
		{"a value that does not fit, by default", `
  sql = "select s::integer as i from a.s"
  retry {}`, []string{"started 1", "failed sql"}},
		{"a value that does not fit, by name", `
  sql = "select s::integer as i from a.s"
  retry {
    on           = ["sql"]
    max_attempts = 2
  }`, []string{"started 1", "retry 1 of 2 (sql) in 2.5s", "started 2", "failed sql"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := testWorld(t, map[string]string{"a.hcl": "asset \"a.s\" { sql = \"select 'x' as s\" }\nasset \"a.x\" {" + c.asset + "\n}\n"})
			w.pause = func(context.Context, time.Duration) error { return nil }
			w.apply()
			wantTale(t, w, "a.x", c.want...)
		})
	}
}

// What does not bind comes to the same whenever it is tried: no block makes it be attempted
// again, and no daemon later.
func TestWhatDoesNotBindIsNotAttemptedAgain(t *testing.T) {
	w := customers(t)
	w.write("project.hcl", `project "test" {
  defaults {
    retry { on = ["sql", "io", "lock"] }
  }
}`)
	p := w.plan()
	w.crm("DROP TABLE customers")
	r := w.carryOut(p)
	wantTale(t, w, "staging.a", "started 1", "failed sql")
	if record := w.record(r, "staging.a"); !record.Retry.IsZero() {
		t.Errorf("tried again at %s: %s", record.Retry, record.Err)
	}
}

// While one asset waits for another attempt, the only worker builds others, also those
// that came to be ready later; and the longest waits need not be the last.
func TestAPauseOccupiesNoWorker(t *testing.T) {
	w := testWorld(t, map[string]string{"a.hcl": `
source "raw.s" { files = "s.csv" }
asset "a.first" {
  sql = "select * from raw.s"` + retries + `}
asset "b.one" { sql = "select 1 as i" }
asset "b.two" { sql = "select i from b.one" }
asset "b.three" { sql = "select i from b.two" }
`})
	w.csv("s.csv", "i", "1")
	w.parallelism = 1
	p := w.plan()
	path, away := filepath.Join(w.dir, "s.csv"), filepath.Join(w.dir, "s.away")
	if err := os.Rename(path, away); err != nil {
		t.Fatal(err)
	}
	othersDone := make(chan struct{})
	w.when("b.three", func() { close(othersDone) })
	w.pause = func(ctx context.Context, _ time.Duration) error {
		select {
		case <-othersDone:
		case <-ctx.Done():
			return ctx.Err()
		}
		return os.Rename(away, path)
	}
	r := w.carryOut(p)
	if r.Built != 4 || r.Failed != 0 {
		t.Errorf("%v", outcomes(r))
	}
}

// An interrupt ends a pause at once.
func TestAnInterruptEndsAPause(t *testing.T) {
	w := testWorld(t, map[string]string{"a.hcl": `
asset "a.x" {
  sql = "select 1 as i"
  check "expression" { expression = "i > 1" }
  retry {
    on    = ["check"]
    delay = "24h"
    max_delay = "24h"
  }
}
`})
	until, cancel := context.WithCancel(ctx)
	defer cancel()
	w.until = until
	w.onEvent = func(e materialize.Event) {
		if e.Type == materialize.AssetRetry {
			cancel()
		}
	}
	if _, err := w.try(w.plan()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
}

// When the attempts of a run are used up, the record says how often, since when, and when
// the next run may try again: the pause goes on growing from run to run. Other inputs
// begin anew; without a block about the error nothing is tried again by itself.
func TestTheRecordSaysWhenToTryAgain(t *testing.T) {
	project := func(retry string) map[string]string {
		return map[string]string{"a.hcl": `
source "raw.s" { files = "s.csv" }
asset "a.x" {
  sql = "select i from raw.s"
  check "expression" { expression = "i > 1" }
` + retry + `}
`}
	}
	w := testWorld(t, project(`
  retry {
    on           = ["check"]
    max_attempts = 2
    delay        = "1s"
    max_delay    = "5s"
  }
`))
	w.csv("s.csv", "i", "1")
	w.pause = func(context.Context, time.Duration) error { return nil }
	w.options.Retry = true
	record := w.record(w.apply(), "a.x")
	first := record.FailedSince
	want := func(tried int, rest time.Duration) {
		t.Helper()
		if record.Tried != tried || record.Retry.Sub(record.Ended) != rest || record.Class != assets.CheckError {
			t.Errorf("tried %d times, again after %s (%s); want %d, %s", record.Tried, record.Retry.Sub(record.Ended), record.Class, tried, rest)
		}
	}
	want(2, 2*time.Second)
	record = w.record(w.apply(), "a.x")
	want(4, 5*time.Second)
	if !record.FailedSince.Equal(first) || first.IsZero() {
		t.Errorf("failed since %s, want %s", record.FailedSince, first)
	}
	w.csv("s.csv", "i", "0")
	record = w.record(w.apply(), "a.x")
	want(2, 2*time.Second)
	w.write("a.hcl", project("")["a.hcl"])
	record = w.record(w.apply(), "a.x")
	if !record.Retry.IsZero() || record.Tried != 3 {
		t.Errorf("tried %d times, again at %s without a retry block", record.Tried, record.Retry)
	}
}

// A source that could not be judged is judged by the next attempt.
func TestASourceThatComesBackIsJudgedByALaterAttempt(t *testing.T) {
	w := testWorld(t, map[string]string{"a.hcl": `
source "raw.s" {
  files = "s.csv"
  check "row_count" { min = 1 }
}
asset "a.x" {
  sql = "select * from raw.s"` + retries + `}
`})
	w.csv("s.csv", "i", "1")
	p := w.plan()
	path, away := filepath.Join(w.dir, "s.csv"), filepath.Join(w.dir, "s.away")
	if err := os.Rename(path, away); err != nil {
		t.Fatal(err)
	}
	w.pause = func(context.Context, time.Duration) error { return os.Rename(away, path) }
	w.carryOut(p)
	wantTale(t, w, "a.x", "started 1", "retry 1 of 4 (io) in 2s", "started 2", "built")
	wantRows(t, w, "a.x", "{'i': 1}")
}

// An asset that has too little time to have a source judged fails alone.
func TestTheTimeOfOneAssetIsNotThatOfAnother(t *testing.T) {
	w := testWorld(t, map[string]string{"a.hcl": `
source "raw.s" {
  files = "s.csv"
  check "sql" { sql = "select i from raw.s where (select sum(hash(range)) from range(30000000)) < 0" }
}
asset "a.hasty" {
  sql      = "select * from raw.s"
  timeout  = "20ms"
  priority = 1
}
asset "a.patient" { sql = "select * from raw.s" }
`})
	w.csv("s.csv", "i", "1")
	w.parallelism = 1
	w.carryOut(w.plan())
	wantTale(t, w, "a.hasty", "started 1", "failed timeout")
	wantTale(t, w, "a.patient", "started 1", "built")
}
