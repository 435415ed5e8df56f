//go:build linux

package main

import (
	"fmt"
	"regexp"
	"strings"
)

// The project under attack. Every source comes in generations: whatever a delivery
// holds carries the number of its generation and follows from it, so that whoever
// looks at an asset can tell which generations it was made from, and what it must hold
// then.

// generations are which generation of each source something was made from, and which
// edit of the project, by dimension.
type generations map[string]int

// A dimension is what something has a generation of.
const (
	orders    = "orders"
	events    = "events"
	rates     = "rates"
	customers = "customers"
	edit      = "edit" // of the project itself
)

func part(n int) string { return fmt.Sprintf("part%d", n) }

// parts is how many files the source raw.parts has, each with a generation of its own.
const parts = 3

// dimensions are all there are.
var dimensions = []string{orders, events, rates, customers, part(0), part(1), part(2), edit}

// faulty says what is wrong with a generation of orders, if anything: the number is in
// each of its rows.
func faulty(g int) int {
	switch {
	case g%11 == 5:
		return 1 // an error check of stg.orders forbids it
	case g%13 == 7:
		return 2 // one of fan.f2
	case g%17 == 9:
		return 3 // one of the view mart.top
	}
	return 0
}

// sound is the next generation after g that nothing is wrong with.
func sound(g int) int {
	for g++; faulty(g) != 0; g++ {
	}
	return g
}

// content is a query for what a generation of a source holds, by its dimension. In
// each row stand the number of rows and a hash of the row, so that the checks of the
// source know a delivery that is not whole.
func content(dimension string, g int) string {
	var rows int
	var columns string
	switch {
	case dimension == orders:
		rows, columns = 1500+g%7, fmt.Sprintf("i AS id, (i * 7 + g) %% 50 AS customer, (i * 37 + g * 11) %% 1000 - 20 AS amount, %d::BIGINT AS faulty", faulty(g))
	case dimension == events:
		rows, columns = 2000+g%5, "i AS id, (i * 3 + g) % 50 AS customer, 'kind ' || (i + g) % 5 AS kind"
	case dimension == rates:
		rows, columns = 40+g%3, "'C' || i AS currency, (i * g) % 97 + 1 AS rate"
	case dimension == customers:
		rows, columns = 50, "i AS customer, 'country ' || (i + g) % 9 AS country"
	default:
		rows, columns = 300+g%4, dimension[len("part"):]+"::BIGINT AS p, i AS id, (i * 13 + g) % 500 AS amount"
	}
	return fmt.Sprintf("SELECT *, %s AS h FROM (SELECT g, n, %s FROM (SELECT %d::BIGINT AS g, %d::BIGINT AS n), range(%d) r(i))",
		hashOf(dimension), columns, g, rows, rows)
}

// hashOf is the hash of a row of a source, as SQL.
func hashOf(dimension string) string {
	for _, s := range sources {
		if s.dimension == dimension {
			return "md5(row(" + s.rows + ")::VARCHAR)"
		}
	}
	return hashOf(part(0)) // that of its other files
}

// A source as the project declares it.
type source struct {
	name, dimension string
	// where is the declaration of what it is read from; with %s for the address of the server.
	where string
	// types pins what is read from text.
	types string
	// whole is a query of what is wrong with a delivery as a whole.
	whole string
	rows  string // all columns but h, as content has them
}

var sources = []source{
	{"raw.orders", orders, `files = "data/orders.csv"`, bigints("g", "n", "id", "customer", "amount", "faulty"), oneGeneration, "g, n, id, customer, amount, faulty"},
	{"raw.events", events, `files = "data/events.parquet"`, "", oneGeneration, "g, n, id, customer, kind"},
	{"raw.rates", rates, `url = "%s/rates.csv"` + "\n  timeout = \"2s\"\n  poll = \"1s\"", bigints("g", "n", "rate"), oneGeneration, "g, n, currency, rate"},
	{"crm.customers", customers, "connection = connection.crm\n  table = \"customers\"\n  poll = \"1s\"", "", oneGeneration, "g, n, customer, country"},
	{"raw.parts", part(0), `files = "data/parts/*.csv"`, bigints("g", "n", "p", "id", "amount"),
		"select p from %s group by p having count(*) <> max(n) or count(distinct g) <> 1 union all select count(distinct p) from %[1]s having count(distinct p) <> 3", "g, n, p, id, amount"},
}

