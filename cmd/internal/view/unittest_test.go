package view

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/check/unit"
)

func cells(texts ...string) []unit.Cell {
	out := make([]unit.Cell, len(texts))
	for i, text := range texts {
		if out[i].Text = text; text == "<null>" {
			out[i] = unit.Cell{Null: true}
		}
	}
	return out
}

func testOutcomes() TestResults {
	test := func(name, asset string, line int) *assets.Test {
		return &assets.Test{Name: name, Asset: assets.MustName(asset), Decl: hcl.Range{Filename: "tests.hcl", Start: hcl.Pos{Line: line}}}
	}
	return TestResults{Took: 120 * time.Millisecond, Outcomes: []unit.Outcome{
		{Test: test("right", "a.x", 1), Took: 20 * time.Millisecond},
		{Test: test("rows", "a.y", 7), Took: 30 * time.Millisecond, Diff: &unit.Diff{Columns: []string{"id", "name"}, Expected: 2, Got: 2, Rows: []unit.Pair{
			{Expected: cells("1", "<null>"), Got: cells("1", "NULL")},
			{Expected: cells("2", "")},
			{Got: cells("3", "a\nb\x01]]>")},
		}}},
		{Test: test("error <&>", "a.x", 9), Message: "the SQL fails: Binder Error"},
	}}
}

func TestTestsText(t *testing.T) {
	var out bytes.Buffer
	TestsText(&out, testOutcomes(), true, Style{})
	want := `        TEST       ASSET  TOOK
passed  right      a.x    20 ms
failed  rows       a.y    30 ms
failed  error <&>  a.x    0 ms

Failed: rows
  on tests.hcl line 7, of asset a.y
  1 row differs, 1 row is missing and 1 row was not expected (2 expected, 2 came):

     id  name
  ~  1   NULL → 'NULL'
  -  2   ''
  +  3   a\nb` + "\x01" + `]]>

  ~ expected → came   - expected, did not come   + came, not expected

Failed: error <&>
  on tests.hcl line 9, of asset a.x
  The SQL fails: Binder Error.

Failed! 2 of 3 tests failed in 0.12 s.
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// Colour marks what came instead of what, and takes no place.
func TestDiffInColour(t *testing.T) {
	var plain, coloured bytes.Buffer
	d := testOutcomes().Outcomes[1].Diff
	diffTable(&plain, d, Style{})
	diffTable(&coloured, d, NewStyle(true))
	if !strings.Contains(coloured.String(), "\x1b[31mNULL\x1b[0m → \x1b[32m'NULL'\x1b[0m") {
		t.Errorf("%q", coloured.String())
	}
	text := coloured.String()
	for _, code := range []string{"0", "2", "31", "32", "33"} {
		text = strings.ReplaceAll(text, "\x1b["+code+"m", "")
	}
	trim := func(s string) string {
		var lines []string
		for line := range strings.Lines(s) {
			lines = append(lines, strings.TrimRight(line, " \n"))
		}
		return strings.Join(lines, "\n")
	}
	if trim(text) != trim(plain.String()) {
		t.Errorf("without colour\n%s\nwith\n%s", plain.String(), text)
	}
}

// Of very many rows and columns the first are shown, differing columns before
// others; of long values what differs.
func TestDiffOfMuch(t *testing.T) {
	d := &unit.Diff{}
	var a, b []string
	for i := range 30 {
		d.Columns = append(d.Columns, fmt.Sprintf("c%d", i))
		a, b = append(a, "same"), append(b, "same")
	}
	a[29], b[29] = strings.Repeat("x", 100)+"left", strings.Repeat("x", 100)+"right"
	for range 25 {
		d.Rows = append(d.Rows, unit.Pair{Expected: cells(a...), Got: cells(b...)})
	}
	var out bytes.Buffer
	diffTable(&out, d, Style{})
	for _, want := range []string{" c10 ", " c29", "…xxxxxleft → …xxxxxright", "… and 5 more rows", "18 columns not shown"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "c12") || strings.Count(out.String(), "\n  ~ ") != mostDiffRows+1 {
		t.Errorf("too much:\n%s", out.String())
	}
}

func TestReorderedRows(t *testing.T) {
	d := &unit.Diff{Reordered: true, Expected: 2, Got: 2, Rows: []unit.Pair{{Expected: cells("1"), Got: cells("2")}, {Expected: cells("2"), Got: cells("1")}}}
	if got := diffSummary(d); got != "the rows are those expected, in another order; 2 rows elsewhere" {
		t.Error(got)
	}
}

// The file is well-formed XML of the shape that build servers read.
func TestJUnit(t *testing.T) {
	var out bytes.Buffer
	if err := JUnit(&out, testOutcomes(), "shop"); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		XMLName  xml.Name `xml:"testsuites"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Time     float64  `xml:"time,attr"`
		Suites   []struct {
			Name     string  `xml:"name,attr"`
			Tests    int     `xml:"tests,attr"`
			Failures int     `xml:"failures,attr"`
			Time     float64 `xml:"time,attr"`
			Cases    []struct {
				Name      string  `xml:"name,attr"`
				Classname string  `xml:"classname,attr"`
				File      string  `xml:"file,attr"`
				Line      int     `xml:"line,attr"`
				Time      float64 `xml:"time,attr"`
				Failure   *struct {
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	if doc.Name != "shop" || doc.Tests != 3 || doc.Failures != 2 || doc.Time != 0.12 || len(doc.Suites) != 2 {
		t.Fatalf("%+v", doc)
	}
	x, y := doc.Suites[0], doc.Suites[1]
	if x.Name != "a.x" || x.Tests != 2 || x.Failures != 1 || x.Time != 0.02 || y.Name != "a.y" || y.Tests != 1 {
		t.Errorf("%+v", doc.Suites)
	}
	if c := x.Cases[0]; c.Name != "right" || c.Classname != "a.x" || c.File != "tests.hcl" || c.Line != 1 || c.Time != 0.02 || c.Failure != nil {
		t.Errorf("%+v", c)
	}
	if c := x.Cases[1]; c.Name != "error <&>" || c.Failure == nil || c.Failure.Message != "the SQL fails: Binder Error" {
		t.Errorf("%+v", c)
	}
	if c := y.Cases[0]; c.Failure == nil || !strings.Contains(c.Failure.Text, "~  1   NULL → 'NULL'\n") || !strings.Contains(c.Failure.Text, "a\\nb\uFFFD]]>") {
		t.Errorf("%+v", c.Failure)
	}
}

func TestTestsJSON(t *testing.T) {
	var out bytes.Buffer
	if err := JSON(&out, NewTestsJSON(testOutcomes(), []DiagnosticJSON{})); err != nil {
		t.Fatal(err)
	}
	var doc TestsJSON
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Summary.Passed != 1 || doc.Summary.Failed != 2 || doc.Tests[0].Status != "passed" || doc.Tests[2].Message != "the SQL fails: Binder Error" {
		t.Errorf("%+v", doc)
	}
	rows := doc.Tests[1]
	if len(rows.Differing) != 1 || rows.Differing[0].Expected[1] != nil || *rows.Differing[0].Got[1] != "NULL" || len(rows.Missing) != 1 || len(rows.Unexpected) != 1 {
		t.Errorf("%+v", rows)
	}
}
