package check

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

var bg = context.Background()

func connect(t testing.TB) *warehouse.Conn {
	t.Helper()
	db, err := warehouse.Memory(bg)
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.Conn(bg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); db.Close() })
	return c
}

// scan makes main.t of a query and returns a Scan of it with the checks.
func scan(t testing.TB, c *warehouse.Conn, query string, checks ...assets.Check) Scan {
	t.Helper()
	if err := c.Exec(bg, "CREATE OR REPLACE TABLE t AS "+query); err != nil {
		t.Fatal(err)
	}
	s := Scan{Relation: `"main"."t"`, Checks: checks}
	rows, err := c.Query(bg, "SELECT column_name, column_type FROM (DESCRIBE t)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var col assets.Column
		if err := rows.Scan(&col.Name, &col.Type); err != nil {
			t.Fatal(err)
		}
		s.Columns = append(s.Columns, col)
	}
	return s
}

func notNullOf(columns ...string) assets.Check {
	return assets.Check{Kind: assets.NotNull, Severity: assets.Error, Columns: columns}
}

func uniqueOf(columns ...string) assets.Check {
	return assets.Check{Kind: assets.Unique, Severity: assets.Error, Columns: columns}
}

func acceptedOf(column string, values ...string) assets.Check {
	return assets.Check{Kind: assets.AcceptedValues, Severity: assets.Error, Columns: []string{column}, Values: values}
}

func expressionOf(text string) assets.Check {
	return assets.Check{Kind: assets.Expression, Severity: assets.Error, SQL: assets.SQL{Text: text}}
}

func queryOf(text string) assets.Check {
	return assets.Check{Kind: assets.Query, Severity: assets.Error, SQL: assets.SQL{Text: text}}
}

func relationOf(columns []string, to string, toColumns ...string) assets.Check {
	return assets.Check{Kind: assets.Relationships, Severity: assets.Error, Columns: columns, To: assets.MustName(to), ToColumns: toColumns}
}

func rowCountOf(least, most int64) assets.Check {
	c := assets.Check{Kind: assets.RowCount, Severity: assets.Error}
	if least >= 0 {
		c.Min = &least
	}
	if most >= 0 {
		c.Max = &most
	}
	return c
}

// what a check finds, on one line: violations, message, columns, rows.
func line(r planner.CheckResult) string {
	if r.Status == planner.CheckPassed {
		return "passed"
	}
	s := fmt.Sprintf("%d: %s", r.Violations, r.Message)
	if r.Columns != nil {
		rows := make([]string, len(r.Rows))
		for i, row := range r.Rows {
			rows[i] = strings.Join(row, " ")
		}
		s += fmt.Sprintf(" [%s: %s]", strings.Join(r.Columns, " "), strings.Join(rows, ", "))
	}
	return s
}

