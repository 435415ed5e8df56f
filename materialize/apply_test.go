package materialize_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
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
	if diff := cmp.Diff(state, result.State, cmpopts.EquateEmpty()); diff != "" {
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

func TestAFailedCheckKeepsTheLastGoodVersion(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	w.csv("data/orders.csv", "id,customer,amount,note", "1,ann,10,a", "1,bob,99,b")
	result := w.apply()
	wantOutcomes(t, result, "staging.orders failed", "mart.customers skipped", "mart.notes skipped", "mart.big_spenders skipped")
	if result.Status != "failed" || !strings.Contains(result.Assets[0].Message, "unique(id)") {
		t.Errorf("status %q, message %q: want failed, naming the check", result.Status, result.Assets[0].Message)
	}
	wantRows(t, w, "mart.customers", "{'customer': ann, 'spent': 40}", "{'customer': bob, 'spent': 20}")

	w.csv("data/orders.csv", "id,customer,amount,note", "1,ann,10,a", "2,bob,99,b")
	wantOutcomes(t, w.apply(), "staging.orders built", "mart.customers built", "mart.notes built", "mart.big_spenders built")
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
			if got := actions(w.plan().Plan); !cmp.Equal(got, []string{"~ mart.customers", "~ mart.big_spenders"}) {
				t.Errorf("actions = %v", got)
			}
			wantOutcomes(t, w.apply(), "mart.customers built", "mart.big_spenders revalidated")
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

func TestAChangedCheckAuditsWhatIsPublished(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	with := strings.Replace(shop()["shop.hcl"], `check "unique"`, `check "row_count" { min = 3 }
  check "unique"`, 1)
	w.write("shop.hcl", with)
	wantOutcomes(t, w.apply(), "staging.orders revalidated")
	wantNothingToDo(t, w)

	w.write("shop.hcl", strings.Replace(with, "min = 3", "min = 4", 1))
	result := w.apply()
	wantOutcomes(t, result, "staging.orders failed")
	if !strings.Contains(result.Assets[0].Message, "row_count") {
		t.Errorf("message = %q", result.Assets[0].Message)
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

func TestASourceThatMovesWhileItIsReadIsReadAgain(t *testing.T) {
	w := testWorld(t, shop())
	var once sync.Once
	w.onEvent = func(e materialize.Event) {
		if e.Type == materialize.AssetFinished && e.Asset.String() == "staging.orders" {
			once.Do(func() { w.csv("data/orders.csv", "id,customer,amount,note", "1,new,1,n") })
		}
	}
	w.apply()
	w.onEvent = nil
	wantRows(t, w, "mart.customers", "{'customer': new, 'spent': 1}")
	wantRows(t, w, "mart.notes", "{'note': n}")
	wantNothingToDo(t, w)
}

func TestASourceThatVanishesFailsItsReaders(t *testing.T) {
	w := testWorld(t, shop())
	p := w.plan()
	if err := os.Remove(filepath.Join(w.dir, "data/orders.csv")); err != nil {
		t.Fatal(err)
	}
	result := w.carryOut(p)
	wantOutcomes(t, result, "staging.orders failed", "mart.customers skipped", "mart.notes skipped", "mart.big_spenders skipped")
	if !strings.Contains(result.Assets[0].Message, "raw.orders") {
		t.Errorf("message = %q, want it to name the source", result.Assets[0].Message)
	}
}

func TestSourceFilesAreVersionedByContent(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	data, err := os.ReadFile(filepath.Join(w.dir, "data/orders.csv"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("data/moved.csv", string(data))
	w.write("shop.hcl", strings.Replace(shop()["shop.hcl"], "data/orders.csv", "data/moved.csv", 1))
	wantNothingToDo(t, w)
}

func TestAForcedRebuildThatFindsTheSameStopsThere(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	w.options = planner.Options{Replace: []assets.Name{assets.MustName("staging.orders")}}
	wantOutcomes(t, w.apply(), "staging.orders unchanged", "mart.customers revalidated", "mart.notes revalidated", "mart.big_spenders revalidated")
}

// The checks of this project look at several assets.
func references() map[string]string {
	return map[string]string{
		"customers.csv": "id\n1\n2\n",
		"orders.csv":    "id,customer\n1,1\n2,2\n",
		"p.hcl": `
source "raw.customers" {
  files = "customers.csv"
}
source "raw.orders" {
  files = "orders.csv"
}
asset "customers" {
  sql = "select id from raw.customers"
  check "sql" {
    sql = "select c.id from customers c left join orders o on o.customer = c.id where o.id is null"
    severity = "warn"
  }
}
asset "orders" {
  sql = "select id, customer from raw.orders"
  check "relationships" {
    columns = ["customer"]
    to = "customers"
    to_columns = ["id"]
  }
}
asset "per_customer" {
  sql = "select customer, count(*) as n from orders group by all"
}
asset "shown" {
  sql = "select * from main.per_customer"
  materialize "view" {}
  check "row_count" { max = 3 }
}
`,
	}
}

func TestChecksOfSeveralAssetsSeeWhatWouldBeVisible(t *testing.T) {
	w := testWorld(t, references())
	w.apply()

	// Both sides of a reference move at once.
	w.csv("customers.csv", "id", "1", "3")
	w.csv("orders.csv", "id,customer", "1,1", "2,3")
	wantOutcomes(t, w.apply(), "customers built", "orders built", "per_customer built", "shown built")

	// Only the referenced side moves, and takes away what orders refer to: it is withheld.
	w.csv("customers.csv", "id", "1")
	result := w.apply()
	wantOutcomes(t, result, "customers failed")
	if !strings.Contains(result.Assets[0].Message, "orders would fail") {
		t.Errorf("message = %q", result.Assets[0].Message)
	}
	wantRows(t, w, "customers", "{'id': 1}", "{'id': 3}")

	// The referring side is new and wrong: it and what was made from it are withheld.
	w.csv("customers.csv", "id", "1", "3")
	w.csv("orders.csv", "id,customer", "1,1", "2,9")
	wantOutcomes(t, w.apply(), "orders failed", "per_customer skipped", "shown skipped")
	wantRows(t, w, "per_customer", "{'customer': 1, 'n': 1}", "{'customer': 3, 'n': 1}")
}

func TestACheckOfAViewWithholdsWhatItShows(t *testing.T) {
	w := testWorld(t, references())
	w.apply()
	w.csv("customers.csv", "id", "1", "2", "3", "4")
	w.csv("orders.csv", "id,customer", "1,1", "2,2", "3,3", "4,4")
	wantOutcomes(t, w.apply(), "customers built", "orders built", "per_customer failed", "shown failed")
	wantRows(t, w, "shown", "{'customer': 1, 'n': 1}", "{'customer': 2, 'n': 1}")
}

// A reader that looks all the time sees each run whole or not at all.
func TestReadersNeverSeeHalfARun(t *testing.T) {
	files := map[string]string{"data/g.csv": "g\n0\n", "p.hcl": "source \"raw.g\" {\n  files = \"data/g.csv\"\n}\n"}
	var all []string
	for i := range 12 {
		from := "raw.g"
		if i >= 4 {
			from = fmt.Sprintf("t%d", i-4)
		}
		all = append(all, fmt.Sprintf("SELECT max(g)::VARCHAR FROM t%d", i))
		files["p.hcl"] += fmt.Sprintf("asset \"t%d\" {\n  sql = \"select g, %d as i from %s\"\n  check \"expression\" { expression = \"g %% 10 <> 7\" }\n}\n", i, i, from)
	}
	w := testWorld(t, files)
	w.apply()
	stop, seen, wrong := make(chan bool), map[string]bool{}, []string{}
	var reader sync.WaitGroup
	reader.Add(1)
	go func() {
		defer reader.Done()
		c, err := w.db.Conn(ctx)
		if err != nil {
			wrong = append(wrong, err.Error())
			return
		}
		defer c.Close()
		if err := c.Exec(ctx, "USE _wh"); err != nil {
			wrong = append(wrong, err.Error())
		}
		for {
			select {
			case <-stop:
				return
			default:
			}
			rows, err := c.Query(ctx, strings.Join(all, " UNION ALL "))
			if err != nil {
				wrong = append(wrong, err.Error())
				return
			}
			generations := map[string]bool{}
			for rows.Next() {
				var g string
				rows.Scan(&g)
				generations[g], seen[g] = true, true
			}
			rows.Close()
			if len(generations) != 1 {
				wrong = append(wrong, fmt.Sprint("two generations at once: ", generations))
			}
		}
	}()
	for g := 1; g <= 50; g++ {
		w.csv("data/g.csv", "g", fmt.Sprint(g))
		result := w.apply()
		if failed := g%10 == 7; failed != (result.Failed > 0) {
			t.Errorf("generation %d: %d failed", g, result.Failed)
		}
	}
	close(stop)
	reader.Wait()
	if len(wrong) > 0 {
		t.Errorf("the reader saw %d things it must not see, first: %s", len(wrong), wrong[0])
	}
	if len(seen) < 5 {
		t.Errorf("the reader saw %d generations only: it did not look while runs were published", len(seen))
	}
	for g := range seen {
		if strings.HasSuffix(g, "7") {
			t.Errorf("the reader saw generation %s, which fails its check", g)
		}
	}
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

func TestChecksCanBeChangedWhileASourceIsAway(t *testing.T) {
	w := testWorld(t, shop())
	w.apply()
	if err := os.Remove(filepath.Join(w.dir, "data/orders.csv")); err != nil {
		t.Fatal(err)
	}
	w.write("shop.hcl", strings.Replace(shop()["shop.hcl"], `check "unique"`, `check "row_count" { min = 3 }
  check "unique"`, 1))
	wantOutcomes(t, w.apply(), "staging.orders revalidated")
	wantNothingToDo(t, w)
}

// statuses lists the recorded results of an asset's checks, as "check status".
func (w *world) statuses(name string) []string {
	w.Helper()
	state, err := w.db.State(ctx)
	if err != nil {
		w.Fatal(err)
	}
	var out []string
	for _, c := range state.Last[planner.Key{Asset: assets.MustName(name)}].Checks {
		out = append(out, c.Check+" "+string(c.Status))
	}
	return out
}

func TestAChangedReferenceIsCheckedOnWhatIsPublished(t *testing.T) {
	files := references()
	check := files["p.hcl"]
	files["p.hcl"] = strings.Replace(check, `to = "customers"`, `to = "customers"
    severity = "warn"`, 1)
	files["orders.csv"] = "id,customer\n1,1\n2,9\n"
	w := testWorld(t, files)
	w.apply()
	if got := w.statuses("orders"); !cmp.Equal(got, []string{"relationships(customer) warned"}) {
		t.Errorf("checks = %v", got)
	}
	w.write("p.hcl", check)
	result := w.apply()
	wantOutcomes(t, result, "orders failed")
	if !strings.Contains(result.Assets[0].Message, "relationships(customer)") {
		t.Errorf("message = %q", result.Assets[0].Message)
	}
}

func TestResultsOfReferencesAreKeptWhateverMoves(t *testing.T) {
	files := references()
	files["p.hcl"] = strings.Replace(files["p.hcl"], `to = "customers"`, `to = "customers"
    severity = "warn"`, 1)
	w := testWorld(t, files)
	w.apply()
	w.options = planner.Options{Replace: []assets.Name{assets.MustName("orders")}}
	w.apply() // built, and found unchanged
	w.options = planner.Options{}
	if got := w.statuses("orders"); !cmp.Equal(got, []string{"relationships(customer) passed"}) {
		t.Errorf("after a forced rebuild: checks = %v", got)
	}
	w.csv("customers.csv", "id", "1")
	wantOutcomes(t, w.apply(), "customers built", "orders revalidated")
	if got := w.statuses("orders"); !cmp.Equal(got, []string{"relationships(customer) warned"}) {
		t.Errorf("after the other side moved: checks = %v", got)
	}
	wantNothingToDo(t, w)
}

func TestAChangedSourceIsLookedAtByChecks(t *testing.T) {
	w := testWorld(t, map[string]string{"x.csv": "id\n1\n", "p.hcl": `
source "raw.x" {
  files = "x.csv"
}
asset "b" {
  sql = "select 1 as id"
  check "sql" { sql = "from b anti join raw.x using (id)" }
}`})
	w.apply()
	wantNothingToDo(t, w)
	w.csv("x.csv", "id", "1", "2")
	wantOutcomes(t, w.apply(), "b revalidated")
	wantNothingToDo(t, w)
	w.csv("x.csv", "id", "7")
	wantOutcomes(t, w.apply(), "b failed")
}

func TestSecretsAreTakenOutBeforeRowsAreCut(t *testing.T) {
	secret := strings.Repeat("TOPSECRET", 10)
	w := testWorld(t, map[string]string{"p.hcl": `
asset "a" {
  sql = "select '` + secret + `' as token, 1 as id"
  check "expression" { expression = "id > 1" }
}`})
	w.redact = func(text string) string { return strings.ReplaceAll(text, secret, "(sensitive)") }
	result := w.apply()
	if rows := fmt.Sprint(result.Assets[0].Record.Checks); !strings.Contains(rows, "(sensitive)") || strings.Contains(rows, "TOP") {
		t.Errorf("results show %s", rows)
	}
}
