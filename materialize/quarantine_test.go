package materialize_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// divided is a project whose orders go to the quarantine if they have no customer
// or a negative amount, and something made from the rest.
func divided() map[string]string {
	return map[string]string{
		"orders.csv": "id,customer,amount\n1,ann,10\n2,,20\n3,bob,-5\n4,,-1\n5,cleo,7\n",
		"p.hcl": `
source "raw.orders" { files = "orders.csv" }
asset "staging.orders" {
  sql = "select * from raw.orders"
  check "unique" { columns = ["id"] }
  check "not_null" {
    columns    = ["customer"]
    quarantine = true
  }
  check "expression" {
    name       = "positive"
    expression = "staging.orders.amount >= 0"
    quarantine = true
    max_share  = "60%"
  }
  check "row_count" { max = 4 }
}
asset "mart.total" { sql = "select sum(amount) as total from staging.orders" }
`}
}

// aside reads what is put aside of an asset: the row, what it violates, and when it
// was first put aside.
func (w *world) aside(name string) []string {
	w.Helper()
	rows, err := w.query(`SELECT concat_ws(' ', id, array_to_string(_check, ' and '), strftime(_at, '%H:%M')) FROM _wh.quarantine."` + name + `" ORDER BY 1`)
	if err != nil {
		w.Fatal(err)
	}
	return rows
}

