package compile

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// lineageCase is one case of shared/data/lineage/cases.json.
type lineageCase struct {
	ID       string                   `json:"id"`
	SQL      string                   `json:"sql"`
	Schema   map[string]columnsOfCase `json:"schema"`
	Expected map[string][]string      `json:"expected"`
	Grade    string                   `json:"oracle_grade"`
}

// columnsOfCase are written as an object, whose order is that of the columns.
type columnsOfCase []assets.Column

func (c *columnsOfCase) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		var typ string
		if err := decoder.Decode(&typ); err != nil {
			return err
		}
		*c = append(*c, assets.Column{Name: name.(string), Type: typ})
	}
	return nil
}

// withoutCatalog drops the catalog from names of three parts: a name of a project
// has two, and which catalog it is looked up in is decided by the run.
func (c *lineageCase) withoutCatalog() {
	for table, columns := range c.Schema {
		if parts := strings.SplitN(table, ".", 3); len(parts) == 3 {
			delete(c.Schema, table)
			c.Schema[parts[1]+"."+parts[2]] = columns
			c.SQL = strings.ReplaceAll(c.SQL, table, parts[1]+"."+parts[2])
			for _, from := range c.Expected {
				for i := range from {
					from[i] = strings.Replace(from[i], table, parts[1]+"."+parts[2], 1)
				}
			}
		}
	}
}

// TestLineageCases compares the direct lineage of each column with what other
// tools say. Where we differ from a case that one tool alone or a person vouches
// for (grade B), docs/lineage-cases.md says why.
func TestLineageCases(t *testing.T) {
	path := os.Getenv("LINEAGE_CASES")
	if path == "" {
		path = filepath.Join("..", "..", "..", "shared", "data", "lineage", "cases.json")
	}
	file, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("%s is not there: it lies beside the project; LINEAGE_CASES names another file", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	var cases struct{ Cases []lineageCase }
	if err := json.Unmarshal(file, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases.Cases) == 0 {
		t.Fatalf("%s has no cases", path)
	}
	judged := judgedCases(t)
	for _, c := range cases.Cases {
		t.Run(c.ID, func(t *testing.T) {
			c.withoutCatalog()
			got := directLineage(t, c)
			diff := cmp.Diff(c.Expected, got)
			reason, isJudged := judged[c.ID]
			switch {
			case diff == "" && isJudged:
				t.Errorf("docs/lineage-cases.md defends a difference that there is not: %s", reason)
			case diff != "" && isJudged && !strings.HasPrefix(c.Grade, "A"):
				t.Logf("differs, see docs/lineage-cases.md: %s", reason)
			case diff != "":
				t.Errorf("%s\ngrade %s (-expected +ours):\n%s", c.SQL, c.Grade, diff)
			}
		})
	}
}

// judgedCases are the ids that docs/lineage-cases.md defends, with its words.
func judgedCases(t *testing.T) map[string]string {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "lineage-cases.md"))
	if err != nil {
		t.Fatal(err)
	}
	judged := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if cells := strings.SplitN(line, "|", 3); len(cells) == 3 && strings.HasPrefix(strings.TrimSpace(cells[1]), "lin-") {
			judged[strings.TrimSpace(cells[1])] = strings.TrimSpace(cells[2])
		}
	}
	return judged
}

// directLineage is From of each output, as the cases write it.
func directLineage(t *testing.T, c lineageCase) map[string][]string {
	t.Helper()
	inputs := map[assets.Name][]assets.Column{}
	for table, columns := range c.Schema {
		name, err := assets.ParseName(table)
		if err != nil {
			t.Fatal(err)
		}
		inputs[name] = columns
	}
	binder := newBinder(t)
	if err := binder.Declare(context.Background(), inputs); err != nil {
		t.Fatal(err)
	}
	bound, err := walk(t, binder, c.SQL, inputs)
	if err != nil {
		t.Fatalf("%s: %v", c.SQL, err)
	}
	got := map[string][]string{}
	for _, o := range bound.Outputs {
		from := []string{}
		for _, origin := range o.From {
			if origin.Column != lineage.RowOrder {
				from = append(from, strings.ToLower(origin.Input.String()+"."+origin.Column))
			}
		}
		slices.Sort(from)
		got[strings.ToLower(o.Name)] = from
	}
	return got
}