const oneGeneration = "select count(*) from %s having count(*) <> max(n) or count(distinct g) <> 1"

func bigints(columns ...string) string {
	return "  format \"csv\" {\n    types = { " + strings.Join(columns, " = \"BIGINT\", ") + " = \"BIGINT\", h = \"VARCHAR\" }\n  }\n"
}

// An asset as the project declares it, and what is true of it.
type asset struct {
	name, sql string
	// more are further arguments and blocks of its declaration.
	more string
	// shows are the columns that hold generations, as "dimension column".
	shows []string
	// keeps is what is true of the rows that are not put aside; empty: none are.
	keeps string
	// never is what an error check forbids: no reader sees such a row.
	never string
	view  bool
	// lags says that its policy, or that of what reads it, lets it wait.
	lags bool
}

// fanned is the SQL of an asset of the fan.
func fanned(n int) string {
	return fmt.Sprintf("select g, d, customer %% 7 as k, sum(amount * %d)::BIGINT as s, max(faulty) as faulty from stg.orders group by all", n+1)
}

var ordersAndEdit = []string{orders + " g", edit + " d"}

var assets = []asset{
	{name: "stg.orders", sql: "select g, ${local.d} as d, id, customer, amount, faulty from raw.orders", shows: ordersAndEdit,
		more: `
  check "expression" {
    name       = "positive"
    expression = "amount >= 0"
    quarantine = true
  }
  check "expression" {
    name       = "not_faulty"
    expression = "faulty <> 1"
  }
  check "expression" {
    name       = "small"
    expression = "amount < 900"
    severity   = "warn"
  }
  column "id" {
    check "unique" {}
    check "not_null" {}
  }
`, keeps: "amount >= 0", never: "faulty = 1"},
	{name: "stg.events", sql: "select g, id, customer, kind from raw.events", shows: []string{events + " g"}},
	{name: "stg.rates", sql: "select g, currency, rate from raw.rates", shows: []string{rates + " g"}},
	{name: "stg.customers", sql: "select g, customer, country from crm.customers", shows: []string{customers + " g"}},
	{name: "stg.parts", sql: "select p, g, id, amount from raw.parts"},

	// A slow one beside others that read the same source: it may be replaced meanwhile.
	{name: "slow.orders", sql: "select g, sum(amount)::BIGINT as total, " + slow + " as n from raw.orders group by g", shows: []string{orders + " g"}},
	{name: "late.orders", sql: "select o.g, s.g as slow_g, o.id, s.total from raw.orders o cross join slow.orders s where o.id % 10 = 0",
		shows: []string{orders + " g", orders + " slow_g"}},

	// The same source is read again, late. It is Parquet, which no run copies: it may be
	// another file by then.
	{name: "late.events", sql: "select e.g, s.g as orders_g, e.id, s.total from raw.events e cross join slow.orders s where e.id % 10 = 0",
		shows: []string{events + " g", orders + " orders_g"}},

	// What fails now and then, what is made with its last good version then, and what must
	// not be, since it would show two versions of one source.
	{name: "fan.flaky", sql: "select g, count(*) as n, max(faulty) as faulty from raw.orders group by g", shows: []string{orders + " g"},
		more: "\n  check \"expression\" { expression = \"faulty <> 2\" }\n", never: "faulty = 2"},
	{name: tolerant, sql: "select f.g, e.g as events_g, e.kind, f.n, count(*) as m from fan.flaky f cross join stg.events e group by all",
		more: "\n  input \"fan.flaky\" { on_failure = \"use_last_good\" }\n", shows: []string{orders + " g", events + " events_g"}},
	{name: "mart.agreed", sql: "select t.g, o.g as other_g, t.events_g, t.kind, t.n, o.total from mart.tolerant t cross join slow.orders o",
		shows: []string{orders + " g", orders + " other_g", events + " events_g"}},

	// A chain that ends in a view whose check withholds what it is made from.
	{name: "chain.c1", sql: "select g, d, customer, count(*) as n, sum(amount)::BIGINT as total, max(faulty) as faulty from stg.orders group by all", shows: ordersAndEdit},
	{name: "chain.c2", sql: "select o.g, o.d, c.g as customers_g, c.country, sum(o.total)::BIGINT as total, max(o.faulty) as faulty from chain.c1 o join stg.customers c using (customer) group by all",
		shows: []string{orders + " g", edit + " d", customers + " customers_g"}},
	{name: "chain.c3", sql: "select c.*, r.g as rates_g, total * r.rate as value from chain.c2 c cross join (select g, sum(rate)::BIGINT as rate from stg.rates group by g) r",
		shows: []string{orders + " g", edit + " d", customers + " customers_g", rates + " rates_g"}},
	{name: "mart.top", sql: "select g, d, customers_g, rates_g, country, value, faulty from chain.c3 where value > 0", view: true,
		more: "\n  check \"expression\" { expression = \"faulty <> 3\" }\n", never: "faulty = 3",
		shows: []string{orders + " g", edit + " d", customers + " customers_g", rates + " rates_g"}},

	// A fan, and what joins it again.
	{name: "fan.f0", sql: fanned(0), shows: ordersAndEdit},
	{name: "fan.f1", sql: fanned(1), shows: ordersAndEdit},
	{name: "fan.f2", sql: fanned(2), shows: ordersAndEdit, more: "\n  check \"expression\" { expression = \"faulty <> 2\" }\n", never: "faulty = 2"},
	{name: "fan.f3", sql: fanned(3), shows: ordersAndEdit},
	{name: "fan.f4", sql: fanned(4), shows: ordersAndEdit, more: "\n  freshness { max_lag = \"20s\" }\n", lags: true},
	{name: "fan.f5", sql: fanned(5), shows: ordersAndEdit, more: "\n  freshness { max_lag = \"20s\" }\n", lags: true},
	{name: "mart.hurried", sql: "select a.g, b.g as other_g, a.d, a.k, a.s + b.s as s from fan.f3 a join fan.f5 b using (k)", more: "\n  freshness { max_lag = \"5s\" }\n",
		shows: []string{orders + " g", orders + " other_g", edit + " d"}, lags: true},
	{name: "mart.diamond", sql: "select c.g, f.g as fan_g, c.d, f.k, sum(c.total)::BIGINT as total, any_value(f.s) as s from chain.c1 c join fan.f0 f on c.customer % 7 = f.k group by all",
		shows: []string{orders + " g", orders + " fan_g", edit + " d"}},
	{name: "mart.united", sql: "select a.g, b.g as other_g, a.d, a.k, a.s + b.s as s from fan.f1 a join fan.f2 b using (k)",
		shows: []string{orders + " g", orders + " other_g", edit + " d"}},
	{name: "mart.overview", sql: "select 'f0' as name, g, d, sum(s)::BIGINT as s from fan.f0 group by all union all select 'f1', g, d, sum(s)::BIGINT from fan.f1 group by all union all select 'c1', g, d, sum(total)::BIGINT from chain.c1 group by all",
		view: true, shows: ordersAndEdit},
	// What it shows beside fan.f2 waits while that fails.
	{name: "fan.f6", sql: fanned(6), shows: ordersAndEdit},
	{name: "mart.board", sql: "select 'f2' as name, g, d, sum(s)::BIGINT as s from fan.f2 group by all union all select 'f6', g, d, sum(s)::BIGINT from fan.f6 group by all",
		view: true, shows: ordersAndEdit},

	// Joins across sources, with one source on two ways.
	{name: "mart.active", sql: "select e.g, c.g as customers_g, c.country, e.kind, count(*) as n from stg.events e join stg.customers c using (customer) group by all",
		shows: []string{events + " g", customers + " customers_g"}},
	{name: "mart.all", sql: "select c.g, c.d, c.customers_g, a.customers_g as active_g, a.g as events_g, c.country, c.total, a.n from chain.c2 c join (select g, customers_g, country, sum(n)::BIGINT as n from mart.active group by all) a using (country)",
		shows: []string{orders + " g", edit + " d", customers + " customers_g", customers + " active_g", events + " events_g"}},
	{name: "mart.parts", sql: "select p, g, count(*) as n, sum(amount)::BIGINT as total from stg.parts group by all"},
	{name: "mart.lazy", sql: "select g, kind, count(*) as n from stg.events group by all", more: "\n  freshness { max_lag = \"15s\" }\n", shows: []string{events + " g"}, lags: true},
}

