package view

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

func brokenPlan() planner.Plan {
	finance := planner.ContractReader{Asset: n("finance.report"), Owner: "finance@example.com"}
	audit := planner.ContractReader{Asset: n("audit.copy"), Owner: "audit@example.com"}
	return planner.Plan{
		Steps: []planner.Step{step("mart.orders", planner.Rebuild, planner.Reason{Code: planner.DefinitionChanged, Message: "its SQL changed"})},
		Broken: []planner.ContractChange{
			{Asset: n("mart.orders"), Column: "amount", Kind: planner.Gone, Readers: []planner.ContractReader{finance, audit}},
			{Asset: n("mart.orders"), Column: "day", Kind: planner.Nullable, Readers: []planner.ContractReader{audit}},
		},
	}
}

func TestPlanTextTellsWhatItBreaks(t *testing.T) {
	var b bytes.Buffer
	PlanText(&b, brokenPlan(), planner.Options{}, Style{})
	want := `Actions are indicated with these symbols:
  ~ rebuild     build anew, publish if the checks pass

assets will perform the following actions:

  ~ mart.orders  its SQL changed

Contract change: mart.orders no longer has amount
  Read by finance.report (owner finance@example.com) and audit.copy (owner audit@example.com)

Contract change: mart.orders may now have NULL in day
  Read by audit.copy (owner audit@example.com)

Plan: 0 to create, 1 to rebuild, 0 to revalidate, 0 to drop, 0 blocked; 0 unchanged.
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// A warning stands where the column is declared, else at its asset; of a project that is
// not there it has no place.
func TestContractWarningsHaveAPlace(t *testing.T) {
	at := func(file string) hcl.Range { return hcl.Range{Filename: file} }
	p := &assets.Project{Assets: map[assets.Name]*assets.Asset{n("mart.orders"): {
		Decl: at("asset"), Columns: []assets.DeclaredColumn{{Name: "Day", Decl: at("column")}},
	}}}
	for _, test := range []struct {
		project *assets.Project
		want    []string
	}{{p, []string{"asset", "column"}}, {&assets.Project{}, []string{"", ""}}, {nil, []string{"", ""}}} {
		var got []string
		for _, d := range ContractWarnings(test.project, brokenPlan()) {
			place := ""
			if d.Subject != nil {
				place = d.Subject.Filename
			}
			if d.Severity != hcl.DiagWarning {
				t.Errorf("%s is no warning", d.Summary)
			}
			got = append(got, place)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Error(diff)
		}
	}
}
