package lineage

import (
	"fmt"
	"strings"

	"github.com/valyala/fastjson"

	"github.com/seed-4311623e/assets/assets"
)

// outputs reads the columns of the table that the plan would create.
func outputs(columns []*fastjson.Value, query *fastjson.Value) ([]assets.Column, error) {
	written, seen := names(query), map[string]bool{}
	out := make([]assets.Column, 0, len(columns))
	for i, c := range columns {
		name := text(c, "name")
		// DuckDB renames the second of two equal names: a, a_1.
		if i < len(written) && written[i] != "" && strings.HasPrefix(lower(name), lower(written[i])+"_") && seen[lower(written[i])] {
			return nil, &DuplicateColumnError{written[i]}
		}
		seen[lower(name)] = true
		rendered, err := renderType(c.Get("type"))
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", name, err)
		}
		out = append(out, assets.Column{Name: name, Type: rendered})
	}
	return out, nil
}

// names are the columns' names as the statement gives them, empty where it gives
// none, or nil if the plan does not show them.
func names(query *fastjson.Value) []string {
	for {
		children := query.GetArray("children")
		switch text(query, "type") {
		case "LOGICAL_PROJECTION":
			return projected(query)
		case "LOGICAL_ORDER_BY", "LOGICAL_LIMIT", "LOGICAL_DISTINCT", "LOGICAL_FILTER":
			if len(children) != 1 {
				return nil
			}
			query = children[0]
		case "LOGICAL_UNION", "LOGICAL_EXCEPT", "LOGICAL_INTERSECT":
			if len(children) == 0 {
				return nil
			}
			query = children[0]
		case "LOGICAL_MATERIALIZED_CTE":
			if len(children) != 2 {
				return nil
			}
			query = children[1]
		default:
			return nil
		}
	}
}

// projected are the names that a projection gives. One that only takes away the
// columns needed for sorting gives none: they are those below it.
func projected(query *fastjson.Value) (out []string) {
	var below []string
	for _, e := range query.GetArray("expressions") {
		name := text(e, "alias")
		if name == "" && text(e, "type") == "BOUND_REF" {
			if child := query.Get("children", "0"); below == nil && child != nil {
				below = names(child)
			}
			if index := e.GetInt("index"); index < len(below) {
				name = below[index]
			}
		}
		out = append(out, name)
	}
	return out
}
