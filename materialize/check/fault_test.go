package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/redact"
	"github.com/seed-4311623e/assets/planner"
)

// at is a line of the project's file.
func at(line int) hcl.Range {
	return hcl.Range{Filename: "p.hcl", Start: hcl.Pos{Line: line}, End: hcl.Pos{Line: line}}
}

func written(text string, line int) assets.SQL {
	return assets.SQL{Text: text, Origin: []assets.Span{{Start: 0, End: len(text), Range: at(line)}}}
}

// An error inside a check's SQL, one that only shows when it runs, is a failure of
// that check whatever its severity; it names the line, and the others are judged.
func TestAnErrorInACheckIsAFailureThatNamesItsLine(t *testing.T) {
	const broken = "s::INTEGER > 0" // s is no number
	c := connect(t)
	if err := c.Exec(bg, "CREATE TABLE o AS SELECT 'x' AS s"); err != nil {
		t.Fatal(err)
	}
	one, two := int64(1), int64(2)
	kinds := []assets.Check{
		{Kind: assets.NotNull, Columns: []string{"a"}},
		{Kind: assets.NotEmpty}, {Kind: assets.NotEmpty, Columns: []string{"s"}},
		{Kind: assets.Unique, Columns: []string{"a"}}, {Kind: assets.Unique, Columns: []string{"a", "s"}},
		{Kind: assets.AcceptedValues, Columns: []string{"a"}, Values: []string{"1"}},
		{Kind: assets.Between, Columns: []string{"a"}, Low: "0"},
		{Kind: assets.Length, Columns: []string{"s"}, Min: &one},
		{Kind: assets.Matches, Columns: []string{"s"}, Pattern: "x"},
		{Kind: assets.Increasing, Columns: []string{"a"}, OrderBy: []string{"a"}},
		{Kind: assets.NoGaps, Columns: []string{"a"}},
		{Kind: assets.Relationships, Columns: []string{"s"}, To: assets.MustName("o"), ToColumns: []string{"s"}},
		{Kind: assets.Reconcile, SQL: written("count(*)", 7), ToSQL: written("count(*)", 7), To: assets.MustName("o")},
		{Kind: assets.RowCount, Min: &one, Max: &two},
		{Kind: assets.Recency, Columns: []string{"day"}, MaxAge: 1},
		{Kind: assets.Distribution, Columns: []string{"a"}, Statistic: "mean", Deviation: &assets.Deviation{Last: 2, Band: 1}},
		{Kind: assets.Expression, SQL: written("a > 0", 7)},
	}
	type fault struct {
		check assets.Check
		line  int
	}
	var faults []fault
	for _, check := range kinds {
		check.Where, check.WhereRange = written(broken, 9), at(9)
		faults = append(faults, fault{check, 9})
	}
	faults = append(faults,
		fault{assets.Check{Kind: assets.Expression, SQL: written(broken, 7)}, 7},
		fault{assets.Check{Kind: assets.Query, SQL: written("select * from t where "+broken, 7)}, 7},
		fault{assets.Check{Kind: assets.Reconcile, SQL: written("sum(s::INTEGER)", 7), ToSQL: written("count(*)", 8), To: assets.MustName("o")}, 7},
		fault{assets.Check{Kind: assets.Reconcile, SQL: written("count(*)", 7), ToSQL: written("sum(s::INTEGER)", 8), To: assets.MustName("o")}, 8},
	)
	for _, severity := range []assets.Severity{assets.Error, assets.Warn} {
		for _, f := range faults {
			check := f.check
			check.Severity, check.ArgRange = severity, at(7)
			check.Tolerance.Rows = 1000
			s := scan(t, c, "SELECT 1 AS a, 'x' AS s, DATE '2024-01-01' AS day", notNullOf("a"), check)
			audit, err := Run(bg, c, s)
			if err != nil {
				t.Fatalf("%s: %v", check.ID(), err)
			}
			results := append(audit.Results, Cross(bg, c, s)[1])
			if results[0].Status != planner.CheckPassed {
				t.Errorf("beside a broken %s: %s", check.ID(), line(results[0]))
			}
			for _, result := range results[1:] {
				if want := fmt.Sprintf("could not be run (p.hcl:%d): Conversion Error", f.line); result.Status != planner.CheckFailed || !strings.HasPrefix(result.Message, want) {
					t.Errorf("%s where %q, severity %s: %s: %s, want %s", check.ID(), check.Where.Text, severity, result.Status, result.Message, want)
				}
			}
		}
	}
}

