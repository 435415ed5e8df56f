package observe

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// database gives the yard a connection "crm" to a DuckDB file that statements change.
func (y *yard) database() (change func(statements string)) {
	y.t.Helper()
	db, err := warehouse.Memory(bg)
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() { db.Close() })
	y.Connections = map[string]*assets.Connection{"crm": {Name: "crm", Type: "duckdb", Path: "crm.duckdb", Dir: y.dir}}
	y.Attached = db.Attached
	return func(statements string) {
		y.t.Helper()
		if err := y.conn.Exec(bg, "ATTACH "+warehouse.Literal(filepath.Join(y.dir, "crm.duckdb"))+" AS crm; USE crm; "+statements+"; USE memory; DETACH crm"); err != nil {
			y.t.Fatal(err)
		}
	}
}

func table(name, version string) *assets.Source {
	t := &assets.AttachedTable{Connection: "crm", Table: name, Version: version}
	if schema, table, ok := strings.Cut(name, "."); ok {
		t.Schema, t.Table = schema, table
	}
	return &assets.Source{Name: assets.MustName("crm.t"), Table: t}
}

// Without a query the rows are the version: neither their order nor how they got there.
func TestATablesVersionIsItsRows(t *testing.T) {
	y := newYard(t)
	change := y.database()
	change("CREATE SCHEMA s; CREATE TABLE s.t (id INT, name VARCHAR); INSERT INTO s.t VALUES (1, 'a'), (2, 'b')")
	first := y.good(table("s.t", ""))
	if want := []assets.Column{{Name: "id", Type: "INTEGER"}, {Name: "name", Type: "VARCHAR"}}; len(first.Columns) != 2 || first.Columns[0] != want[0] || first.Columns[1] != want[1] {
		t.Errorf("columns %v, want %v", first.Columns, want)
	}
	if !first.Arrived.Equal(y.Now) {
		t.Errorf("arrived %s, want the moment of the look", first.Arrived)
	}
	y.Known[first.Source] = first.Observation
	y.Now = y.Now.Add(time.Hour)
	for _, c := range []struct {
		statements string
		same       bool
	}{
		{"DELETE FROM s.t WHERE id = 1; INSERT INTO s.t VALUES (1, 'a')", true},
		{"UPDATE s.t SET name = 'B' WHERE id = 2", false},
		{"UPDATE s.t SET name = 'b' WHERE id = 2", true},
		{"INSERT INTO s.t VALUES (2, 'b')", false},
		{"DELETE FROM s.t; INSERT INTO s.t VALUES (1, 'a'), (2, 'b')", true},
		{"ALTER TABLE s.t ALTER id TYPE BIGINT", false},
		{"ALTER TABLE s.t ALTER id TYPE INT", true},
		{"ALTER TABLE s.t RENAME name TO label", false},
		{"ALTER TABLE s.t RENAME label TO name; DELETE FROM s.t", false},
	} {
		change(c.statements)
		look := y.good(table("s.t", ""))
		if same := look.ID == first.ID; same != c.same {
			t.Errorf("%s: the same version is %v, want %v", c.statements, same, c.same)
		}
		if want := map[bool]time.Time{true: first.Arrived, false: y.Now.UTC()}[c.same]; !look.Arrived.Equal(want) {
			t.Errorf("%s: arrived %s, want %s", c.statements, look.Arrived, want)
		}
	}
}

