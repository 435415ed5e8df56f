package observe

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

var bg = context.Background()

// yard is a directory of files with an observer of them.
type yard struct {
	t       testing.TB
	dir     string
	conn    *warehouse.Conn
	mu      sync.Mutex // sources are sniffed in parallel
	sniffed int
	*Observer
}

func newYard(t testing.TB) *yard {
	t.Helper()
	db, err := warehouse.Memory(bg)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(bg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); db.Close() })
	y := &yard{t: t, dir: t.TempDir(), conn: conn}
	y.Observer = &Observer{
		CachePath: filepath.Join(y.dir, ".assets", "files.json"),
		Known:     map[assets.Name]planner.Observation{},
		Now:       time.Now(),
		Sniff: func(ctx context.Context, query string) ([]assets.Column, error) {
			y.mu.Lock()
			y.sniffed++
			y.mu.Unlock()
			return conn.Describe(ctx, query)
		},
		SniffCSV: func(ctx context.Context, call string) (warehouse.SniffedCSV, error) {
			y.mu.Lock()
			y.sniffed++
			y.mu.Unlock()
			return db.SniffCSV(ctx, call)
		},
	}
	return y
}

func (y *yard) write(path, content string) {
	y.t.Helper()
	path = filepath.Join(y.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		y.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		y.t.Fatal(err)
	}
}

// age sets a file's mtime to some time before now.
func (y *yard) age(path string, ago time.Duration) {
	y.t.Helper()
	when := y.Now.Add(-ago)
	if err := os.Chtimes(filepath.Join(y.dir, path), when, when); err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) source(glob string, options ...string) *assets.Source {
	r := assets.Reader{Glob: glob, Dir: y.dir, Options: map[string]string{}, GlobRange: hcl.Range{Filename: "shop.hcl"}}
	r.Format = formats[extensionOf(glob)]
	for i := 0; i < len(options); i += 2 {
		r.Options[options[i]] = options[i+1]
	}
	return &assets.Source{Name: assets.MustName("raw.orders"), Reader: r}
}

func (y *yard) look(s *assets.Source) Look {
	y.t.Helper()
	looks, err := y.Look(bg, []*assets.Source{s})
	if err != nil {
		y.t.Fatal(err)
	}
	return looks[s.Name]
}

// good looks at a source that can be read.
func (y *yard) good(s *assets.Source) Look {
	y.t.Helper()
	look := y.look(s)
	if look.Err != "" {
		y.t.Fatal(look.Err)
	}
	return look
}

// table is the result of a query as text, one row a line, sorted.
func (y *yard) table(query string) string {
	y.t.Helper()
	rows, err := y.conn.Query(bg, "SELECT COLUMNS(*)::VARCHAR FROM ("+query+")")
	if err != nil {
		y.t.Fatalf("%s\n%v", query, err)
	}
	defer rows.Close()
	cols, _ := rows.Columns()
	var lines []string
	for rows.Next() {
		cells, ptrs := make([]sql.NullString, len(cols)), make([]any, len(cols))
		for i := range cells {
			ptrs[i] = &cells[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			y.t.Fatal(err)
		}
		texts := make([]string, len(cols))
		for i, c := range cells {
			if texts[i] = c.String; !c.Valid {
				texts[i] = "NULL"
			}
		}
		lines = append(lines, strings.Join(texts, " "))
	}
	if err := rows.Err(); err != nil {
		y.t.Fatalf("%s\n%v", query, err)
	}
	return strings.Join(lines, "\n")
}

func gz(content string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(content))
	w.Close()
	return b.String()
}

