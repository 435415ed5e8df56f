package observe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Finding out how a CSV file is written costs DuckDB fifty times what reading a
// small one does, and a query that leaves it open pays each time. So it is found
// out once for each content and then said in every query.

// Dialect is how one CSV file is written.
type Dialect struct {
	Columns []assets.Column `json:"columns"`
	// Options are arguments of read_csv, values as SQL, with which nothing of the
	// file has to be guessed but its columns, which are Columns by place.
	Options map[string]string `json:"options"`
}

// aliases are the names under which read_csv takes what sniff_csv finds out.
var aliases = map[string][]string{
	"delim":           {"delim", "sep", "delimiter"},
	"quote":           {"quote"},
	"escape":          {"escape"},
	"new_line":        {"new_line"},
	"comment":         {"comment"},
	"skip":            {"skip"},
	"header":          {"header"},
	"dateformat":      {"dateformat", "date_format"},
	"timestampformat": {"timestampformat", "timestamp_format"},
}

// guesses are options that steer the guessing, and say nothing once it is done.
var guesses = []string{"auto_detect", "sample_size", "all_varchar", "normalize_names", "union_by_name", "types", "dtypes", "column_types", "auto_type_candidates"}

// hasDialects reports whether the reader's files can be read by their dialects.
// Columns that the project names itself are left to DuckDB.
func (r *reader) hasDialects() bool {
	return r.format == "csv" && !r.has("columns", "names", "column_names")
}

// dialectKey names what, besides a file's content, decides its dialect.
func (r *reader) dialectKey() string {
	parts := []string{}
	for _, name := range slices.Sorted(maps.Keys(r.options)) {
		parts = append(parts, name, r.options[name])
	}
	return string(assets.NewDigest("d1-"+warehouse.Engine(), parts...))
}

// findDialects fills in the dialects of the reader's files, unless it is not
// possible for all of them. What is known already is not asked again.
func (o *Observer) findDialects(ctx context.Context, r *reader) {
	key := r.dialectKey()
	for i := range r.files {
		f := &r.files[i]
		if f.dialect != nil && f.dialectKey == key {
			continue
		}
		d, err := o.sniffDialect(ctx, r, f.Path)
		if err != nil {
			f.dialect = nil
			return
		}
		f.dialect, f.dialectKey = &d, key
	}
}

func (o *Observer) sniffDialect(ctx context.Context, r *reader, path string) (Dialect, error) {
	options := maps.Clone(r.options)
	if !r.has("quote", "escape") && plainlyQuoted(path) {
		// Nothing in the file can be another quote or an escape: the usual ones,
		// whether it has any or not, spare DuckDB most of its guesses.
		options["quote"], options["escape"] = `'"'`, `'"'`
		if d, err := o.sniffWith(ctx, r, path, options); err == nil && len(d.Columns) > 1 {
			return d, nil
		}
		options = r.options
	}
	return o.sniffWith(ctx, r, path, options)
}

func (o *Observer) sniffWith(ctx context.Context, r *reader, path string, options map[string]string) (Dialect, error) {
	found, err := o.SniffCSV(ctx, "sniff_csv("+warehouse.Literal(path)+arguments(options)+")")
	if err != nil {
		return Dialect{}, err
	}
	if len(found.Columns) == 0 {
		return Dialect{}, errors.New("no columns")
	}
	d := Dialect{Columns: found.Columns, Options: map[string]string{"auto_detect": "false"}}
	for name, value := range options {
		if !slices.Contains(guesses, name) {
			d.Options[name] = value
		}
	}
	for name, value := range found.Options {
		if !slices.ContainsFunc(aliases[name], func(alias string) bool { return d.Options[alias] != "" }) {
			d.Options[name] = value
		}
	}
	return d, nil
}

// plainlyQuoted reports whether the beginning of an uncompressed file has neither
// an apostrophe nor a backslash.
func plainlyQuoted(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 16<<20))
	packed := bytes.HasPrefix(head, []byte{0x1f, 0x8b}) || bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd})
	return err == nil && !packed && !bytes.ContainsAny(head, `'\`)
}

// dialectColumns returns the columns that all files agree on, or false.
func (r *reader) dialectColumns() ([]assets.Column, bool) {
	if len(r.pathColumns()) > 0 {
		return nil, false // DuckDB knows what types these get
	}
	first := r.files[0].dialect
	for _, f := range r.files {
		if f.dialect == nil || !slices.Equal(f.dialect.Columns, first.Columns) {
			return nil, false
		}
	}
	return first.Columns, true
}

// byDialect is a query that reads the files as exactly these columns, in their
// order, neighbours that are written alike in one call. It is false if a file's
// dialect is not known.
func (r *reader) byDialect(columns []assets.Column) (string, bool) {
	types := map[string]string{}
	names := make([]string, len(columns))
	for i, c := range columns {
		types[strings.ToLower(c.Name)] = c.Type
		names[i] = warehouse.Ident(c.Name)
	}
	type call struct{ paths, arguments string }
	var calls []call
	for _, f := range r.files {
		if f.dialect == nil {
			return "", false
		}
		options := maps.Clone(f.dialect.Options)
		fields := make([]string, len(f.dialect.Columns))
		for i, c := range f.dialect.Columns {
			typ := types[strings.ToLower(c.Name)]
			if typ == "" {
				return "", false // the files are not what the columns were found in
			}
			fields[i] = warehouse.Literal(c.Name) + ": " + warehouse.Literal(typ)
		}
		options["columns"] = "{" + strings.Join(fields, ", ") + "}"
		next := call{warehouse.Literal(f.Path), arguments(options)}
		if last := len(calls) - 1; last >= 0 && calls[last].arguments == next.arguments {
			calls[last].paths += ", " + next.paths
		} else {
			calls = append(calls, next)
		}
	}
	parts := make([]string, len(calls))
	for i, c := range calls {
		parts[i] = fmt.Sprintf("FROM read_csv([%s]%s)", c.paths, c.arguments)
	}
	list := "SELECT " + strings.Join(names, ", ") + " "
	if len(parts) == 1 {
		return list + parts[0], true
	}
	return list + "FROM (" + strings.Join(parts, " UNION ALL BY NAME ") + ")", true
}

func arguments(options map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(options)) {
		fmt.Fprintf(&b, ", %s = %s", warehouse.Ident(name), options[name])
	}
	return b.String()
}
