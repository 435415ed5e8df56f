package lineage

import (
	"errors"
	"fmt"
	"strings"

	"github.com/valyala/fastjson"
)

// renderType writes a type as DuckDB's DESCRIBE does.
func renderType(t *fastjson.Value) (string, error) {
	id, info := text(t, "id"), t.Get("type_info")
	if info == nil {
		return id, nil
	}
	if alias := text(info, "alias"); alias != "" {
		return alias, nil
	}
	child := func() (string, error) { return renderType(info.Get("child_type")) }
	switch id {
	case "DECIMAL":
		return fmt.Sprintf("DECIMAL(%d,%d)", info.GetInt("width"), info.GetInt("scale")), nil
	case "LIST":
		of, err := child()
		return of + "[]", err
	case "ARRAY":
		of, err := child()
		return fmt.Sprintf("%s[%d]", of, info.GetInt("size")), err
	case "ENUM":
		var values []string
		for _, v := range info.GetArray("values") {
			values = append(values, "'"+strings.ReplaceAll(string(v.GetStringBytes()), "'", "''")+"'")
		}
		return "ENUM(" + strings.Join(values, ", ") + ")", nil
	case "MAP":
		entry := info.GetArray("child_type", "type_info", "child_types")
		if len(entry) != 2 {
			return "", errors.New("a MAP type has no key and value")
		}
		key, err := renderType(entry[0].Get("second"))
		if err != nil {
			return "", err
		}
		value, err := renderType(entry[1].Get("second"))
		return "MAP(" + key + ", " + value + ")", err
	case "STRUCT", "UNION":
		return renderFields(id, info.GetArray("child_types"))
	}
	return id, nil
}

func renderFields(id string, fields []*fastjson.Value) (string, error) {
	if id == "UNION" && len(fields) > 0 {
		fields = fields[1:] // the first is the tag
	}
	var parts []string
	for _, f := range fields {
		of, err := renderType(f.Get("second"))
		if err != nil {
			return "", err
		}
		name := text(f, "first")
		if name == "" {
			return "", errors.New("a table cannot hold a struct whose fields have no names: use {'name': value} or struct_pack(name := value)")
		}
		parts = append(parts, quoteIfNeeded(name)+" "+of)
	}
	return id + "(" + strings.Join(parts, ", ") + ")", nil
}

// quoteIfNeeded quotes an identifier where DuckDB does in printing types.
func quoteIfNeeded(name string) string {
	plain := !keywords[lower(name)]
	for i := 0; i < len(name); i++ {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		plain = plain && (letter || i > 0 && '0' <= c && c <= '9')
	}
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
