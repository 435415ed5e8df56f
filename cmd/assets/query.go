package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

func (a *app) queryCommand() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "query SQL",
		Short: "Query what is published, and the sources",
		Long: `Run one query on what is published, and on the sources as they are now. It can
change nothing, and reads no other files. SQL is DuckDB's; "-" reads it from
standard input. What is known of runs and versions stands in the tables of the
schema _assets.`,
		Example: `  assets query "select country, sum(revenue) from mart.daily_sales group by all"
  assets query -format csv "from staging.orders limit 10"`,
		Args: takes(1, 1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if a.json {
				format = "json"
			}
			if !slices.Contains(view.RowFormats, format) {
				return formatError(format, view.RowFormats)
			}
			statement := args[0]
			if statement == "-" {
				text, err := io.ReadAll(a.stdin)
				if err != nil {
					return err
				}
				statement = string(text)
			}
			s, diags := a.open()
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			defer s.Close()
			result, diags := s.Query(c.Context(), statement, format == "json")
			if diags.HasErrors() {
				return a.refuse(diags, s)
			}
			defer func() {
				if closing := result.Close(); err == nil {
					err = closing
				}
			}()
			return view.WriteRows(a.out, result, format, a.outStyle, columns(a.outTerm) > 0)
		},
	}
	c.Flags().StringVar(&format, "format", "table", "how to write the result: `FORMAT` is table, csv or json")
	return c
}

// formatError refuses a value of -format.
func formatError(format string, known []string) error {
	return fmt.Errorf("-format is %s, not %q", oneOf(known), format)
}

// oneOf writes alternatives: a, b or c.
func oneOf(items []string) string {
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " or " + items[last]
}
