package server

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// The table of metrics in the documentation names those that there are, with type and labels.
func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/daemon-http.md")
	if err != nil {
		t.Fatal(err)
	}
	d := &fakeDaemon{snapshot: shop()}
	judge(&d.snapshot, planner.CheckPassed)
	d.snapshot.Project.Warehouse = "docs_test.go" // some file
	families, err := New(options()).Gatherer(d.Snapshot).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var have, documented []string
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "assets_") {
			continue
		}
		var labels []string
		for _, label := range family.Metric[0].Label {
			labels = append(labels, label.GetName())
		}
		slices.Sort(labels)
		have = append(have, family.GetName()+" "+strings.ToLower(family.GetType().String())+" "+strings.Join(labels, " "))
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `(assets_[a-z_]+)` \\| ([a-z]+) \\| ([^|]*)\\|").FindAllStringSubmatch(string(text), -1) {
		labels := strings.FieldsFunc(row[3], func(r rune) bool { return strings.ContainsRune(" ,`", r) })
		slices.Sort(labels)
		documented = append(documented, row[1]+" "+row[2]+" "+strings.Join(labels, " "))
	}
	slices.Sort(documented)
	if diff := cmp.Diff(have, documented); diff != "" {
		t.Errorf("there are (-) and documented are (+):\n%s", diff)
	}
}

// judge has the source's only check come out as told.
func judge(s *Snapshot, status planner.CheckStatus) {
	raw := n("raw.orders")
	source := s.Project.Sources[raw]
	source.Checks = []assets.Check{{Kind: assets.NotNull, Columns: []string{"id"}}}
	s.Input.State.Verdicts = map[assets.Name]planner.Verdict{raw: {Source: raw, Version: s.Input.Observed[raw].ID,
		Audit: planner.ChecksDigest(source.Checks), Checks: []planner.CheckResult{{Status: status}}}}
}

func TestMetricsTellOfChecksOfSources(t *testing.T) {
	d := &fakeDaemon{snapshot: shop()}
	judge(&d.snapshot, planner.CheckFailed)
	want := []string{`assets_source_checks{outcome="failed",source="raw.orders"} 1`, `assets_source_checks{outcome="passed",source="raw.orders"} 0`, `assets_source_checks{outcome="warned",source="raw.orders"} 0`}
	if diff := cmp.Diff(want, scrape(t, New(options()), d, "assets_source_checks")); diff != "" {
		t.Error(diff)
	}
}
