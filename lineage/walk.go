package lineage

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/valyala/fastjson"

	"github.com/seed-4311623e/assets/assets"
)

// DuplicateColumnError says that two columns of a result have one name.
type DuplicateColumnError struct{ Name string }

func (e *DuplicateColumnError) Error() string {
	return fmt.Sprintf("two columns are called %q", e.Name)
}

// PlanError says that a plan is not of a shape that Walk knows. The statement
// itself may be fine: what it uses can then only be assumed.
type PlanError struct{ Reason string }

func (e *PlanError) Error() string { return "the bound plan cannot be read: " + e.Reason }

// Walk reads the bound plan of `CREATE TABLE … AS statement`, as
// json_serialize_plan gives it, made against tables with the columns of inputs.
// It leaves Bound.Syntax empty. Errors: *EngineError for what DuckDB reported
// there, *DuplicateColumnError, *PlanError.
//
// A column counts as used if any scan of its table produces it. The plan is not
// optimized, so this is every column that the statement mentions or that a star
// in it stands for: complete, since no value enters a plan but through a scan.
func Walk(boundPlan []byte, inputs map[assets.Name][]assets.Column) (Bound, error) {
	p := parsers.Get()
	defer parsers.Put(p)
	root, err := parseJSON(p, boundPlan)
	if err != nil {
		return Bound{}, &PlanError{err.Error()}
	}
	if err := engineError(root); err != nil {
		return Bound{}, err
	}
	plans := root.GetArray("plans")
	if len(plans) != 1 || text(plans[0], "type") != "LOGICAL_CREATE_TABLE" || len(plans[0].GetArray("children")) != 1 {
		return Bound{}, &PlanError{"it is not that of one CREATE TABLE … AS"}
	}
	w := planWalk{inputs: inputs, used: make(map[assets.Name]map[string]bool, len(inputs))}
	for name := range inputs {
		w.used[name] = map[string]bool{}
	}
	query := plans[0].GetArray("children")[0]
	w.value(query)
	bound := Bound{Volatile: sortedSet(w.volatile), Uses: make(map[assets.Name][]string, len(inputs))}
	for name, columns := range w.used {
		used := make([]string, 0, len(columns))
		for column := range columns {
			used = append(used, column)
		}
		slices.Sort(used)
		bound.Uses[name] = used
	}
	if w.err == nil {
		bound.Outputs, w.err = outputs(plans[0].GetArray("info", "columns", "columns"), query)
	}
	return bound, w.err
}

// AllColumns is the Bound of a statement whose plan could not be read: whatever
// it reads, it may use all of it.
func AllColumns(outputs []assets.Column, inputs map[assets.Name][]assets.Column) Bound {
	b := Bound{Outputs: outputs, Uses: make(map[assets.Name][]string, len(inputs)), Assumed: true}
	for name, columns := range inputs {
		used := make([]string, 0, len(columns))
		for _, c := range columns {
			used = append(used, c.Name)
		}
		slices.Sort(used)
		b.Uses[name] = used
	}
	return b
}

type planWalk struct {
	inputs   map[assets.Name][]assets.Column
	used     map[assets.Name]map[string]bool
	volatile []string
	err      error
}

func (w *planWalk) value(v *fastjson.Value) {
	switch v.Type() {
	case fastjson.TypeArray:
		items, _ := v.Array()
		for _, item := range items {
			w.value(item)
		}
	case fastjson.TypeObject:
		w.object(v)
	}
}

func (w *planWalk) object(v *fastjson.Value) {
	switch {
	case string(v.GetStringBytes("expression_class")) == "BOUND_FUNCTION":
		if name := text(v, "name"); IsVolatile(name, len(v.GetArray("children"))) {
			w.volatile = append(w.volatile, name)
		}
	case string(v.GetStringBytes("type")) == "LOGICAL_GET":
		w.scan(v)
	case string(v.GetStringBytes("type")) == "LOGICAL_SAMPLE":
		w.volatile = append(w.volatile, "tablesample")
	}
	object, _ := v.Object()
	object.Visit(func(key []byte, child *fastjson.Value) {
		switch string(key) {
		case "return_type", "returned_types", "arguments", "original_arguments", "expr_types", "names", "column_indexes":
			return // types and names: nothing is read in them
		}
		w.value(child)
	})
}

func (w *planWalk) scan(v *fastjson.Value) {
	table := text(v.Get("function_data"), "table")
	if table == "" {
		return // a table function that computes from its arguments
	}
	name := assets.Name{Schema: lower(text(v.Get("function_data"), "schema")), Table: lower(table)}
	used, declared := w.used[name]
	if !declared {
		w.err = &PlanError{fmt.Sprintf("it scans %s, which the statement does not name", name)}
		return
	}
	names := v.GetArray("names")
	for _, column := range v.GetArray("column_indexes") {
		switch index := column.GetUint64("index"); {
		case index < uint64(len(names)):
			used[string(names[index].GetStringBytes())] = true
		case index < 1<<63:
			w.err = &PlanError{fmt.Sprintf("it scans column %d of %s, which has %d", index, name, len(names))}
		}
		// Beyond are columns that no table declares: rows to be counted, or the
		// row number, which Parsed.RowID tells.
	}
}

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
