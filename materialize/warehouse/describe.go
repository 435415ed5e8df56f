package warehouse

import (
	"context"

	"github.com/seed-4311623e/assets/assets"
)

// Describe returns the columns that a query would yield, in order, with types in
// DuckDB's spelling. The query is bound, not run; a reader of files opens them.
func (db *DB) Describe(ctx context.Context, query string) ([]assets.Column, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Describe(ctx, query)
}

// Describe is the same for names as this connection resolves them; query may also
// be the name of a table.
func (c *Conn) Describe(ctx context.Context, query string) (columns []assets.Column, err error) {
	err = c.each(ctx, "SELECT column_name, column_type FROM (DESCRIBE "+query+")", func(scan func(...any) error) error {
		var column assets.Column
		err := scan(&column.Name, &column.Type)
		columns = append(columns, column)
		return err
	})
	return columns, err
}
