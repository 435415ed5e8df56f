package lineage

import (
	"fmt"

	"github.com/valyala/fastjson"
)

// TableFunctions reads the syntax tree of json_serialize_sql: how many statements it holds,
// and which table functions these call anywhere, lower case. An error that DuckDB reported
// there is returned as *EngineError.
func TableFunctions(ast []byte) (functions []string, statements int, err error) {
	p := parsers.Get()
	defer parsers.Put(p)
	root, err := parseJSON(p, ast)
	if err != nil {
		return nil, 0, fmt.Errorf("read the syntax tree: %w", err)
	}
	if err := engineError(root); err != nil {
		return nil, 0, err
	}
	var walk func(*fastjson.Value)
	walk = func(v *fastjson.Value) {
		switch v.Type() {
		case fastjson.TypeArray:
			items, _ := v.Array()
			for _, item := range items {
				walk(item)
			}
		case fastjson.TypeObject:
			if text(v, "type") == "TABLE_FUNCTION" {
				functions = append(functions, lower(text(v.Get("function"), "function_name")))
			}
			object, _ := v.Object()
			object.Visit(func(_ []byte, child *fastjson.Value) { walk(child) })
		}
	}
	walk(root)
	return sortedSet(functions), len(root.GetArray("statements")), nil
}
