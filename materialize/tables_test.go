package materialize_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// customers is a project two assets of which read a table of another database.
func customers(t *testing.T) *world {
	w := testWorld(t, map[string]string{"crm.hcl": `
connection "crm" {
  type = "duckdb"
  path = "crm.duckdb"
}
source "crm.customers" {
  connection = connection.crm
  table      = "customers"
}
asset "staging.a" { sql = "select count(*) as n, max(name) as name from crm.customers" }
asset "staging.b" { sql = "select n, name, (select count(*) from crm.customers) as m from staging.a" }
`})
	w.crm("CREATE TABLE customers (name VARCHAR); INSERT INTO customers VALUES ('ann')")
	return w
}

// crm is another program that changes the other database.
func (w *world) crm(statements string) {
	w.Helper()
	db, err := warehouse.Memory(ctx)
	if err != nil {
		w.Fatal(err)
	}
	defer db.Close()
	c, err := db.Conn(ctx)
	if err != nil {
		w.Fatal(err)
	}
	defer c.Close()
	if err := c.Exec(ctx, "ATTACH "+warehouse.Literal(filepath.Join(w.dir, "crm.duckdb"))+" AS crm; USE crm; "+statements+"; USE memory; DETACH crm"); err != nil {
		w.Fatal(err)
	}
}

// when calls do once, when an asset is built.
func (w *world) when(name string, do func()) {
	var once sync.Once
	w.onEvent = func(e materialize.Event) {
		if e.Type == materialize.AssetFinished && e.Asset.String() == name {
			once.Do(do)
		}
	}
}

// All that read a table in a run read one version of it, whatever happens to it meanwhile.
func TestATableIsReadOnceARun(t *testing.T) {
	w := customers(t)
	w.when("staging.a", func() { w.crm("INSERT INTO customers VALUES ('bob')") })
	w.apply()
	wantRows(t, w, "staging.b", "{'n': 1, 'name': ann, 'm': 1}")
	w.apply()
	wantRows(t, w, "staging.b", "{'n': 2, 'name': bob, 'm': 2}")
	wantNothingToDo(t, w)
}

// A table that moved between the plan and the run is published as what it was when it was read.
func TestATableThatMovedBeforeItIsReadIsLookedAtAgain(t *testing.T) {
	w := customers(t)
	p := w.plan()
	w.crm("INSERT INTO customers VALUES ('bob')")
	w.carryOut(p)
	wantRows(t, w, "staging.b", "{'n': 2, 'name': bob, 'm': 2}")
	wantNothingToDo(t, w)
}

// What was read may be a version that no look ever saw.
func TestATableThatMovedBackIsReadAgain(t *testing.T) {
	w := customers(t)
	p := w.plan()
	w.crm("UPDATE customers SET name = 'eve'")
	w.when("staging.a", func() { w.crm("UPDATE customers SET name = 'ann'") })
	w.carryOut(p)
	wantRows(t, w, "staging.b", "{'n': 1, 'name': ann, 'm': 1}")
	wantNothingToDo(t, w)
}

// Another table under the same name is not what the project was compiled for.
func TestATableWithOtherColumnsFailsItsReaders(t *testing.T) {
	w := customers(t)
	w.apply()
	w.crm("INSERT INTO customers VALUES ('bob')")
	p := w.plan()
	w.crm("ALTER TABLE customers ALTER name TYPE BLOB")
	result := w.carryOut(p)
	wantOutcomes(t, result, "staging.a failed", "staging.b skipped")
	if message := result.Assets[0].Message; !strings.Contains(message, "crm.customers") || !strings.Contains(message, "columns") {
		t.Errorf("message = %q", message)
	}
	wantRows(t, w, "staging.b", "{'n': 1, 'name': ann, 'm': 1}")
}

// A SQLite file is read like a DuckDB file, with DuckDB's extension for it.
func TestATableOfSQLite(t *testing.T) {
	extensions := os.Getenv("ASSETS_TEST_EXTENSIONS")
	if extensions == "" {
		t.Skip("ASSETS_TEST_EXTENSIONS names no directory with DuckDB's extensions")
	}
	w := testWorld(t, map[string]string{"till.hcl": `
connection "till" {
  type                = "sqlite"
  path                = "till.sqlite"
  extension_directory = "` + extensions + `"
}
source "till.sales" {
  connection = connection.till
  table      = "sales"
}
source "till.prices" {
  connection = connection.till
  table      = "prices"
  version    = "select max(since) from prices"
}
asset "mart.revenue" { sql = "select item, sum(n * price) as revenue from till.sales join till.prices using (item) group by all" }
`})
	till := func(statements string) {
		t.Helper()
		db, err := warehouse.Memory(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		c, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		extension := filepath.Join(extensions, warehouse.Engine(), "sqlite_scanner.duckdb_extension")
		if err := c.Exec(ctx, "LOAD "+warehouse.Literal(extension)+"; ATTACH "+warehouse.Literal(filepath.Join(w.dir, "till.sqlite"))+" AS till (TYPE sqlite); USE till; "+statements); err != nil {
			t.Fatal(err)
		}
	}
	till("CREATE TABLE sales (item VARCHAR, n BIGINT); INSERT INTO sales VALUES ('tea', 2), ('tea', 1); CREATE TABLE prices (item VARCHAR, price DOUBLE, since DATE); INSERT INTO prices VALUES ('tea', 1.5, '2024-01-01')")
	w.apply()
	wantRows(t, w, "mart.revenue", "{'item': tea, 'revenue': 4.5}")
	till("UPDATE prices SET price = 3")
	wantNothingToDo(t, w)
	till("INSERT INTO sales VALUES ('tea', 1)")
	w.apply()
	wantRows(t, w, "mart.revenue", "{'item': tea, 'revenue': 12.0}")
}
