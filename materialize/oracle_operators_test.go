package materialize_test

import (
	"fmt"
	"slices"
	"strings"
)

// operator is one kind of node: how many queries it reads, and how it is written.
type operator struct {
	inputs int
	write  func(c choice, in []relation) relation
}

var operators map[string]operator

func init() { // operators refer to themselves through subqueries
	operators = map[string]operator{
		"scan": {0, scan}, "values": {0, values}, "range": {0, series},
		"project": {1, project}, "star": {1, star}, "filter": {1, filter}, "aggregate": {1, aggregate}, "sets": {1, groupingSets},
		"distinct": {1, distinct}, "window": {1, window}, "qualify": {1, qualify}, "limit": {1, limit}, "self": {1, selfJoin},
		"recursive": {1, recursive}, "unnest": {1, unnest}, "pivot": {1, pivot}, "unpivot": {1, unpivot}, "scalar": {1, scalar}, "lateral": {1, lateral},
		"join": {2, join}, "set": {2, setOperation},
	}
}

// operatorsOf lists the operators that read n queries, sorted.
func operatorsOf(n int) (names []string) {
	for name, o := range operators {
		if o.inputs == n {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func scan(c choice, _ []relation) relation {
	name, fields, rows := c.tables(c.table)
	if len(ofKind(fields, list, pair)) == 0 && c.chance("nested", 3) {
		alias := c.alias()
		scope := under(alias, fields)
		sql, more := c.columns([]item{
			{fmt.Sprintf("[%s, %s]", c.value("l0", number, scope, 0), c.value("l1", number, scope, 0)), list, ""},
			{fmt.Sprintf("{'x': %s, 'y': %s}", c.value("r0", number, scope, 0), c.value("r1", word, scope, 0)), pair, ""},
		})
		return relation{fmt.Sprintf("SELECT *, %s FROM %s AS %s", sql, name, alias), slices.Concat(fields, more), rows}
	}
	if c.style&1 != 0 {
		return relation{"FROM " + name, fields, rows}
	}
	return relation{"SELECT * FROM " + name, fields, rows}
}

func values(c choice, _ []relation) relation {
	n := 1 + c.upTo("rows", 2)
	var rows []string
	for i := range n {
		rows = append(rows, fmt.Sprintf("(%s, %s)", c.constant(fmt.Sprint("n", i), number), c.constant(fmt.Sprint("w", i), word)))
	}
	return relation{fmt.Sprintf("SELECT * FROM (VALUES %s) AS %s(a, s)", strings.Join(rows, ", "), c.alias()), []field{{name: "a", kind: number}, {name: "s", kind: word}}, n}
}

func series(c choice, _ []relation) relation {
	n := 1 + c.upTo("rows", 3)
	return relation{fmt.Sprintf("SELECT (%s %% 3)::INTEGER AS b FROM range(%d) AS %s(%s)", "v", n, c.alias(), "v"), []field{{name: "b", kind: number}}, n}
}

// items are expressions over a scope, most of them columns as they are.
func (c choice) items(scope []field, most int) (items []item) {
	for i := range 1 + c.upTo("columns", most-1) {
		label := fmt.Sprint("item", i)
		if len(scope) > 0 && !c.chance(label+"/computed", 3) {
			f := pick(c, label+"/column", scope...)
			it := item{f.ref, f.kind, f.name}
			if c.chance(label+"/renamed", 6) {
				it.name = ""
			}
			items = append(items, it)
			continue
		}
		k := pick(c, label+"/kind", number, number, number, word, word, day, decimal, list, pair)
		items = append(items, item{c.value(label, k, scope, 2), k, ""})
	}
	by := c.upTo("rotated", len(items)-1)
	items = slices.Concat(items[by:], items[:by])
	switch first := (item{c.value("extra", number, scope, 1), number, ""}); pick(c, "extra column", "none", "none", "none", "first", "last") {
	case "first":
		items = slices.Concat([]item{first}, items)
	case "last":
		items = append(items, first)
	}
	return items
}

func project(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	sql, fields := c.columns(c.items(scope, 5))
	return relation{"SELECT " + sql + " FROM " + from, fields, in[0].rows}
}

func star(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	f := pick(c, "column", in[0].fields...)
	at := slices.IndexFunc(in[0].fields, func(g field) bool { return g.name == f.name })
	fields := slices.Clone(in[0].fields)
	switch pick(c, "form", "plain", "exclude", "replace", "rename", "regex", "lambda", "all and more") {
	case "exclude":
		if len(fields) > 1 {
			return relation{fmt.Sprintf("SELECT * EXCLUDE (%s) FROM %s", f.name, from), slices.Delete(fields, at, at+1), in[0].rows}
		}
	case "replace":
		return relation{fmt.Sprintf("SELECT * REPLACE (%s AS %s) FROM %s", c.value("replaced", f.kind, scope, 2), f.name, from), fields, in[0].rows}
	case "rename":
		name := pick(c, "name", pool[f.kind]...)
		if !slices.ContainsFunc(fields, func(g field) bool { return g.name == name }) {
			fields[at].name = name
			return relation{fmt.Sprintf("SELECT * RENAME (%s AS %s) FROM %s", f.name, name, from), fields, in[0].rows}
		}
	case "regex":
		matching := slices.DeleteFunc(fields, func(g field) bool { return !slices.Contains([]string{"a", "b", "s", "d", f.name}, g.name) })
		return relation{fmt.Sprintf("SELECT COLUMNS('^(a|b|s|d|%s)$') FROM %s", f.name, from), matching, in[0].rows}
	case "lambda":
		if len(fields) > 1 {
			return relation{fmt.Sprintf("SELECT COLUMNS(lambda c: c <> '%s') FROM %s", f.name, from), slices.Delete(fields, at, at+1), in[0].rows}
		}
	case "all and more":
		name := pick(c, "name", pool[number]...)
		if !slices.ContainsFunc(fields, func(g field) bool { return g.name == name }) {
			return relation{fmt.Sprintf("SELECT %s AS %s, * FROM %s", c.value("more", number, scope, 2), name, from), slices.Concat([]field{{name: name, kind: number}}, fields), in[0].rows}
		}
	}
	return relation{"SELECT * FROM " + from, fields, in[0].rows}
}

func filter(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	return relation{"SELECT * FROM " + from + " WHERE " + c.condition("where", scope, 2), in[0].fields, in[0].rows}
}

// aggregates are some over a scope; a third of them depend on the order of rows.
func (c choice) aggregates(scope []field, most int) (items []item) {
	for i := range 1 + c.upTo("aggregates", most-1) {
		label := fmt.Sprint("agg", i)
		v := func(k kind) string { return c.value(label+"/of", k, scope, 1) }
		k := pick(c, label+"/kind", number, number, word, day, decimal)
		filter := ""
		if c.chance(label+"/filtered", 5) {
			filter = fmt.Sprintf(" FILTER (WHERE %s)", c.condition(label+"/filter", scope, 0))
		}
		var it item
		switch f := pick(c, label, "count all", "count", "distinct", "sum", "min", "max", "first", "last", "any_value", "list", "sorted", "words", "words sorted", "arg_max", "median", "avg", "bool"); f {
		case "count all":
			it = item{"count(*)" + filter + "::INTEGER", number, ""}
		case "count":
			it = item{"count(" + v(k) + ")" + filter + "::INTEGER", number, ""}
		case "distinct":
			it = item{"count(DISTINCT " + v(k) + ")" + filter + "::INTEGER", number, ""}
		case "sum":
			it = item{"(sum(" + v(number) + ")" + filter + " % 100)::INTEGER", number, ""}
		case "min", "max", "first", "last", "any_value":
			it = item{f + "(" + v(k) + ")" + filter, k, ""}
		case "list":
			it = item{"(list(" + v(number) + ")" + filter + ")[:4]", list, ""}
		case "sorted":
			it = item{fmt.Sprintf("(list(%s ORDER BY %s)%s)[:4]", v(number), c.sort(label+"/by", scope), filter), list, ""}
		case "words":
			it = item{fmt.Sprintf("left(string_agg(%s, '%s')%s, 9)", v(word), pick(c, label+"/sep", ",", ";"), filter), word, ""}
		case "words sorted":
			it = item{fmt.Sprintf("left(string_agg(%[1]s, '%[2]s' ORDER BY %[1]s)%[3]s, 9)", sortable(v(word)), pick(c, label+"/sep", ",", ";"), filter), word, ""}
		case "arg_max":
			it = item{fmt.Sprintf("%s(%s, %s)%s", pick(c, label+"/f", "arg_max", "arg_min"), v(k), c.value(label+"/by", number, scope, 0), filter), k, ""}
		case "median":
			it = item{fmt.Sprintf("quantile_disc(%s, %s)%s", v(number), pick(c, label+"/at", "0.5", "0.25"), filter), number, ""}
		case "avg":
			it = item{fmt.Sprintf("avg(%s)%s::DECIMAL(18,2)", v(number), filter), decimal, ""}
		default:
			it = item{fmt.Sprintf("bool_or(%s)%s::INTEGER", c.condition(label+"/truth", scope, 0), filter), number, ""}
		}
		items = append(items, it)
	}
	return items
}

// sortable is an expression that ORDER BY takes: it refuses constants.
func sortable(expression string) string {
	if strings.HasPrefix(expression, "'") {
		return "(" + expression + " || '')"
	}
	return expression
}

func keys(fields []field) (items []item) {
	for _, f := range fields {
		items = append(items, item{f.ref, f.kind, f.name})
	}
	return items
}

func aggregate(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	groups := c.some("group", ofKind(scope, number, word, day, decimal), 0, 2)
	items := slices.Concat(keys(groups), c.aggregates(scope, 3))
	if c.chance("groups last", 4) {
		items = slices.Concat(items[len(groups):], items[:len(groups)])
	}
	sql, fields := c.columns(items)
	sql = "SELECT " + sql + " FROM " + from
	if len(groups) == 0 {
		return relation{sql, fields, 1}
	}
	sql += " GROUP BY " + pick(c, "by", "ALL", refs(groups), refs(groups))
	if c.chance("having", 4) {
		sql += fmt.Sprintf(" HAVING %s > %s", pick(c, "having what", "count(*)", "count(DISTINCT "+groups[0].ref+")", "max("+c.value("having of", number, scope, 0)+")"), c.constant("having more", number))
	}
	return relation{sql, fields, in[0].rows}
}

func groupingSets(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	groups := c.some("group", ofKind(scope, number, word, day), 2, 2)
	if len(groups) < 2 {
		return aggregate(c, in)
	}
	items := slices.Concat(keys(groups), c.aggregates(scope, 2), []item{{"grouping(" + pick(c, "grouping", groups[0].ref, groups[1].ref, refs(groups)) + ")::INTEGER", number, ""}})
	sql, fields := c.columns(items)
	by := pick(c, "sets", "ROLLUP (%[1]s, %[2]s)", "CUBE (%[1]s, %[2]s)", "GROUPING SETS ((%[1]s), (%[2]s))", "GROUPING SETS ((%[1]s, %[2]s), (%[2]s), ())", "ROLLUP (%[2]s, %[1]s)")
	return relation{"SELECT " + sql + " FROM " + from + " GROUP BY " + fmt.Sprintf(by, groups[0].ref, groups[1].ref), fields, in[0].rows * 3}
}

func distinct(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	switch pick(c, "form", "all", "items", "on", "on") {
	case "all":
		return relation{"SELECT DISTINCT * FROM " + from, in[0].fields, in[0].rows}
	case "items":
		sql, fields := c.columns(c.items(scope, 3))
		return relation{"SELECT DISTINCT " + sql + " FROM " + from, fields, in[0].rows}
	}
	order := ""
	if !c.chance("unordered", 3) {
		order = " ORDER BY " + c.sort("order", scope)
	}
	return relation{fmt.Sprintf("SELECT DISTINCT ON (%s) * FROM %s%s", refs(c.some("on", scope, 1, 2)), from, order), in[0].fields, in[0].rows}
}

// sort is a list of keys.
func (c choice) sort(label string, scope []field) string {
	var out []string
	for i, f := range c.some(label, scope, 1, 2) {
		out = append(out, f.ref+pick(c, fmt.Sprint(label, "/dir", i), "", "", " DESC", " NULLS FIRST"))
	}
	return strings.Join(out, ", ")
}

func limit(c choice, in []relation) relation {
	from, scope := c.from(in[0])
	sql := "SELECT * FROM " + from
	switch pick(c, "order", "none", "place", "all", "keys", "keys") {
	case "place":
		sql += fmt.Sprintf(" ORDER BY %d", 1+c.upTo("place", len(scope)-1))
	case "all":
		sql += " ORDER BY ALL"
	case "keys":
		sql += " ORDER BY " + c.sort("keys", scope)
	}
	n := 1 + c.upTo("limit", 4)
	sql += fmt.Sprintf(" LIMIT %d", n)
	if c.chance("offset", 4) {
		sql += fmt.Sprintf(" OFFSET %d", 1+c.upTo("from", 1))
	}
	return relation{sql, in[0].fields, n}
}