func TestKinds(t *testing.T) {
	const (
		empty = "SELECT 1 AS a, 'x' AS b WHERE false"
		one   = "SELECT 1 AS a, 'x' AS b"
		nulls = "SELECT NULL::INT AS a, NULL::VARCHAR AS b FROM range(3)"
		some  = "SELECT * FROM (VALUES (1, 'x'), (2, 'x'), (2, 'x'), (2, 'y'), (NULL, 'z'), (NULL, 'z'), (3, NULL)) v(a, b)"
		odd   = `SELECT 1 AS "say ""hi""", NULL AS "it's;--", 'a' || chr(10) || 'b' AS "select", repeat('ä', 100) AS "_c0"`
		reals = "SELECT unnest(['nan', 'nan', 'inf', '-inf', '0', '-0.0', NULL])::DOUBLE AS x"
		lists = "SELECT unnest([[1], [1], [2], NULL]) AS a, unnest([{'k': 1}, {'k': 1}, {'k': NULL}, {'k': NULL}]) AS s"
	)
	c := connect(t)
	if err := c.Exec(bg, `CREATE SCHEMA ref; CREATE TABLE ref.codes AS SELECT * FROM (VALUES (1, 'x'), (2, 'x'), (NULL, NULL)) v(code, kind)`); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		data  string
		check assets.Check
		want  string
	}{
		{empty, notNullOf("a"), "passed"},
		{one, notNullOf("a", "b"), "passed"},
		{nulls, notNullOf("a"), "3: 3 of 3 rows have a NULL in a [a b: NULL NULL, NULL NULL, NULL NULL]"},
		{some, notNullOf("b"), "1: 1 of 7 rows has a NULL in b [b a: NULL 3]"},
		{some, notNullOf("a", "b"), "3: 3 of 7 rows have a NULL in (a, b) [a b: 3 NULL, NULL z, NULL z]"},
		{odd, notNullOf("it's;--"), `1: 1 of 1 row has a NULL in it's;-- [it's;-- say "hi" select _c0: NULL 1 a\nb ` + strings.Repeat("ä", 59) + "…]"},
		{reals, notNullOf("x"), "1: 1 of 7 rows has a NULL in x [x: NULL]"},

		{empty, uniqueOf("a"), "passed"},
		{one, uniqueOf("a"), "passed"},
		{nulls, uniqueOf("a"), "passed"},
		{nulls, uniqueOf("a", "b"), "passed"},
		{some, uniqueOf("a"), "2: 2 duplicate rows for a [a rows: 2 3]"},
		{some, uniqueOf("b"), "3: 3 duplicate rows for b [b rows: x 3, z 2]"},
		{some, uniqueOf("a", "b"), "1: 1 duplicate row for (a, b) [a b rows: 2 x 2]"},
		{odd, uniqueOf(`say "hi"`, "select"), "passed"},
		{reals, uniqueOf("x"), "2: 2 duplicate rows for x [x rows: 0.0 2, nan 2]"},
		{lists, uniqueOf("a"), "1: 1 duplicate row for a [a rows: [1] 2]"},
		{lists, uniqueOf("s"), "2: 2 duplicate rows for s [s rows: {'k': 1} 2, {'k': NULL} 2]"},
		{"SELECT 1 AS n, 2 AS \"rows\" FROM range(2)", uniqueOf("n", "rows"), "1: 1 duplicate row for (n, rows) [n rows rows_: 1 2 2]"},

		{empty, acceptedOf("b", "'x'"), "passed"},
		{nulls, acceptedOf("b", "'x'"), "passed"},
		{some, acceptedOf("b", "'x'", "'y'", "'z'"), "passed"},
		{some, acceptedOf("b", "'x'", "'y'"), "2: 2 of 7 rows have another b than 'x', 'y' [b a: z NULL, z NULL]"},
		{some, acceptedOf("a", "1", "NULL"), "4: 4 of 7 rows have another a than 1, NULL [a b: 2 x, 2 x, 2 y, 3 NULL]"},
		{some, acceptedOf("a"), "5: 5 of 7 rows have another a than  [a b: 1 x, 2 x, 2 x, 2 y, 3 NULL]"},
		{reals, acceptedOf("x", "'nan'", "'inf'", "'-inf'", "0"), "passed"},
		{one, acceptedOf("a", "'one'"), `0: could not be run: Conversion Error: Could not convert string 'one' to INT32`},

		{empty, expressionOf("a > 5"), "passed"},
		{nulls, expressionOf("a > 5"), "passed"},
		{some, expressionOf("a <> 2 -- a comment"), "3: 3 of 7 rows have values for which this is false: a <> 2 -- a comment [a b: 2 x, 2 x, 2 y]"},
		{some, expressionOf("b in ('x', 'z') or t.a = 2"), "passed"},
		{some, expressionOf("main.t.a <> 2"), "3: 3 of 7 rows have values for which this is false: main.t.a <> 2 [a b: 2 x, 2 x, 2 y]"},
		{some, expressionOf("a - 1"), "1: 1 of 7 rows has values for which this is false: a - 1 [a b: 1 x]"},
		{some, expressionOf("a <= (SELECT avg(a) FROM t)"), "1: 1 of 7 rows has values for which this is false: a <= (SELECT avg(a) FROM t) [a b: 3 NULL]"},
		{some, expressionOf("b::INT > 0"), "0: could not be run: Conversion Error: Could not convert string 'x' to INT32 when casting from source column b"},
		{some, expressionOf("nope > 0"), `0: could not be run: Binder Error: Referenced column "nope" not found in FROM clause!`},
		{some, expressionOf("sum(a) > 0"), "0: could not be run: Binder Error: WHERE clause cannot contain aggregates!"},
		{odd, expressionOf(`"select" = 'a'`), `1: 1 of 1 row has values for which this is false: "select" = 'a' [select say "hi" it's;-- _c0: a\nb 1 NULL ` + strings.Repeat("ä", 59) + "…]"},

		{empty, rowCountOf(0, 0), "passed"},
		{empty, rowCountOf(1, -1), "1: 0 rows, and there must be at least 1"},
		{one, rowCountOf(1, 1), "passed"},
		{some, rowCountOf(-1, 3), "4: 7 rows, and there must be at most 3"},
		{"SELECT * FROM range(2000)", rowCountOf(-1, 1500), "500: 2,000 rows, and there must be at most 1,500"},

		{empty, relationOf([]string{"a"}, "ref.codes", "code"), "passed"},
		{one, relationOf([]string{"a"}, "ref.codes", "code"), "passed"},
		{nulls, relationOf([]string{"a"}, "ref.codes", "code"), "passed"},
		{some, relationOf([]string{"a"}, "ref.codes", "code"), "1: 1 of 7 rows has a value in a that is no code of ref.codes [a b: 3 NULL]"},
		{some, relationOf([]string{"a", "b"}, "ref.codes", "code", "kind"), "1: 1 of 7 rows has a value in (a, b) that is no (code, kind) of ref.codes [a b: 2 y]"},
		{some, relationOf([]string{"a"}, "t", "a"), "passed"},
		{some, relationOf([]string{"a"}, "ref.none", "code"), "0: could not be run: Catalog Error: Table with name none does not exist!"},

		{some, queryOf("select * from t where a = 2 order by b desc; -- those"), "3: the query returns 3 rows [a b: 2 y, 2 x, 2 x]"},
		{some, queryOf("select * from t where a = 9"), "passed"},
		{empty, queryOf("from t"), "passed"},
		{"FROM range(1000) r(i)", queryOf("select date '2024-01-02' d, timestamp '2024-01-02 03:04:05.5' ts, 1.50::DECIMAL(4,2) x, 'a'::BLOB b, NULL n from t limit 900"),
			`900: the query returns 900 rows [d ts x b n: ` + strings.Repeat(`, 2024-01-02 2024-01-02 03:04:05.5 1.5 "a" NULL`, 5)[2:] + "]"},
		{some, queryOf("select nope from t"), `0: could not be run: Binder Error: Referenced column "nope" not found in FROM clause!`},
		{some, queryOf("selec"), `0: could not be run: Parser Error: syntax error at or near "selec"`},
		{some, queryOf("select b::int from t"), "0: could not be run: Conversion Error: Could not convert string 'x' to INT32 when casting from source column b"},

		{one, assets.Check{Kind: "weekly"}, `0: could not be run: checks of kind "weekly" are not known`},
	} {
		t.Run(fmt.Sprintf("%s %s", test.check.ID(), test.data), func(t *testing.T) {
			s := scan(t, c, test.data, test.check)
			audit, err := Run(bg, c, s)
			if err != nil {
				t.Fatal(err)
			}
			// What follows an engine's error is advice that differs from time to time.
			got := line(audit.Results[0])
			if got != test.want && !(strings.HasPrefix(test.want, "0: ") && strings.HasPrefix(got, test.want)) {
				t.Errorf("\ngot  %s\nwant %s", got, test.want)
			}
			// Run alone, a check finds the same.
			alone := Cross(bg, c, s)
			if audit.Results[0].Violations > 0 && !reflect.DeepEqual(alone, audit.Results) || alone[0].Status != audit.Results[0].Status {
				t.Errorf("\nalone    %v\ntogether %v", alone, audit.Results)
			}
		})
	}
}

