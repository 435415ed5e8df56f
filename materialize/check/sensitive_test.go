package check

import (
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// Values of a sensitive column are in nothing that a check says, whatever its kind.
func TestSensitiveColumns(t *testing.T) {
	const data = "SELECT * FROM (VALUES (1, 'ann@x'), (2, 'ann@x'), (3, NULL)) v(id, email)"
	c := connect(t)
	if err := c.Exec(bg, "CREATE SCHEMA ref; CREATE TABLE ref.people AS SELECT 'bob@x' AS email"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		check assets.Check
		want  string
	}{
		{notNullOf("email"), "1: 1 of 3 rows has a NULL in email [email id: (sensitive) 3]"},
		{uniqueOf("EMAIL"), "1: 1 duplicate row for EMAIL [EMAIL rows: (sensitive) 2]"},
		{acceptedOf("email", "'x'"), "2: 2 of 3 rows have another email than 'x' [email id: (sensitive) 1, (sensitive) 2]"},
		{acceptedOf("id", "1", "2"), "1: 1 of 3 rows has another id than 1, 2 [id email: 3 (sensitive)]"},
		{relationOf([]string{"email"}, "ref.people", "email"), "2: 2 of 3 rows have a value in email that is no email of ref.people [email id: (sensitive) 1, (sensitive) 2]"},
		{expressionOf("id < 3"), "1: 1 of 3 rows has values for which this is false: id < 3 [id email: 3 (sensitive)]"},
		{queryOf("SELECT email AS other, id FROM t WHERE id = 1"), "1: the query returns 1 row [other id: (sensitive) (sensitive)]"},
		{expressionOf("email::INT > 0"), "0: could not be run: Conversion Error (what it says is hidden, for it may quote a sensitive column)"},
		{acceptedOf("email", "1"), "0: could not be run: Conversion Error (what it says is hidden, for it may quote a sensitive column)"},
		{queryOf("SELECT email::INT FROM t"), "0: could not be run: Conversion Error (what it says is hidden, for it may quote a sensitive column)"},
	} {
		s := scan(t, c, data, test.check)
		s.Sensitive = []string{"Email"}
		audit, err := Run(bg, c, s)
		if err != nil {
			t.Fatal(err)
		}
		alone := Cross(bg, c, s)
		for how, result := range map[string]planner.CheckResult{"in one scan": audit.Results[0], "alone": alone[0]} {
			if got := line(result); got != test.want {
				t.Errorf("%s, %s:\ngot  %s\nwant %s", test.check.ID(), how, got, test.want)
			}
		}
	}
}

// A query may read what is sensitive elsewhere.
func TestSensitiveElsewhere(t *testing.T) {
	c := connect(t)
	s := scan(t, c, "SELECT 1 AS id", queryOf("SELECT id, 'ann@x' AS x FROM t"), notNullOf("id"), acceptedOf("id", "2"))
	s.SensitiveElsewhere = true
	var got []string
	for _, result := range Cross(bg, c, s) {
		got = append(got, line(result))
	}
	want := "1: the query returns 1 row [id x: (sensitive) (sensitive)]; passed; 1: 1 of 1 row has another id than 2 [id: 1]"
	if joined := strings.Join(got, "; "); joined != want {
		t.Errorf("got  %s\nwant %s", joined, want)
	}
}
