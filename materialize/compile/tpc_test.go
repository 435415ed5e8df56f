package compile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// benchmark is a set of tables and queries that comes with an extension of DuckDB.
// PyPI carries them as duckdb-extension-tpch and -tpcds; .ci/run downloads them.
type benchmark struct {
	tables  map[assets.Name][]assets.Column
	queries map[string]string
}

// loadBenchmark loads the extension whose file an environment variable names, and
// skips the test if there is none.
func loadBenchmark(t testing.TB, name, tables string) (b benchmark) {
	t.Helper()
	variable := strings.ToUpper(name) + "_EXTENSION"
	path := os.Getenv(variable)
	if path == "" {
		t.Skipf("needs DuckDB's extension %s %s: %s names no file", name, warehouse.Engine(), variable)
	}
	ctx := context.Background()
	db, err := warehouse.Memory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec(ctx, fmt.Sprintf("LOAD %s; CALL %s", warehouse.Literal(path), tables)); err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b = benchmark{map[assets.Name][]assets.Column{}, map[string]string{}}
	pairs := func(sql string, add func(a, b, c string)) {
		rows, err := conn.Query(ctx, sql)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var a, b, c string
			if err := rows.Scan(&a, &b, &c); err != nil {
				t.Fatal(err)
			}
			add(a, b, c)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	pairs("SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal ORDER BY table_name, column_index", func(table, column, typ string) {
		n := assets.MustName(table)
		b.tables[n] = append(b.tables[n], assets.Column{Name: column, Type: typ})
	})
	pairs(fmt.Sprintf("SELECT printf('q%%02d', query_nr), query, '' FROM %s_queries()", name), func(number, query, _ string) { b.queries[number] = query })
	return b
}

// Every query of the two benchmarks is followed through its plan: no column is
// merely assumed to come from all.
func TestBenchmarksHaveFullLineage(t *testing.T) {
	for _, test := range []struct {
		name, tables     string
		queries, columns int
	}{{"tpch", "dbgen(sf = 0)", 22, 76}, {"tpcds", "dsdgen(sf = 0)", 99, 618}} {
		t.Run(test.name, func(t *testing.T) {
			b := loadBenchmark(t, test.name, test.tables)
			if len(b.queries) != test.queries {
				t.Fatalf("there are %d queries, want %d", len(b.queries), test.queries)
			}
			binder := newBinder(t)
			if err := binder.Declare(context.Background(), b.tables); err != nil {
				t.Fatal(err)
			}
			columns, sourceless := 0, map[string][]string{}
			for number, query := range b.queries {
				bound, err := walk(t, binder, query, b.tables)
				var twice *lineage.DuplicateColumnError
				if errors.As(err, &twice) {
					// An asset has to name its columns apart.
					bound, err = walk(t, binder, "SELECT * FROM ("+strings.TrimRight(strings.TrimSpace(query), ";")+")", b.tables)
				}
				if err != nil {
					t.Errorf("%s: %v", number, err)
					continue
				}
				columns += len(bound.Outputs)
				for _, o := range bound.Outputs {
					if len(o.From) == 0 {
						sourceless[number] = append(sourceless[number], o.Name)
					}
				}
			}
			if columns != test.columns {
				t.Errorf("they have %d columns, want %d", columns, test.columns)
			}
			if diff := cmp.Diff(countsAndConstants[test.name], sourceless); diff != "" {
				t.Errorf("other columns have no source than counts and constants (-want +got):\n%s", diff)
			}
		})
	}
}

// countsAndConstants are the columns of the benchmarks that are computed from no
// column: counts of rows, what is computed from such counts, and constants.
var countsAndConstants = map[string]map[string][]string{
	"tpch": {"q01": {"count_order"}, "q04": {"order_count"}, "q13": {"custdist"}, "q21": {"numwait"}, "q22": {"numcust"}},
	"tpcds": {
		"q05": {"channel"}, "q06": {"cnt"}, "q10": {"cnt1", "cnt2", "cnt3", "cnt4", "cnt5", "cnt6"}, "q14": {"channel", "sum_number_sales"},
		"q27": {"g_state"}, "q34": {"cnt"}, "q35": {"cnt1", "cnt2", "cnt3"}, "q36": {"lochierarchy"}, "q38": {"count_star()"}, "q49": {"channel"},
		"q54": {"num_customers"}, "q64": {"cs1cnt", "cnt"}, "q66": {"ship_carriers"}, "q69": {"cnt1", "cnt2", "cnt3"}, "q72": {"total_cnt"},
		"q73": {"cnt"}, "q76": {"channel", "col_name", "sales_cnt"}, "q77": {"channel"}, "q80": {"channel"}, "q87": {"count_star()"},
		"q88": {"h8_30_to_9", "h9_to_9_30", "h9_30_to_10", "h10_to_10_30", "h10_30_to_11", "h11_to_11_30", "h11_30_to_12", "h12_to_12_30"},
		"q90": {"am_pm_ratio"}, "q96": {"count_star()"},
	},
}
