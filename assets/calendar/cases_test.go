package calendar

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestCronCases compares with the ticks that two other implementations agree on.
func TestCronCases(t *testing.T) {
	path := os.Getenv("CRON_CASES")
	if path == "" {
		path = filepath.Join("..", "..", "..", "shared", "data", "cron", "cases.json")
	}
	file, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("%s is not there: it lies beside the project; CRON_CASES names another file", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	var cases struct {
		Cases []struct {
			ID, Expr, TZ string
			From         time.Time
			UTC          []time.Time `json:"next_utc"`
			Local        []string    `json:"next_local"`
		}
	}
	if err := json.Unmarshal(file, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases.Cases) == 0 {
		t.Fatalf("%s has no cases", path)
	}
	for _, c := range cases.Cases {
		t.Run(c.ID, func(t *testing.T) {
			s, zone := mustParse(t, c.Expr), mustZone(t, c.TZ)
			if len(c.UTC) == 0 || len(c.UTC) != len(c.Local) {
				t.Fatal("the case says no ticks, or not their civil times")
			}
			from := c.From
			for i, want := range c.UTC {
				got := s.First(from.Add(1), zone)
				if !got.Equal(want) || got.In(zone).Format("2006-01-02T15:04:05-07:00") != c.Local[i] {
					t.Fatalf("%s in %s, tick %d after %s:\ngot  %s\nwant %s (%s)", c.Expr, c.TZ, i+1, c.From, got.In(zone), want, c.Local[i])
				}
				if back := s.Latest(got.Add(time.Minute-1), from.Add(1), zone); !back.Equal(want) {
					t.Errorf("the latest tick just after %s is %s", want, back)
				}
				from = got
			}
		})
	}
}

func mustParse(t testing.TB, expr string) Schedule {
	t.Helper()
	s, err := Parse(expr)
	if err != nil {
		t.Fatalf("%q: %v", expr, err)
	}
	return s
}

func mustZone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}
