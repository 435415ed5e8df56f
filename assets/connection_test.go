package assets_test

import (
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
