package materialize_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// rates is raw.s → a.fx, a.orders → a.mart, a.strict, where a.fx fails for negative numbers.
func rates(t *testing.T, ofFX, ofMart string) *world {
	w := testWorld(t, map[string]string{"a.hcl": `
source "raw.s" { files = "s.csv" }
asset "a.fx" {
  sql = "select i from raw.s"
  check "expression" { expression = "i >= 0" }
` + ofFX + `}
asset "a.orders" { sql = "select i * 10 as o from raw.s" }
asset "a.mart" {
  sql = "select o, i from a.orders, a.fx"
` + ofMart + `}
asset "a.strict" { sql = "select i + 1 as j from a.fx" }
asset "a.above" { sql = "select count(*) as n, max(i) as i from a.mart" }
`})
	w.csv("s.csv", "i", "1")
	w.apply()
	return w
}

func (w *world) state(p planned, name string) planner.AssetState {
	for _, s := range p.Steps {
		if s.Asset.String() == name {
			return s.State
		}
	}
	return ""
}

// What reads an input that failed keeps its last good version, unless it tolerates that:
// then it is built once with the last good version of the input, and is behind until the
// input recovers.
func TestReadersOfWhatFailed(t *testing.T) {
	t.Run("block", func(t *testing.T) {
		w := rates(t, "", "")
		w.csv("s.csv", "i", "-2")
		wantOutcomes(t, w.apply(), "a.fx failed", "a.orders built", "a.mart skipped", "a.strict skipped", "a.above skipped")
		wantRows(t, w, "a.mart", "{'o': 10, 'i': 1}")
	})
	t.Run("its readers tolerate it", func(t *testing.T) {
		w := rates(t, "  on_failure = \"use_last_good\"\n", "")
		w.csv("s.csv", "i", "-2")
		r := w.apply()
		wantOutcomes(t, r, "a.fx failed", "a.orders built", "a.mart built", "a.strict revalidated", "a.above revalidated")
		wantRows(t, w, "a.mart", "{'o': -20, 'i': 1}")
		if got := w.record(r, "a.mart").LastGood; !slices.Equal(got, []assets.Name{assets.MustName("a.fx")}) {
			t.Errorf("read the last good version of %v, want of a.fx", got)
		}
		w.rests(t)
	})
	t.Run("one reader tolerates it", func(t *testing.T) {
		w := rates(t, "", "  input \"a.fx\" { on_failure = \"use_last_good\" }\n")
		w.csv("s.csv", "i", "-2")
		wantOutcomes(t, w.apply(), "a.fx failed", "a.orders built", "a.mart built", "a.strict skipped", "a.above revalidated")
		w.rests(t)
	})
	t.Run("all but one tolerate it", func(t *testing.T) {
		w := rates(t, "  on_failure = \"use_last_good\"\n", "  input \"a.fx\" { on_failure = \"block\" }\n")
		w.csv("s.csv", "i", "-2")
		wantOutcomes(t, w.apply(), "a.fx failed", "a.orders built", "a.mart skipped", "a.strict revalidated", "a.above skipped")
	})
	t.Run("there is no good version", func(t *testing.T) {
		w := testWorld(t, map[string]string{"a.hcl": `
asset "a.fx" {
  sql        = "select 1 as i"
  on_failure = "use_last_good"
  check "expression" { expression = "i > 1" }
}
asset "a.mart" { sql = "select i from a.fx" }
`})
		wantOutcomes(t, w.apply(), "a.fx failed", "a.mart skipped")
	})
	t.Run("the good version lacks what is read", func(t *testing.T) {
		w := rates(t, "  on_failure = \"use_last_good\"\n", "")
		w.write("a.hcl", `
source "raw.s" { files = "s.csv" }
asset "a.fx" {
  sql = "select i, 'x' as unit from raw.s"
  on_failure = "use_last_good"
  check "expression" { expression = "i > 1" }
}
asset "a.mart" { sql = "select i, unit from a.fx" }
`)
		r := w.apply()
		if got := outcomes(r); !slices.Contains(got, "a.mart skipped") {
			t.Errorf("came out as %q, want that a.mart is skipped", got)
		}
	})
}