func wantAside(t *testing.T, w *world, name string, want ...string) {
	t.Helper()
	if got := w.aside(name); !slices.Equal(got, want) {
		t.Errorf("put aside of %s:\n%s\nwant:\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// last is the record of what is published of an asset.
func (w *world) last(name string) planner.Materialization {
	w.Helper()
	state, err := w.db.State(ctx)
	if err != nil {
		w.Fatal(err)
	}
	return state.Last[planner.Key{Asset: assets.MustName(name)}]
}

func TestBadRowsArePutAsideAndTheRestIsPublished(t *testing.T) {
	w := testWorld(t, divided())
	result := w.apply()
	wantOutcomes(t, result, "staging.orders built", "mart.total built")
	wantRows(t, w, "staging.orders", "{'id': 1, 'customer': ann, 'amount': 10}", "{'id': 5, 'customer': cleo, 'amount': 7}")
	wantRows(t, w, "mart.total", "{'total': 17}")
	wantAside(t, w, "staging.orders", "2 not_null(customer) 12:01", "3 positive 12:01", "4 not_null(customer) and positive 12:01")
	wantNothingToDo(t, w)

	last := w.last("staging.orders")
	if last.Rows != 2 || last.Quarantine.Count() != 3 {
		t.Errorf("%d rows, %d put aside: want 2 and 3", last.Rows, last.Quarantine.Count())
	}
	var said []string
	for _, c := range last.Checks {
		if c.Quarantined > 0 {
			said = append(said, c.Message)
		}
	}
	if want := []string{"2 of 5 rows have a NULL in customer, put aside", "2 of 5 rows have values for which this is false: staging.orders.amount >= 0, put aside"}; !cmp.Equal(said, want) {
		t.Errorf("messages %q", said)
	}
	finished := w.events[slices.IndexFunc(w.events, func(e materialize.Event) bool { return e.Type == materialize.AssetFinished })]
	if finished.Rows != 2 || finished.Quarantined != 3 {
		t.Errorf("the event tells of %d rows and %d put aside", finished.Rows, finished.Quarantined)
	}
	if state, err := w.db.State(ctx); err != nil || !cmp.Equal(result.State.Found, state.Found) {
		t.Errorf("what the run found of itself is not what the warehouse says: %s (%v)", cmp.Diff(state.Found, result.State.Found), err)
	}
}

func TestTheQuarantineIsThatOfThePublishedVersion(t *testing.T) {
	w := testWorld(t, divided())
	w.apply()
	before := w.last("staging.orders").Made.ID

	// The same good rows, other bad ones; of those that stay it is known since when.
	w.csv("orders.csv", "id,customer,amount", "1,ann,10", "5,cleo,7", "2,,20", "9,,3")
	wantOutcomes(t, w.apply(), "staging.orders built", "mart.total revalidated")
	wantAside(t, w, "staging.orders", "2 not_null(customer) 12:01", "9 not_null(customer) 12:02")
	if after := w.last("staging.orders").Made.ID; after != before {
		t.Errorf("the good rows are version %s, which was %s", after, before)
	}

	// Nothing but the order of rows changes: all stays.
	w.csv("orders.csv", "id,customer,amount", "9,,3", "2,,20", "5,cleo,7", "1,ann,10")
	wantOutcomes(t, w.apply(), "staging.orders unchanged", "mart.total revalidated")
	wantAside(t, w, "staging.orders", "2 not_null(customer) 12:01", "9 not_null(customer) 12:02")

	w.csv("orders.csv", "id,customer,amount", "1,ann,10", "5,cleo,7")
	wantOutcomes(t, w.apply(), "staging.orders built", "mart.total revalidated")
	wantAside(t, w, "staging.orders")
	wantNothingToDo(t, w)

	// A column more is a column more of the bad rows.
	w.csv("orders.csv", "id,customer,amount,_at", "1,ann,10,x", "2,,20,y")
	w.apply()
	if got, err := w.query(`SELECT concat_ws(' ', id, _at, strftime(__at, '%H:%M')) FROM _wh.quarantine."staging.orders"`); err != nil || !cmp.Equal(got, []string{"2 y 12:06"}) {
		t.Errorf("put aside: %v, %v", got, err)
	}
	if tables := w.tables(); len(tables) != 5 { // two of each asset, one of rows put aside
		t.Errorf("physical tables: %v", tables)
	}
}

func TestMoreThanMaxShareFailsTheAsset(t *testing.T) {
	w := testWorld(t, divided())
	w.apply()
	w.csv("orders.csv", "id,customer,amount", "1,ann,-1", "2,,-2", "3,bob,5")
	result := w.apply()
	wantOutcomes(t, result, "staging.orders failed", "mart.total skipped")
	want := "check positive: 2 of 3 rows have values for which this is false: staging.orders.amount >= 0. No more than 60% may be put aside"
	if !strings.Contains(result.Assets[0].Message, want) {
		t.Errorf("message = %q", result.Assets[0].Message)
	}
	if result.Assets[0].Record.Quarantine != nil {
		t.Error("a failed build has put rows aside")
	}
	wantAside(t, w, "staging.orders", "2 not_null(customer) 12:01", "3 positive 12:01", "4 not_null(customer) and positive 12:01")
	wantRows(t, w, "mart.total", "{'total': 17}")
}

func TestWhatIsWithheldPutsNothingAside(t *testing.T) {
	w := testWorld(t, divided())
	w.apply()
	w.csv("orders.csv", "id,customer,amount", "1,ann,10", "1,bob,10", "7,,1")
	result := w.apply()
	wantOutcomes(t, result, "staging.orders failed", "mart.total skipped")
	for _, c := range result.Assets[0].Record.Checks {
		if c.Quarantined > 0 {
			t.Errorf("check %s says that it put %d rows aside", c.Check, c.Quarantined)
		}
	}
	wantAside(t, w, "staging.orders", "2 not_null(customer) 12:01", "3 positive 12:01", "4 not_null(customer) and positive 12:01")
}

func TestOtherChecksKeepWhatWasPutAside(t *testing.T) {
	w := testWorld(t, divided())
	w.apply()
	w.write("p.hcl", strings.Replace(divided()["p.hcl"], "max = 4", "max = 3", 1))
	wantOutcomes(t, w.apply(), "staging.orders revalidated")
	last := w.last("staging.orders")
	quarantined := int64(0)
	for _, c := range last.Checks {
		quarantined += c.Quarantined
	}
	if last.Quarantine.Count() != 3 || quarantined != 4 {
		t.Errorf("%d rows put aside, checks say %d: want 3 and 4", last.Quarantine.Count(), quarantined)
	}
	wantNothingToDo(t, w)
}

func TestChecksThatPutRowsAsideAreBuiltFor(t *testing.T) {
	w := testWorld(t, divided())
	plain := strings.NewReplacer("quarantine = true", "", `max_share  = "60%"`, "").Replace(divided()["p.hcl"])
	w.csv("orders.csv", "id,customer,amount", "1,ann,10")
	w.write("p.hcl", plain)
	w.apply()
	if got := w.last("staging.orders"); got.Quarantine != nil || got.Definition.Quarantine != "" {
		t.Errorf("without such checks the record speaks of a quarantine: %+v", got.Quarantine)
	}
	w.write("p.hcl", divided()["p.hcl"])
	if got := actions(w.plan().Plan); !cmp.Equal(got, []string{"~ staging.orders", "~ mart.total"}) {
		t.Errorf("plan: %v", got)
	}
	wantOutcomes(t, w.apply(), "staging.orders built", "mart.total revalidated")
	wantAside(t, w, "staging.orders")

	w.write("p.hcl", plain)
	wantOutcomes(t, w.apply(), "staging.orders built", "mart.total revalidated")
	if _, err := w.query(`SELECT 1 FROM _wh.quarantine."staging.orders"`); err == nil {
		t.Error("the quarantine of an asset whose checks put nothing aside is still there")
	}
	wantNothingToDo(t, w)
}

func TestDroppedAssetsTakeTheirQuarantineAlong(t *testing.T) {
	w := testWorld(t, divided())
	w.apply()
	if err := w.db.Exec(ctx, `CREATE TABLE _wh.quarantine.notes (n INTEGER)`); err != nil {
		t.Fatal(err)
	}
	w.write("p.hcl", `source "raw.orders" { files = "orders.csv" }`)
	plan := w.plan()
	if why := plan.Steps[len(plan.Steps)-1].Reasons[0].Message; why != "no longer in the project, with the 3 rows that were put aside" {
		t.Errorf("reason = %q", why)
	}
	w.carryOut(plan)
	got, err := w.query("SELECT table_name FROM information_schema.tables WHERE table_catalog = '_wh' AND (table_schema = 'quarantine' OR contains(table_name, '@'))")
	if err != nil || !cmp.Equal(got, []string{"notes"}) {
		t.Errorf("left in the warehouse: %v, %v", got, err)
	}
	wantNothingToDo(t, w)
}

func TestATakenNameOfTheQuarantineBlocks(t *testing.T) {
	w := testWorld(t, divided())
	if err := w.db.Exec(ctx, `CREATE SCHEMA _wh.quarantine; CREATE TABLE _wh.quarantine."staging.orders" (n INTEGER)`); err != nil {
		t.Fatal(err)
	}
	plan := w.plan()
	if got := actions(plan.Plan); !cmp.Equal(got, []string{"! staging.orders", "! mart.total"}) {
		t.Errorf("plan: %v", got)
	}
	if why := plan.Steps[0].Reasons[0]; why.Code != planner.Unmanaged || !strings.Contains(why.Message, `quarantine."staging.orders"`) {
		t.Errorf("reason = %+v", why)
	}
}

func TestAnInterruptedRunKeepsWhatItPutAside(t *testing.T) {
	w := testWorld(t, divided())
	w.apply()
	w.csv("orders.csv", "id,customer,amount", "1,ann,11", "8,,1")
	p := w.plan()
	// The run builds everything and then cannot publish: someone takes a name meanwhile.
	if err := w.db.Exec(ctx, `DROP VIEW _wh.mart.total; CREATE TABLE _wh.mart.total AS SELECT 1 AS mine`); err != nil {
		t.Fatal(err)
	}
	if _, err := w.try(p); err == nil {
		t.Fatal("publishing over somebody's table must fail")
	}
	wantAside(t, w, "staging.orders", "2 not_null(customer) 12:01", "3 positive 12:01", "4 not_null(customer) and positive 12:01")
	if err := w.db.Exec(ctx, `DROP TABLE _wh.mart.total`); err != nil {
		t.Fatal(err)
	}
	result := w.apply()
	wantOutcomes(t, result, "staging.orders taken_up", "mart.total taken_up")
	wantAside(t, w, "staging.orders", "8 not_null(customer) 12:02")
	if runs, err := w.query(`SELECT _run FROM _wh.quarantine."staging.orders"`); err != nil || !cmp.Equal(runs, []string{result.Run}) {
		t.Errorf("put aside by the runs %v (%v), not by %s, which took it up", runs, err, result.Run)
	}
	wantNothingToDo(t, w)
}

func TestAConditionThatCannotBeEvaluatedFailsTheAsset(t *testing.T) {
	files := divided()
	files["p.hcl"] = strings.Replace(files["p.hcl"], "staging.orders.amount >= 0", "customer::INTEGER > 0", 1)
	w := testWorld(t, files)
	result := w.apply()
	wantOutcomes(t, result, "staging.orders failed", "mart.total skipped")
	if message := result.Assets[0].Message; !strings.Contains(message, "check positive: could not be run") {
		t.Errorf("message = %q", message)
	}
}

// A table of this size is built in the file, not in memory.
func TestBadRowsOfABigTableArePutAside(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two million rows; left out with -short")
	}
	w := testWorld(t, map[string]string{"p.hcl": `
asset "numbers" { sql = "select range as id from range(1000001)" }
asset "big" {
  sql = "select id, case when id % 250000 <> 7 then id end as half from numbers"
  check "expression" {
    name       = "there"
    expression = "main.big.half IS NOT NULL"
    quarantine = true
  }
  check "unique" { columns = ["id"] }
}`})
	for _, want := range [][]string{{"numbers built", "big built"}, {"big unchanged"}} {
		wantOutcomes(t, w.apply(), want...)
		wantAside(t, w, "big", "250007 there 12:01", "500007 there 12:01", "7 there 12:01", "750007 there 12:01")
		if last := w.last("big"); last.Rows != 1_000_001-4 {
			t.Errorf("%d rows", last.Rows)
		}
		wantNothingToDo(t, w)
		w.write("p.hcl", strings.Replace(w.read("p.hcl"), "from numbers", "from numbers where id >= 0", 1))
	}
	if tables := w.tables(); len(tables) != 3 { // numbers, big, and what was put aside
		t.Errorf("physical tables: %v", tables)
	}
}

func TestColumnsMayBeCalledAsOursAre(t *testing.T) {
	w := testWorld(t, map[string]string{"p.hcl": `
asset "a" {
  sql = "select * from (values (1, 1, 'x', 1, 1), (2, 5, 'y', 2, 2)) v(id, _row, _checks, _id, _CHECK)"
  check "expression" {
    name       = "few"
    expression = "_row < 5 and _checks <> 'z' and _id > 0"
    quarantine = true
  }
}`})
	w.apply()
	wantRows(t, w, "a", "{'id': 1, '_row': 1, '_checks': x, '_id': 1, '_CHECK': 1}")
	got, err := w.query("SELECT concat_ws(' ', array_to_string(__check, ' '), id, _row, _checks, _id, _check) FROM _wh.quarantine.a")
	if err != nil || !cmp.Equal(got, []string{"few 2 5 y 2 2"}) {
		t.Errorf("put aside: %v, %v", got, err)
	}
}

func TestAConditionThatIsNotTheSameTwicePublishesNothing(t *testing.T) {
	w := testWorld(t, map[string]string{"p.hcl": `
asset "a" {
  sql = "select range as id from range(1000)"
  check "expression" {
    name       = "chance"
    expression = "random() < 0.5"
    quarantine = true
  }
}`})
	result := w.apply()
	wantOutcomes(t, result, "a failed")
	if !strings.Contains(result.Assets[0].Message, "check chance") {
		t.Errorf("message = %q", result.Assets[0].Message)
	}
}

func TestPurgedRowsComeBackWithTheNextBuild(t *testing.T) {
	w := testWorld(t, divided())
	w.apply()
	seen, err := w.db.Quarantine(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := []warehouse.CheckCount{{Check: "not_null(customer)", Rows: 2}, {Check: "positive", Rows: 2}}
	if len(seen) != 1 || seen[0].Rows != 3 || !cmp.Equal(seen[0].Checks, want) || !seen[0].Since.Equal(clock().Add(time.Minute)) {
		t.Fatalf("what is put aside: %+v", seen)
	}
	if err := w.db.Purge(ctx, seen); err != nil {
		t.Fatal(err)
	}
	wantAside(t, w, "staging.orders")
	wantNothingToDo(t, w)
	w.options = planner.Options{Replace: []assets.Name{assets.MustName("staging.orders")}}
	wantOutcomes(t, w.apply(), "staging.orders built", "mart.total revalidated")
	wantAside(t, w, "staging.orders", "2 not_null(customer) 12:03", "3 positive 12:03", "4 not_null(customer) and positive 12:03")
	if err := w.db.Purge(ctx, seen); err == nil || !strings.Contains(err.Error(), "published anew") {
		t.Errorf("what nobody has looked at is purged: %v", err)
	}
}
