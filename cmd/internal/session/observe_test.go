package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/observe"
)

var orders = assets.MustName("raw.orders")

// lookAt compiles the project in dir at a moment and returns the look at its source.
func lookAt(t *testing.T, dir string, now time.Time) observe.Look {
	t.Helper()
	s, diags := Open(Options{Dir: dir, Now: func() time.Time { return now }})
	mustNot(t, diags)
	defer s.Close()
	mustNot(t, s.Compile(ctx))
	return s.Looks[orders]
}

// A file with an old time that is moved in did not arrive before the last look, also
// if that found nothing new and wrote down nothing but its time.
func TestArrivalIsNotBeforeTheLastLook(t *testing.T) {
	dir := directory(t)
	start := time.Now().Add(time.Hour).UTC()
	lookAt(t, dir, start)
	if again := lookAt(t, dir, start.Add(time.Hour)); again.Err != "" || again.Arrived.After(start) {
		t.Fatalf("nothing new: %+v", again.Observation)
	}
	write(t, dir, "orders.csv", "id,amount\n3,30\n")
	late := lookAt(t, dir, start.Add(2*time.Hour))
	if want := start.Add(time.Hour); !late.Arrived.Equal(want) {
		t.Errorf("arrived %s, want the last look that did not see it, %s", late.Arrived, want)
	}
}

// A version that no run has recorded is not forgotten when the source cannot be
// observed, nor does that look say anything of when the next version arrived.
func TestAnUnrecordedVersionOutlivesAFailedLook(t *testing.T) {
	dir := directory(t)
	start := time.Now().Add(time.Hour).UTC()
	first := lookAt(t, dir, start)
	if err := os.Rename(filepath.Join(dir, "orders.csv"), filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		look := lookAt(t, dir, start.Add(time.Duration(i+1)*time.Hour))
		if look.Err == "" || !look.Unreadable || look.ID != first.ID || !look.Arrived.Equal(first.Arrived) {
			t.Fatalf("gone: %+v", look.Observation)
		}
	}
	write(t, dir, "orders.csv", "id,amount\n3,30\n")
	if next := lookAt(t, dir, start.Add(9*time.Hour)); next.ID == first.ID || !next.Arrived.Equal(start) {
		t.Errorf("back: %+v, want it to have arrived at %s", next.Observation, start)
	}
}

// A source that waits still has the version it had: what it waited for arrived after that.
func TestWhatWaitedArrivesAfterTheWait(t *testing.T) {
	dir := directory(t)
	write(t, dir, "project.hcl", `
project "p" {}
source "raw.orders" {
  files = "orders.csv"
  when { file = "READY" }
}
`)
	write(t, dir, "READY", "")
	start := time.Now().Add(time.Hour).UTC()
	first := lookAt(t, dir, start)
	if err := os.Remove(filepath.Join(dir, "READY")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "orders.csv", "id,amount\n3,30\n")
	waiting := lookAt(t, dir, start.Add(time.Hour))
	if waiting.Waits == "" || waiting.ID != first.ID || !waiting.Unreadable {
		t.Fatalf("it does not wait: %+v", waiting)
	}
	write(t, dir, "READY", "")
	if taken := lookAt(t, dir, start.Add(2*time.Hour)); taken.ID == first.ID || !taken.Arrived.Equal(start.Add(time.Hour)) {
		t.Errorf("taken: %+v", taken.Observation)
	}
}

// What a condition may ask, and what it answers.
func TestAsk(t *testing.T) {
	dir := directory(t)
	s := open(t, dir)
	for _, test := range []struct {
		sql   string
		holds bool
		err   string // the beginning
	}{
		{"select count(*) = 2 from 'orders.csv'", true, ""},
		{"from read_csv('orders.csv') select max(amount) > 20 -- really", false, ""},
		{"select true from 'orders.csv' where amount > 100", false, ""},
		{"select null", false, ""},
		{"select 1, 'and more'", true, ""},
		{"values (true), (false)", true, ""},
		{"select count(*) = 1 from glob('*.csv')", true, ""},
		{"select content like 'id%' from read_text('orders.csv')", true, ""},
		{"select 'soon'", false, "Conversion Error"},
		{"select * from 'none.csv'", false, "IO Error: No files found"},
		{"select * from raw.orders", false, "a condition reads files, and raw.orders is none: write from 'data/orders.csv'"},
		{"copy (select 1) to 'x.csv'", false, "Only SELECT statements"},
		{"select 1; select 2", false, "More than one statement"},
		{"select * from duckdb_settings()", false, "duckdb_settings() cannot be used in a condition"},
		{"selec true", false, "syntax error"},
	} {
		holds, err := s.ask(ctx, test.sql)
		if holds != test.holds || (err == nil) != (test.err == "") || err != nil && !strings.HasPrefix(err.Error(), test.err) {
			t.Errorf("%s: %v, %v; want %v, %s", test.sql, holds, err, test.holds, test.err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "x.csv")); err == nil {
		t.Error("a condition wrote a file")
	}
}