// rests checks that nothing is built as long as a.fx fails, that its readers are behind by
// then, what happens when more arrives for them, and that all is well when it recovers.
func (w *world) rests(t *testing.T) {
	t.Helper()
	p := w.plan()
	if got := actions(p.Plan); !slices.Equal(slices.DeleteFunc(got, func(a string) bool { return a == "! a.strict" }), []string{"! a.fx"}) {
		t.Errorf("planned again: %q, want that nothing is built", got)
	}
	for name, want := range map[string]planner.AssetState{"a.fx": planner.StateFailed, "a.mart": planner.StateStale, "a.above": planner.StateStale, "a.orders": planner.StateFresh} {
		if got := w.state(p, name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	w.csv("s.csv", "i", "-3") // fails again
	w.apply()
	wantRows(t, w, "a.mart", "{'o': -30, 'i': 1}")
	w.csv("s.csv", "i", "4")
	w.apply()
	wantRows(t, w, "a.mart", "{'o': 40, 'i': 4}")
	wantRows(t, w, "a.strict", "{'j': 5}")
	wantNothingToDo(t, w)
	p = w.plan()
	if got := w.state(p, "a.mart"); got != planner.StateFresh {
		t.Errorf("a.mart is %s after its input recovered", got)
	}
}

// What was built from a new version that is then withheld is not published; the next run
// builds it with the last good one.
func TestWhatIsWithheldLaterIsNotRead(t *testing.T) {
	w := testWorld(t, map[string]string{"a.hcl": `
source "raw.s" { files = "s.csv" }
source "raw.k" { files = "k.csv" }
asset "a.keys" { sql = "select k from raw.k" }
asset "a.fx" {
  sql        = "select i from raw.s"
  on_failure = "use_last_good"
  check "relationships" {
    columns = ["i"]
    to      = "a.keys"
    to_columns = ["k"]
  }
}
asset "a.mart" { sql = "select i, (select count(*) from raw.s) as n from a.fx" }
`})
	w.csv("s.csv", "i", "1")
	w.csv("k.csv", "k", "1")
	w.apply()
	w.csv("s.csv", "i", "1", "2")
	wantOutcomes(t, w.apply(), "a.fx failed", "a.mart skipped")
	wantRows(t, w, "a.mart", "{'i': 1, 'n': 1}")
	wantOutcomes(t, w.apply(), "a.mart built")
	wantRows(t, w, "a.mart", "{'i': 1, 'n': 2}")
}

// stop_run: nothing more begins, waits for another attempt end, and what is finished is published.
func TestAFailureMayStopTheRun(t *testing.T) {
	w := testWorld(t, map[string]string{"a.hcl": `
asset "a.first" { sql = "select 1 as i" }
asset "b.waits" {
  sql = "select i from a.first"
  check "expression" { expression = "i > 1" }
  retry {
    on        = ["check"]
    delay     = "24h"
    max_delay = "24h"
  }
}
asset "b.reader" { sql = "select i from b.waits" }
asset "c.stops" {
  sql        = "select i from a.first"
  on_failure = "stop_run"
  check "expression" { expression = "i > 1" }
}
asset "c.reader" { sql = "select i from c.stops" }
asset "d.other" { sql = "select i from a.first" }
`})
	w.parallelism = 1
	w.pause = func(ctx context.Context, _ time.Duration) error {
		<-ctx.Done()
		return ctx.Err()
	}
	r := w.apply()
	wantOutcomes(t, r, "a.first built", "b.waits failed", "c.stops failed", "d.other skipped", "b.reader skipped", "c.reader skipped")
	wantRows(t, w, "a.first", "{'i': 1}")
	if want := "the run was stopped, because c.stops failed"; r.Assets[3].Message != want {
		t.Errorf("%q, want %q", r.Assets[3].Message, want)
	}
}

// A view shows what is published under the names that it reads. If one of these fails, what
// would be seen beside it of a newer version of the same source is not published either,
// nor tried again as long as that cannot be built; what it was built is taken up then.
func TestAViewShowsOneVersionOfASource(t *testing.T) {
	project := func(ofFX, ofView string) *world {
		w := testWorld(t, map[string]string{"a.hcl": `
source "raw.s" { files = "s.csv" }
source "raw.u" { files = "u.csv" }
asset "a.fx" {
  sql = "select i from raw.s"
  check "expression" { expression = "i >= 0" }
` + ofFX + `}
asset "a.orders" { sql = "select i * 10 as o from raw.s" }
asset "a.users" { sql = "select u from raw.u" }
asset "a.above" { sql = "select max(o) as o from a.orders" }
asset "v.orders" {
  sql = "select o from a.orders"
  materialize "view" {}
}
asset "v.all" {
  sql = "select o, i, u from v.orders, a.fx, a.users"
  materialize "view" {}
` + ofView + `}
`})
		w.csv("s.csv", "i", "1")
		w.csv("u.csv", "u", "5")
		w.apply()
		w.csv("s.csv", "i", "-2")
		w.csv("u.csv", "u", "6")
		return w
	}
	t.Run("block", func(t *testing.T) {
		w := project("", "")
		wantOutcomes(t, w.apply(), "a.fx failed", "a.orders skipped", "a.users built", "a.above skipped", "v.orders skipped", "v.all skipped")
		wantRows(t, w, "v.all", "{'o': 10, 'i': 1, 'u': 6}")
		wantRows(t, w, "v.orders", "{'o': 10}")
		for _, s := range w.plan().Steps {
			if s.Asset.String() == "a.orders" && (s.Action != planner.Blocked || s.Reasons[0].Code != planner.InputsDisagree) {
				t.Errorf("%+v", s)
			}
		}
		w.write("a.hcl", strings.Replace(w.read("a.hcl"), "i >= 0", "i >= -5", 1))
		wantOutcomes(t, w.apply(), "a.fx built", "a.orders taken_up", "a.above taken_up", "v.orders built", "v.all built")
		wantRows(t, w, "v.all", "{'o': -20, 'i': -2, 'u': 6}")
		if p := w.plan(); p.Work() {
			t.Errorf("not settled: %+v", p.Steps)
		}
	})
	t.Run("the view tolerates it", func(t *testing.T) {
		w := project("", "  input \"a.fx\" { on_failure = \"use_last_good\" }\n")
		wantOutcomes(t, w.apply(), "a.fx failed", "a.orders built", "a.users built", "a.above built", "v.orders built", "v.all built")
		wantRows(t, w, "v.all", "{'o': -20, 'i': 1, 'u': 6}")
	})
	t.Run("the view tolerates it, but reads a column that the last good version does not have", func(t *testing.T) {
		w := project("", "  input \"a.fx\" { on_failure = \"use_last_good\" }\n")
		w.write("a.hcl", strings.NewReplacer("select i from", "select i, i as j from", "select o, i, u", "select o, i + j as i, u").Replace(w.read("a.hcl")))
		for range 2 { // the second time the planner knows
			w.apply()
			wantRows(t, w, "v.all", "{'o': 10, 'i': 1, 'u': 6}")
		}
	})
	t.Run("everybody tolerates it", func(t *testing.T) {
		w := project("  on_failure = \"use_last_good\"\n", "")
		wantOutcomes(t, w.apply(), "a.fx failed", "a.orders built", "a.users built", "a.above built", "v.orders built", "v.all built")
	})
}
