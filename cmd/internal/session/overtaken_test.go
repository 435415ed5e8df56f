package session

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

var rates = assets.MustName("raw.rates")

// rival is a keeper of a project with a source on a server, beside which other processes
// keep the project, too.
type rival struct {
	*testing.T
	*Keeper
	dir     string
	content atomic.Pointer[string] // of the source; nil: the server fails
}

// newRival has a clock of its own. Generation 17 is built.
func newRival(t *testing.T, now func() time.Time) *rival {
	r := &rival{T: t, dir: t.TempDir()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if text := r.content.Load(); text != nil {
			fmt.Fprint(w, *text)
			return
		}
		http.Error(w, "broken", http.StatusInternalServerError)
	}))
	t.Cleanup(server.Close)
	write(t, r.dir, "project.hcl", fmt.Sprintf(`
project "p" {}
source "raw.rates" { url = "%s/rates.csv" }
source "raw.orders" { files = "orders.csv" }
asset "mart.rates" { sql = "select generation from raw.rates" }
asset "mart.orders" { sql = "select id from raw.orders" }
`, server.URL))
	write(t, r.dir, "orders.csv", "id\n1\n")
	r.serve("generation\n17\n")
	apply(t, r.dir)
	r.Keeper = NewKeeper(Options{Dir: r.dir, Now: now})
	t.Cleanup(func() { r.Close() })
	loaded := r.Load()(ctx)
	mustNot(t, loaded.Diags)
	r.Take(loaded)
	return r
}

func (r *rival) serve(text string) { r.content.Store(&text) }

func (r *rival) fails() { r.content.Store(nil) }

// look begins a look at the source and returns a function that admits what was seen.
func (r *rival) look() (admit func()) {
	r.Helper()
	looks, err := r.Observe([]assets.Name{rates})(ctx)
	if err != nil {
		r.Fatal(err)
	}
	return func() {
		r.Helper()
		_, diags := r.Admit(ctx, looks)
		mustNot(r.T, diags)
	}
}

func (r *rival) refresh() {
	r.Helper()
	if moved, err := r.Refresh(ctx); err != nil || !moved {
		r.Fatal("nothing moved:", err)
	}
}

// does returns what there is to do for an asset.
func (r *rival) does(name string) planner.Action {
	_, plan := r.Plan()
	for _, s := range plan.Steps {
		if s.Asset == assets.MustName(name) {
			return s.Action
		}
	}
	return planner.None
}

// build does what there is to do.
func (r *rival) build() {
	r.Helper()
	if _, err := r.Open(ctx); err != nil {
		r.Fatal(err)
	}
	_, plan := r.Plan()
	j, err := r.Begin(ctx, plan)
	if err != nil {
		r.Fatal(err)
	}
	j.Run(ctx)
	mustNot(r.T, r.End(ctx, j))
	if j.Err != nil {
		r.Fatal(j.Err)
	}
	if err := r.Release(); err != nil {
		r.Fatal(err)
	}
}

// wantLast compares the last entry of the source's log with a look.
func (r *rival) wantLast(want observe.Look) {
	r.Helper()
	db, err := warehouse.Open(ctx, warehouse.Options{Path: filepath.Join(r.dir, "warehouse.duckdb")})
	if err != nil {
		r.Fatal(err)
	}
	defer db.Close()
	recorded, err := db.Observations(ctx)
	if err != nil || recorded[rates].ID != want.ID {
		r.Errorf("the last version in the log is %s, %v, want %s", recorded[rates].ID, err, want.ID)
	}
}

// lookOf is the look of another process.
func (r *rival) lookOf() observe.Look {
	r.Helper()
	s := open(r.T, r.dir)
	mustNot(r.T, s.look(ctx, false))
	return s.Looks[rates]
}

// A look that fails keeps the version before. When another process has published a newer
// one meanwhile, it is that one that is kept, whatever the clocks say, and nothing is built
// from the older one.
func TestAFailedLookDoesNotBringBackWhatAnotherProcessReplaced(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Hour} {
		r := newRival(t, func() time.Time { return time.Now().Add(ahead) })
		r.serve("generation\n18\n")
		r.look()()
		r.serve("generation\n19\n")
		apply(t, r.dir)
		newest := r.lookOf()
		r.fails()
		r.look()()

		if look := r.lookOf(); look.ID != newest.ID || look.Unreadable {
			t.Errorf("ahead by %s: a third process keeps %+v, want the version that was published last", ahead, look.Observation)
		}
		r.refresh()
		if does := r.does("mart.rates"); does != planner.None {
			t.Errorf("ahead by %s: there is %s to do with a version that was replaced", ahead, does)
		}
		r.look()()
		if look := r.Looks()[rates]; look.Err == "" || look.ID != newest.ID || look.Unreadable {
			t.Errorf("ahead by %s: it keeps %+v, want the version that was published last", ahead, look.Observation)
		}
		if does := r.does("mart.rates"); does != planner.None {
			t.Errorf("ahead by %s: there is %s to do after a look that failed", ahead, does)
		}
	}
}

