package view

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// RunDiagnostics tells what a run could not do, and what checks found, each at
// the place in the project that it is about.
func RunDiagnostics(p *assets.Project, plan planner.Plan, result materialize.Result) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, r := range result.Assets {
		asset := p.Assets[r.Asset]
		if asset == nil {
			continue
		}
		failedChecks := false
		for _, check := range r.Record.Checks {
			if check.Status == planner.CheckPassed && check.Quarantined == 0 {
				continue
			}
			failedChecks = failedChecks || check.Status == planner.CheckFailed
			diags = append(diags, checkDiagnostic(asset, check))
		}
		if r.Outcome == materialize.FailedBuild && !failedChecks {
			message, place := explainError(asset, r.Message)
			if place == nil {
				place = asset.Decl.Ptr()
			}
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: fmt.Sprintf("Asset %s failed", r.Asset),
				Detail: Sentence(message) + "\n\n" + kept, Subject: place,
			})
		}
	}
	for _, step := range plan.Steps {
		if step.Action != planner.Blocked {
			continue
		}
		d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("Asset %s is blocked", step.Asset), Detail: "It cannot be built now: " + strings.TrimSuffix(joinReasons(step), ".") + "."}
		if asset := p.Assets[step.Asset]; asset != nil {
			d.Subject = asset.Decl.Ptr()
		}
		diags = append(diags, d)
	}
	return diags
}

const kept = "Its last good version, if there is one, stays visible, and so does that of everything made from it."

func checkDiagnostic(asset *assets.Asset, check planner.CheckResult) *hcl.Diagnostic {
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("Asset %s fails its check %s", asset.Name, check.Check), Subject: asset.Decl.Ptr()}
	consequence := kept
	switch {
	case check.Status == planner.CheckWarned:
		d.Severity = hcl.DiagWarning
		consequence = ""
	case check.Quarantined > 0:
		d.Severity = hcl.DiagWarning
		d.Summary = fmt.Sprintf("%s of asset %s quarantined by its check %s", Count(check.Quarantined, "row"), asset.Name, check.Check)
		consequence = "The other rows are published. To see these, run: assets quarantine show " + asset.Name.String()
	}
	for _, declared := range asset.Checks {
		if declared.ID() == check.Check && declared.Decl.Filename != "" {
			d.Subject = declared.Decl.Ptr()
		}
	}
	var b strings.Builder
	CheckText(&b, check, Style{})
	_, rows, _ := strings.Cut(b.String(), "\n")
	message := check.Message
	if message == "" {
		message = Count(check.Violations, "row") + " in violation"
	}
	d.Detail = Sentence(message)
	if rows != "" {
		d.Detail += "\n\n" + strings.TrimRight(rows, "\n")
	}
	if consequence != "" {
		d.Detail += "\n\n" + consequence
	}
	return d
}

// joinReasons says why a step is blocked. That what is blocked was never built is no cause.
func joinReasons(step planner.Step) string {
	var messages []string
	for _, reason := range step.Reasons {
		if reason.Code != planner.Missing {
			messages = append(messages, reason.Message)
		}
	}
	return strings.Join(messages, "; ")
}
