package lineage

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/valyala/fastjson"

	"github.com/seed-4311623e/assets/assets"
)

// Parsed is what a statement's syntax tree tells before anything is bound.
type Parsed struct {
	// Refs are the tables that the statement names, each once, in order of first
	// appearance. Names of its own common table expressions are not among them.
	Refs []Ref
	// Files are files that the statement reads past the project's sources.
	Files []FileRef
	// Refusals say what the statement must not contain.
	Refusals []Refusal
	// Syntax is the digest of the tree without positions.
	Syntax assets.Digest
	// Volatile lists functions whose value depends on the moment or on chance.
	Volatile []string
	// RowID says that a column called rowid is named. If no input has one, it is
	// DuckDB's row number, and what it means depends on the whole table.
	RowID bool
}

// Refusal is something that a statement of a project must not contain.
type Refusal struct {
	Summary, Detail string
	Offset          int // byte in the text, -1 if unknown
}

// NoValue is the summary of a refused parameter, whose place DuckDB does not tell.
const NoValue = "A parameter has no value"

// Parse reads the syntax tree of json_serialize_sql. An error that DuckDB
// reported there is returned as *EngineError. engine is DuckDB's version: it
// becomes part of the digest's scheme.
func Parse(ast []byte, engine string) (Parsed, error) {
	p := parsers.Get()
	defer parsers.Put(p)
	root, err := parseJSON(p, ast)
	if err != nil && bytes.Contains(ast, []byte(`Infinity`)) {
		// DuckDB writes what is no JSON.
		return Parsed{}, &EngineError{Type: "parser", Message: "A number in the SQL is too large for any type, as 1e309 is", Offset: -1}
	}
	if err != nil {
		return Parsed{}, fmt.Errorf("read the syntax tree: %w", err)
	}
	if err := engineError(root); err != nil {
		return Parsed{}, err
	}
	w := syntaxWalk{seen: map[assets.Name]int{}}
	statements := root.GetArray("statements")
	switch {
	case len(statements) == 0:
		w.refuse(0, "The SQL is empty", "Write one query: a SELECT, or any statement that begins with FROM, WITH or VALUES.")
	case len(statements) > 1:
		w.refuse(firstOffset(statements[1]), "More than one statement",
			"An asset is the result of one query. Split the statements into assets of their own, or make the first ones common table expressions (WITH …).")
	default:
		w.value(statements[0], nil)
	}
	slices.SortStableFunc(w.out.Refs, func(a, b Ref) int { return a.Offset - b.Offset })
	w.out.Volatile = sortedSet(w.out.Volatile)
	w.out.Syntax = assets.NewDigest("ast1-"+engine, withoutPositions(ast))
	return w.out, nil
}

// scope is a list of common table expressions in view, innermost first.
type scope struct {
	name  string
	outer *scope
}

func (s *scope) has(name string) bool {
	for ; s != nil; s = s.outer {
		if s.name == name {
			return true
		}
	}
	return false
}

type syntaxWalk struct {
	out  Parsed
	seen map[assets.Name]int
	// inArguments is set while the arguments of a table function are walked.
	inArguments bool
}

func (w *syntaxWalk) value(v *fastjson.Value, ctes *scope) {
	switch v.Type() {
	case fastjson.TypeArray:
		items, _ := v.Array()
		for _, item := range items {
			w.value(item, ctes)
		}
	case fastjson.TypeObject:
		w.object(v, ctes)
	}
}

