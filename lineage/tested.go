package lineage

import "github.com/valyala/fastjson"

// TestedType is the type of x in the bound plan of `… WHERE (x) IS NOT NULL`,
// as DuckDB writes it; empty if the plan does not tell.
func TestedType(boundPlan []byte) string {
	p := parsers.Get()
	defer parsers.Put(p)
	root, err := parseJSON(p, boundPlan)
	if err != nil {
		return ""
	}
	// The condition of the statement itself is above those of its subqueries.
	for v := root.Get("plans", "0"); v != nil; v = v.Get("children", "0") {
		if text(v, "type") != "LOGICAL_FILTER" {
			continue
		}
		condition := v.Get("expressions", "0")
		if text(condition, "type") != "OPERATOR_IS_NOT_NULL" {
			return ""
		}
		typ, err := renderType(typeOf(condition.Get("children", "0")))
		if err != nil {
			return ""
		}
		return typ
	}
	return ""
}

// typeOf is the type of a bound expression.
func typeOf(expression *fastjson.Value) *fastjson.Value {
	if typ := expression.Get("return_type"); typ != nil {
		return typ
	}
	return expression.Get("value", "type") // comparisons and conjunctions have neither
}