func utf16le(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

// What a run reads: every file in its own dialect, columns by name.
func TestLookReads(t *testing.T) {
	for _, test := range []struct {
		name    string
		files   map[string]string
		setup   string // SQL run before; %s is the directory
		glob    string
		options []string
		columns string
		rows    string
	}{
		{"one file", map[string]string{"a.csv": "id,name\n1,ann\n2,bob\n"}, "", "*.csv", nil,
			"id BIGINT, name VARCHAR", "1 ann\n2 bob"},
		{"columns in another order", map[string]string{"a.csv": "a,b\nx,y\n", "b.csv": "b,a\nq,p\n"}, "", "*.csv", nil,
			"a VARCHAR, b VARCHAR", "x y\np q"},
		{"columns in another order and case", map[string]string{"a.csv": "a,B\nx,y\n", "b.csv": "b,A\nq,p\n"}, "", "*.csv", nil,
			"a VARCHAR, B VARCHAR", "x y\np q"},
		{"a column more and one less", map[string]string{"a.csv": "id,x\n1,2\n", "b.csv": "y,id\n3,4\n"}, "", "*.csv", nil,
			"id BIGINT, x BIGINT, y BIGINT", "1 2 NULL\n4 NULL 3"},
		{"a wider type in a later file", map[string]string{"a.csv": "id,x\n1,2\n", "b.csv": "x,id\nn/a,4\n"}, "", "*.csv", nil,
			"id BIGINT, x VARCHAR", "1 2\n4 n/a"},
		{"another delimiter and date format a file", map[string]string{"a.csv": "d,x\n31/12/2023,1\n", "b.csv": "x;d\n2;2024-01-02\n"}, "", "*.csv", nil,
			"d DATE, x BIGINT", "2023-12-31 1\n2024-01-02 2"},
		{"a file with a header only", map[string]string{"a.csv": "id,x\n", "b.csv": "x,id\n5,4\n"}, "", "*.csv", nil,
			"id BIGINT, x BIGINT", "4 5"},
		{"only a header", map[string]string{"a.csv": "id,x\n"}, "", "*.csv", nil, "id VARCHAR, x VARCHAR", ""},
		{"odd column names", map[string]string{"a.csv": "it's,\"say \"\"hi\"\"\",a b,a b\n1,2,3,4\n"}, "", "*.csv", nil,
			`it's BIGINT, say "hi" BIGINT, a b BIGINT, a b_1 BIGINT`, "1 2 3 4"},
		{"odd file names", map[string]string{"o'k[1]*.csv": "a\n1\n"}, "", "*.csv", nil, "a BIGINT", "1"},
		{"directories below", map[string]string{"x/a.csv": "a\n1\n", "x/y/b.csv": "a\n2\n", "z.csv/c.txt": "no"}, "", "**/*.csv", nil, "a BIGINT", "1\n2"},
		{"a directory above", map[string]string{"a.csv": "a\n1\n", "sub/b.csv": "a\n2\n"}, "", "sub/../*.csv", nil, "a BIGINT", "1"},
		{"alternatives", map[string]string{"uk.csv": "a\n1\n", "fr.csv": "a\n2\n", "de.csv": "a\n3\n"}, "", "{uk,fr}.csv", nil, "a BIGINT", "2\n1"},
		{"hidden files are left out", map[string]string{"a.csv": "a\n1\n", ".b.csv": "a\n2\n", ".c/c.csv": "a\n3\n"}, "", "**/*.csv", nil, "a BIGINT", "1"},
		{"tsv", map[string]string{"a.tsv": "a\tb\n1,5\t2\n"}, "", "a.tsv", nil, "a VARCHAR, b BIGINT", "1,5 2"},
		{"gz", map[string]string{"a.csv.gz": gz("a,b\n1,2\n"), "b.csv": "b,a\n4,3\n"}, "", "*.csv*", nil, "a BIGINT, b BIGINT", "1 2\n3 4"},
		{"latin-1", map[string]string{"a.csv": "id;name\n1;Zo\xeb\n"}, "", "*.csv", []string{"encoding", "'latin-1'"}, "id BIGINT, name VARCHAR", "1 Zoë"},
		{"utf-16", map[string]string{"a.csv": utf16le("id,name\n1,Zoë\n")}, "", "*.csv", []string{"encoding", "'utf-16'"}, "id BIGINT, name VARCHAR", "1 Zoë"},
		{"byte order mark", map[string]string{"a.csv": "\xef\xbb\xbfid,name\n1,x\n"}, "", "*.csv", nil, "id BIGINT, name VARCHAR", "1 x"},
		{"no header", map[string]string{"a.csv": "x,y\nz,w\n"}, "", "*.csv", []string{"header", "false"}, "column0 VARCHAR, column1 VARCHAR", "x y\nz w"},
		{"given names", map[string]string{"a.csv": "x,1\nz,2\n"}, "", "*.csv", []string{"header", "false", "names", "['n', 'v']"}, "n VARCHAR, v BIGINT", "x 1\nz 2"},
		{"given columns", map[string]string{"a.csv": "x,1\nz,2\n"}, "", "*.csv", []string{"header", "false", "columns", "{'n': 'VARCHAR', 'v': 'DOUBLE'}"}, "n VARCHAR, v DOUBLE", "x 1.0\nz 2.0"},
		{"given types of some", map[string]string{"a.csv": "id,zip\n1,01234\n"}, "", "*.csv", []string{"types", "{'zip': 'VARCHAR'}"}, "id BIGINT, zip VARCHAR", "1 01234"},
		{"all text", map[string]string{"a.csv": "id,zip\n1,01234\n"}, "", "*.csv", []string{"all_varchar", "true"}, "id VARCHAR, zip VARCHAR", "1 01234"},
		{"options", map[string]string{"a.csv": "# made by x\nid|d|x\n1|03.04.2024|-\n2|05.04.2024|2,5\n"}, "", "*.csv",
			[]string{"skip", "1", "dateformat", "'%d.%m.%Y'", "nullstr", "'-'", "decimal_separator", "','", "DELIM", "'|'"}, "id BIGINT, d DATE, x DOUBLE", "1 2024-04-03 NULL\n2 2024-04-05 2.5"},
		{"names of directories are no data", map[string]string{"y=1/a.csv": "a\n1\n", "y=2/a.csv": "a\n2\n"}, "", "**/*.csv", nil, "a BIGINT", "1\n2"},
		{"names of directories as data", map[string]string{"y=1/a.csv": "a\n1\n", "y=2/a.csv": "a\n2\n"}, "", "**/*.csv", []string{"hive_partitioning", "true"}, "a BIGINT, y BIGINT", "1 1\n2 2"},
		{"names of directories as text", map[string]string{"y=01/a.csv": "a\n1\n"}, "", "**/*.csv", []string{"hive_partitioning", "true", "hive_types_autocast", "false"}, "a BIGINT, y VARCHAR", "1 01"},
		{"parquet", nil, "COPY (SELECT 1 a, 'x' b) TO '%s/1.parquet'; COPY (SELECT 'y' b, 2::BIGINT a, DATE '2024-01-01' c) TO '%[1]s/2.parquet'", "*.parquet", nil,
			"a BIGINT, b VARCHAR, c DATE", "1 x NULL\n2 y 2024-01-01"},
		{"json, an array and lines", map[string]string{"a.json": `[{"a": 1, "d": "2024-01-02"}, {"b": {"x": [1, 2]}}]`, "b.json": "{\"c\": true}\n{\"a\": 2}\n"}, "", "*.json", nil,
			"a BIGINT, d DATE, b STRUCT(x BIGINT[]), c BOOLEAN", "1 2024-01-02 NULL NULL\nNULL NULL {'x': [1, 2]} NULL\nNULL NULL NULL true\n2 NULL NULL NULL"},
		{"json with dates of another format", map[string]string{"a.ndjson": "{\"d\": \"31-12-2023\"}\n{\"d\": \"01-02-2024\"}\n"}, "", "*.ndjson", nil,
			"d DATE", "2023-12-31\n2024-02-01"},
		{"jsonl, packed", map[string]string{"a.jsonl.gz": gz("{\"a\": 1}\n{\"a\": null}\n")}, "", "*.jsonl.gz", nil, "a BIGINT", "1\nNULL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			y := newYard(t)
			for path, content := range test.files {
				y.write(path, content)
			}
			if test.setup != "" {
				if err := y.conn.Exec(bg, fmt.Sprintf(test.setup, y.dir)); err != nil {
					t.Fatal(err)
				}
			}
			look := y.good(y.source(test.glob, test.options...))
			var columns []string
			for _, c := range look.Columns {
				columns = append(columns, c.Name+" "+c.Type)
			}
			if got := strings.Join(columns, ", "); got != test.columns {
				t.Errorf("columns %s, want %s", got, test.columns)
			}
			if got := y.table(look.SQL); got != test.rows {
				t.Errorf("%s\nyields\n%s\nwant\n%s", look.SQL, got, test.rows)
			}
			described, err := y.conn.Describe(bg, look.SQL)
			if err != nil || !reflect.DeepEqual(described, look.Columns) {
				t.Errorf("a run reads %v, %v; want what was observed, %v", described, err, look.Columns)
			}
		})
	}
}

