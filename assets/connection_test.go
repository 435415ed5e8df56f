package assets_test

import (
	"slices"
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

// Which database it is can be told without anything that lets one in.
func TestConnectionPlace(t *testing.T) {
	for _, c := range []struct {
		connection assets.Connection
		want       string
	}{
		{assets.Connection{Type: "duckdb", Path: "../crm.duckdb", Dir: "/shop"}, "../crm.duckdb"},
		{assets.Connection{Type: "postgres", DSN: "postgres://ann:hunter2@db.example.com:5433/crm?sslmode=require"}, "db.example.com:5433/crm"},
		{assets.Connection{Type: "postgres", DSN: "postgres:///crm"}, "/crm"},
		{assets.Connection{Type: "postgres", DSN: "postgres://ann:hun@t/e?r@db/crm"}, "db/crm"},
		{assets.Connection{Type: "postgres", DSN: "host=db port=5432 user=ann password=hunter2 dbname=crm"}, "db:5432/crm"},
		{assets.Connection{Type: "postgres", DSN: `password='host=x \' dbname=y' dbname = 'crm' host=db`}, "db/crm"},
	} {
		if got := c.connection.Place(); got != c.want {
			t.Errorf("%q: %q, want %q", c.connection.DSN+c.connection.Path, got, c.want)
		}
	}
	if got := (&assets.Connection{Path: "../crm.duckdb", Dir: "/shop/sources"}).File(); got != "/shop/crm.duckdb" {
		t.Errorf("the file is %s", got)
	}
}

// All that lets one in is known, however it is written, so that it can be kept out of
// what libpq and DuckDB say.
func TestConnectionPasswords(t *testing.T) {
	for _, c := range []struct {
		dsn  string
		want []string
	}{
		{"host=db user=ann", nil},
		{"host=db password=hunter2", []string{"hunter2"}},
		{"host=db PassWord = hunter2 user=ann", []string{"hunter2"}},
		{`host=db password='it\'s \\mine'`, []string{`it's \mine`}},
		{"host=db password=hunter 22hunter", []string{"hunter", "22hunter"}},
		{"host=db sslkey=k sslpassword=opens", []string{"opens"}},
		{"postgres://ann:hunter2@db/crm", []string{"hunter2"}},
		{"postgres://ann:p%40ss@db/crm", []string{"p@ss", "p%40ss"}},
		{"postgres://ann:hun@t/e?r@db/crm", []string{"hun@t/e?r"}},
		{"postgres://db/crm?user=ann&password=hunter2", []string{"hunter2"}},
	} {
		got := (&assets.Connection{Type: "postgres", DSN: c.dsn}).Passwords()
		for _, want := range c.want {
			if !slices.Contains(got, want) {
				t.Errorf("%q: %q lacks %q", c.dsn, got, want)
			}
		}
		if (len(c.want) == 0) != (len(got) == 0) {
			t.Errorf("%q: %q", c.dsn, got)
		}
	}
}
