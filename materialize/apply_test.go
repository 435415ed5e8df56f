package materialize_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// shop is a small project: a source, a staging table, two marts and a view.
func shop() map[string]string {
	return map[string]string{
		"data/orders.csv": "id,customer,amount,note\n1,ann,10,a\n2,bob,20,b\n3,ann,30,c\n",
		"shop.hcl": `
source "raw.orders" {
  files = "data/orders.csv"
}
asset "staging.orders" {
  sql = "select id, customer, amount, note from raw.orders"
  check "unique" { columns = ["id"] }
}
asset "mart.customers" {
  sql = "select customer, sum(amount)::BIGINT as spent from staging.orders group by all"
}
asset "mart.notes" {
  sql = "select note from staging.orders"
}
asset "mart.big_spenders" {
  sql = "select customer from mart.customers where spent > 15"
  materialize "view" {}
}
`,
	}
}

func wantRows(t *testing.T, w *world, name string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.rows(name)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func wantOutcomes(t *testing.T, r materialize.Result, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, outcomes(r)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func wantNothingToDo(t *testing.T, w *world) {
	t.Helper()
	if got := actions(w.plan().Plan); got != nil {
		t.Errorf("the next plan must be empty, not %v", got)
	}
}

func TestFirstApplyPublishesEverything(t *testing.T) {
	w := testWorld(t, shop())
	result := w.apply()
	wantOutcomes(t, result, "staging.orders built", "mart.customers built", "mart.notes built", "mart.big_spenders built")
	wantRows(t, w, "mart.customers", "{'customer': ann, 'spent': 40}", "{'customer': bob, 'spent': 20}")
	wantRows(t, w, "mart.big_spenders", "{'customer': ann}", "{'customer': bob}")
	wantNothingToDo(t, w)

	// What the run says the state is, is what the warehouse says.
	state, err := w.db.State(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(state, result.State, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(planner.State{}, "Estimates", "Overhead")); diff != "" {
		t.Errorf("state (-warehouse +result):\n%s", diff)
	}
}

func TestCutOffStopsWhereWhatIsReadIsEqual(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	w.csv("data/orders.csv", "id,customer,amount,note", "1,ann,10,a", "2,bob,20,changed", "3,ann,30,c")
	result := w.apply()
	wantOutcomes(t, result, "staging.orders built", "mart.customers revalidated", "mart.notes built", "mart.big_spenders revalidated")
	wantNothingToDo(t, w)

	// The same rows in another order are the same content.
	w.csv("data/orders.csv", "id,customer,amount,note", "3,ann,30,c", "2,bob,20,changed", "1,ann,10,a")
	wantOutcomes(t, w.apply(), "staging.orders unchanged", "mart.customers revalidated", "mart.notes revalidated", "mart.big_spenders revalidated")
	wantNothingToDo(t, w)
}

func TestAViewCutsOffByWhatItShows(t *testing.T) {
	w := testWorld(t, shop())
	w.write("more.hcl", `
asset "mart.report" {
  sql = "select count(*) as n from mart.big_spenders"
}`)
	w.apply()
	// ann's spending is unchanged in kind: the view reads the amount, so it and its reader follow.
	w.csv("data/orders.csv", "id,customer,amount,note", "1,ann,10,a", "2,bob,5,b", "3,ann,30,c")
	wantOutcomes(t, w.apply(), "staging.orders built", "mart.customers built", "mart.notes revalidated", "mart.big_spenders built", "mart.report built")
	wantRows(t, w, "mart.report", "{'n': 1}")
	wantNothingToDo(t, w)
}

func TestABrokenBranchDoesNotHoldUpTheOther(t *testing.T) {
	w := testWorld(t, shop())
	w.write("broken.hcl", `asset "mart.broken" { 
	sql = "select amount // 0 as x, note::INTEGER as y from staging.orders" 
}`)
	result := w.apply()
	wantOutcomes(t, result, "staging.orders built", "mart.broken failed", "mart.customers built", "mart.notes built", "mart.big_spenders built")
	if m := result.Assets[1].Message; !strings.Contains(m, "broken.hcl:2") || !strings.Contains(m, "Could not convert") {
		t.Errorf("message = %q, want the place and DuckDB's reason", m)
	}
}

func TestWhatIsGoneOrAlteredIsRestored(t *testing.T) {
	for name, sql := range map[string]string{
		"view dropped":  `DROP VIEW _wh.mart.customers`,
		"view replaced": `CREATE OR REPLACE VIEW _wh.mart.customers AS SELECT 1 AS one`,
		"rows deleted":  `DELETE FROM _wh._assets."%s"`,
		"rows added":    `INSERT INTO _wh._assets."%s" VALUES ('eve', 1)`,
		"column added":  `ALTER TABLE _wh._assets."%s" ADD COLUMN x INTEGER`,
		"table dropped": `DROP TABLE _wh._assets."%s"`,
	} {
		t.Run(name, func(t *testing.T) {
			w := testWorld(t, shop())
			w.apply()
			if strings.Contains(sql, "%s") {
				var table string
				for _, name := range w.tables() {
					if strings.HasPrefix(name, "mart.customers@") {
						table = name
					}
				}
				sql = fmt.Sprintf(sql, table)
			}
			if err := w.db.Exec(ctx, sql); err != nil {
				t.Fatal(err)
			}
			want := "~ mart.customers"
			if strings.Contains(name, "dropped") {
				want = "+ mart.customers"
			}
			if got := actions(w.plan().Plan); !cmp.Equal(got, []string{want}) {
				t.Errorf("actions = %v", got)
			}
			wantOutcomes(t, w.apply(), "mart.customers built")
			wantRows(t, w, "mart.customers", "{'customer': ann, 'spent': 40}", "{'customer': bob, 'spent': 20}")
			wantNothingToDo(t, w)
		})
	}
}

func TestANameThatIsTakenIsLeftAlone(t *testing.T) {
	w := testWorld(t, shop())
	if err := w.db.Exec(ctx, `CREATE SCHEMA _wh.mart; CREATE TABLE _wh.mart.customers AS SELECT 42 AS precious`); err != nil {
		t.Fatal(err)
	}
	wantOutcomes(t, w.apply(), "staging.orders built", "mart.notes built")
	wantRows(t, w, "mart.customers", "{'precious': 42}")
}

func TestRemovedAssetsAreDropped(t *testing.T) {
	w := testWorld(t, shop())
	w.write("old.hcl", `
asset "old.a" {
  sql = "select 1 as x"
}
asset "old.b" {
  sql = "select x from old.a"
}`)
	w.apply()
	if err := os.Remove(filepath.Join(w.dir, "old.hcl")); err != nil {
		t.Fatal(err)
	}
	if got := actions(w.plan().Plan); !cmp.Equal(got, []string{"- old.b", "- old.a"}) {
		t.Errorf("actions = %v", got)
	}
	w.apply()
	for _, table := range w.tables() {
		if strings.HasPrefix(table, "old.") {
			t.Errorf("%s is still there", table)
		}
	}
	schemas, err := w.query("SELECT schema_name FROM duckdb_schemas() WHERE database_name = '_wh' AND schema_name = 'old'")
	if err != nil || len(schemas) > 0 {
		t.Errorf("the empty schema stays: %v %v", schemas, err)
	}
	wantNothingToDo(t, w)
}

func TestOneOldVersionIsKept(t *testing.T) {
	w := testWorld(t, map[string]string{
		"a.hcl": "source \"raw.x\" {\n  files = \"x.csv\"\n}\nasset \"a\" {\n  sql = \"select i from raw.x\"\n}",
		"x.csv": "i\n0\n",
	})
	for i := range 4 {
		w.csv("x.csv", "i", numbers(0, i+1)...)
		w.apply()
	}
	if tables := w.tables(); len(tables) != 2 {
		t.Errorf("tables = %v, want the current and the previous one", tables)
	}
}

func TestAnInterruptedRunIsTakenUp(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	// A run builds everything and then cannot publish: someone takes a name meanwhile.
	w.csv("data/orders.csv", "id,customer,amount,note", "1,ann,11,a")
	p := w.plan()
	if err := w.db.Exec(ctx, `DROP VIEW _wh.mart.notes; CREATE TABLE _wh.mart.notes AS SELECT 1 AS mine`); err != nil {
		t.Fatal(err)
	}
	if _, err := w.try(p); err == nil {
		t.Fatal("publishing over somebody's table must fail")
	}
	wantRows(t, w, "mart.customers", "{'customer': ann, 'spent': 40}", "{'customer': bob, 'spent': 20}")
	if err := w.db.Exec(ctx, `DROP TABLE _wh.mart.notes`); err != nil {
		t.Fatal(err)
	}
	wantOutcomes(t, w.apply(), "staging.orders taken_up", "mart.customers taken_up", "mart.notes taken_up", "mart.big_spenders built")
	wantRows(t, w, "mart.customers", "{'customer': ann, 'spent': 11}")
	wantNothingToDo(t, w)
	if tables := w.tables(); len(tables) != 6 {
		t.Errorf("tables = %v, want two versions of three", tables)
	}
}

func TestAForcedRebuildThatFindsTheSameStopsThere(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	w.options = planner.Options{Replace: []assets.Name{assets.MustName("staging.orders")}}
	wantOutcomes(t, w.apply(), "staging.orders unchanged", "mart.customers revalidated", "mart.notes revalidated", "mart.big_spenders revalidated")
}

func TestAnInputOfAViewThatCouldNotBeMadeAnewIsKept(t *testing.T) {
	w := testWorld(t, map[string]string{"p.hcl": `
asset "a" {
  sql = "select 1 as x"
}
asset "b" {
  sql = "select 2 as x"
}
asset "v" {
  sql = "select x from main.a"
  materialize "view" {}
}`})
	w.apply()
	w.write("p.hcl", `
asset "b" {
  sql = "select 2 as x"
}
asset "v" {
  sql = "select x from main.b"
  materialize "view" {}
  check "row_count" { min = 2 }
}`)
	result := w.apply()
	if result.Failed != 2 || result.Dropped != 0 {
		t.Errorf("outcomes = %v, want v failed and a kept", outcomes(result))
	}
	wantRows(t, w, "v", "{'x': 1}")
}

// What fails once the run is published, as to drop old tables on a full disk, makes no
// failure of it.
func TestARunThatCannotTidyUpIsPublished(t *testing.T) {
	w := newWorld(t, t.TempDir(), shop())
	p := w.plan()
	w.onEvent = func(e materialize.Event) {
		if e.Type == materialize.RunPublished {
			w.close()
		}
	}
	result, err := w.try(p)
	if err != nil || result.Status != "succeeded" || result.Untidy == nil {
		t.Fatalf("%s, %v, %v", result.Status, err, result.Untidy)
	}
	if last := w.events[len(w.events)-1]; last.Type != materialize.RunFinished {
		t.Error("the last event is", last.Type)
	}
	w.onEvent = nil
	w.open()
	defer w.close()
	wantNothingToDo(t, w)
}
