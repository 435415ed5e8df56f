package observe

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNamesOfUnfinishedFiles(t *testing.T) {
	for _, test := range []struct {
		pattern, path string
		left          bool
	}{
		{"data/*", "orders.csv", false},
		{"data/*", "orders.csv.part", true},
		{"data/*", "orders.csv.TMP", true},
		{"data/*", "orders.csv.crdownload", true},
		{"data/*", "orders.csv.filepart", true},
		{"data/*", "orders.csv~", true},
		{"data/*.tmp", "orders.tmp", false},
		{"data/*.{csv,TMP}", "orders.tmp", false},
		{"data.tmp/*", "orders.tmp", true},
		{"data/orders.csv~", "orders.csv~", false},
		{"data/*", "template.csv", false},
		{"data/**", "day/_temporary/0/part.csv", true},
		{"data/**/_temporary/**", "day/_temporary/0/part.csv", false},
	} {
		if got := isUnfinished(test.path, test.pattern); got != test.left {
			t.Errorf("%s matched by %s is left out: %v, want %v", test.path, test.pattern, got, test.left)
		}
	}
}

// What a source with a marker or a time to settle reads, look by look.
func TestTakenWhenComplete(t *testing.T) {
	const wait = "waits for"
	for _, test := range []struct {
		name   string
		glob   string
		marker string
		settle time.Duration
		looks  []look
	}{
		{"a marker for all in a directory", "*/*.csv", "_SUCCESS", 0, []look{
			{write: "mon/a.csv", waits: "mon/a.csv waits for its marker mon/_SUCCESS", fails: true},
			{write: "mon/_SUCCESS", rows: "1"},
			{write: "tue/b.csv", rows: "1", waits: wait},
			{write: "tue/_SUCCESS", rows: "1\n3"},
			// Written anew: the source as a whole waits.
			{remove: "mon/_SUCCESS", waits: "mon/a.csv waits for its marker mon/_SUCCESS", fails: true},
			{write: "mon/_SUCCESS", rows: "1\n3"},
			{write: "mon/a.csv", waits: "mon/a.csv was written after its marker mon/_SUCCESS: it waits for a newer one", fails: true},
			{write: "mon/_SUCCESS", rows: "7\n3"},
		}},
		{"a marker for each file", "*", "{}.done", 0, []look{
			{write: "a.csv", waits: "a.csv waits for its marker a.csv.done", fails: true},
			{write: "a.csv.done", rows: "1"},
			{write: "b.csv", rows: "1", waits: wait},
			{write: "c.csv", rows: "1", waits: "b.csv waits for its marker b.csv.done (and 1 more)"},
			{write: "c.csv.done", rows: "1\n4", waits: wait},
			{write: "b.csv.done", rows: "1\n3\n4"},
		}},
		{"a marker elsewhere", "in/*.csv", "../ready/{}", 0, []look{
			{write: "in/a.csv", waits: "in/a.csv waits for its marker ready/a.csv", fails: true},
			{write: "ready/a.csv", rows: "1"},
		}},
		{"an unfinished file appears under its name", "*.csv", "", 30 * time.Second, []look{
			{write: "a.csv", waits: "a.csv may still be being written: it is taken when it has not changed for 30s", fails: true, again: 30 * time.Second},
			{after: 29 * time.Second, waits: "a.csv may", fails: true, again: time.Second},
			{after: time.Second, rows: "1"},
			{write: "b.csv", rows: "1", waits: "b.csv may", again: 30 * time.Second},
			{after: 10 * time.Second, write: "c.csv", rows: "1", waits: "b.csv may still be being written: it is taken when it has not changed for 30s (and 1 more)", again: 20 * time.Second},
			{after: 20 * time.Second, rows: "1\n4", waits: "c.csv may", again: 10 * time.Second},
			{after: 10 * time.Second, rows: "1\n4\n5"},
			{write: "a.csv", waits: "a.csv may", fails: true, again: 30 * time.Second},
			{after: time.Hour, rows: "8\n4\n5"},
		}},
		{"a file is renamed into place", "*.csv", "", 30 * time.Second, []look{
			{write: "a.csv.part", age: time.Minute, fails: true},
			{rename: [2]string{"a.csv.part", "a.csv"}, rows: "1"},
			{write: "b.csv", rows: "1", waits: "b.csv may", again: 30 * time.Second},
			{write: "b.csv.part", age: time.Minute, rows: "1", waits: "b.csv may", again: 30 * time.Second},
			{rename: [2]string{"b.csv.part", "b.csv"}, rows: "1\n4"},
		}},
		{"the writer's clock is ahead", "*.csv", "", 30 * time.Second, []look{
			{write: "a.csv", age: -time.Hour, waits: "a.csv may", fails: true, again: 30 * time.Second},
			{after: 29 * time.Second, waits: "a.csv may", fails: true, again: time.Second},
			{after: time.Second, rows: "1"},
			{rows: "1"}, // it is still known
			{write: "b.csv", age: -time.Hour, rows: "1", waits: "b.csv may", again: 30 * time.Second},
			{after: 30 * time.Second, rows: "1\n5"},
			// The source as a whole waits for the one that changed, not for each in turn.
			{write: "a.csv", age: -time.Hour, waits: "a.csv may still be being written: it is taken when it has not changed for 30s", fails: true, again: 30 * time.Second},
			{after: 10 * time.Second, waits: "a.csv may", fails: true, again: 20 * time.Second},
			{after: 20 * time.Second, rows: "7\n5"},
			{after: 2 * time.Hour, rows: "7\n5"},
			{rows: "7\n5"},
		}},
		{"the writer sets the time back", "*.csv", "", 30 * time.Second, []look{
			{write: "a.csv", waits: "a.csv may", fails: true, again: 30 * time.Second},
			{after: 20 * time.Second, write: "a.csv", age: time.Hour, waits: "a.csv may", fails: true, again: 30 * time.Second},
			{after: 20 * time.Second, waits: "a.csv may", fails: true, again: 10 * time.Second},
			{after: 10 * time.Second, rows: "2"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			y := newYard(t)
			s := y.source(test.glob)
			s.Reader.Format = "csv"
			s.Taking.Marker, s.Taking.Settle = test.marker, test.settle
			for i, step := range test.looks {
				y.Now = y.Now.Add(max(step.after, time.Millisecond))
				step.do(y, i+1)
				got := y.look(s)
				if !strings.Contains(got.Waits, step.waits) || (got.Waits == "") != (step.waits == "") {
					t.Errorf("look %d: waits %q, want %q", i+1, got.Waits, step.waits)
				}
				if step.fails {
					if got.Err == "" || step.waits != "" && got.Err != got.Waits || got.SQL != "" || got.Unreadable != (got.ID != "") {
						t.Errorf("look %d: %+v; want none that can be read", i+1, got)
					}
				} else if got.Err != "" || got.SQL == "" {
					t.Errorf("look %d: %s", i+1, got.Err)
				} else if rows := strings.ReplaceAll(y.table(got.SQL), " x", ""); rows != step.rows {
					t.Errorf("look %d read %q, want %q", i+1, rows, step.rows)
				}
				if wait := got.Again.Sub(y.Now).Round(time.Second); step.again > 0 && wait != step.again || step.again == 0 && !got.Again.IsZero() {
					t.Errorf("look %d: again in %s, want %s", i+1, wait, step.again)
				}
				if got.Err == "" {
					y.Known[s.Name] = got.Observation
				}
			}
		})
	}
}

// look is what happens before a look, and what that finds. The i-th writes the row i.
type look struct {
	after         time.Duration // since the look before
	write, remove string
	age           time.Duration // how long ago it was written
	rename        [2]string
	rows          string
	waits         string
	fails         bool
	again         time.Duration
}

func (l look) do(y *yard, i int) {
	if l.write != "" {
		y.write(l.write, "a,b\n"+string(rune('0'+i))+",x\n")
		y.age(l.write, l.age)
	}
	if l.remove != "" {
		os.Remove(filepath.Join(y.dir, l.remove))
	}
	if l.rename[0] != "" {
		if err := os.Rename(filepath.Join(y.dir, l.rename[0]), filepath.Join(y.dir, l.rename[1])); err != nil {
			y.t.Fatal(err)
		}
	}
}

// Without knowledge of what it read last, a source rather waits than drops rows.
func TestMarkerWithoutCache(t *testing.T) {
	y := newYard(t)
	for _, path := range []string{"a.csv", "a.csv.done", "b.csv"} {
		y.write(path, "a,b\n1,x\n")
	}
	s := y.source("*.csv")
	s.Taking.Marker = "{}.done"
	first := y.good(s)
	if len(first.Files) != 1 {
		t.Fatalf("read %v", first.Files)
	}
	y.know(first)
	os.Remove(y.CachePath)
	if look := y.look(s); look.Err == "" || !look.Unreadable {
		t.Errorf("%+v", look)
	}
}

// The marker's arrival is that of the version.
func TestArrivalWithMarker(t *testing.T) {
	y := newYard(t)
	y.write("a.csv", "a,b\n1,x\n")
	y.age("a.csv", 3*time.Hour)
	y.write("a.csv.done", "")
	y.age("a.csv.done", time.Hour)
	s := y.source("*.csv")
	s.Taking.Marker = "{}.done"
	if look := y.good(s); !look.Arrived.Equal(y.Now.Add(-time.Hour)) || !look.Delivered.Equal(look.Arrived) {
		t.Errorf("arrived %s, delivered %s", look.Arrived, look.Delivered)
	}
}

// That something waits hides no mistake in what is taken.
func TestAMistakeIsNoWait(t *testing.T) {
	y := newYard(t)
	for _, path := range []string{"a.csv", "a.csv.done", "b.csv"} {
		y.write(path, "a;b\n1;x\n")
	}
	s := y.source("*.csv", "delim", "','")
	s.Taking.Marker = "{}.done"
	if look := y.look(s); look.Waits == "" || !strings.Contains(look.Err, "reads as one column") || look.Waiting() {
		t.Errorf("%+v", look)
	}
}

// A daemon gives every source some time to settle.
func TestSettleOfAll(t *testing.T) {
	y := newYard(t)
	y.Settle = 500 * time.Millisecond
	y.write("a.csv", "a,b\n1,x\n")
	y.age("a.csv", 100*time.Millisecond)
	s := y.source("*.csv")
	look := y.look(s)
	if wait := look.Again.Sub(y.Now).Round(time.Millisecond); look.Err == "" || wait != 400*time.Millisecond {
		t.Errorf("%s, again in %s", look.Err, wait)
	}
	y.Now = look.Again
	y.good(s)
	s.Taking.Settle = time.Minute
	if look := y.look(s); look.Waits == "" {
		t.Error("what the source says counts for less")
	}
}

// By stat, a version is another one when the file system says so, whatever is in it.
func TestVersionByStat(t *testing.T) {
	y := newYard(t)
	y.write("a.csv", "a,b\n1,x\n")
	y.age("a.csv", time.Hour)
	s := y.source("*.csv")
	s.Taking.ByStat = true
	first := y.good(s)
	if again := y.good(s); again.ID != first.ID {
		t.Error("untouched, and another version")
	}
	if path, err := Changed(bg, first); path != "" || err != nil {
		t.Error(path, err)
	}
	y.age("a.csv", time.Minute)
	touched := y.good(s)
	if touched.ID == first.ID {
		t.Error("touched, and no other version")
	}
	if path, err := Changed(bg, first); path == "" || err != nil {
		t.Error("a run would not notice", err)
	}
	y.write("a.csv", "a,b\n2,x\n")
	y.age("a.csv", time.Minute) // the same size and mtime
	if look := y.good(s); look.ID == touched.ID {
		t.Error("rewritten with its time set back, and no other version")
	} else if got := y.table(look.SQL); got != "2 x" {
		t.Error(got)
	}
	s.Taking.ByStat = false
	if look := y.good(s); look.ID == touched.ID || !strings.HasPrefix(string(look.ID), "f1:") {
		t.Error(look.ID)
	}
}
