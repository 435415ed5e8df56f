package materialize

import (
	"context"
	"slices"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/check"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// scanOf is what every scan of a source's or an asset's rows by its checks has in
// common: it is here that columns are named whose values must not be shown.
func (r *run) scanOf(of assets.Name, relation string, columns []assets.Column, checks []assets.Check) check.Scan {
	s := check.Scan{Relation: relation, Columns: columns, Checks: checks, Now: r.Now(), Redact: r.Redact}
	if a := r.project.Assets[of]; a != nil {
		s.Sensitive = a.SensitiveColumns()
		s.SensitiveElsewhere = slices.ContainsFunc(r.Graph.Nodes[of].CheckInputs, r.hasSensitive)
	}
	return s
}

// check audits a relation: a phase of the work on whatever p names.
func (r *run) check(ctx context.Context, c *warehouse.Conn, p Phase, s check.Scan) (audit check.Audit, err error) {
	p.Kind = CheckPhase
	err = r.phase(p, func(p *Phase) (err error) {
		audit, err = check.Run(ctx, c, s)
		p.Rows, p.Checks = audit.Rows, audit.Results
		return err
	})
	return audit, err
}

// keep keeps what checks found for the history.
func (r *run) keep(of assets.Name, version assets.Digest, occasion planner.Occasion, results []planner.CheckResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, result := range results {
		r.judgements = append(r.judgements, planner.Judgement{
			Run: r.id, Of: of, Version: version, Occasion: occasion, At: r.Now(), CheckResult: result,
		})
	}
}

// withoutKept are results as a record holds them.
func withoutKept(results []planner.CheckResult) []planner.CheckResult {
	out := slices.Clone(results)
	for i := range out {
		out[i].Kept = nil
	}
	return out
}

// occasion is why the checks of a task are run.
func (t *task) occasion() planner.Occasion {
	if t.record.Status == "" || t.record.Status == planner.Staged {
		return planner.OnBuild
	}
	return planner.OnRevalidate
}

// audits is all that checks found, for the publish. Of a check that was run again
// because a source moved or something was withheld, the last result counts.
func (r *run) audits() warehouse.Audits {
	type key struct {
		of       assets.Name
		check    string
		occasion planner.Occasion
	}
	a := warehouse.Audits{Declared: map[assets.Name][]string{}, Verdicts: r.verdicts.judged()}
	seen := map[key]bool{}
	for _, j := range slices.Backward(r.judgements) {
		if k := (key{j.Of, j.Check, j.Occasion}); !seen[k] {
			seen[k] = true
			a.Judgements = append(a.Judgements, j)
		}
	}
	slices.Reverse(a.Judgements)
	for _, j := range a.Judgements {
		if a.Declared[j.Of] == nil {
			a.Declared[j.Of] = declared(r.project, j.Of)
		}
	}
	for _, step := range r.drops {
		a.Forget = append(a.Forget, step.Asset)
	}
	return a
}

// declared names the checks that the project declares of a source or asset.
func declared(p *assets.Project, name assets.Name) []string {
	ids := []string{}
	for _, c := range checksOf(p, name) {
		ids = append(ids, c.ID())
	}
	return ids
}

func checksOf(p *assets.Project, name assets.Name) []assets.Check {
	if source := p.Sources[name]; source != nil {
		return source.Checks
	}
	if asset := p.Assets[name]; asset != nil {
		return asset.Checks
	}
	return nil
}
