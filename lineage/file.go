package lineage

import "strings"

// FileRef is a file read directly in SQL.
type FileRef struct {
	Path   string // as written; may be empty if it is computed
	Format string // "csv", "parquet" or "json"; empty if unknown
	Offset int
}

// fileFunctions read files: the format that a source block calls it by.
var fileFunctions = map[string]string{
	"read_csv": "csv", "read_csv_auto": "csv", "sniff_csv": "csv",
	"read_parquet": "parquet", "parquet_scan": "parquet",
	"read_json": "json", "read_json_auto": "json", "read_json_objects": "json", "read_json_objects_auto": "json",
	"read_ndjson": "json", "read_ndjson_auto": "json", "read_ndjson_objects": "json",
}

func looksLikeFile(name string) bool {
	return strings.ContainsAny(name, `/\*`) || FormatOf(name) != ""
}

// FormatOf is the format of a file by its ending, empty if that says nothing.
func FormatOf(path string) string {
	path = lower(path)
	for _, compressed := range []string{".gz", ".zst", ".zstd"} {
		path = strings.TrimSuffix(path, compressed)
	}
	switch path[strings.LastIndexByte(path, '.')+1:] {
	case "csv", "tsv", "txt":
		return "csv"
	case "parquet":
		return "parquet"
	case "json", "jsonl", "ndjson":
		return "json"
	}
	return ""
}
