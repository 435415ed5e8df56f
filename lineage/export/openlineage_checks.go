package export

import (
	"strconv"

	"github.com/seed-4311623e/assets/assets"
)

// CheckOutcome is how a check of an asset came out.
type CheckOutcome struct {
	Check      string // assets.Check.ID
	Kind       assets.CheckKind
	Severity   assets.Severity
	Passed     bool
	Violations int64 // rows; 0 also if the check could not be run
}

// Checked is what the job that checks an asset read: the asset with the outcomes,
// and what its checks look at besides. OpenLineage has assertions at inputs: a
// check reads what it asserts something of. Without outcomes they are not known yet.
func (o OpenLineage) Checked(name assets.Name, outcomes []CheckOutcome) []InputDataset {
	checked := InputDataset{Dataset: o.bare(name)}
	if len(outcomes) > 0 {
		f := &AssertionsFacet{Facet: facet("1-1-0", "DataQualityAssertionsDatasetFacet")}
		for _, outcome := range outcomes {
			f.Assertions = append(f.Assertions, o.assertion(name, outcome))
		}
		checked.InputFacets.Assertions = f
	}
	inputs := []InputDataset{checked}
	if node := o.Graph.Nodes[name]; node != nil {
		for _, input := range node.CheckInputs {
			inputs = append(inputs, InputDataset{Dataset: o.bare(input)})
		}
	}
	return inputs
}

func (o OpenLineage) assertion(name assets.Name, outcome CheckOutcome) Assertion {
	a := Assertion{Assertion: string(outcome.Kind), Success: outcome.Passed, Severity: string(outcome.Severity), Name: o.redact(outcome.Check)}
	if outcome.Kind == assets.Query {
		a.Assertion = "custom_sql" // OpenLineage's word for it
	}
	if outcome.Violations > 0 && outcome.Kind != assets.RowCount {
		a.Expected, a.Actual = "0", strconv.FormatInt(outcome.Violations, 10)
	}
	asset := o.Project.Assets[name]
	if asset == nil {
		return a
	}
	for _, check := range asset.Checks {
		if check.ID() != outcome.Check {
			continue
		}
		a.Description = o.redact(check.Description)
		if len(check.Columns) == 1 {
			a.Column = o.redact(check.Columns[0])
		}
		if check.SQL.Text != "" && !check.SQL.Sensitive {
			a.Content, a.ContentType = o.redact(check.SQL.Text), string(check.Kind)
		}
	}
	return a
}