// A path as a column is read, and is part of the version.
func TestLookFilename(t *testing.T) {
	y := newYard(t)
	y.write("a.csv", "a\n1\n")
	s := y.source("*.csv", "filename", "'src'")
	first := y.good(s)
	if got, want := y.table(first.SQL), "1 "+filepath.Join(y.dir, "a.csv"); got != want {
		t.Errorf("read %q, want %q", got, want)
	}
	if err := os.Rename(filepath.Join(y.dir, "a.csv"), filepath.Join(y.dir, "b.csv")); err != nil {
		t.Fatal(err)
	}
	if second := y.good(s); second.ID == first.ID {
		t.Error("a renamed file whose name is data is the same version")
	}
}

func TestVersion(t *testing.T) {
	y := newYard(t)
	y.write("a.csv", "a\n1\n")
	y.write("b.csv", "a\n2\n")
	s := y.source("*.csv")
	id := func(s *assets.Source) assets.Digest { return y.good(s).ID }
	first := id(s)
	for _, step := range []struct {
		what string
		do   func()
		same bool
	}{
		{"touched", func() { y.age("a.csv", time.Hour) }, true},
		{"swapped names", func() { y.write("a.csv", "a\n2\n"); y.write("b.csv", "a\n1\n") }, false}, // another order of rows, and perhaps of columns
		{"a changed cell", func() { y.write("a.csv", "a\n3\n") }, false},
		{"back", func() { y.write("a.csv", "a\n1\n"); y.write("b.csv", "a\n2\n") }, true},
		{"a file twice", func() { y.write("c.csv", "a\n2\n") }, false},
		{"and removed", func() { os.Remove(filepath.Join(y.dir, "c.csv")) }, true},
	} {
		step.do()
		if got := id(s); (got == first) != step.same {
			t.Errorf("%s: %s after %s", step.what, got, first)
		}
	}
	if id(y.source("*.csv", "skip", "0")) == first {
		t.Error("an option of the reader is not part of the version")
	}
	if id(y.source("**/*.csv")) != first {
		t.Error("the pattern is part of the version")
	}
}

