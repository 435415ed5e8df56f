package materialize_test

import (
	"fmt"
	"slices"
	"strings"
)

// join is one of every kind. Its sides stand in common table expressions or in
// FROM, as the style likes.
func join(c choice, in []relation) relation {
	with, left, right := "", "", ""
	var ls, rs []field
	one, two := c.alias(), c.alias()
	switch c.style % 5 {
	case 0:
		left, right = fmt.Sprintf("(%s) AS %s", in[0].sql, one), fmt.Sprintf("(%s) AS %s", in[1].sql, two)
		ls, rs = under(one, in[0].fields), beside("right", two, in[1].fields)
	case 1, 2:
		with, left, right = fmt.Sprintf("WITH %s AS (%s), %s AS (%s) ", one, in[0].sql, two, in[1].sql), one, two
		ls, rs = under(one, in[0].fields), beside("right", two, in[1].fields)
	default:
		with, left, right = fmt.Sprintf("WITH %s AS (%s), %s AS (%s), unused AS (SELECT 1) ", two, in[1].sql, one, in[0].sql), one, two
		ls, rs = under(one, in[0].fields), beside("right", two, in[1].fields)
	}
	var common []string
	for _, f := range in[0].fields {
		if slices.ContainsFunc(in[1].fields, func(g field) bool { return g.name == f.name }) {
			common = append(common, f.name)
		}
	}
	options := []string{"on", "on", "on", "semi", "exists", "cross", "asof", "positional", "or"}
	if len(common) > 0 {
		options = append(options, "using", "using", "natural", "semi using")
	}
	kind := pick(c, "kind", options...)
	rows := in[0].rows * in[1].rows
	if rows > 900 {
		kind = "semi"
	}
	both := slices.Concat(ls, rs)
	k := pick(c, "key", number, number, word, day)
	on := fmt.Sprintf("%s %s %s", c.value("l", k, ls, 1), pick(c, "op", "=", "=", "=", "<", "IS NOT DISTINCT FROM"), c.value("r", k, rs, 1))
	if c.chance("more", 3) {
		on += " AND " + c.condition("and", both, 0)
	}
	outer := pick(c, "outer", "", "", "LEFT ", "RIGHT ", "FULL ")
	condition := ""
	switch kind {
	case "on":
		condition = outer + "JOIN " + right + " ON " + on
	case "or":
		condition = "JOIN " + right + " ON " + on + " OR " + c.condition("or", both, 0)
	case "cross":
		condition = "CROSS JOIN " + right
	case "positional":
		condition, rows = "POSITIONAL JOIN "+right, in[0].rows+in[1].rows
	case "asof":
		k := pick(c, "time", number, day)
		condition = fmt.Sprintf("ASOF %sJOIN %s ON %s %s %s", pick(c, "asof", "", "LEFT "), right, c.value("tl", k, ls, 0), pick(c, "asof op", ">=", ">", "<="), c.value("tr", k, rs, 0))
		rows = in[0].rows
		if len(ofKind(ls, k)) == 0 || len(ofKind(rs, k)) == 0 {
			condition = "CROSS JOIN " + right
			rows = in[0].rows * in[1].rows
		}
	case "semi", "semi using", "exists":
		not := c.chance("not", 2)
		sql := fmt.Sprintf("%sSELECT * FROM %s %s JOIN %s ON %s", with, left, map[bool]string{false: "SEMI", true: "ANTI"}[not], right, on)
		switch kind {
		case "semi using":
			sql = fmt.Sprintf("%sSELECT * FROM %s %s JOIN %s USING (%s)", with, left, map[bool]string{false: "SEMI", true: "ANTI"}[not], right, pick(c, "using", common...))
		case "exists":
			// Inline in any style: DuckDB puts what a subquery takes from around it at other
			// places below a common table expression.
			left, right := fmt.Sprintf("(%s) AS %s", in[0].sql, one), fmt.Sprintf("(%s) AS %s", in[1].sql, two)
			sql = fmt.Sprintf("SELECT * FROM %s WHERE %s (SELECT 1 FROM %s WHERE %s)", left, map[bool]string{false: "EXISTS", true: "NOT EXISTS"}[not], right, on)
		}
		return relation{sql, in[0].fields, in[0].rows}
	case "using", "natural":
		merged := common
		condition = "NATURAL " + outer + "JOIN " + right
		if kind == "using" {
			merged = c.someNames("using", common)
			condition = outer + "JOIN " + right + " USING (" + strings.Join(merged, ", ") + ")"
		}
		both = slices.DeleteFunc(both, func(f field) bool { return slices.Contains(merged, f.name) })
		for _, f := range in[0].fields {
			if slices.Contains(merged, f.name) {
				both = append(both, field{name: f.name, kind: f.kind, ref: f.name})
			}
		}
		if len(merged) == len(common) && c.chance("star", 2) {
			fields := slices.Clone(in[0].fields)
			for _, f := range in[1].fields {
				if !slices.Contains(merged, f.name) {
					fields = append(fields, f)
				}
			}
			return relation{with + "SELECT * FROM " + left + " " + condition, fields, rows}
		}
	}
	sql, fields := c.columns(c.items(both, 5))
	return relation{with + "SELECT " + sql + " FROM " + left + " " + condition, fields, rows}
}

