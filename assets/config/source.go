package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/seed-4311623e/assets/assets"
)

// formats says by which extensions the files of a format are known.
var formats = map[string]string{
	".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet",
	".json": "json", ".ndjson": "json", ".jsonl": "json", ".geojson": "json",
}

// laterFormats are planned.
var laterFormats = []string{"xlsx", "excel", "avro", "arrow", "orc", "delta", "iceberg", "sqlite", "xml", "yaml"}

// readerOptions are the arguments of DuckDB's read_csv, read_parquet and
// read_json that change what is read. Those that write tables are left out.
var readerOptions = map[string][]string{
	"csv": {"all_varchar", "allow_quoted_nulls", "auto_detect", "auto_type_candidates", "buffer_size", "column_names", "column_types", "columns",
		"comment", "compression", "dateformat", "decimal_separator", "delim", "dtypes", "encoding", "escape", "filename", "files_to_sniff",
		"force_not_null", "header", "hive_partitioning", "hive_types", "hive_types_autocast", "ignore_errors", "max_line_size",
		"maximum_line_size", "names", "new_line", "normalize_names", "null_padding", "nullstr", "parallel", "quote", "sample_size", "sep",
		"skip", "strict_mode", "thousands", "timestampformat", "types", "union_by_name"},
	"parquet": {"binary_as_string", "can_have_nan", "compression", "explicit_cardinality", "file_row_number", "filename", "hive_partitioning",
		"hive_types", "hive_types_autocast", "schema", "union_by_name"},
	"json": {"auto_detect", "columns", "compression", "convert_strings_to_integers", "date_format", "dateformat", "field_appearance_threshold",
		"filename", "format", "hive_partitioning", "hive_types", "hive_types_autocast", "ignore_errors", "map_inference_threshold",
		"maximum_depth", "maximum_object_size", "maximum_sample_files", "records", "sample_size", "timestamp_format", "timestampformat",
		"union_by_name"},
}

// optionsInstead answers options by other names.
var optionsInstead = map[string]string{
	"delimiter": "delim", "separator": "sep", "null": "nullstr", "na": "nullstr", "date_format": "dateformat", "timestamp_format": "timestampformat",
	"skip_rows": "skip", "schema": "columns", "null_value": "nullstr",
}

func (l *loader) readSource(s *scope, b *hclsyntax.Block) *group {
	what := l.blockName(b)
	l.fits(b.Body, sourceSchema, what)
	l.fitsColumns(b.Body, sourceColumnSchema, what)
	g, members := l.expand(s, b, what)
	for _, m := range members {
		source := l.readOneSource(m.args, b)
		if m.named {
			source.Name = m.name
			g.sources = append(g.sources, source)
		}
	}
	return g
}