// If nothing was kept to read of what was published, the source cannot be read, and what
// is visible stays.
func TestAFailedLookWithoutACopyKeepsWhatIsPublished(t *testing.T) {
	r := newRival(t, time.Now)
	r.serve("generation\n18\n")
	apply(t, r.dir)
	r.fails()
	if err := os.RemoveAll(filepath.Join(r.dir, ".assets", "http")); err != nil {
		t.Fatal(err)
	}
	r.refresh()
	r.look()()
	if look := r.Looks()[rates]; look.Err == "" || !look.Unreadable {
		t.Errorf("it can be read: %+v", look.Observation)
	}
	if does := r.does("mart.rates"); does != planner.None {
		t.Errorf("there is %s to do without anything to read", does)
	}
}

// The source may have gone back to what was seen here before. Then that is news, also if
// all of it looks the same, as with a clock that stands still.
func TestASourceGoesBackToWhatAnotherProcessReplaced(t *testing.T) {
	stopped := time.Now().Add(-time.Hour)
	r := newRival(t, func() time.Time { return stopped })
	r.serve("generation\n18\n")
	r.look()()
	before := r.Looks()[rates]
	r.serve("generation\n19\n")
	apply(t, r.dir)
	r.refresh()
	r.serve("generation\n18\n")
	r.look()()
	if look := r.Looks()[rates]; look.Err != "" || look.ID != before.ID || r.does("mart.rates") != planner.Rebuild {
		t.Errorf("it is not built: %+v", look.Observation)
	}
}

// What was seen before another process recorded a newer version is neither recorded after
// that nor built, whenever the look ends and however the news comes.
func TestAnOlderLookIsNotRecordedAfterANewerVersion(t *testing.T) {
	for _, c := range []struct {
		name string
		meet func(r *rival, seen func()) // the look and the news
	}{
		{"the look was admitted before", func(r *rival, seen func()) { seen(); r.refresh() }},
		{"the look ends after", func(r *rival, seen func()) { r.refresh(); seen() }},
		{"it is known when the warehouse is opened", func(r *rival, seen func()) {
			seen()
			r.Plan()
			if moved, err := r.Open(ctx); err != nil || !moved {
				r.Error("the plan of before is carried out:", err)
			}
		}},
		{"the project is loaded meanwhile", func(r *rival, seen func()) {
			seen()
			loaded := r.Load()
			r.serve("generation\n18\n")
			l := loaded(ctx)
			mustNot(r.T, l.Diags)
			r.refresh()
			r.Take(l)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRival(t, time.Now)
			r.serve("generation\n18\n")
			seen := r.look()
			r.serve("generation\n19\n")
			apply(t, r.dir)
			newest := r.lookOf()
			write(t, r.dir, "orders.csv", "id\n1\n2\n")

			c.meet(r, seen)
			r.serve("generation\n19\n")
			looks, err := r.Observe([]assets.Name{assets.MustName("raw.orders")})(ctx)
			if err != nil {
				t.Fatal(err)
			}
			_, diags := r.Admit(ctx, looks)
			mustNot(t, diags)
			if does := r.does("mart.rates"); does != planner.None {
				t.Errorf("there is %s to do with a version that was replaced", does)
			}
			if does := r.does("mart.orders"); does != planner.Rebuild {
				t.Errorf("there is %s to do with another source", does)
			}
			r.build()
			r.wantLast(newest)

			r.look()()
			if look := r.Looks()[rates]; look.Err != "" || look.ID != newest.ID {
				t.Errorf("looked at again it is %+v", look.Observation)
			}
			r.serve("generation\n18\n") // a source may go back, as everybody sees
			r.look()()
			r.build()
			r.wantLast(r.Looks()[rates])
		})
	}
}

// A version that this process saw first is not looked at again because others write.
func TestANewVersionOutlivesWhatOthersRecordOfOtherSources(t *testing.T) {
	r := newRival(t, time.Now)
	write(t, r.dir, "orders.csv", "id\n1\n2\n")
	other := open(t, r.dir)
	_, plan, diags := other.Plan(ctx, Narrow{})
	mustNot(t, diags)
	r.serve("generation\n18\n")
	r.look()()
	_, diags = other.Apply(ctx, plan)
	mustNot(t, diags)
	r.refresh()
	if look := r.Looks()[rates]; look.Overtaken || r.does("mart.rates") != planner.Rebuild {
		t.Errorf("it is not built: %+v", look)
	}
}

// A plan is not carried out if another process has recorded a newer version of a source
// than it was made from, also if that was published nowhere.
func TestAPlanIsOvertakenByWhatWasRecorded(t *testing.T) {
	r := newRival(t, time.Now)
	r.serve("generation\n18\n")
	slow := open(t, r.dir)
	_, plan, diags := slow.Plan(ctx, Narrow{})
	mustNot(t, diags)
	r.serve("generation\n19\n")
	quick := open(t, r.dir)
	mustNot(t, quick.look(ctx, false))
	err := quick.write(ctx, func(db *warehouse.DB) error { return db.Observe(ctx, quick.news()) })
	if err != nil {
		t.Fatal(err)
	}
	if _, diags := slow.Apply(ctx, plan); !diags.HasErrors() || !slow.Overtaken {
		t.Errorf("a plan of an older version was carried out: %v", diags)
	}
	r.wantLast(quick.Looks[rates])
}
