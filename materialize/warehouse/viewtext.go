package warehouse

import (
	"context"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// viewTexts reads the text of every view, as it is before and after the file is
// opened again.
func (c *Conn) viewTexts(ctx context.Context) (map[assets.Name]string, error) {
	texts := map[assets.Name]string{}
	err := c.each(ctx, "SELECT schema_name, view_name, sql FROM duckdb_views() WHERE database_name = '"+Catalog+"' AND NOT internal",
		func(scan func(...any) error) error {
			var schema, name, text string
			err := scan(&schema, &name, &text)
			texts[assets.Name{Schema: strings.ToLower(schema), Table: strings.ToLower(name)}] = text
			return err
		})
	if err != nil {
		return nil, err
	}
	for name, text := range texts {
		if texts[name], err = c.stableText(ctx, text); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// stableText is a view's text as it reads once the file was opened again: a UNION ALL
// of three is one node until it is written, and from then on one within another.
// Whatever is no query to DuckDB stays as it is.
func (c *Conn) stableText(ctx context.Context, text string) (string, error) {
	head, query, found := strings.Cut(text, " AS ")
	if !found || !strings.Contains(query, "UNION") {
		return text, nil
	}
	var stable *string
	err := c.QueryRow(ctx, `SELECT CASE WHEN (tree->>'error')::BOOLEAN THEN NULL ELSE json_deserialize_sql(tree) END
		FROM (SELECT json_serialize_sql($1::VARCHAR) AS tree)`, strings.TrimSuffix(query, ";")).Scan(&stable)
	if err != nil || stable == nil {
		return text, err
	}
	return head + " AS " + *stable + ";", nil
}
