package materialize_test

import (
	"fmt"
	"slices"
	"strings"
)

// over is a window; a third of them leave the order of rows to chance.
func (c choice) over(label string, scope []field) string {
	var parts []string
	if !c.chance(label+"/whole", 2) {
		parts = append(parts, "PARTITION BY "+refs(c.some(label+"/partition", scope, 1, 1)))
	}
	if !c.chance(label+"/unordered", 3) {
		parts = append(parts, "ORDER BY "+c.sort(label+"/order", scope))
	}
	return "OVER (" + strings.Join(parts, " ")
}

// windowed is a window function.
func (c choice) windowed(label string, scope []field) item {
	over, k := c.over(label, scope), pick(c, label+"/kind", number, word, day)
	v := func(k kind) string { return c.value(label+"/of", k, scope, 1) }
	frame := ""
	if strings.Contains(over, "ORDER BY") {
		frame = pick(c, label+"/frame", "", "", " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING", " GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW")
	}
	functions := []string{"row_number", "rank", "dense_rank", "sum", "max", "first_value", "last_value", "count", "list"}
	if strings.Contains(over, "ORDER BY") {
		// Without an order, DuckDB 1.5.5 gives every row twice if they come from an anti
		// join: select lead(b) over () from s where not exists (…).
		functions = append(functions, "lag", "lead")
	}
	switch f := pick(c, label, functions...); f {
	case "row_number", "rank", "dense_rank":
		return item{f + "() " + over + ")::INTEGER", number, ""}
	case "sum":
		return item{"(sum(" + v(number) + ") " + over + frame + ") % 100)::INTEGER", number, ""}
	case "lag", "lead":
		return item{fmt.Sprintf("%s(%s, %d) %s)", f, v(k), 1+c.upTo(label+"/by", 1), over), k, ""}
	case "count":
		return item{"count(*) " + over + frame + ")::INTEGER", number, ""}
	case "list":
		return item{"(list(" + v(number) + ") " + over + frame + "))[:4]", list, ""}
	default:
		return item{f + "(" + v(k) + ") " + over + frame + ")", k, ""}
	}
}

func window(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	items := c.items(scope, 3)
	for i := range 1 + c.upTo("windows", 1) {
		items = append(items, c.windowed(fmt.Sprint("window", i), scope))
	}
	sql, fields := c.columns(items)
	return relation{"SELECT " + sql + " FROM " + from, fields, in[0].rows}
}

func qualify(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	return relation{fmt.Sprintf("SELECT * FROM %s QUALIFY %s() %s) %s %d", from, pick(c, "function", "row_number", "rank"), c.over("over", scope), pick(c, "op", "<=", "<=", "="), 1+c.upTo("n", 2)), in[0].fields, in[0].rows}
}

func recursive(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	k := pick(c, "carried", word, day, decimal)
	name := c.alias()
	self := []field{{name: "n", kind: number, ref: name + ".n"}, {name: "v", kind: k, ref: name + ".v"}}
	sql, fields := c.columns([]item{{name + ".n", number, ""}, {name + ".v", k, ""}})
	return relation{fmt.Sprintf("WITH RECURSIVE %[1]s(n, v, steps) AS (SELECT %[2]s, %[3]s, 0 FROM %[4]s %[5]s SELECT %[6]s, %[7]s, %[1]s.steps + 1 FROM %[1]s WHERE %[1]s.steps < %[8]d AND %[9]s) SELECT %[10]s FROM %[1]s",
		name, c.value("n", number, scope, 1), c.value("v", k, scope, 1), from, pick(c, "union", "UNION ALL", "UNION"),
		c.value("next n", number, self, 2), c.value("next v", k, self, 1), 1+c.upTo("steps", 2), c.condition("while", self, 0), sql), fields, in[0].rows * 3}
}

func unnest(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	l := c.value("list", list, scope, 1)
	items := c.items(scope, 3)
	switch pick(c, "form", "select", "lateral", "series", "struct") {
	case "lateral":
		as := c.alias()
		sql, fields := c.columns(append(items, item{as + ".v", number, ""}))
		return relation{fmt.Sprintf("SELECT %s FROM %s, unnest(%s) AS %s(v)", sql, from, c.value("list", list, scope, 0), as), fields, in[0].rows * 3}
	case "series":
		as := c.alias()
		sql, fields := c.columns(append(items, item{as + ".v::INTEGER", number, ""}))
		return relation{fmt.Sprintf("SELECT %s FROM %s, generate_series(1, (%s %% 3)) AS %s(v)", sql, from, c.value("to", number, scope, 0), as), fields, in[0].rows * 2}
	case "struct":
		if pairs := ofKind(scope, pair); len(pairs) > 0 {
			return relation{"SELECT x AS a, y AS s FROM (SELECT unnest(" + pick(c, "pair", pairs...).ref + ") FROM " + from + ")", []field{{name: "a", kind: number}, {name: "s", kind: word}}, in[0].rows}
		}
	}
	sql, fields := c.columns(append(items, item{"unnest(" + l + ")", number, ""}))
	return relation{"SELECT " + sql + " FROM " + from, fields, in[0].rows * 3}
}

func pivot(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	k := pick(c, "by", number, word)
	g, v := c.value("on", number, scope, 1), c.value("value", number, scope, 1)
	values := pick(c, "values", []int{0, 1}, []int{1, 0}, []int{0, 1, 2}, []int{1, 2})
	var names []string
	items := []item{{"g", k, ""}}
	for _, n := range values {
		names = append(names, fmt.Sprint(n))
		items = append(items, item{fmt.Sprintf(`"%d"::INTEGER`, n), number, ""})
	}
	sql, fields := c.columns(items)
	return relation{fmt.Sprintf("SELECT %s FROM (PIVOT (SELECT %s AS g, %s AS o, %s AS v FROM %s) ON o IN (%s) USING %s(v) GROUP BY g)", sql,
		c.value("group", k, scope, 0), g, v, from, strings.Join(names, ", "), pick(c, "using", "max", "min", "count")), fields, in[0].rows}
}

func unpivot(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	names := slices.Clone(pick(c, "columns", []string{"one", "two"}, []string{"two", "one"}, []string{"one", "two", "three"}))
	var list []string
	for _, n := range names {
		list = append(list, c.value(n, number, scope, 1)+" AS "+n)
	}
	return relation{fmt.Sprintf("SELECT k AS s, v AS a FROM (UNPIVOT (SELECT %s FROM %s) ON %s INTO NAME k VALUE v)", strings.Join(list, ", "), from, strings.Join(names, ", ")),
		[]field{{name: "s", kind: word}, {name: "a", kind: number}}, in[0].rows * 3}
}