func (w *syntaxWalk) object(v *fastjson.Value, ctes *scope) {
	switch text(v, "type") {
	case "VALUE_CONSTANT":
		return
	case "VALUE_PARAMETER":
		w.refuse(-1, NoValue, "Parameters such as $1, $name or ? cannot be used here. To put in a variable of the project, write ${var.name} in SQL that stands in a *.hcl file; "+
			"a file of its own is read with templatefile(\"x.sql\", { name = var.name }), and ${name} is written in it.")
	case "BASE_TABLE":
		w.table(v, ctes)
	case "TABLE_FUNCTION":
		w.tableFunction(v)
		was := w.inArguments
		w.inArguments = true
		defer func() { w.inArguments = was }()
	case "FUNCTION":
		arguments := v.GetArray("children")
		if name := lower(text(v, "function_name")); IsVolatile(name, len(arguments)) {
			w.out.Volatile = append(w.out.Volatile, name)
		}
	case "COLUMN_REF":
		w.columnRef(v)
		return
	case "SHOW_REF":
		w.refuse(offset(v), "DESCRIBE, SHOW and SUMMARIZE cannot be used in an asset",
			"Their result depends on more than the rows of the asset's inputs. Write a query over the columns instead.")
	}
	ctes = w.withClause(v, ctes)
	object, _ := v.Object()
	object.Visit(func(key []byte, child *fastjson.Value) {
		if string(key) != "cte_map" {
			w.value(child, ctes)
		}
	})
}

// withClause walks the common table expressions of a query. Each sees those
// before it, and itself only if it is recursive; the query sees all.
func (w *syntaxWalk) withClause(v *fastjson.Value, ctes *scope) *scope {
	for _, entry := range v.GetArray("cte_map", "map") {
		inner := &scope{lower(text(entry, "key")), ctes}
		if string(entry.GetStringBytes("value", "query", "node", "type")) == "RECURSIVE_CTE_NODE" {
			w.value(entry.Get("value"), inner)
		} else {
			w.value(entry.Get("value"), ctes)
		}
		ctes = inner
	}
	return ctes
}

func (w *syntaxWalk) table(v *fastjson.Value, ctes *scope) {
	catalog, schema, table, at := text(v, "catalog_name"), text(v, "schema_name"), text(v, "table_name"), offset(v)
	name := assets.Name{Schema: lower(schema), Table: lower(table)}
	switch {
	case catalog != "":
		w.refuse(at, fmt.Sprintf("%s.%s.%s names a catalog", catalog, schema, table),
			fmt.Sprintf("A name has two parts, schema.table: which catalog it is looked up in is decided by the run. Write %s, and declare it as a source or asset if it is none.", name))
		return
	case schema == "" && ctes.has(name.Table):
		return
	case name.Schema == "recurring" && ctes.has(name.Table):
		return // what a recursive query with USING KEY has so far
	case schema == "" && looksLikeFile(table):
		w.out.Files = append(w.out.Files, FileRef{Path: table, Format: FormatOf(table), Offset: at})
		return
	}
	if schema == "" {
		name.Schema = "main"
	}
	i, known := w.seen[name]
	if !known {
		w.seen[name] = len(w.out.Refs)
		w.out.Refs = append(w.out.Refs, Ref{Name: name, Offset: at, Bare: schema == ""})
		return
	}
	if ref := &w.out.Refs[i]; schema == "" && !ref.Bare || at < ref.Offset && ref.Bare == (schema == "") {
		*ref = Ref{Name: name, Offset: at, Bare: schema == ""}
	}
}

func (w *syntaxWalk) columnRef(v *fastjson.Value) {
	for _, part := range v.GetArray("column_names") {
		name := lower(string(part.GetStringBytes()))
		if name == "rowid" {
			w.out.RowID = true
		}
		// current_date without parentheses is a function only if no column has
		// that name, which the bound plan tells. Arguments of table functions may
		// be computed while binding, and then it does not.
		if w.inArguments && IsVolatile(name, 0) {
			w.out.Volatile = append(w.out.Volatile, name)
		}
	}
}

