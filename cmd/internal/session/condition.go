package session

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// ask runs the query of a condition and reports whether its first value is true. It
// has nothing to read but files.
func (s *Session) ask(ctx context.Context, statement string) (bool, error) {
	db, err := s.openMemory()
	if err != nil {
		return false, err
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer c.Close()
	if err := askable(ctx, c, statement); err != nil {
		return false, err
	}
	if err := c.Exec(ctx, "SET file_search_path = "+warehouse.Literal(s.Project.Dir)); err != nil {
		return false, err
	}
	defer c.Exec(context.WithoutCancel(ctx), "RESET file_search_path")
	// As a subquery it yields one value: its first, or NULL without a row.
	var holds sql.NullBool
	err = c.QueryRow(ctx, "SELECT (SELECT #1::BOOLEAN FROM (\n"+statement+"\n) LIMIT 1)").Scan(&holds)
	return holds.Bool, err
}

// fileFunctions are what only a condition may call: they look at files.
var fileFunctions = []string{"glob()", "read_text()", "read_blob()"}

// askable refuses what is not one query on files.
func askable(ctx context.Context, c *warehouse.Conn, statement string) error {
	var tree string
	if err := c.QueryRow(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", statement).Scan(&tree); err != nil {
		return err
	}
	parsed, err := lineage.Parse([]byte(tree), warehouse.Engine())
	if err != nil {
		return err
	}
	for _, refusal := range parsed.Refusals {
		what, inAsset := strings.CutSuffix(refusal.Summary, " cannot be used in an asset")
		switch {
		case slices.Contains(fileFunctions, what):
		case inAsset:
			return fmt.Errorf("%s cannot be used in a condition", what)
		default:
			return errors.New(refusal.Summary)
		}
	}
	if len(parsed.Refs) > 0 {
		return fmt.Errorf("a condition reads files, and %s is none: write from 'data/orders.csv', with the path relative to the project", parsed.Refs[0].Name)
	}
	return nil
}
