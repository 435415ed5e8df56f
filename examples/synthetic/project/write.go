package project

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"time"
)

// Columns are the columns of every source's file.
const Columns = "id,customer,product,day,amount,quantity,status,note"

// Reader reads a source's file in SQL as the project reads it. Quote and escape
// are given because DuckDB takes ten times as long to find them out as to read
// a thousand rows.
func (t Table) Reader(dir string) string {
	return fmt.Sprintf(`read_csv('%s', header = true, delim = ',', quote = '"', escape = '"')`, filepath.Join(dir, filepath.FromSlash(t.Path)))
}

const sourceBlock = `source %q {
  files = %q
  format "csv" {
    header = true
    delim  = ","
    quote  = "\""
    escape = "\""
  }
}
`

const assetBlock = `asset %q {
  sql = file(%q)

  check "unique" { columns = [%q] }
  check "not_null" { columns = [%q] }
}
`

// blocksAFile is how many assets share one .hcl file.
const blocksAFile = 50

// Write lays the project down in dir, which it makes if needed.
func Write(dir string, o Options) error {
	if o.Rows == 0 {
		o.Rows = 1000
	}
	files := map[string]*bytes.Buffer{} // the .hcl files
	hcl := func(name string) *bytes.Buffer {
		if files[name] == nil {
			files[name] = new(bytes.Buffer)
		} else {
			files[name].WriteByte('\n')
		}
		return files[name]
	}
	fmt.Fprint(hcl("project.hcl"), "project \"synthetic\" {\n  warehouse = \"warehouse.duckdb\"\n}\n")

	counts := map[string]int{} // by folder
	for i, t := range Tables(o) {
		content := []byte(t.SQL)
		folder, base := path.Split(t.Path)
		block := hcl(fmt.Sprintf("%spart_%02d.hcl", folder, 1+counts[folder]/blocksAFile))
		counts[folder]++
		if t.Layer == 0 {
			content = rows(rand.New(rand.NewPCG(o.Seed, uint64(i)+2)), o.Rows)
			fmt.Fprintf(block, sourceBlock, t.Name, base)
		} else {
			fmt.Fprintf(block, assetBlock, t.Name, base, UniqueColumn, NotNullColumn)
		}
		if err := writeFile(dir, t.Path, content); err != nil {
			return err
		}
	}
	for name, text := range files {
		if err := writeFile(dir, name, text.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(dir, name string, content []byte) error {
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}

var statuses = []string{"paid", "open", " Late", "returned"}

// rows is the content of one source's file.
func rows(r *rand.Rand, n int) []byte {
	text := bytes.NewBufferString(Columns + "\n")
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for id := 1; id <= n; id++ {
		text.WriteString(strconv.Itoa(id))
		fmt.Fprintf(text, ",%d,%d,%s,%d.%02d,%d,%s,note %d\n", 1+r.IntN(200), 1+r.IntN(50),
			start.AddDate(0, 0, r.IntN(366)).Format(time.DateOnly), r.IntN(1000), r.IntN(100), r.IntN(100), statuses[r.IntN(len(statuses))], r.IntN(1000))
	}
	return text.Bytes()
}