// With a query its answer is the version, and the columns are.
func TestATablesVersionIsWhatItsQuerySays(t *testing.T) {
	y := newYard(t)
	change := y.database()
	const query = "select max(seen), count(*) from t -- of all"
	change("CREATE TABLE t (id INT, seen TIMESTAMPTZ); INSERT INTO t VALUES (1, NULL)")
	first := y.good(table("t", query))
	change("UPDATE t SET id = 2")
	if look := y.good(table("t", query)); look.ID != first.ID {
		t.Error("what the query does not ask for made another version")
	}
	seen := map[assets.Digest]string{first.ID: "the first"}
	for _, statements := range []string{
		"UPDATE t SET seen = '2024-01-01'", "INSERT INTO t VALUES (1, '2024-01-01')", "ALTER TABLE t ADD COLUMN name VARCHAR",
		"CREATE TABLE u AS FROM t; DROP TABLE t; CREATE TABLE t AS SELECT seen, id, name FROM u",
	} {
		change(statements)
		look := y.good(table("t", query))
		if before := seen[look.ID]; before != "" {
			t.Errorf("%s: the same version as after %s", statements, before)
		}
		seen[look.ID] = statements
	}
	// Another question, or the same answer of another table or database, says nothing.
	change("CREATE SCHEMA s; CREATE TABLE s.t AS FROM main.t")
	for what, s := range map[string]*assets.Source{"another query": table("t", query+" again"), "another table": table("s.t", query)} {
		if look := y.good(s); seen[look.ID] != "" {
			t.Errorf("%s gives the same version", what)
		}
	}
}

func TestWhatIsWrongWithATable(t *testing.T) {
	y := newYard(t)
	change := y.database()
	change("CREATE TABLE customers (id INT); INSERT INTO customers VALUES (1), (2)")
	for _, c := range []struct {
		source *assets.Source
		want   string
	}{
		{table("customer", ""), `connection crm has no table customer`},
		{table("s.customers", ""), `connection crm has no table s.customers`},
		{table("customers", "select id from customers"), "the version query of table customers: it yields 2 rows, and must yield one"},
		{table("customers", "select id from customers where id > 2"), "it yields 0 rows"},
		{table("customers", "select nonsense from customers"), `nonsense`},
		{table("customers", "delete from customers returning id"), "version query"},
	} {
		look := y.look(c.source)
		if !strings.Contains(look.Err, c.want) || look.Table != nil || strings.Contains(look.Err, "\n") {
			t.Errorf("%s, %q: %q, want %q", c.source.Table, c.source.Table.Version, look.Err, c.want)
		}
	}
	// One table's mistake is no other's: all were looked at together.
	good, bad := table("customers", ""), table("none", "")
	bad.Name = assets.MustName("crm.none")
	looks, err := y.Look(bg, []*assets.Source{bad, good})
	if err != nil || looks[good.Name].Err != "" || looks[bad.Name].Err == "" {
		t.Errorf("%v, %v", looks, err)
	}
	// What was seen is kept.
	y.Known[good.Name] = looks[good.Name].Observation
	change("DROP TABLE customers")
	if look := y.look(good); look.Err == "" || look.ID != looks[good.Name].ID || len(look.Columns) != 1 {
		t.Errorf("the last version is lost: %+v", look)
	}
}

// Load says which version it copied, of rows and query in one state.
func TestLoad(t *testing.T) {
	y := newYard(t)
	change := y.database()
	change("CREATE TABLE t (id INT); INSERT INTO t VALUES (1)")
	db, err := warehouse.Memory(bg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, query := range []string{"", "select sum(id) from t"} {
		look := y.good(table("t", query))
		version, err := Load(bg, db, look, "memory.main.a")
		if err != nil || version != look.ID {
			t.Fatalf("loaded %s, %v, want %s", version, err, look.ID)
		}
		change("INSERT INTO t VALUES (2)")
		moved, err := Load(bg, db, look, "memory.main.b")
		if err != nil || moved == look.ID || moved != y.good(table("t", query)).ID {
			t.Fatalf("loaded %s, %v, want what is there now", moved, err)
		}
		change("ALTER TABLE t ADD COLUMN x INT")
		if _, err := Load(bg, db, look, "memory.main.c"); err == nil || !strings.Contains(err.Error(), "columns changed") {
			t.Fatalf("loaded other columns: %v", err)
		}
		change("DROP TABLE t; CREATE TABLE t (id INT); INSERT INTO t VALUES (1)")
		if err := db.Exec(context.Background(), "DROP TABLE memory.main.a; DROP TABLE memory.main.b"); err != nil {
			t.Fatal(err)
		}
	}
}