func (c choice) someNames(label string, names []string) []string {
	var fields []field
	for _, n := range names {
		fields = append(fields, field{name: n})
	}
	var out []string
	for _, f := range c.some(label, fields, 1, 2) {
		out = append(out, f.name)
	}
	return out
}

func setOperation(c choice, in []relation) relation {
	kind := pick(c, "kind", "UNION ALL", "UNION ALL", "UNION", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL", "UNION BY NAME", "UNION ALL BY NAME")
	left, fields := "SELECT * FROM ("+in[0].sql+")", in[0].fields
	right, rs := c.from(in[1])
	rows := in[0].rows + in[1].rows
	if strings.HasSuffix(kind, "BY NAME") {
		for _, f := range in[1].fields {
			if !slices.ContainsFunc(fields, func(g field) bool { return g.name == f.name }) {
				fields = append(slices.Clip(fields), f)
			}
		}
		return relation{left + " " + kind + " SELECT * FROM " + right, fields, rows}
	}
	if slices.EqualFunc(in[0].fields, in[1].fields, func(f, g field) bool { return f.kind == g.kind }) {
		return relation{left + " " + kind + " SELECT * FROM " + right, fields, rows}
	}
	var list []string
	for i, f := range fields {
		list = append(list, c.value(fmt.Sprint("fit", i), f.kind, rs, 1))
	}
	return relation{left + " " + kind + " SELECT " + strings.Join(list, ", ") + " FROM " + right, fields, rows}
}

// selfJoin joins a common table expression with itself.
func selfJoin(c choice, in []relation) relation {
	name, one, two := c.alias(), c.alias(), c.alias()
	ls, rs := under(one, in[0].fields), beside("right", two, in[0].fields)
	k := pick(c, "key", number, word)
	sql, fields := c.columns(c.items(slices.Concat(ls, rs), 4))
	return relation{fmt.Sprintf("WITH %s AS %s(%s) SELECT %s FROM %s AS %s %sJOIN %s AS %s ON %s %s %s", name, pick(c, "kept", "", "MATERIALIZED ", "NOT MATERIALIZED "), in[0].sql,
		sql, name, one, pick(c, "outer", "", "LEFT ", "FULL "), name, two, c.value("l", k, ls, 0), pick(c, "op", "=", "="), c.value("r", k, rs, 0)), fields, in[0].rows * in[0].rows}
}

// scalar adds a column from a subquery of one row over another table.
func scalar(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	name, fields, _ := c.tables(c.table)
	alias := c.alias()
	inner := beside("inner", alias, fields)
	k := pick(c, "kind", number, word, day)
	where := fmt.Sprintf("%s %s %s", c.value("i", number, inner, 0), pick(c, "op", "=", "<"), c.value("o", number, scope, 0))
	sub := fmt.Sprintf("(SELECT %s(%s) FROM %s AS %s WHERE %s)", pick(c, "agg", "min", "max", "first"), c.value("v", k, inner, 1), name, alias, where)
	switch pick(c, "form", "correlated", "correlated", "count", "alone", "limit") {
	case "count":
		sub, k = fmt.Sprintf("(SELECT count(*) FROM %s AS %s WHERE %s)::INTEGER", name, alias, where), number
	case "alone":
		sub = fmt.Sprintf("(SELECT max(%s) FROM %s AS %s)", c.value("v", k, inner, 1), name, alias)
	case "limit":
		sub = fmt.Sprintf("(SELECT %s FROM %s AS %s WHERE %s ORDER BY %s LIMIT 1)", c.value("v", k, inner, 1), name, alias, where, c.sort("by", inner))
	}
	sql, out := c.columns(append(c.items(scope, 3), item{sub, k, ""}))
	return relation{"SELECT " + sql + " FROM " + from, out, in[0].rows}
}

// lateral joins each row with a subquery that refers to it.
func lateral(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	name, fields, rows := c.tables(c.table)
	alias, as := c.alias(), c.alias()
	inner := beside("inner", alias, fields)
	k := pick(c, "kind", number, word)
	tail := ""
	if c.chance("limited", 3) {
		tail = fmt.Sprintf(" ORDER BY %s LIMIT 1", c.sort("by", inner))
		rows = 1
	}
	sql, out := c.columns(append(c.items(scope, 3), item{as + ".v", k, ""}))
	lateral := fmt.Sprintf("LATERAL (SELECT %s AS v FROM %s AS %s WHERE %s %s %s%s) AS %s", c.value("v", k, slices.Concat(inner, scope), 1), name, alias,
		c.value("i", number, inner, 0), pick(c, "op", "=", "=", "<"), c.value("o", number, scope, 0), tail, as)
	if in[0].rows*rows > 900 {
		return relation{"SELECT * FROM " + from, in[0].fields, in[0].rows}
	}
	if c.chance("left", 3) {
		return relation{"SELECT " + sql + " FROM " + from + " LEFT JOIN " + lateral + " ON true", out, in[0].rows * rows}
	}
	return relation{"SELECT " + sql + " FROM " + from + ", " + lateral, out, in[0].rows * rows}
}
