//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// extension finds DuckDB's TPC-H extension: the file that TPCH_EXTENSION names,
// or else the wheel that PyPI has of it.
func extension(dir string) (string, error) {
	if path := os.Getenv("TPCH_EXTENSION"); path != "" {
		return path, nil
	}
	version := strings.TrimPrefix(warehouse.Engine(), "v")
	script := fmt.Sprintf(`python3 -m pip -q download --no-deps -d . duckdb-extension-tpch==%s && python3 -m zipfile -e *.whl .`, version)
	c := exec.Command("sh", "-c", script)
	c.Dir = dir
	if output, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	found, _ := filepath.Glob(filepath.Join(dir, "*", "extensions", "*", "tpch.duckdb_extension"))
	if len(found) == 0 {
		return "", errors.New("the wheel holds no tpch.duckdb_extension")
	}
	return found[0], nil
}

// writeTPCH writes a project of TPC-H's eight tables as Parquet files and its 22
// queries as assets, and returns those queries by name.
func writeTPCH(dir, extension string, scale float64) (queries map[string]string, err error) {
	ctx := context.Background()
	db, err := warehouse.Memory(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Exec(ctx, fmt.Sprintf("LOAD %s; CALL dbgen(sf = %g)", warehouse.Literal(extension), scale)); err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()

	hcl := "project \"tpch\" {\n  warehouse = \"warehouse.duckdb\"\n}\n"
	for _, table := range tpchTables {
		path := filepath.Join(dir, table+".parquet")
		if err := conn.Exec(ctx, "COPY "+table+" TO "+warehouse.Literal(path)); err != nil {
			return nil, err
		}
		hcl += fmt.Sprintf("\nsource %q {\n  files = %q\n}\n", table, table+".parquet")
	}
	rows, err := conn.Query(ctx, "SELECT query_nr, query FROM tpch_queries() ORDER BY query_nr")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	queries = map[string]string{}
	for rows.Next() {
		var number int
		var query string
		if err := rows.Scan(&number, &query); err != nil {
			return nil, err
		}
		name := fmt.Sprintf("mart.q%02d", number)
		queries[name] = query
		if err := os.WriteFile(filepath.Join(dir, name+".sql"), []byte(query), 0o644); err != nil {
			return nil, err
		}
		hcl += fmt.Sprintf("\nasset %q {\n  sql = file(%q)\n}\n", name, name+".sql")
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return queries, os.WriteFile(filepath.Join(dir, "project.hcl"), []byte(hcl), 0o644)
}

var tpchTables = []string{"customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"}

// BenchmarkTPCH builds the 22 queries of TPC-H, scale factor 1, over Parquet
// files, against the same statements one after the other on one connection.
func BenchmarkTPCH(b *testing.B) {
	tpch, err := extension(b.TempDir())
	if err != nil {
		b.Skipf("needs DuckDB's tpch extension %s; set TPCH_EXTENSION to its file: %v", warehouse.Engine(), err)
	}
	dir := b.TempDir()
	queries, err := writeTPCH(dir, tpch, 1)
	if err != nil {
		b.Fatal(err)
	}
	statements := []string{"CREATE SCHEMA mart"}
	for _, table := range tpchTables {
		statements = append(statements, fmt.Sprintf("CREATE VIEW %s AS FROM %s", table, warehouse.Literal(filepath.Join(dir, table+".parquet"))))
	}
	for name, query := range queries {
		statements = append(statements, "CREATE TABLE "+name+" AS "+query)
	}
	command(b)
	var ours, bare []cost
	for b.Loop() {
		for _, file := range []string{"warehouse.duckdb", "bare.duckdb", ".assets"} {
			if err := os.RemoveAll(filepath.Join(dir, file)); err != nil {
				b.Fatal(err)
			}
		}
		c, _ := assets(b, dir, "apply", "-auto-approve")
		ours = append(ours, c)
		bare = append(bare, measure(b, func() error { return runBare(filepath.Join(dir, "bare.duckdb"), "", statements) }))
	}
	reportRatios(b, ours, bare, nil)
}