func TestArrival(t *testing.T) {
	y := newYard(t)
	s := y.source("*.csv")
	at := func(ago time.Duration) time.Time { return y.Now.Add(-ago).UTC() }
	y.write("a.csv", "a\n1\n")
	y.age("a.csv", 3*time.Hour)
	y.write("b.csv", "a\n2\n")
	y.age("b.csv", 2*time.Hour)
	first := y.good(s)
	sniffed := y.sniffed
	if !first.Arrived.Equal(at(2 * time.Hour)) {
		t.Errorf("arrived %s, want the youngest file's mtime", first.Arrived)
	}
	y.Known[s.Name] = first.Observation

	y.Now = y.Now.Add(time.Hour)
	if again := y.good(s); !again.Arrived.Equal(first.Arrived) || !again.At.Equal(y.Now) || y.sniffed != sniffed {
		t.Errorf("an equal version arrived %s, seen %s, sniffed %d times more", again.Arrived, again.At, y.sniffed-sniffed)
	}
	// A file with an old mtime, moved in after the last look.
	y.write("c.csv", "a\n3\n")
	y.age("c.csv", 100*time.Hour)
	if late := y.good(s); !late.Arrived.Equal(first.At) {
		t.Errorf("arrived %s, want the last look that did not see it, %s", late.Arrived, first.At)
	}
	// A file from the future.
	y.age("c.csv", -5*time.Hour)
	if early := y.good(s); !early.Arrived.Equal(y.Now) {
		t.Errorf("arrived %s, want now, %s", early.Arrived, y.Now)
	}
}

