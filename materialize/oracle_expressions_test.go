package materialize_test

import (
	"fmt"
	"strings"
)

// value is an expression of a kind over the columns in scope. Numbers stay small,
// so that no data makes it fail.
func (c choice) value(label string, k kind, scope []field, depth int) string {
	own := ofKind(scope, k)
	if len(own) > 0 && (depth <= 0 || !c.chance(label+"/bare", 3)) {
		return pick(c, label+"/column", own...).ref
	}
	if depth <= 0 {
		return c.constant(label, k)
	}
	sub := func(n int, k kind) string { return c.value(fmt.Sprint(label, ".", n), k, scope, depth-1) }
	switch k {
	case number:
		switch pick(c, label, "constant", "+", "*", "-", "case", "coalesce", "length", "day", "element", "field", "len", "sum", "round", "least") {
		case "constant":
			return c.constant(label, k)
		case "+":
			return fmt.Sprintf("((%s + %s) %% 100)", sub(0, number), sub(1, number))
		case "*":
			return fmt.Sprintf("((%s * %s) %% 7)", sub(0, number), sub(1, number))
		case "-":
			return fmt.Sprintf("((%s - %s) %% 100)", sub(0, number), sub(1, number))
		case "case":
			return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", c.condition(label+"?", scope, 0), sub(0, number), sub(1, number))
		case "coalesce":
			return fmt.Sprintf("coalesce(%s, %s)", sub(0, number), sub(1, number))
		case "length":
			return fmt.Sprintf("length(%s)::INTEGER", sub(0, word))
		case "day":
			return fmt.Sprintf("date_part('%s', %s)::INTEGER", pick(c, label+"/part", "day", "month", "dow"), sub(0, day))
		case "element":
			return fmt.Sprintf("(%s)[%d]", sub(0, list), c.upTo(label+"/at", 2))
		case "field":
			return fmt.Sprintf("(%s).x", sub(0, pair))
		case "len":
			return fmt.Sprintf("len(%s)::INTEGER", sub(0, list))
		case "sum":
			return fmt.Sprintf("(list_sum(%s) %% 100)::INTEGER", sub(0, list))
		case "round":
			return fmt.Sprintf("(%s)::INTEGER", sub(0, decimal))
		default:
			return fmt.Sprintf("least(%s, %s)", sub(0, number), sub(1, number))
		}
	case word:
		switch pick(c, label, "constant", "concat", "upper", "cast", "case", "field", "format") {
		case "constant":
			return c.constant(label, k)
		case "concat":
			return fmt.Sprintf("left(%s || %s, 4)", sub(0, word), sub(1, word))
		case "upper":
			return fmt.Sprintf("%s(%s)", pick(c, label+"/f", "upper", "lower", "reverse", "trim"), sub(0, word))
		case "cast":
			from := pick(c, label+"/from", number, day, decimal)
			return fmt.Sprintf("left((%s)::VARCHAR, 10)", sub(0, from))
		case "case":
			return fmt.Sprintf("CASE %s WHEN %d THEN %s ELSE %s END", sub(0, number), c.upTo(label+"/when", 3), sub(1, word), sub(2, word))
		case "field":
			return fmt.Sprintf("(%s).y", sub(0, pair))
		default:
			return fmt.Sprintf("left(concat(%s, %s), 5)", sub(0, number), sub(1, word))
		}
	case day:
		switch pick(c, label, "constant", "add", "trunc", "greatest") {
		case "constant":
			return c.constant(label, k)
		case "add":
			return fmt.Sprintf("CASE WHEN %s > '2020-01-01' THEN %s + (%s %% 30) END", sub(0, day), c.constant(label+"/since", day), sub(1, number))
		case "trunc":
			return fmt.Sprintf("date_trunc('%s', %s)::DATE", pick(c, label+"/unit", "month", "week", "day"), sub(0, day))
		default:
			return fmt.Sprintf("greatest(%s, %s)", sub(0, day), sub(1, day))
		}
	case decimal:
		switch pick(c, label, "constant", "+", "cast", "*") {
		case "constant":
			return c.constant(label, k)
		case "+":
			return fmt.Sprintf("((%s + %s) %% 1000)::DECIMAL(18,2)", sub(0, decimal), sub(1, decimal))
		case "cast":
			return fmt.Sprintf("(%s)::DECIMAL(18,2)", sub(0, number))
		default:
			return fmt.Sprintf("((%s * %s) %% 1000)::DECIMAL(18,2)", sub(0, decimal), pick(c, label+"/by", "0.5", "1.5", "2"))
		}
	case list:
		switch pick(c, label, "constant", "make", "transform", "filter", "slice", "sort", "append") {
		case "constant":
			return c.constant(label, k)
		case "make":
			return fmt.Sprintf("[%s, %s]", sub(0, number), sub(1, number))
		case "transform":
			return fmt.Sprintf("list_transform(%s, lambda e: (e + %s) %% 100)", sub(0, list), sub(1, number))
		case "filter":
			return fmt.Sprintf("list_filter(%s, lambda e: e %s %s)", sub(0, list), pick(c, label+"/op", ">", "<>", "<="), sub(1, number))
		case "slice":
			return fmt.Sprintf("(%s)[%d:%d]", sub(0, list), 1+c.upTo(label+"/from", 1), 2+c.upTo(label+"/to", 2))
		case "sort":
			return fmt.Sprintf("list_sort(%s%s)", sub(0, list), pick(c, label+"/dir", "", ", 'DESC'"))
		default: // a macro of DuckDB's
			return fmt.Sprintf("(list_append(%s, %s))[:4]", sub(0, list), sub(1, number))
		}
	}
	return fmt.Sprintf("{'x': %s, 'y': %s}", sub(0, number), sub(1, word))
}