// tolerant is an asset that is made with the last good version of an input that fails.
const tolerant = "mart.tolerant"

// together are assets that one run publishes, unless one of them failed.
var together = []string{"stg.orders", "chain.c1", "fan.f0", "fan.f1", "fan.f3", "mart.diamond"}

// slow is a number that takes its time, and slowValue the same without.
const (
	slow      = "(select count(*) from range(4000000) t(x) where hash(x) % 7 = 0)"
	slowValue = "571649"
)

// readsOf finds the names of sources and assets in SQL.
var readsOf = regexp.MustCompile(`\b(raw|crm|stg|slow|late|chain|fan|mart)\.[a-z_0-9]+`)

// assetOf finds an asset by its name.
func assetOf(name string) (asset, bool) {
	for _, a := range assets {
		if a.name == name {
			return a, true
		}
	}
	return asset{}, false
}

// dimensionsOf are those that a source or asset has generations of, in the order of
// dimensions.
func dimensionsOf(name string) (found []string) {
	has := map[string]bool{}
	for _, s := range sources {
		switch {
		case s.name != name:
		case s.dimension == part(0):
			for n := range parts {
				has[part(n)] = true
			}
		default:
			has[s.dimension] = true
		}
	}
	if a, ok := assetOf(name); ok {
		has[edit] = strings.Contains(a.sql, "local.d")
		for _, input := range readsOf.FindAllString(a.sql, -1) {
			for _, d := range dimensionsOf(input) {
				has[d] = true
			}
		}
	}
	for _, d := range dimensions {
		if has[d] {
			found = append(found, d)
		}
	}
	return found
}

