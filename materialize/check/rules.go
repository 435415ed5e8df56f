package check

import (
	"strconv"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// where is the condition under which a row violates a check; empty for kinds that
// are not about single rows. Columns are named alone: an expression may qualify them with
// the relation's own name, so only relationships calls it something else, see from.
func where(c assets.Check) string {
	switch c.Kind {
	case assets.NotNull:
		return each(c.Columns, " OR ", func(col string) string { return col + " IS NULL" })
	case assets.AcceptedValues:
		if len(c.Values) == 0 {
			return each(c.Columns, " OR ", func(col string) string { return col + " IS NOT NULL" })
		}
		list := strings.Join(c.Values, ", ")
		// IS NOT TRUE: a NULL in the list makes IN unknown where it is not true.
		return each(c.Columns, " OR ", func(col string) string {
			return col + " IS NOT NULL AND (" + col + " IN (" + list + ")) IS NOT TRUE"
		})
	case assets.NotEmpty:
		// Text of spaces only is nothing, and so is a list without elements.
		return each(c.Columns, " OR ", func(col string) string {
			text := "CAST(" + col + " AS VARCHAR)"
			return "(trim(" + text + ") = '' OR typeof(" + col + ") LIKE '%]' AND " + text + " = '[]') IS TRUE"
		})
	case assets.Between:
		return each(c.Columns, " OR ", func(col string) string { return outsideOf(col, c.Low, c.High) })
	case assets.Length:
		return each(c.Columns, " OR ", func(col string) string { return outsideOf("len("+col+")", count(c.Min), count(c.Max)) })
	case assets.Matches:
		return each(c.Columns, " OR ", func(col string) string {
			return "regexp_matches(" + col + ", " + warehouse.Literal(c.Pattern) + ") IS FALSE"
		})
	case assets.Increasing:
		return notIncreasing(c)
	case assets.Expression:
		return "CAST((" + c.SQL.Text + "\n) AS BOOLEAN) IS FALSE" // a comment may end the text
	case assets.Relationships:
		same := make([]string, min(len(c.Columns), len(c.ToColumns)))
		for i := range same {
			same[i] = "_to." + warehouse.Ident(c.ToColumns[i]) + " = _from." + warehouse.Ident(c.Columns[i])
		}
		return notNull(c) + " AND NOT EXISTS (FROM " + warehouse.NameRef(c.To) + " AS _to WHERE " + strings.Join(same, " AND ") + ")"
	}
	return ""
}

// notNull is the condition that a row has a whole key.
func notNull(c assets.Check) string {
	return each(c.Columns, " AND ", func(col string) string { return col + " IS NOT NULL" })
}

func each(columns []string, operator string, condition func(column string) string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = condition(warehouse.Ident(c))
	}
	return strings.Join(parts, operator)
}

// from is the relation as where's condition speaks of it.
func from(relation string, c assets.Check) string {
	if c.Kind != assets.Relationships {
		return relation
	}
	if only := considered(c); only != "" {
		relation = "(FROM " + relation + " WHERE " + only + ")"
	}
	return relation + " AS _from"
}

// key is a row's value under a unique check, NULL if any part is NULL.
func key(c assets.Check) string {
	columns := make([]string, len(c.Columns))
	for i, col := range c.Columns {
		columns[i] = warehouse.Ident(col)
	}
	only := considered(c)
	switch {
	case len(columns) > 1:
		if only != "" {
			only = " AND " + only
		}
		return "CASE WHEN " + notNull(c) + only + " THEN row(" + strings.Join(columns, ", ") + ") END"
	case only != "":
		return "CASE WHEN " + only + " THEN " + columns[0] + " END"
	}
	return columns[0]
}

// outsideOf is the condition that a value is not within bounds, of which one may be
// missing. NULL is within; so is a NaN only if there is no upper bound, since it is
// greater than any number.
func outsideOf(value, low, high string) string {
	var parts []string
	if low != "" {
		parts = append(parts, value+" < "+low)
	}
	if high != "" {
		parts = append(parts, value+" > "+high)
	}
	return "(" + strings.Join(parts, " OR ") + ") IS TRUE"
}

func count(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// considered is the condition that a check looks at a row; empty: at all.
func considered(c assets.Check) string {
	if c.Where.Text == "" {
		return ""
	}
	return "(CAST((" + c.Where.Text + "\n) AS BOOLEAN) IS TRUE)" // a comment may end the text
}

// violates is the condition that a row violates a check that looks at it.
func violates(c assets.Check) string {
	condition, only := where(c), considered(c)
	if condition == "" || only == "" || c.Kind == assets.Relationships { // see from
		return condition
	}
	return "(" + condition + ") AND " + only
}

// outside is by how many rows a row_count check is missed.
func outside(c assets.Check, rows int64) int64 {
	switch {
	case c.Min != nil && rows < *c.Min:
		return *c.Min - rows
	case c.Max != nil && rows > *c.Max:
		return rows - *c.Max
	}
	return 0
}
