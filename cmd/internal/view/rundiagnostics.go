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
	diags, condemned := sourceDiagnostics(p, result)
	steps := Steps(plan)
	for _, r := range result.Assets {
		asset := p.Assets[r.Asset]
		if asset == nil || condemned[r.Asset] {
			continue
		}
		kept := keptVersion
		if steps[r.Asset].Action == planner.Create {
			kept = nothingKept
		}
		failedChecks := false
		for _, check := range r.Record.Checks {
			if check.Status == planner.CheckPassed && check.Quarantined == 0 {
				continue
			}
			failedChecks = failedChecks || check.Status == planner.CheckFailed
			diags = append(diags, checkDiagnostic("Asset "+asset.Name.String(), asset.Decl, asset.Checks, check, kept))
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

// What becomes of the version of an asset that readers see.
const (
	keptVersion = "Its last good version stays visible, and so does that of everything made from it."
	nothingKept = "There is no version of it to be read. Everything made from it stays as it is."
)

// sourceDiagnostics tells what the checks of sources found, and which assets were
// not built because of that.
func sourceDiagnostics(p *assets.Project, result materialize.Result) (diags hcl.Diagnostics, condemned map[assets.Name]bool) {
	condemned = map[assets.Name]bool{}
	for _, verdict := range result.Sources {
		source := p.Sources[verdict.Source]
		var held []assets.Name
		for _, r := range result.Assets {
			if r.Source == verdict.Source {
				held = append(held, r.Asset)
				condemned[r.Asset] = true
			}
		}
		consequence := ""
		if len(held) > 0 {
			consequence = fmt.Sprintf("What reads it was not built from this delivery: %s. Its last good version, if there is one, stays visible, and so does that of everything made from it.", names(held, "and"))
		}
		for _, check := range verdict.Checks {
			if check.Status != planner.CheckPassed {
				diags = append(diags, checkDiagnostic("Source "+verdict.Source.String(), source.Decl, source.Checks, check, consequence))
			}
		}
	}
	return diags, condemned
}

// checkDiagnostic tells of a check that did not pass, and what follows if it failed.
func checkDiagnostic(of string, decl hcl.Range, declared []assets.Check, check planner.CheckResult, consequence string) *hcl.Diagnostic {
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("%s fails its check %s", of, check.Check), Subject: decl.Ptr()}
	switch {
	case check.Status == planner.CheckWarned:
		d.Severity = hcl.DiagWarning
		consequence = ""
	case check.Quarantined > 0:
		d.Severity = hcl.DiagWarning
		d.Summary = fmt.Sprintf("%s of %s quarantined by its check %s", Count(check.Quarantined, "row"), strings.ToLower(of[:1])+of[1:], check.Check)
		_, name, _ := strings.Cut(of, " ")
		consequence = "The other rows are published. To see these, run: assets quarantine show " + name
	}
	advice := ""
	for _, c := range declared {
		if c.ID() == check.Check && c.Decl.Filename != "" {
			d.Subject, advice = c.Decl.Ptr(), c.Description
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
	if advice != "" {
		d.Detail += "\n\n" + Sentence(advice)
	}
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
