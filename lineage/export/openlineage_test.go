package export_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/lineage/export"
	"github.com/seed-4311623e/assets/lineage/export/openlineagetest"
)

// The flag -update writes goldens anew; other tests of the package may have declared it.
func init() {
	if flag.Lookup("update") == nil {
		flag.Bool("update", false, "write the goldens anew")
	}
}

const secret = "hunter22"

// till is raw.orders, raw.rates of elsewhere → mart.sales, with every way in which
// a column comes in, and broken, which could not be bound.
func till() export.OpenLineage {
	n := assets.MustName
	origin := func(input, column string, via lineage.Via) lineage.Origin {
		return lineage.Origin{Input: n(input), Column: column, Via: via}
	}
	output := func(name, kind string, from ...lineage.Origin) lineage.Output {
		return lineage.Output{Column: assets.Column{Name: name, Type: kind}, From: from}
	}
	bound := lineage.Bound{
		Outputs: []lineage.Output{
			output("country", "VARCHAR", origin("raw.orders", "country", lineage.Identity)),
			output("revenue", "DOUBLE", origin("raw.orders", "amount", lineage.Aggregation|lineage.Conditional), origin("raw.rates", "rate", lineage.Aggregation|lineage.Window)),
			output("source", "VARCHAR"),
			output("'"+secret+"'", "VARCHAR"),
		},
		RowsFrom: []lineage.Origin{origin("raw.orders", lineage.RowOrder, lineage.Sort), origin("raw.orders", "country", lineage.Join|lineage.GroupBy|lineage.Filter), origin("raw.rates", "country", lineage.Join)},
	}
	return export.OpenLineage{
		Namespace: "shop",
		Redact:    func(s string) string { return strings.ReplaceAll(s, secret, "(sensitive)") },
		Project: &assets.Project{Name: "shop", Dir: "/srv/shop",
			Sources: map[assets.Name]*assets.Source{
				n("raw.orders"): {Owner: "till@example.com", Reader: assets.Reader{Dir: "/srv/shop/raw", Glob: "orders/*.csv"}},
				n("raw.rates"):  {Description: "Of the bank", Reader: assets.Reader{Dir: "/srv/shop", Glob: "../rates/*.parquet"}},
				n("raw.far"):    {Reader: assets.Reader{Dir: "/srv/shop", Glob: "/data/far.csv"}},
			},
			Assets: map[assets.Name]*assets.Asset{
				n("mart.sales"): {Kind: assets.Table, Description: "Sold", Owner: "finance@example.com", SQL: assets.SQL{Text: "\nselect 1 < 2\n"},
					Columns: []assets.DeclaredColumn{{Name: "Revenue", Description: "In euros, not " + secret}}},
				n("broken"): {Kind: assets.View, SQL: assets.SQL{Text: secret, Sensitive: true}},
			}},
		Graph: &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{
			n("raw.orders"): {Columns: []assets.Column{{Name: "country", Type: "VARCHAR"}, {Name: "amount", Type: "DOUBLE"}}},
			n("raw.rates"):  {Columns: []assets.Column{{Name: "country", Type: "VARCHAR"}, {Name: "rate", Type: "DOUBLE"}}},
			n("raw.far"):    {Unbound: "never seen"},
			n("mart.sales"): {Inputs: []assets.Name{n("raw.orders"), n("raw.rates")}, Columns: bound.Columns(), Bound: bound},
			n("broken"):     {Inputs: []assets.Name{n("raw.far")}, Unbound: "reads raw.far"},
		}},
	}
}

func TestStatic(t *testing.T) {
	var b bytes.Buffer
	if err := till().Static(&b, time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600)), nil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), secret) {
		t.Error("a secret got out")
	}
	var legible bytes.Buffer
	for line := range bytes.Lines(b.Bytes()) {
		if err := json.Indent(&legible, line, "", "  "); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join("testdata", "openlineage.json")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, legible.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), legible.String()); diff != "" {
		t.Errorf("%s differs (-update writes it anew): %s", path, diff)
	}
	v := openlineagetest.New(t)
	for line := range bytes.Lines(b.Bytes()) {
		if err := v.Event(line); err != nil {
			t.Error(err)
		}
	}
}

func TestStaticOfASelection(t *testing.T) {
	n := assets.MustName
	var b bytes.Buffer
	if err := till().Static(&b, time.Time{}, []assets.Name{n("raw.rates"), n("no.such"), n("mart.sales"), n("raw.rates")}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"job":{"namespace":"shop","name":"mart.sales"`) || !strings.Contains(lines[1], `"dataset":{"namespace":"file","name":"/srv/rates/*.parquet"`) {
		t.Errorf("%s", b.String())
	}
}

// What the checks of an asset say of it, also those of which only the outcome is known.
func TestChecked(t *testing.T) {
	o := till()
	name := assets.MustName("mart.sales")
	o.Project.Assets[name].Checks = []assets.Check{
		{Kind: assets.Unique, Columns: []string{"country", "source"}, Description: "One a country"},
		{Kind: assets.Expression, Label: "positive", SQL: assets.SQL{Text: "revenue > 0"}},
		{Kind: assets.Query, Label: "hidden", SQL: assets.SQL{Text: secret, Sensitive: true}},
	}
	o.Graph.Nodes[name].CheckInputs = []assets.Name{assets.MustName("raw.far")}
	inputs := o.Checked(name, []export.CheckOutcome{
		{Check: "unique(country, source)", Kind: assets.Unique, Severity: assets.Error, Passed: true},
		{Check: "positive", Kind: assets.Expression, Severity: assets.Warn, Violations: 3},
		{Check: "hidden", Kind: assets.Query, Severity: assets.Error},
		{Check: "row_count", Kind: assets.RowCount, Severity: assets.Error, Violations: 1},
	})
	want := []export.Assertion{
		{Assertion: "unique", Success: true, Severity: "error", Name: "unique(country, source)", Description: "One a country"},
		{Assertion: "expression", Severity: "warn", Name: "positive", Expected: "0", Actual: "3", Content: "revenue > 0", ContentType: "expression"},
		{Assertion: "custom_sql", Severity: "error", Name: "hidden"},
		{Assertion: "row_count", Severity: "error", Name: "row_count"},
	}
	if diff := cmp.Diff(want, inputs[0].InputFacets.Assertions.Assertions); diff != "" {
		t.Error(diff)
	}
	if len(inputs) != 2 || inputs[0].Name != "mart.sales" || inputs[1].Namespace != "file" || inputs[1].Name != "/data/far.csv" {
		t.Errorf("%+v", inputs)
	}
}
