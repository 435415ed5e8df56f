package lineage

import (
	"strings"

	"github.com/valyala/fastjson"
)

// SecondColumn is the byte of a statement where its result gets a second column
// called name, or may get it: by a star. -1 if its syntax tree does not tell.
func SecondColumn(ast []byte, name string) int {
	p := parsers.Get()
	defer parsers.Put(p)
	root, err := parseJSON(p, ast)
	if err != nil {
		return -1
	}
	query := root.Get("statements", "0", "node")
	for text(query, "type") == "SET_OPERATION_NODE" {
		if left := query.Get("left"); left != nil {
			query = left
		} else {
			query = query.Get("children", "0")
		}
	}
	star, matches := -1, 0
	for _, item := range query.GetArray("select_list") {
		switch {
		case text(item, "type") == "STAR":
			star = offset(item)
		case strings.EqualFold(columnName(item), name):
			if matches++; matches == 2 {
				return offset(item)
			}
		}
	}
	return star
}

// columnName is what a column of a result is called.
func columnName(item *fastjson.Value) string {
	if alias := text(item, "alias"); alias != "" {
		return alias
	}
	if parts := item.GetArray("column_names"); len(parts) > 0 {
		return string(parts[len(parts)-1].GetStringBytes())
	}
	return ""
}