// readOneSource reads all of a source but its name.
func (l *loader) readOneSource(a *args, b *hclsyntax.Block) *assets.Source {
	what := a.what
	src := &assets.Source{
		Description: a.text("description"), Owner: a.filled("owner"), Tags: a.texts("tags"), Decl: b.DefRange(),
		Reader: assets.Reader{Glob: a.filled("files"), Dir: a.s.dir, GlobRange: a.at("files", b.DefRange())},
	}
	switch {
	case len(blocksOf(b.Body, "event")) > 0:
		l.readEvent(a, b)
		src.Event = true
	case a.has("connection") || a.has("table"):
		src.Table = l.readTable(a, b)
	default:
		if a.has("version") {
			l.report(problem(a.body.Attributes["version"].NameRange, "\"version\" without \"table\"", "It is a query on the database that the source is a table of. The version of files is their content."))
		}
		src.Remote = l.readRemote(a, &src.Reader)
		l.readReader(a, b, &src.Reader, src.Remote)
	}
	src.Withheld = a.withheld
	src.Taking = l.readTaking(a, b)
	for i, fb := range blocksOf(b.Body, "freshness") {
		l.noLabels(fb)
		if i > 0 {
			l.report(problem(fb.DefRange(), "Duplicate freshness block", "A source has one."))
			continue
		}
		l.fits(fb.Body, sourceFreshnessSchema, "the freshness block of "+what)
		fa := l.args(a.s, fb.Body, "the freshness block of "+what)
		age, good := fa.duration("max_age")
		switch {
		case !fa.has("max_age"):
			l.report(problem(fb.DefRange(), "Missing argument \"max_age\"", "Say how often the supplier promises a delivery: max_age = \"26h\"."))
		case good && age <= 0:
			fa.wrong("max_age", "\"max_age\" must be more than nothing", "Say how often the supplier promises a delivery: max_age = \"26h\".")
		default:
			src.MaxAge = age
		}
	}
	if poll, good := a.duration("poll"); good && poll < time.Second {
		a.wrong("poll", "\"poll\" must be a second or more", fmt.Sprintf("Say how often a daemon looks at %s: poll = \"5m\".", what))
	} else {
		src.Poll = poll
	}
	src.Columns = l.readColumns(a, b.Body)
	src.Checks = l.readChecks(a, b.Body, true)
	ageByPromise(src)
	for _, c := range src.Checks {
		if c.Kind == assets.Recency && c.MaxAge == 0 {
			l.report(problem(c.Decl, "Missing argument \"max_age\"", "The source promises no max_age to take it from. Say how old the newest value may be: max_age = \"26h\"."))
		}
	}
	return src
}

// ageByPromise gives freshness checks that do not say how old the newest value
// may be what the supplier promises.
func ageByPromise(src *assets.Source) {
	for i, c := range src.Checks {
		if c.Kind == assets.Recency && c.MaxAge == 0 {
			src.Checks[i].MaxAge = src.MaxAge
		}
	}
}

// readReader reads what says how a source's files are read, or the answers to remote.
func (l *loader) readReader(a *args, b *hclsyntax.Block, r *assets.Reader, remote []assets.Request) {
	later := slices.ContainsFunc(sourceSchema.later, func(name string) bool {
		return a.has(name) || len(blocksOf(b.Body, name)) > 0
	})
	switch {
	case a.has("url"):
	case !a.has("files") && !later:
		l.report(problem(b.DefRange(), "Missing argument \"files\"", fmt.Sprintf("Say which files %s is read from: files = \"data/orders/*.csv\", a path or a glob relative to this file; or from which address, url = \"https://…\". Or give `connection` and `table`, or an `event` block.", a.what)))
	case isWeb(r.Glob):
		a.wrong("files", "An address is given as `url`", fmt.Sprintf("Write url = %q instead of files.", r.Glob))
	case isRemote(r.Glob):
		a.wrong("files", "Files on other machines are not supported yet", "They belong to a later version of this program. Until then, name local files.")
	case r.Glob != "" && !doublestar.ValidatePattern(r.Glob):
		a.wrong("files", fmt.Sprintf("Invalid glob %q", r.Glob), "A glob may use *, **, ?, [a-z] and {a,b}, each bracket closed.")
	}

	var block *hclsyntax.Block
	for i, fb := range blocksOf(b.Body, "format") {
		if i > 0 {
			l.report(problem(fb.DefRange(), "Duplicate format block", "A source has one format. Declare two sources for files of two kinds."))
			continue
		}
		block = fb
	}
	ext, named := extension(r.Glob), "files"
	if a.has("url") {
		ext, named = remoteExtension(remote), "url"
	}
	r.Format = formats[ext]
	if block == nil {
		if r.Glob != "" && r.Format == "" && !a.withheld && (named == "url" || !isRemote(r.Glob)) {
			a.wrong(named, "Unknown format of the files", fmt.Sprintf("%s Say what they are: format \"csv\" {}; or parquet, or json.", unknownExtension(ext)))
		}
	} else {
		l.readFormat(a, block, r)
	}
	if ext == ".tsv" && r.Format == "csv" && r.Options["delim"] == "" && r.Options["sep"] == "" {
		r.Options = maps.Clone(r.Options)
		if r.Options == nil {
			r.Options = map[string]string{}
		}
		r.Options["delim"] = quote("\t")
	}
}

