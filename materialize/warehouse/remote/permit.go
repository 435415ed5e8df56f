package remote

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// kind says how a statement that may be run is run.
type kind uint8

const (
	selects kind = iota + 1 // in a transaction that cannot write
	keeps                   // a SELECT in a temporary table: in such a transaction, too
	begins
	commits
	rollsBack
	arranges // names, and a catalog in memory: nothing of it is computed, or outlives the connection
)

// A catalog in memory that belongs to one query: see [CatalogName].
const ownCatalog = `_q_[0-9a-z]{8,32}`

const attach = "ATTACH ':memory:' AS "

// Quoted names, and a plain one.
const name = `(?:"(?:[^"\x00]|"")+"|[a-z_][a-z0-9_]*)`

// forms are the statements besides SELECT, and which SELECT they hold, if one.
var forms = []struct {
	pattern *regexp.Regexp
	kind    kind
}{
	{regexp.MustCompile(`^BEGIN$`), begins},
	{regexp.MustCompile(`^COMMIT$`), commits},
	{regexp.MustCompile(`^ROLLBACK$`), rollsBack},
	{regexp.MustCompile(`^USE (?:` + warehouse.Catalog + `|` + ownCatalog + `)$`), arranges},
	{regexp.MustCompile(`^` + attach + ownCatalog + `$`), arranges},
	{regexp.MustCompile(`^CREATE SCHEMA ` + ownCatalog + `\.` + name + `$`), arranges},
	{regexp.MustCompile(`(?s)^CREATE OR REPLACE VIEW ` + ownCatalog + `\.` + name + `\.` + name + ` AS (.+)$`), arranges},
	{regexp.MustCompile(`(?s)^CREATE TEMP VIEW ` + name + ` AS\s(.+)$`), keeps},
	{regexp.MustCompile(`(?s)^CREATE OR REPLACE TEMP TABLE ` + name + ` AS (.+)$`), keeps},
	{regexp.MustCompile(`^DROP TABLE IF EXISTS temp\.main\.` + name + `$`), arranges},
}

// errRefused is the answer to a statement that is none of these.
var errRefused = errors.New("only queries are answered for other processes: nothing is written, or changed, by way of this one. Try again when it has ended")

// permit says whether a statement may be run for another process, and how.
func permit(ctx context.Context, c *warehouse.Conn, statement string) (kind, error) {
	// A zero byte ends a statement for DuckDB, and hides what comes after it from the parser.
	if !utf8.ValidString(statement) || strings.ContainsRune(statement, 0) {
		return 0, errRefused
	}
	for _, form := range forms {
		parts := form.pattern.FindStringSubmatch(statement)
		if parts == nil {
			continue
		}
		if len(parts) > 1 {
			if err := isSelect(ctx, c, parts[1]); err != nil {
				return 0, err
			}
		}
		return form.kind, nil
	}
	return selects, isSelect(ctx, c, statement)
}

// isSelect refuses what DuckDB's parser does not take for one SELECT, or that calls a table
// function which may do more than read.
func isSelect(ctx context.Context, c *warehouse.Conn, statement string) error {
	var tree string
	if err := c.QueryRow(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", statement).Scan(&tree); err != nil {
		return err
	}
	functions, statements, err := lineage.TableFunctions([]byte(tree))
	var engine *lineage.EngineError
	switch {
	case errors.As(err, &engine) && engine.Type == "parser":
		return fmt.Errorf("this is no query: %w", err)
	case errors.As(err, &engine):
		return errRefused
	case err != nil:
		return err
	case statements != 1:
		return errRefused
	}
	for _, f := range functions {
		if !reads(f) {
			return fmt.Errorf("%s() is not called for other processes: it may do more than read", f)
		}
	}
	return nil
}

// pure table functions compute from their arguments alone, or tell of the file.
var pure = map[string]bool{
	"range": true, "generate_series": true, "unnest": true, "repeat": true, "repeat_row": true, "json_each": true, "json_tree": true,
	"summary": true, "icu_calendar_names": true, "pragma_database_size": true, "parquet_scan": true,
}

// reads reports whether a table function does nothing but read. Files are those of
// sources: whoever may connect may read them anyhow.
func reads(function string) bool {
	return pure[function] || strings.HasPrefix(function, "read_") || strings.HasPrefix(function, "duckdb_")
}