func TestSeverity(t *testing.T) {
	c := connect(t)
	violated, broken := notNullOf("a"), expressionOf("b::INT = 1")
	for _, test := range []struct {
		severity assets.Severity
		violated planner.CheckStatus
		broken   planner.CheckStatus
	}{
		{assets.Error, planner.CheckFailed, planner.CheckFailed},
		{assets.Warn, planner.CheckWarned, planner.CheckFailed},
	} {
		violated.Severity, broken.Severity = test.severity, test.severity
		audit, err := Run(bg, c, scan(t, c, "SELECT NULL AS a, 'x' AS b", violated, broken))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := audit.Results[0].Status, audit.Results[1].Status; a != test.violated || b != test.broken {
			t.Errorf("severity %s: violated is %s, broken is %s", test.severity, a, b)
		}
	}
}

// One check that cannot be run takes no other along, and says where it stands.
func TestBrokenCheckIsFound(t *testing.T) {
	c := connect(t)
	broken := expressionOf("b::INT > 0")
	broken.ArgRange = hcl.Range{Filename: "mart.hcl", Start: hcl.Pos{Line: 12}}
	s := scan(t, c, "SELECT 1 AS a, 'x' AS b", notNullOf("a"), broken, rowCountOf(5, -1), uniqueOf("a"))
	s.Projections = [][]string{{"a"}}
	audit, err := Run(bg, c, s)
	if err != nil {
		t.Fatal(err)
	}
	var got []planner.CheckStatus
	for _, r := range audit.Results {
		got = append(got, r.Status)
	}
	if want := []planner.CheckStatus{planner.CheckPassed, planner.CheckFailed, planner.CheckFailed, planner.CheckPassed}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if m := audit.Results[1].Message; !strings.HasPrefix(m, "could not be run (mart.hcl:12): Conversion Error: ") || strings.Contains(m, "SELECT") {
		t.Error(m)
	}
	if audit.Rows != 1 || audit.Content == "" || audit.Digests["a"] == "" {
		t.Errorf("a broken check cost the digests: %+v", audit)
	}
}

