package observe

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// reader is how a source's files are read: DuckDB's function and its arguments.
type reader struct {
	glob    string
	format  string
	options map[string]string // by lower-case name; values are SQL literals
	files   []File            // sorted by path
}

// functions are DuckDB's reader functions by format.
var functions = map[string]string{"csv": "read_csv", "parquet": "read_parquet", "json": "read_json"}

// formats are what file name extensions stand for.
var formats = map[string]string{
	".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv",
	".parquet": "parquet", ".pq": "parquet",
	".json": "json", ".ndjson": "json", ".jsonl": "json",
}

func newReader(r assets.Reader, files []File) (*reader, error) {
	read := &reader{glob: r.Glob, format: r.Format, options: map[string]string{}, files: files}
	extension := extensionOf(r.Glob)
	if formats[extension] == "" {
		extension = extensionOf(files[0].Path)
	}
	if read.format == "" {
		read.format = formats[extension]
	}
	if functions[read.format] == "" {
		return nil, fmt.Errorf("the format of %s is not known by its extension: give a format block, such as format \"csv\" {}", r.Glob)
	}
	for name, value := range r.Options {
		read.options[strings.ToLower(name)] = value
	}
	// Values come from where the file says it, not from where the file lies.
	read.option("hive_partitioning", "false")
	// Columns are matched by name, whatever their order in each file; a column that
	// only some files have is NULL in the others. Given columns are matched by place.
	if !read.has("columns") {
		read.option("union_by_name", "true")
	}
	if read.format == "csv" && (extension == ".tsv" || extension == ".tab") && !read.has("delim", "sep", "delimiter") {
		read.options["delim"] = `'\t'`
	}
	return read, nil
}

// extensionOf returns a path's extension in lower case, that of a compression aside.
func extensionOf(path string) string {
	path = strings.ToLower(path)
	for _, packed := range []string{".gz", ".zst"} {
		path = strings.TrimSuffix(path, packed)
	}
	return filepath.Ext(path)
}

// option sets an option that the project does not.
func (r *reader) option(name, value string) {
	if !r.has(name) {
		r.options[name] = value
	}
}

func (r *reader) has(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return r.options[name] != "" })
}

func (r *reader) isOn(name string) bool {
	value := strings.Trim(strings.ToLower(r.options[name]), "'")
	return value != "" && value != "false" && value != "0"
}

// version identifies the content of the files as this reader reads it. Where the
// files lie and what they are called counts only if it becomes data, or for which
// of them comes first.
func (r *reader) version() assets.Digest {
	parts := []string{r.format}
	for _, name := range slices.Sorted(maps.Keys(r.options)) {
		parts = append(parts, name, r.options[name])
	}
	paths := r.isOn("filename") || r.isOn("hive_partitioning")
	contents := make([]string, len(r.files))
	for i, f := range r.files {
		contents[i] = f.Hash
		if paths {
			contents[i] += " " + f.Path
		}
	}
	// Not sorted: the order of files decides that of columns and rows.
	return assets.NewDigest("f1", append(append(parts, "files"), contents...)...)
}

// sniff is a query that reads the files with the types DuckDB finds in them.
func (r *reader) sniff() string { return "SELECT * FROM " + r.call(r.options) }

// pinned is a query that reads the files as exactly these columns.
func (r *reader) pinned(columns []assets.Column) string {
	if sql, ok := r.byDialect(columns); ok {
		return sql
	}
	options := maps.Clone(r.options)
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = warehouse.Ident(c.Name)
		if r.format != "csv" {
			list[i] = "CAST(" + list[i] + " AS " + c.Type + ") AS " + list[i]
		}
	}
	if types := r.types(columns); r.format == "csv" && !r.has("columns") && len(types) > 0 {
		// `columns` would take the columns of every file by place, `types` takes them
		// by the names in its header and keeps what is found out about each file's
		// dialect and date formats.
		for _, alias := range []string{"dtypes", "column_types"} {
			delete(options, alias)
		}
		options["types"] = "{" + strings.Join(types, ", ") + "}"
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + r.call(options)
}

// types are the columns that stand in the files, as the fields of a SQL struct.
func (r *reader) types(columns []assets.Column) []string {
	apart := r.pathColumns()
	var types []string
	for _, c := range columns {
		if !slices.Contains(apart, strings.ToLower(c.Name)) {
			types = append(types, warehouse.Literal(c.Name)+": "+warehouse.Literal(c.Type))
		}
	}
	return types
}

// pathColumns are the names, in lower case, of the columns made from paths.
func (r *reader) pathColumns() []string {
	var names []string
	if r.isOn("filename") {
		name := strings.ToLower(strings.Trim(r.options["filename"], "'"))
		if name == "true" || name == "1" {
			name = "filename"
		}
		names = append(names, name)
	}
	if r.isOn("hive_partitioning") {
		for _, part := range strings.Split(filepath.ToSlash(filepath.Dir(r.files[0].Path)), "/") {
			if key, _, ok := strings.Cut(part, "="); ok {
				names = append(names, strings.ToLower(key))
			}
		}
	}
	return names
}

func (r *reader) call(options map[string]string) string {
	var b strings.Builder
	b.WriteString(functions[r.format] + "([")
	for i, f := range r.files {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(warehouse.Literal(f.Path))
	}
	return b.String() + "]" + arguments(options) + ")"
}

// plausible refuses what DuckDB reads without an error although it hardly is what
// was meant: whole lines of a CSV file as one column.
func (r *reader) plausible(columns []assets.Column) error {
	if r.format != "csv" || len(columns) != 1 || r.has("columns", "names", "column_names") {
		return nil
	}
	name := columns[0].Name
	for _, delim := range []string{",", ";", "\t", "|"} {
		if strings.Contains(name, delim) {
			return fmt.Errorf("%s reads as one column named %q: set delim = %q in its format block, or names if it really has one column", r.glob, name, delim)
		}
	}
	return nil
}
