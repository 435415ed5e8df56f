package unit

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// moments are DuckDB's functions of the moment, by the form of their value. DuckDB
// turns the keywords, such as current_timestamp without parentheses, into calls
// of one of these.
var moments = map[string][]string{
	"TIMESTAMPTZ '2006-01-02 15:04:05.000000+00'": {"now", "current_timestamp", "get_current_timestamp", "transaction_timestamp"},
	"TIMESTAMP '2006-01-02 15:04:05.000000'":      {"localtimestamp", "current_localtimestamp"},
	"DATE '2006-01-02'":                           {"today", "current_date"},
	"TIMETZ '15:04:05.000000+00'":                 {"current_time", "get_current_time"},
	"TIME '15:04:05.000000'":                      {"localtime", "current_localtime"},
}

// freeze is SQL that makes the functions of the moment answer now, on one
// connection: macros of a session are found before the functions of the system,
// also by macros of the system, such as ago(). What names system.main is not reached.
func freeze(now time.Time) string {
	var sql strings.Builder
	for layout, names := range moments {
		for _, name := range names {
			sql.WriteString("CREATE OR REPLACE TEMP MACRO " + warehouse.Ident(name) + "() AS " + now.UTC().Format(layout) + ";")
		}
	}
	// With one argument, age counts from the beginning of today.
	sql.WriteString("CREATE OR REPLACE TEMP MACRO age(a) AS system.main.age(" + now.UTC().Format("TIMESTAMP '2006-01-02'") + ", a), (a, b) AS system.main.age(a, b);")
	return sql.String()
}

// unfreeze takes away what freeze made.
func unfreeze() string {
	sql := "DROP MACRO temp.age;"
	for _, names := range moments {
		for _, name := range names {
			sql += "DROP MACRO temp." + warehouse.Ident(name) + ";"
		}
	}
	return sql
}

// IsMoment says that a function's value depends on the moment and on nothing else
// that changes, so that a test can freeze it.
func IsMoment(function string) bool {
	for _, names := range moments {
		if slices.Contains(names, function) {
			return true
		}
	}
	// These call one of them.
	return slices.Contains([]string{"ago", "age"}, function)
}