// Whatever goes wrong with a source, its last version stays known.
func TestLookErrors(t *testing.T) {
	for _, test := range []struct {
		name    string
		do      func(y *yard)
		glob    string
		options []string
		want    string
	}{
		{"no match", func(y *yard) {}, "data/*.csv", nil, "data/*.csv matches no file. The path is relative to the directory of shop.hcl"},
		{"no file", func(y *yard) {}, "data/orders.csv", nil, "data/orders.csv matches no file."},
		{"bad pattern", func(y *yard) {}, "data/[a.csv", nil, "data/[a.csv is not a pattern for files"},
		{"empty file", func(y *yard) { y.write("a.csv", "a\n1\n"); y.write("b.csv", "") }, "*.csv", nil, "b.csv is empty (0 bytes)"},
		{"named pipe", func(y *yard) { syscall.Mkfifo(filepath.Join(y.dir, "a.csv"), 0o666) }, "a.csv", nil, "a.csv is not a regular file"},
		{"broken link", func(y *yard) { os.Symlink("nowhere", filepath.Join(y.dir, "a.csv")) }, "a.csv", nil, "a.csv matches no file"},
		{"unknown format", func(y *yard) { y.write("a.xlsx", "PK") }, "*.xlsx", nil, "the format of *.xlsx is not known by its extension: give a format block"},
		{"not parquet", func(y *yard) { y.write("a.parquet", "a,b,c,d\n1,2,3,4\n") }, "*.parquet", nil, "*.parquet cannot be read as parquet: Invalid Input Error: No magic bytes found at end of file 'a.parquet'"},
		{"not json", func(y *yard) { y.write("a.json", "a,b\n1,2\n") }, "*.json", nil, `*.json cannot be read as json: Invalid Input Error: Malformed JSON in file "a.json"`},
		{"wrong delimiter", func(y *yard) { y.write("a.csv", "a,b\n1,2\n") }, "*.csv", []string{"delim", "';'"}, `*.csv reads as one column named "a,b": set delim = ","`},
		{"wrong encoding", func(y *yard) { y.write("a.csv", "id;name\n1;Zo\xeb\n") }, "*.csv", nil, "*.csv cannot be read as csv: Invalid Input Error: CSV Error on Line: 2 Original Line: id;name Invalid unicode (byte sequence mismatch) detected. This file is not utf-8 encoded."},
		{"unknown option", func(y *yard) { y.write("a.csv", "a,b\n1,2\n") }, "*.csv", []string{"delimm", "';'"}, `*.csv cannot be read as csv: Binder Error: Invalid named parameter "delimm" for function read_csv`},
		{"binary", func(y *yard) { y.write("a.csv", "PAR1\x00\x01\x02\xff\xfe,\n\n\x00") }, "*.csv", nil, "*.csv cannot be read as csv: Invalid Input Error: "},
		{"not gzip", func(y *yard) { y.write("a.csv.gz", "a,b\n1,2\n") }, "*.csv.gz", nil, "*.csv.gz cannot be read as csv: IO Error: Input is not a GZIP stream"},
	} {
		t.Run(test.name, func(t *testing.T) {
			y := newYard(t)
			test.do(y)
			s := y.source(test.glob, test.options...)
			known := planner.Observation{Source: s.Name, Version: planner.Version{ID: "f1:0123", Columns: []assets.Column{{Name: "a", Type: "INTEGER"}}, Arrived: y.Now.Add(-time.Hour)}, At: y.Now.Add(-time.Minute)}
			y.Known[s.Name] = known
			look := y.look(s)
			if !strings.HasPrefix(look.Err, test.want) || strings.Contains(look.Err, "\n") || strings.Contains(look.Err, y.dir) {
				t.Errorf("got  %s\nwant %s", look.Err, test.want)
			}
			if !reflect.DeepEqual(look.Version, known.Version) || look.SQL != "" {
				t.Errorf("version %v, SQL %q; want the last known version and no SQL", look.Version, look.SQL)
			}
		})
	}
}

func TestUnreadableFile(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	y := newYard(t)
	y.write("a.csv", "a\n1\n")
	os.Chmod(filepath.Join(y.dir, "a.csv"), 0)
	if look := y.look(y.source("*.csv")); look.Err != "a.csv cannot be read: permission denied" {
		t.Error(look.Err)
	}
}

// The trouble of one source is not another's.
func TestLookManySources(t *testing.T) {
	y := newYard(t)
	var sources []*assets.Source
	for i := range 20 {
		s := y.source(fmt.Sprintf("d%d/*.csv", i))
		s.Name = assets.MustName(fmt.Sprintf("raw.s%d", i))
		if i != 7 {
			for j := range 5 {
				y.write(fmt.Sprintf("d%d/%d.csv", i, j), fmt.Sprintf("a,b\n%d,%d\n", i, j))
			}
		}
		sources = append(sources, s)
	}
	y.Sniff = func(ctx context.Context, query string) ([]assets.Column, error) {
		return []assets.Column{{Name: "a", Type: "BIGINT"}}, nil
	}
	looks, err := y.Look(bg, sources)
	if err != nil || len(looks) != 20 {
		t.Fatal(len(looks), err)
	}
	for i, s := range sources {
		if look := looks[s.Name]; (look.Err != "") != (i == 7) || i != 7 && len(look.Files) != 5 {
			t.Errorf("%s: %v, %d files", s.Name, look.Err, len(look.Files))
		}
	}
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if _, err := y.Look(ctx, sources); err != context.Canceled {
		t.Errorf("a cancelled look: %v", err)
	}
}