// ancestorsOf are an asset and all assets it is made from.
func ancestorsOf(name string) []string {
	found := []string{name}
	a, _ := assetOf(name)
	for _, input := range readsOf.FindAllString(a.sql, -1) {
		if _, ok := assetOf(input); ok {
			found = append(found, ancestorsOf(input)...)
		}
	}
	return found
}

// declaration is the project's file. What it begins with refers to what it ends with:
// no part of it is a project.
func declaration(url string, edit int) string {
	var b strings.Builder
	// Whatever the clock says, nothing is too old to be kept: the stranger misses each record.
	b.WriteString("project \"chaos\" {\n  retention {\n    runs         = \"36500d\"\n    checks       = \"36500d\"\n    observations = \"36500d\"\n  }\n}\n\nconnection \"crm\" {\n  type = \"duckdb\"\n  path = \"data/crm.duckdb\"\n}\n")
	for _, s := range sources {
		where := s.where
		if strings.Contains(where, "%s") {
			where = fmt.Sprintf(where, url)
		}
		fmt.Fprintf(&b, "\nsource %q {\n  %s\n%s", s.name, where, s.types)
		fmt.Fprintf(&b, "  check \"sql\" {\n    name = \"whole\"\n    sql  = %q\n  }\n", fmt.Sprintf(s.whole, s.name))
		fmt.Fprintf(&b, "  check \"expression\" {\n    name       = \"row_is_whole\"\n    expression = \"coalesce(h = %s, false)\"\n  }\n}\n", hashOf(s.dimension))
	}
	for _, a := range assets {
		fmt.Fprintf(&b, "\nasset %q {\n  sql = \"%s\"\n%s", a.name, a.sql, a.more)
		if a.view {
			b.WriteString("  materialize \"view\" {}\n")
		}
		b.WriteString("}\n")
	}
	fmt.Fprintf(&b, "\nlocals {\n  d = %d\n}\n", edit)
	return b.String()
}
