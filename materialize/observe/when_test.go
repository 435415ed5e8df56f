package observe

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// A condition keeps a new version from being taken, and nothing else.
func TestWhen(t *testing.T) {
	w := newWeb(t)
	w.Ask = func(ctx context.Context, sql string) (bool, error) {
		if sql == "broken" {
			return false, errors.New("no such file")
		}
		return sql == "true", nil
	}
	w.Timezone = "Europe/Paris"
	w.says(func(to http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hang":
			<-r.Context().Done()
		case "/none":
			to.WriteHeader(204)
		case "/no":
			to.WriteHeader(404)
		}
	})
	w.write("READY", "")
	get := func(path string, status int) assets.Condition {
		return assets.Condition{Request: &assets.Request{URL: w.URL + path, Shown: "http://web" + path, Timeout: 200 * time.Millisecond}, Status: status}
	}
	query := func(sql string) assets.Condition {
		return assets.Condition{SQL: assets.SQL{Text: sql}, Decl: hcl.Range{Filename: "shop.hcl", Start: hcl.Pos{Line: 7}}}
	}
	window := func(from, to int, zone string) assets.Condition {
		return assets.Condition{From: time.Duration(from) * time.Hour, To: time.Duration(to) * time.Hour, Timezone: zone}
	}
	file := func(glob string) assets.Condition { return assets.Condition{File: glob, Dir: w.dir} }
	now := time.Date(2026, 7, 1, 10, 30, 0, 0, time.UTC) // 12:30 in Paris
	for _, test := range []struct {
		name  string
		when  []assets.Condition
		waits string // empty: it is taken
		again string // UTC
		err   string
	}{
		{"no condition", nil, "", "", ""},
		{"a query that holds", []assets.Condition{query("true")}, "", "", ""},
		{"a query that does not", []assets.Condition{query("false")}, "waits for the condition at shop.hcl:7: the query does not yield true", "", ""},
		{"a query that fails", []assets.Condition{query("broken")}, "", "", "its condition at shop.hcl:7 cannot be evaluated: no such file"},
		{"a file", []assets.Condition{file("READY")}, "", "", ""},
		{"a glob", []assets.Condition{file("R*")}, "", "", ""},
		{"no file", []assets.Condition{file("ready/*.ok")}, "waits for the file ready/*.ok", "", ""},
		{"an answer", []assets.Condition{get("/", 0)}, "", "", ""},
		{"another success", []assets.Condition{get("/none", 0)}, "", "", ""},
		{"no success", []assets.Condition{get("/no", 0)}, "waits for http://web/no to answer with success: it answers 404 Not Found", "", ""},
		{"the status", []assets.Condition{get("/no", 404)}, "", "", ""},
		{"not the status", []assets.Condition{get("/", 204)}, "waits for http://web/ to answer with 204 No Content: it answers 200 OK", "", ""},
		{"no answer", []assets.Condition{get("/hang", 0)}, "", "", "http://web/hang cannot be reached: it did not answer within 200ms"},
		{"in the window", []assets.Condition{window(12, 13, "")}, "", "", ""},
		{"before the window", []assets.Condition{window(13, 14, "")}, "waits for 13:00 (Europe/Paris)", "2026-07-01T11:00:00Z", ""},
		{"after the window", []assets.Condition{window(6, 12, "")}, "waits for 06:00 (Europe/Paris)", "2026-07-02T04:00:00Z", ""},
		{"in the window of another zone", []assets.Condition{window(6, 12, "UTC")}, "", "", ""},
		{"in the window past midnight", []assets.Condition{window(22, 13, "")}, "", "", ""},
		{"outside the window past midnight", []assets.Condition{window(22, 6, "")}, "waits for 22:00 (Europe/Paris)", "2026-07-01T20:00:00Z", ""},
		{"all hold", []assets.Condition{query("true"), file("READY"), get("/", 0)}, "", "", ""},
		{"one does not", []assets.Condition{query("true"), file("no"), get("/hang", 0)}, "waits for the file no", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.Now = now
			w.Known = map[assets.Name]planner.Observation{}
			s := w.yard.source("a.csv")
			s.Taking.When = test.when
			w.write("a.csv", "a,b\n1,x\n")
			check := func(look Look) {
				t.Helper()
				again := ""
				if !look.Again.IsZero() {
					again = look.Again.Format(time.RFC3339)
				}
				if look.Waits != test.waits || again != test.again || test.err == "" && look.Err != test.waits || !strings.Contains(look.Err, test.err) {
					t.Errorf("waits %q, again %q, error %q", look.Waits, again, look.Err)
				}
			}
			check(w.look(s))
			s.Taking.When = nil
			first := w.good(s)
			s.Taking.When = test.when
			w.know(first)
			w.Now = now
			if look := w.look(s); look.Err != "" || look.Waits != "" || look.ID != first.ID || look.SQL == "" {
				t.Errorf("nothing is new, and it waits: %+v", look)
			}
			w.write("a.csv", "a,b\n2,x\n")
			look := w.look(s)
			check(look)
			if held := test.waits != "" || test.err != ""; held != (look.ID == first.ID) || held != look.Unreadable || held != (look.SQL == "") {
				t.Errorf("%+v", look)
			}
		})
	}
}

// What is fetched can be read in its last version while the next one has to wait, and
// for as long as that takes.
func TestWhenOfWhatIsFetched(t *testing.T) {
	w := newWeb(t)
	s := w.source("/a.csv")
	s.Taking.When = []assets.Condition{{File: "READY", Dir: w.dir}}
	w.write("READY", "")
	w.says(text("a,b\n0,x\n"))
	first := w.good(s)
	w.know(first)
	w.Now = w.Now.Add(time.Hour)
	os.Remove(filepath.Join(w.dir, "READY"))
	for _, next := range []string{"1", "2", "3", "4"} {
		w.says(text("a,b\n" + next + ",x\n"))
		look := w.look(s)
		if look.Err != "" || look.Waits != "waits for the file READY" || look.ID != first.ID || look.Unreadable || w.table(look.SQL) != "0 x" {
			t.Fatalf("%+v", look)
		}
		w.Known[s.Name] = look.Observation
		w.Now = w.Now.Add(time.Hour)
	}
	waited := w.Known[s.Name].At
	w.write("READY", "")
	if look := w.good(s); w.table(look.SQL) != "4 x" || look.Arrived.Before(waited) {
		t.Errorf("%+v", look)
	}
}