func TestSensitiveSQLIsNotShown(t *testing.T) {
	c := connect(t)
	secret := expressionOf("b <> 'hunter2'")
	secret.SQL.Sensitive = true
	audit, err := Run(bg, c, scan(t, c, "SELECT 1 AS a, 'hunter2' AS b", secret))
	if err != nil {
		t.Fatal(err)
	}
	if got := audit.Results[0].Message; got != "1 of 1 row has values for which the condition is false" {
		t.Error(got)
	}
}

// counting counts the statements that pass through it.
type counting struct {
	*warehouse.Conn
	statements []string
}

func (c *counting) Query(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	c.statements = append(c.statements, statement)
	return c.Conn.Query(ctx, statement, args...)
}

// However many checks and digests: if all is well, one statement, one scan.
func TestOneScan(t *testing.T) {
	c := &counting{Conn: connect(t)}
	s := scan(t, c.Conn, "SELECT i AS a, i % 3 AS b FROM range(100) r(i)", notNullOf("a"), notNullOf("b"), uniqueOf("a"), uniqueOf("a", "b"),
		acceptedOf("b", "0", "1", "2"), rowCountOf(1, -1), expressionOf("a >= 0"), expressionOf("b >= 0"))
	s.Projections = [][]string{{"a"}, {"b"}, {"b", "a"}, {}}
	audit, err := Run(bg, c, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.statements) != 1 || len(audit.Results) != 8 || len(audit.Digests) != 4 {
		t.Errorf("%d statements, %d results, digests %v", len(c.statements), len(audit.Results), audit.Digests)
	}
	statements, err := Explain(s)
	if err != nil || len(statements) != 1 || statements[0].SQL != c.statements[0] || len(statements[0].Checks) != 8 {
		t.Fatalf("Explain does not tell what Run runs: %+v, %v", statements, err)
	}
	plan := explain(t, c.Conn, statements[0].SQL)
	if scans := strings.Count(plan, "SEQ_SCAN"); scans != 1 {
		t.Errorf("%d scans of the table:\n%s", scans, plan)
	}
}

func explain(t *testing.T, c *warehouse.Conn, statement string) string {
	t.Helper()
	var key, plan string
	if err := c.QueryRow(bg, "EXPLAIN "+statement).Scan(&key, &plan); err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestDigests(t *testing.T) {
	c := connect(t)
	s := scan(t, c, "SELECT i AS a, i % 3 AS b, 'x' AS c FROM range(10) r(i)")
	s.Projections = [][]string{{"b", "a"}, {"a"}, nil}
	run := func(s Scan) Audit {
		t.Helper()
		audit, err := Run(bg, c, s)
		if err != nil {
			t.Fatal(err)
		}
		return audit
	}
	before := run(s)
	if before.Rows != 10 || before.Digests["a,b"] == "" || before.Digests["a"] == "" || before.Digests[""] == "" {
		t.Fatalf("%+v", before)
	}
	after := run(scanAs(t, c, s, "SELECT i AS a, i % 3 AS b, 'y' AS c FROM range(10) r(i) ORDER BY i DESC"))
	if after.Content == before.Content || !reflect.DeepEqual(after.Digests, before.Digests) {
		t.Errorf("another c and order of rows\n%+v\n%+v", before, after)
	}
	after = run(scanAs(t, c, s, "SELECT i AS a, i % 2 AS b, 'x' AS c FROM range(10) r(i)"))
	if after.Digests["a"] != before.Digests["a"] || after.Digests["a,b"] == before.Digests["a,b"] || after.Digests[""] != before.Digests[""] {
		t.Errorf("another b\n%+v\n%+v", before, after)
	}
	after = run(scanAs(t, c, s, "SELECT i AS a, i % 3 AS b, 'x' AS c FROM range(11) r(i)"))
	if after.Digests[""] == before.Digests[""] {
		t.Errorf("another number of rows has the digest %s of no columns", after.Digests[""])
	}
	s.Projections = [][]string{{"nope"}}
	if _, err := Run(bg, c, s); err == nil || !strings.Contains(err.Error(), `there is no column "nope"`) {
		t.Error(err)
	}
	s.Relation, s.Projections = "nowhere", nil
	if _, err := Run(bg, c, s); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Error(err)
	}
}

// scanAs is s of other data.
func scanAs(t *testing.T, c *warehouse.Conn, s Scan, query string) Scan {
	t.Helper()
	other := scan(t, c, query)
	other.Projections = s.Projections
	return other
}

func TestCancelled(t *testing.T) {
	c := connect(t)
	s := scan(t, c, "SELECT 1 AS a", notNullOf("a"))
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if audit, err := Run(ctx, c, s); err == nil {
		t.Errorf("a cancelled audit is taken for one: %+v", audit)
	}
	if r := Cross(ctx, c, s); r[0].Status != planner.CheckFailed {
		t.Errorf("a cancelled check: %+v", r)
	}
}
