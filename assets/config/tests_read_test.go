package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

const testedAsset = "project \"p\" {}\nsource \"raw.t\" { files = \"t.csv\" }\nasset \"a.x\" { sql = \"from raw.t\" }\n"

func loadTest(t *testing.T, hcl string) *assets.Test {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "project.hcl", testedAsset)
	write(t, dir, "tests.hcl", hcl)
	p, diags := Load(dir, Options{})
	for _, d := range diags {
		t.Error(show(d, p.Files))
	}
	if len(p.Tests) != 1 {
		t.Fatalf("%d tests in\n%s", len(p.Tests), hcl)
	}
	return p.Tests[0]
}

func TestReadTest(t *testing.T) {
	got := loadTest(t, `test "a test" {
  asset = "A.X"
  now   = "2024-01-02T09:00:00.5+01:00"
  given "raw.t" { rows = [{ n = 10.50, b = true, s = "x", l = [1, "y"], z = null }] }
  expect {
    rows      = [{ "two words" = 1e3 }]
    tolerance = 0.25
  }
}
`)
	if want := time.Date(2024, 1, 2, 8, 0, 0, 5e8, time.UTC); !got.Now.Equal(want) {
		t.Errorf("now is %s", got.Now)
	}
	values := map[string]assets.Value{}
	for _, c := range got.Given[0].Rows[0].Cells {
		values[c.Column] = c.Value
	}
	want := map[string]assets.Value{
		"n": {Text: "10.5"}, "b": {Text: "true"}, "s": {Text: "x"}, "l": {Text: `[1,"y"]`, JSON: true}, "z": {Null: true},
	}
	if !reflect.DeepEqual(values, want) {
		t.Errorf("values are %v", values)
	}
	if c := got.Expect.Rows[0].Cells[0]; c.Column != "two words" || c.Value.Text != "1000" || got.Expect.Tolerance != 0.25 || got.Expect.Ordered {
		t.Errorf("expected is %+v", got.Expect)
	}
}

// A test that is written and read again is the same, and laid out as `assets fmt` has it.
func TestWriteTest(t *testing.T) {
	columns := []assets.Column{{Name: "n", Type: "DECIMAL(10,2)"}, {Name: "for", Type: "BIGINT"}, {Name: "d", Type: "DOUBLE"}, {Name: "b", Type: "BOOLEAN"}, {Name: "two words", Type: "VARCHAR"}, {Name: "l", Type: "INTEGER[]"}}
	texts := [][]string{
		{"10.50", "-7", "0.1", "true", `${x} %{y} "q" \ ` + "\n", "[1, 2]"},
		{"-0.05", "9223372036854775807", "nan", "false", "", "[]"},
	}
	written := &assets.Test{Name: "x", Asset: assets.MustName("a.x"), Now: time.Date(2024, 1, 2, 8, 0, 0, 0, time.UTC)}
	var rows []assets.Row
	for _, text := range texts {
		var row assets.Row
		for i, c := range columns {
			row.Cells = append(row.Cells, assets.Cell{Column: c.Name, Value: assets.Value{Text: text[i]}})
		}
		rows = append(rows, row)
	}
	rows = append(rows, assets.Row{Cells: []assets.Cell{{Column: "n", Value: assets.Value{Null: true}}}})
	written.Given = []assets.Given{{Input: assets.MustName("raw.t"), Fixture: assets.Fixture{Rows: rows}}}
	written.Expect = &assets.Expected{}
	text := string(WriteTest(written, map[assets.Name][]assets.Column{assets.MustName("raw.t"): columns}))
	if formatted := string(Format([]byte(text))); formatted != text {
		t.Errorf("not formatted:\n%s", text)
	}
	if !strings.Contains(text, "{ n = 10.50, for") && !strings.Contains(text, `{ n = 10.50, "for" = -7, d = 0.1, b = true,`) {
		t.Errorf("numbers and booleans need no quotes:\n%s", text)
	}
	read := loadTest(t, text)
	if !read.Now.Equal(written.Now) || read.Name != "x" || len(read.Expect.Rows) != 0 {
		t.Errorf("read %+v of\n%s", read, text)
	}
	for i, row := range rows {
		got := map[string]assets.Value{}
		for _, c := range read.Given[0].Rows[i].Cells {
			got[c.Column] = c.Value
		}
		for _, c := range row.Cells {
			want := c.Value
			if c.Column == "n" && !want.Null {
				want.Text = strings.TrimSuffix(want.Text, "0") // a number has no final zeros
			}
			if got[c.Column] != want {
				t.Errorf("row %d: %s is %+v, want %+v in\n%s", i, c.Column, got[c.Column], want, text)
			}
		}
	}
}

// Saved plans do not go stale because of a test.
func TestTestsAreNoPartOfTheDigest(t *testing.T) {
	digest := func(more string) assets.Digest {
		dir := t.TempDir()
		write(t, dir, "project.hcl", testedAsset+more)
		p, diags := Load(dir, Options{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return p.Digest
	}
	without := digest("")
	if with := digest("test \"t\" {\n  asset = \"a.x\"\n  expect { rows = [] }\n}\n"); with != without {
		t.Error("a test changes the project's digest")
	}
	if other := digest("asset \"a.y\" { sql = \"select 1\" }\n"); other == without {
		t.Error("an asset does not change the project's digest")
	}
}
