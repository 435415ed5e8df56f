package server

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

const docs = "../../../docs/"

// metricName finds the names of metrics that a process of ours exposes.
var metricName = regexp.MustCompile(`\b(assets|process|go)_[a-z0-9_]+\b`)

// exposed are the names that a query may use: those of what the server really exposes.
func exposed(t *testing.T) map[string]bool {
	t.Helper()
	s, d := New(options()), &fakeDaemon{snapshot: shop()}
	judge(&d.snapshot, planner.CheckPassed)
	d.snapshot.Project.Warehouse = "operating_test.go" // some file
	s.Observe(materialize.Event{Type: materialize.AssetFinished, Asset: n("mart.sales"), Outcome: materialize.Built})
	families, err := s.Gatherer(d.Snapshot).Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range families {
		names[f.GetName()] = true
		if f.GetType().String() == "HISTOGRAM" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				names[f.GetName()+suffix] = true
			}
		}
	}
	return names
}

// promtool runs promtool, if there is one.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: apt-get install prometheus")
	}
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The dashboard is JSON whose queries can be parsed and ask for nothing that does not exist.
func TestTheDashboard(t *testing.T) {
	text, err := os.ReadFile(docs + "grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	var queries, others []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, each := range v {
				walk(each)
			}
		case map[string]any:
			for key, each := range v {
				query, ok := each.(string)
				switch {
				case ok && key == "expr":
					queries = append(queries, query)
				case ok && (key == "query" || key == "definition"):
					others = append(others, query)
				}
				walk(each)
			}
		}
	}
	walk(doc)
	if len(queries) < 20 {
		t.Fatalf("found only %d queries", len(queries))
	}
	names := exposed(t)
	for _, query := range append(others, queries...) {
		for _, name := range metricName.FindAllString(query, -1) {
			if !names[name] {
				t.Errorf("there is no %s: %s", name, query)
			}
		}
	}
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	for i, query := range queries {
		query = strings.NewReplacer("$__rate_interval", "5m", "$job", ".*", "$instance", ".*", "$asset", ".*").Replace(query)
		fmt.Fprintf(&rules, "  - record: query:%d\n    expr: %q\n", i, query)
	}
	path := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(path, []byte(rules.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", path)
}

func TestTheAlertRules(t *testing.T) {
	names := exposed(t)
	for _, file := range []string{"prometheus-rules.yml", "prometheus-rules-test.yml"} {
		text, err := os.ReadFile(docs + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range metricName.FindAllString(string(text), -1) {
			if !names[name] {
				t.Errorf("%s: there is no %s", file, name)
			}
		}
	}
	promtool(t, "check", "rules", docs+"prometheus-rules.yml")
	promtool(t, "test", "rules", docs+"prometheus-rules-test.yml")
}
