package export

import (
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

// A table of another database is called what other programs call it, and nothing
// that lets one into it gets into an event.
func TestOpenLineageNamesOfOtherDatabases(t *testing.T) {
	name := assets.MustName("crm.customers")
	for _, c := range []struct {
		connection assets.Connection
		schema     string
		want       Dataset
	}{
		{assets.Connection{Type: "postgres", DSN: "postgres://ann:hunter22@db:5433/crm"}, "sales", Dataset{Namespace: "postgres://db:5433", Name: "crm.sales.t"}},
		{assets.Connection{Type: "postgres", DSN: "host=db dbname=crm password=hunter22"}, "", Dataset{Namespace: "postgres://db:5432", Name: "crm.public.t"}},
		{assets.Connection{Type: "duckdb", Path: "../data/crm.duckdb", Dir: "/shop/sources"}, "s", Dataset{Namespace: "duckdb://shop/data/crm.duckdb", Name: "s.t"}},
		{assets.Connection{Type: "sqlite", Path: "/var/till.db", Dir: "/shop"}, "", Dataset{Namespace: "sqlite:///var/till.db", Name: "main.t"}},
	} {
		c.connection.Name = "crm"
		o := OpenLineage{Namespace: "shop", Project: &assets.Project{
			Dir: "/shop", Connections: map[string]*assets.Connection{"crm": &c.connection},
			Sources: map[assets.Name]*assets.Source{name: {Name: name, Table: &assets.AttachedTable{Connection: "crm", Schema: c.schema, Table: "t"}}},
		}}
		if got := o.bare(name); got != c.want {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
	event := assets.MustName("events.done")
	o := OpenLineage{Namespace: "shop", Project: &assets.Project{Sources: map[assets.Name]*assets.Source{event: {Name: event, Event: true}}}}
	if got, want := o.bare(event), (Dataset{Namespace: "event://shop", Name: "events.done"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