// A schema check looks at columns only: nothing is read.
func TestSchemaChecks(t *testing.T) {
	columns := func(list ...string) (out []assets.Column) {
		for _, c := range list {
			name, typ, _ := strings.Cut(c, " ")
			out = append(out, assets.Column{Name: name, Type: typ})
		}
		return out
	}
	now := columns("id BIGINT", "Name VARCHAR", "extra DATE")
	for _, test := range []struct {
		before []assets.Column
		allow  []string
		want   string
	}{
		{nil, nil, ""},
		{now, nil, ""},
		{columns("id BIGINT", "name VARCHAR"), nil, ""},
		{columns("id INTEGER", "name VARCHAR", "note VARCHAR"), nil, `columns are not what they were. gone: note; changed type: id from INTEGER to BIGINT. If that is meant, accept it with allow = ["id", "note"]`},
		{columns("id INTEGER", "note VARCHAR"), []string{"NOTE"}, `columns are not what they were. changed type: id from INTEGER to BIGINT. If that is meant, accept it with allow = ["id"]`},
		{columns("id INTEGER", "note VARCHAR"), []string{"note", "id"}, ""},
	} {
		check := assets.Check{Kind: assets.Schema, Severity: assets.Error, Allow: test.allow}
		// There is no connection to read with.
		audit, err := Run(bg, nil, Scan{Relation: "nothing", Columns: now, Checks: []assets.Check{check}, ChecksOnly: true, Baseline: test.before})
		if err != nil {
			t.Fatal(err)
		}
		result := audit.Results[0]
		if result.Message != test.want || (result.Status == planner.CheckFailed) != (test.want != "") || audit.Rows != -1 {
			t.Errorf("%v → %v, allow %v: %s %q, %d rows, want %q", test.before, now, test.allow, result.Status, result.Message, audit.Rows, test.want)
		}
	}
}

func TestAsManyRowsAreKeptAsTheCheckSays(t *testing.T) {
	c := connect(t)
	zero, seven := int64(0), int64(7)
	for _, test := range []struct {
		limit       *int64
		kept, shown int
	}{{nil, 100, 5}, {&seven, 7, 5}, {&zero, 0, 0}} {
		checks := []assets.Check{expressionOf("i < 0"), queryOf("from t"), notNullOf("n"), uniqueOf("same"), acceptedOf("i", "-1"), {Kind: assets.Increasing, Columns: []string{"i"}, OrderBy: []string{"down"}}, {Kind: assets.NoGaps, Columns: []string{"far"}}}
		for i := range checks {
			checks[i].Limit, checks[i].Severity = test.limit, assets.Error
		}
		s := scan(t, c, "SELECT i, NULL::INTEGER AS n, -i AS down, i * 1000 AS far, i // 2 AS same FROM range(300) r(i)", checks...)
		audit, err := Run(bg, c, s)
		if err != nil {
			t.Fatal(err)
		}
		for _, result := range audit.Results {
			if result.Status != planner.CheckFailed || len(result.Kept) != test.kept || len(result.Rows) != test.shown || (len(result.Columns) > 0) != (test.kept > 0) {
				t.Errorf("%s, limit %v: %d kept, %d shown, columns %v: want %d and %d", result.Check, test.limit, len(result.Kept), len(result.Rows), result.Columns, test.kept, test.shown)
			}
		}
	}
}

func TestWhatIsKeptOfACheckIsBounded(t *testing.T) {
	c := connect(t)
	many := int64(1_000_000)
	check := queryOf("select *, 'a text of some length, and then some' as long from t")
	check.Limit = &many
	s := scan(t, c, "SELECT i FROM range(50000) r(i)", check)
	audit, err := Run(bg, c, s)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(audit.Results[0].Kept); audit.Results[0].Violations != 50_000 || n < 1000 || n > 10_000 {
		t.Errorf("%d of %d rows kept", n, audit.Results[0].Violations)
	}
}

func TestHiddenColumnsAreNeverShown(t *testing.T) {
	c := connect(t)
	s := scan(t, c, "SELECT 'geheim' AS Secret, 1 AS id UNION ALL SELECT 'geheim', 2", uniqueOf("secret"), expressionOf("id > 5"), queryOf("select secret, id from t"),
		acceptedOf("Secret", "'x'"))
	s.Sensitive = []string{"SECRET"}
	audit, err := Run(bg, c, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range audit.Results {
		if text := fmt.Sprint(result.Rows, result.Kept, result.Message); strings.Contains(text, "geheim") || !strings.Contains(text, redact.Hidden) {
			t.Errorf("%s: %s", result.Check, text)
		}
	}
}