func unknownExtension(ext string) string {
	if ext == "" || strings.ContainsAny(ext, "*?[]{}") {
		return "The name has no extension to tell it by."
	}
	return fmt.Sprintf("The extension %s tells nothing.", ext)
}

func (l *loader) readFormat(a *args, block *hclsyntax.Block, r *assets.Reader) {
	r.FormatRange = block.DefRange()
	label, ok := l.label(block, "format")
	if !ok {
		return
	}
	r.Format = strings.ToLower(label)
	known := readerOptions[r.Format]
	switch {
	case r.Format == "tsv" || r.Format == "ndjson" || r.Format == "jsonl":
		l.report(problem(block.LabelRanges[0], fmt.Sprintf("Unsupported format %q", label), map[string]string{
			"tsv": "Tab-separated files are csv with delim = \"\\t\".", "ndjson": "Newline-delimited JSON is json.", "jsonl": "Newline-delimited JSON is json.",
		}[r.Format]))
		return
	case slices.Contains(laterFormats, r.Format):
		l.notYet(block.LabelRanges[0], label, a.what)
		return
	case known == nil:
		l.report(problem(block.LabelRanges[0], fmt.Sprintf("Unsupported format %q", label), "Files are csv, parquet or json"+didYouMean(label, []string{"csv", "parquet", "json"}, ".")))
		return
	}
	what := fmt.Sprintf("the %s format of %s", r.Format, a.what)
	for _, inner := range block.Body.Blocks {
		l.report(problem(inner.TypeRange, fmt.Sprintf("Unsupported block %q", inner.Type), "A format block holds options of DuckDB's reader, as arguments: "+inner.Type+" = …."))
	}
	fa := l.args(a.s, block.Body, what)
	r.Options = map[string]string{}
	for _, arg := range sortedArgs(block.Body) {
		if !slices.Contains(known, arg.Name) {
			detail := fmt.Sprintf("DuckDB's read_%s has no option %q", r.Format, arg.Name)
			if other := optionsInstead[arg.Name]; slices.Contains(known, other) {
				detail += fmt.Sprintf(". Did you mean %q?", other)
			} else {
				detail += didYouMean(arg.Name, known, fmt.Sprintf(". It has %s.", list(known)))
			}
			l.report(problem(arg.NameRange, fmt.Sprintf("Unsupported argument %q", arg.Name), detail))
			continue
		}
		v, ok := fa.value(arg.Name)
		if !ok {
			continue
		}
		if r.Options[arg.Name] = fa.literal(arg.Name, v); r.Options[arg.Name] == "" {
			fa.wrong(arg.Name, fmt.Sprintf("The option %q cannot hold a null", arg.Name), "Leave out what has no value.")
			delete(r.Options, arg.Name)
		}
		if _, written := arg.Expr.(*hclsyntax.ObjectConsExpr); arg.Name == "columns" && r.Format == "csv" && !written {
			fa.wrong(arg.Name, "\"columns\" must be written out here", "They are matched to the file by place, and an object from elsewhere has no order. Write columns = { id = \"BIGINT\", … } in the order of the file, or give `types`, which are matched by the names in the header.")
		}
	}
}

// literal writes an argument's value as SQL, the entries of an object in the
// order they stand in: DuckDB matches the columns of a CSV file by place.
func (a *args) literal(name string, v cty.Value) string {
	object, ok := a.expr(name).(*hclsyntax.ObjectConsExpr)
	if !ok {
		return literal(v)
	}
	var entries []string
	for _, item := range object.Items {
		key, ok := a.s.eval(item.KeyExpr)
		if !ok || key.Type() != cty.String {
			return literal(v)
		}
		value := literal(v.GetAttr(key.AsString()))
		if value == "" {
			return ""
		}
		entries = append(entries, quote(key.AsString())+": "+value)
	}
	return "{" + strings.Join(entries, ", ") + "}"
}