func (w *syntaxWalk) tableFunction(v *fastjson.Value) {
	function := v.Get("function")
	name, at := lower(text(function, "function_name")), offset(v)
	switch format, reads := fileFunctions[name]; {
	case pureTableFunctions[name]:
	case reads:
		path := firstString(function.Get("children"))
		w.out.Files = append(w.out.Files, FileRef{Path: path, Format: format, Offset: at})
	case name == "query" || name == "query_table" || name == "histogram" || name == "histogram_values":
		w.refuse(at, fmt.Sprintf("%s() cannot be used in an asset", name),
			"It takes a table's name as text, so that what the asset reads cannot be known. Write the query itself, with the names in FROM.")
	case name == "ref" || name == "source":
		w.refuse(at, fmt.Sprintf("Assets need no %s()", name),
			fmt.Sprintf("Write the name as it is: from %s. What an asset depends on is read from its SQL.", nameInCall(name, function.GetArray("children"))))
	default:
		w.refuse(at, fmt.Sprintf("%s() cannot be used in an asset", name),
			"An asset reads declared sources and assets only; this function reads something else, or is unknown. Declare what it reads as a source.")
	}
}

func (w *syntaxWalk) refuse(offset int, summary, detail string) {
	w.out.Refusals = append(w.out.Refusals, Refusal{summary, detail, offset})
}

// pureTableFunctions compute from their arguments alone.
var pureTableFunctions = map[string]bool{
	"range": true, "generate_series": true, "unnest": true, "repeat": true, "repeat_row": true,
	"json_each": true, "json_tree": true, "summary": true, "icu_calendar_names": true,
}

// nameInCall is the table that another tool's ref('orders') or source('raw', 'orders') means.
func nameInCall(function string, arguments []*fastjson.Value) string {
	var parts []string
	for _, argument := range arguments {
		if part := firstString(argument); part != "" {
			parts = append(parts, part)
		}
	}
	switch {
	case len(parts) == 0:
		return "staging.orders"
	case len(parts) == 1 && !strings.Contains(parts[0], "."):
		return map[string]string{"ref": "staging.", "source": "raw."}[function] + parts[0]
	}
	return strings.Join(parts, ".")
}

// firstString is the first string constant in a tree.
func firstString(v *fastjson.Value) (found string) {
	switch v.Type() {
	case fastjson.TypeArray:
		items, _ := v.Array()
		for _, item := range items {
			if found = firstString(item); found != "" {
				return found
			}
		}
	case fastjson.TypeObject:
		if text(v, "type") == "VALUE_CONSTANT" {
			return string(v.GetStringBytes("value", "value"))
		}
		return firstString(v.Get("children"))
	}
	return ""
}

// withoutPositions removes every "query_location" member from a JSON text.
// In a JSON string a quote follows a backslash, so what is found is a key.
func withoutPositions(json []byte) string {
	const key = `"query_location":`
	var out strings.Builder
	out.Grow(len(json))
	s := string(json)
	for {
		at := strings.Index(s, key)
		if at < 0 {
			out.WriteString(s)
			return out.String()
		}
		end := at + len(key)
		for end < len(s) && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		if end < len(s) && s[end] == ',' {
			end++
		} else if at > 0 && s[at-1] == ',' {
			at--
		}
		out.WriteString(s[:at])
		s = s[end:]
	}
}

func text(v *fastjson.Value, key string) string { return string(v.GetStringBytes(key)) }

// offset is a node's place in the text, -1 if it has none.
func offset(v *fastjson.Value) int {
	at := v.GetUint64("query_location")
	if at > math.MaxInt32 {
		return -1
	}
	return int(at)
}

// firstOffset is the least place in a tree.
func firstOffset(v *fastjson.Value) int {
	least := -1
	note := func(at int) {
		if at > 0 && (least < 0 || at < least) {
			least = at
		}
	}
	switch v.Type() {
	case fastjson.TypeArray:
		items, _ := v.Array()
		for _, item := range items {
			note(firstOffset(item))
		}
	case fastjson.TypeObject:
		note(offset(v))
		object, _ := v.Object()
		object.Visit(func(_ []byte, child *fastjson.Value) { note(firstOffset(child)) })
	}
	return least
}

// lower folds ASCII letters, as DuckDB compares names.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

func sortedSet(items []string) []string {
	slices.Sort(items)
	return slices.Compact(items)
}

// Union returns the items of both, sorted.
func Union(a, b []string) []string {
	if len(a)+len(b) == 0 {
		return nil
	}
	return sortedSet(slices.Concat(a, b))
}
