package observe

import (
	"testing"
	"time"

	"github.com/seed-4311623e/assets/planner"
)

// The rules of design §4: a file's mtime, but not after its first observation nor
// before the last look that saw the predecessor. Arrivals never decrease, but after one
// that is still to come: then the clock was ahead.
func TestArrivalRules(t *testing.T) {
	at := func(clock string) time.Time {
		if clock == "" {
			return time.Time{}
		}
		when, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return when.AddDate(2026, 0, 0)
	}
	for _, test := range []struct {
		name                               string
		written                            string // the youngest file
		before, beforeArrived, beforeLook  string // the last known version, if any
		beforeDelivered                    string
		now                                string
		arrived, delivered, deliveredEqual string
	}{
		{"first seen", "09:00", "", "", "", "", "10:00", "09:00", "09:00", ""},
		{"first seen, from the future", "11:00", "", "", "", "", "10:00", "10:00", "10:00", ""},
		{"after the last look", "09:30", "f1:0", "08:00", "09:00", "", "10:00", "09:30", "09:30", "09:30"},
		{"an old file moved in after the last look", "07:00", "f1:0", "06:00", "09:00", "", "10:00", "09:00", "09:00", "07:00"},
		{"from the future", "23:00", "f1:0", "06:00", "09:00", "", "10:00", "10:00", "10:00", "06:00"},
		{"the clock was set back", "09:30", "f1:0", "11:00", "12:00", "", "10:00", "10:00", "10:00", "10:00"},
		{"delivered again before", "07:00", "f1:0", "06:00", "09:00", "08:00", "10:00", "09:00", "09:00", "08:00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			known := planner.Observation{At: at(test.beforeLook), Delivered: at(test.beforeDelivered)}
			if known.ID = "f1:0"; test.before == "" {
				known.ID = ""
			}
			known.Arrived = at(test.beforeArrived)
			now, written := at(test.now), at(test.written)
			arrived := arrival(written, known, now)
			if !arrived.Equal(at(test.arrived)) {
				t.Errorf("arrived %s, want %s", arrived, at(test.arrived))
			}
			if arrived.Before(known.Arrived) && !known.Arrived.After(now) {
				t.Errorf("arrived %s, before its predecessor, %s", arrived, known.Arrived)
			}
			version := planner.Version{ID: "f1:1", Arrived: arrived}
			if got := lastDelivery(written, version, known, now); !got.Equal(at(test.delivered)) || got.After(now) {
				t.Errorf("delivered %s, want %s", got, at(test.delivered))
			}
			if test.before == "" {
				return
			}
			// The same files, found to be what is known: no version, but a delivery.
			if got := lastDelivery(written, known.Version, known, now); !got.Equal(at(test.deliveredEqual)) || got.After(now) {
				t.Errorf("an equal delivery: %s, want %s", got, at(test.deliveredEqual))
			}
		})
	}
}

func TestEqualDelivery(t *testing.T) {
	y := newYard(t)
	y.write("a.csv", "a,b\n1,2\n")
	y.age("a.csv", 3*time.Hour)
	s := y.source("a.csv")
	first := y.good(s)
	if want := y.Now.Add(-3 * time.Hour); !first.Arrived.Equal(want) || !first.Delivered.Equal(want) {
		t.Fatalf("arrived %s, delivered %s", first.Arrived, first.Delivered)
	}
	y.know(first)
	y.age("a.csv", time.Second)
	again := y.good(s)
	if again.ID != first.ID || !again.Arrived.Equal(first.Arrived) || !again.Delivered.Equal(y.Now.Add(-time.Second)) {
		t.Errorf("arrived %s, delivered %s", again.Arrived, again.Delivered)
	}
	y.know(again)
	y.age("a.csv", 2*time.Hour)
	if still := y.good(s); !still.Delivered.Equal(again.Delivered) {
		t.Errorf("a delivery was taken back: %s, was %s", still.Delivered, again.Delivered)
	}
}
