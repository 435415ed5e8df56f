package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// catalogs are queries for all that a database's catalog holds besides the rows of
// tables, as one text an object: what it is called, and what is said of it. %s is the
// database.
var catalogs = []string{
	"SELECT 'schema', schema_name, '' FROM duckdb_schemas() WHERE database_name = '%s' AND NOT internal",
	"SELECT 'table', concat_ws('.', schema_name, table_name), concat_ws(' ', sql, comment) FROM duckdb_tables() WHERE database_name = '%s' AND NOT internal",
	"SELECT 'column', concat_ws('.', schema_name, table_name, column_name), concat_ws(' ', column_index, data_type, column_default, is_nullable, comment) FROM duckdb_columns() WHERE database_name = '%s' AND NOT internal",
	"SELECT 'view', concat_ws('.', schema_name, view_name), concat_ws(' ', sql, comment) FROM duckdb_views() WHERE database_name = '%s' AND NOT internal",
	// The start of a copied sequence is where the old one stopped, which its sql says of both.
	"SELECT 'sequence', concat_ws('.', schema_name, sequence_name), concat_ws(' ', sql, comment) FROM duckdb_sequences() WHERE database_name = '%s'",
	"SELECT 'type', concat_ws('.', schema_name, type_name), concat_ws(' ', logical_type, labels, comment) FROM duckdb_types() WHERE database_name = '%s' AND NOT internal",
	"SELECT 'macro', concat_ws('.', schema_name, function_name, list_aggregate(parameters, 'string_agg', ',')), concat_ws(' ', macro_definition, comment) FROM duckdb_functions() WHERE database_name = '%s' AND NOT internal",
	"SELECT 'index', concat_ws('.', schema_name, index_name), concat_ws(' ', table_name, sql, comment) FROM duckdb_indexes() WHERE database_name = '%s'",
	"SELECT 'constraint', concat_ws('.', schema_name, table_name), concat_ws(' ', constraint_text, constraint_column_names, referenced_table) FROM duckdb_constraints() WHERE database_name = '%s'",
}

// compareCopy is an error unless the attached copy holds all that the warehouse does:
// every object with its text and its comments, and of every table the same rows in the
// same order.
func (c *Conn) compareCopy(ctx context.Context) error {
	for _, query := range catalogs {
		was, err := c.objects(ctx, fmt.Sprintf(query, Catalog))
		if err != nil {
			return err
		}
		is, err := c.objects(ctx, fmt.Sprintf(query, copyCatalog))
		if err != nil {
			return err
		}
		for object := range was {
			if was[object] != is[object] {
				return fmt.Errorf("the copy lacks the %s: DuckDB did not copy it as it is", firstLine(object))
			}
		}
		if len(is) != len(was) {
			return errors.New("the copy holds more than the warehouse")
		}
	}
	columns := map[string][]assets.Column{}
	err := c.each(ctx, "SELECT "+quotedTable+", column_name, data_type FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name) WHERE database_name = '"+Catalog+"' ORDER BY schema_name, table_name, column_index",
		func(scan func(...any) error) error {
			var table string
			var column assets.Column
			err := scan(&table, &column.Name, &column.Type)
			columns[table] = append(columns[table], column)
			return err
		})
	if err != nil {
		return err
	}
	for table, columns := range columns {
		was, err := c.ordered(ctx, Catalog+"."+table, columns)
		if err != nil {
			return err
		}
		is, err := c.ordered(ctx, copyCatalog+"."+table, columns)
		if err != nil {
			return err
		}
		if was != is {
			return fmt.Errorf("the rows of %s did not come out the same", table)
		}
	}
	return nil
}

const quotedTable = `'"' || replace(schema_name, '"', '""') || '"."' || replace(table_name, '"', '""') || '"'`

// objects counts what a query of catalogs yields.
func (c *Conn) objects(ctx context.Context, query string) (map[string]int, error) {
	all := map[string]int{}
	err := c.each(ctx, query, func(scan func(...any) error) error {
		var object [3]string
		err := scan(&object[0], &object[1], &object[2])
		all[strings.Join(object[:], " ")]++
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	return all, nil
}

// ordered is the digest of a table's rows in their order.
func (c *Conn) ordered(ctx context.Context, table string, columns []assets.Column) (assets.Digest, error) {
	columns = append(slices.Clone(columns), RowOrder)
	var rows int64
	var sums string
	if err := c.QueryRow(ctx, HashQuery(table, columns)).Scan(&rows, &sums); err != nil {
		return "", fmt.Errorf("read %s: %w", table, err)
	}
	return ContentDigest(columns, rows, sums), nil
}
