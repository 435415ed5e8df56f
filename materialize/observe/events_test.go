package observe

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

var loadDone = &assets.Source{Name: assets.MustName("events.load_done"), Event: true}

// desk is a directory of events with a warehouse's records of them.
type desk struct {
	dir  string
	now  time.Time
	rows []planner.Arrival // what the warehouse has recorded
}

func (d *desk) push(t rapid.TB, version string) {
	t.Helper()
	if err := Push(d.dir, loadDone.Name, version, d.now); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) look(t rapid.TB) Look {
	t.Helper()
	o := Observer{EventDir: d.dir, Now: d.now, Recorded: map[assets.Name]planner.Observation{}}
	if n := len(d.rows); n > 0 {
		o.Recorded[loadDone.Name] = planner.Observation{Source: loadDone.Name, Version: planner.Version{ID: d.rows[n-1].ID, Arrived: d.rows[n-1].Arrived, Columns: eventColumns}}
	}
	looks, err := o.Look(bg, []*assets.Source{loadDone})
	if err != nil {
		t.Fatal(err)
	}
	return looks[loadDone.Name]
}

// record does what a run does with a look before it builds.
func (d *desk) record(look Look) {
	if n := len(d.rows); look.ID != "" && (n == 0 || d.rows[n-1].ID != look.ID || len(look.Before) > 0) {
		d.rows = append(append(d.rows, look.Before...), planner.Arrival{ID: look.ID, Arrived: look.Arrived})
	}
}

// log is what the rows say: of those with one id the last counts.
func (d *desk) log(t rapid.TB) (versions []string) {
	t.Helper()
	for i, row := range d.rows {
		if slices.ContainsFunc(d.rows[i+1:], func(later planner.Arrival) bool { return later.ID == row.ID }) {
			continue
		}
		e, ok := eventOf(row.ID)
		if !ok {
			t.Fatalf("%s is no event", row.ID)
		}
		versions = append(versions, e.Version)
	}
	return versions
}

func TestEventsBecomeVersions(t *testing.T) {
	d := &desk{dir: filepath.Join(t.TempDir(), "events"), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	none := d.look(t)
	if none.ID != "" || len(none.Columns) != 2 || none.SQL != "" || !strings.Contains(none.Err, "no event was pushed yet") {
		t.Errorf("before the first event: %+v", none)
	}
	// Several at once: the newest is the version, and all are told in order.
	began := d.now
	for _, version := range []string{"mon", "mon", "tue", "wed's"} {
		d.push(t, version)
		d.now = d.now.Add(time.Hour)
	}
	look := d.look(t)
	var before []string
	for _, a := range look.Before {
		e, _ := eventOf(a.ID)
		before = append(before, fmt.Sprint(e.Version, " ", a.Arrived.Sub(began)))
	}
	if want := []string{"mon 0s", "tue 2h0m0s"}; !slices.Equal(before, want) {
		t.Errorf("before %q, want %q", before, want)
	}
	if want := began.Add(3 * time.Hour); !look.Arrived.Equal(want) || look.SQL != `SELECT 'wed''s' AS version, '2026-03-01 15:00:00+00'::TIMESTAMPTZ AS arrived` {
		t.Errorf("arrived %s, want %s; read by %s", look.Arrived, want, look.SQL)
	}
	// A look by itself changes nothing.
	if again := d.look(t); !reflect.DeepEqual(again, look) {
		t.Errorf("another look: %+v, want %+v", again, look)
	}
	d.record(look)
	if err := Forget(d.dir, look); err != nil {
		t.Fatal(err)
	}
	if after := d.look(t); after.ID != look.ID || after.SQL != look.SQL || after.Before != nil || len(after.Events) != 0 {
		t.Errorf("once recorded: %+v", after)
	}
	// An equal version is none, but was delivered, and that is not forgotten.
	d.push(t, "wed's")
	for range 2 {
		same := d.look(t)
		if same.ID != look.ID || !same.Delivered.Equal(d.now) || same.Before != nil {
			t.Errorf("an equal version: %+v", same)
		}
		if err := Forget(d.dir, same); err != nil {
			t.Fatal(err)
		}
	}
	// One that was there before, and not last, is another: it arrived at another time.
	d.push(t, "mon")
	if back := d.look(t); back.ID == look.Before[0].ID || !strings.Contains(back.SQL, "'mon'") || !back.Delivered.IsZero() {
		t.Errorf("a version that came back: %+v", back)
	}
}

// Whatever happens between pushes, looks, runs, crashes and changes of the clock, no
// event is lost, and none overtakes another.
func TestNoEventIsLost(t *testing.T) {
	root := t.TempDir()
	number := 0
	rapid.Check(t, func(t *rapid.T) {
		number++
		d := &desk{dir: filepath.Join(root, fmt.Sprint(number)), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		var want []string
		crashed := false
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				version := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "version")
				d.push(t, version)
				if n := len(want); n == 0 || want[n-1] != version {
					want = append(want, version)
				}
			},
			"clock": func(t *rapid.T) {
				d.now = d.now.Add(time.Duration(rapid.IntRange(-3, 5).Draw(t, "ms")) * time.Millisecond)
			},
			"look": func(t *rapid.T) { d.look(t) },
			"run": func(t *rapid.T) {
				look := d.look(t)
				d.record(look)
				for range rapid.IntRange(1, 2).Draw(t, "times") {
					if err := Forget(d.dir, look); err != nil {
						t.Fatal(err)
					}
				}
			},
			"pushed while a run records": func(t *rapid.T) {
				look := d.look(t)
				d.push(t, "d")
				if n := len(want); n == 0 || want[n-1] != "d" {
					want = append(want, "d")
				}
				d.record(look)
				if err := Forget(d.dir, look); err != nil {
					t.Fatal(err)
				}
			},
			"killed after it recorded": func(t *rapid.T) {
				look := d.look(t)
				d.record(look)
				crashed = true
				if n := len(look.Events); n > 0 { // or in the middle of removing
					look.Events = look.Events[:rapid.IntRange(0, n-1).Draw(t, "removed")]
					look.Delivered = time.Time{}
					if err := Forget(d.dir, look); err != nil {
						t.Fatal(err)
					}
				}
			},
			"": func(t *rapid.T) {
				seen := &desk{dir: d.dir, now: d.now, rows: slices.Clone(d.rows)}
				seen.record(seen.look(t))
				got := seen.log(t)
				if crashed { // what was delivered before it may then be taken for a version
					got = slices.Compact(got)
				}
				if !slices.Equal(got, want) {
					t.Fatalf("the log is %q, want %q", got, want)
				}
				if !crashed && len(seen.rows) != len(want) {
					t.Fatalf("%d rows for %d versions", len(seen.rows), len(want))
				}
				if !slices.IsSortedFunc(seen.rows, func(a, b planner.Arrival) int { return a.Arrived.Compare(b.Arrived) }) {
					t.Fatalf("arrivals decrease: %v", seen.rows)
				}
			},
		})
	})
}