func (c choice) constant(label string, k kind) string {
	n := c.upTo(label+"/n", 4)
	switch k {
	case number:
		return fmt.Sprint(n)
	case word:
		return fmt.Sprintf("'%c'", 'p'+n)
	case day:
		return fmt.Sprintf("DATE '2024-01-%02d'", n+1)
	case decimal:
		return fmt.Sprintf("%d.%d0::DECIMAL(18,2)", n, n)
	case list:
		return fmt.Sprintf("[%d, %d]", n, n%2)
	}
	return fmt.Sprintf("{'x': %d, 'y': '%c'}", n, 'p'+n)
}

// condition is a truth over the columns in scope.
func (c choice) condition(label string, scope []field, depth int) string {
	shapes := []string{"compare", "constant", "null", "in", "between", "like", "distinct"}
	if depth > 0 {
		shapes = append(shapes, "and", "or", "not", "exists", "exists", "in query", "scalar")
	}
	k := pick(c, label+"/kind", number, number, word, day, decimal)
	v := func(n int) string { return c.value(fmt.Sprint(label, ",", n), k, scope, 1) }
	switch pick(c, label, shapes...) {
	case "compare":
		return fmt.Sprintf("%s %s %s", v(0), pick(c, label+"/op", "=", "<", ">=", "<>"), v(1))
	case "constant":
		return fmt.Sprintf("%s %s %s", v(0), pick(c, label+"/op", "=", "<", ">=", "<>"), c.constant(label, k))
	case "null":
		return fmt.Sprintf("%s IS %s", v(0), pick(c, label+"/not", "NULL", "NOT NULL"))
	case "in":
		return fmt.Sprintf("%s %s (%s, %s)", v(0), pick(c, label+"/not", "IN", "NOT IN"), c.constant(label+"1", k), c.constant(label+"2", k))
	case "between":
		return fmt.Sprintf("%s BETWEEN %s AND %s", v(0), c.constant(label+"1", k), v(1))
	case "like":
		return fmt.Sprintf("%s LIKE '%s'", c.value(label+",0", word, scope, 1), pick(c, label+"/pattern", "p%", "%q", "_", "%r%"))
	case "distinct":
		return fmt.Sprintf("%s IS %s FROM %s", v(0), pick(c, label+"/not", "DISTINCT", "NOT DISTINCT"), v(1))
	case "and", "or":
		op := pick(c, label+"/and", " AND ", " OR ")
		return "(" + strings.Join([]string{c.condition(label+"l", scope, depth-1), c.condition(label+"r", scope, depth-1)}, op) + ")"
	case "not":
		return "NOT (" + c.condition(label+"l", scope, depth-1) + ")"
	}
	// A subquery over another table, which may refer to the columns in scope.
	name, fields, _ := c.tables(c.table)
	alias := c.alias()
	inner := beside("inner", alias, fields)
	both := append(inner, scope...)
	switch pick(c, label+"/subquery", "exists", "in", "scalar") {
	case "exists":
		return fmt.Sprintf("%s (SELECT 1 FROM %s AS %s WHERE %s = %s AND %s)", pick(c, label+"/not", "EXISTS", "NOT EXISTS"), name, alias,
			c.value(label+"i", k, inner, 0), c.value(label+"o", k, scope, 0), c.condition(label+"w", both, 0))
	case "in":
		return fmt.Sprintf("%s %s (SELECT %s FROM %s AS %s WHERE %s)", c.value(label+"o", k, scope, 1), pick(c, label+"/not", "IN", "IN", "NOT IN"),
			c.value(label+"i", k, inner, 0), name, alias, c.condition(label+"w", inner, 0))
	}
	return fmt.Sprintf("%s %s (SELECT %s(%s) FROM %s AS %s WHERE %s)", c.value(label+"o", k, scope, 1), pick(c, label+"/op", "=", "<", ">="),
		pick(c, label+"/agg", "min", "max"), c.value(label+"i", k, inner, 0), name, alias, c.condition(label+"w", both, 0))
}