// Many push at once, while others record: the events of each arrive, in its order.
func TestManyPushAtOnce(t *testing.T) {
	d := &desk{dir: filepath.Join(t.TempDir(), "events"), now: time.Now()}
	const pushers, each = 8, 25
	var all sync.WaitGroup
	for p := range pushers {
		all.Go(func() {
			for i := range each {
				d.push(t, fmt.Sprintf("%d %03d", p, i))
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for finished := false; !finished; {
		select {
		case <-done:
			finished = true
		default:
		}
		look := d.look(t)
		d.record(look)
		if err := Forget(d.dir, look); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string][]string{}
	for _, version := range d.log(t) {
		pusher, _, _ := strings.Cut(version, " ")
		got[pusher] = append(got[pusher], version)
	}
	for pusher, versions := range got {
		if len(versions) != each || !slices.IsSorted(versions) {
			t.Errorf("of pusher %s arrived %q", pusher, versions)
		}
	}
	if len(got) != pushers {
		t.Errorf("only %v pushed", slices.Sorted(maps.Keys(got)))
	}
}

func TestPushRefusesWhatIsNoVersion(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{" ", "a\nb", "a\x00b", "\xff", strings.Repeat("x", 201)} {
		if err := Push(dir, loadDone.Name, version, time.Now()); err == nil {
			t.Errorf("%q was taken", version)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
	// Without one it is new each time.
	for range 2 {
		if err := Push(dir, loadDone.Name, "", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	events, err := readEvents(dir, nil)
	if e := events[loadDone.Name]; err != nil || len(e) != 2 || e[0].Version == e[1].Version {
		t.Errorf("%v, %v", events, err)
	}
}

// What is not whole was never pushed.
func TestAnUnfinishedPushIsNotInTheWay(t *testing.T) {
	d := &desk{dir: t.TempDir(), now: time.Now()}
	d.push(t, "a")
	if err := os.WriteFile(filepath.Join(d.dir, ".01M8H51V4EZJ6PX2ACFQFN53QC.json.123"), []byte(`{"sou`), 0o666); err != nil {
		t.Fatal(err)
	}
	if look := d.look(t); look.Err != "" || !strings.Contains(look.SQL, "'a'") {
		t.Errorf("an unfinished push is in the way: %+v", look)
	}
}
