package materialize

import (
	"context"
	"fmt"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/check"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Report is what the checks found that were run outside a run.
type Report struct {
	ID         string // of this look; no run has it
	Judgements []planner.Judgement
	// Unpublished are assets of which nothing is published, so that there was nothing to check.
	Unpublished []assets.Name
	Audits      warehouse.Audits // to be recorded
}

// Check runs the checks of the named assets on what is published, and of the named
// sources on their current versions. It builds and changes nothing.
func (x *Executor) Check(ctx context.Context, p *assets.Project, names []assets.Name) (Report, error) {
	r := &run{Executor: x, project: p, tasks: map[assets.Name]*task{}, strayed: map[assets.Name]bool{}, began: x.Now(), onDemand: true}
	r.id = r.newID()
	defer r.enter()()
	var err error
	if r.catalog, err = newCatalog(ctx, r); err != nil {
		return Report{}, err
	}
	defer r.catalog.close(context.WithoutCancel(ctx))
	c, err := r.catalog.conn(ctx)
	if err != nil {
		return Report{}, err
	}
	defer r.catalog.release(c)
	report := Report{ID: r.id}
	read := map[assets.Name]bool{}
	for _, name := range names {
		checks := checksOf(p, name)
		if len(checks) == 0 {
			continue
		}
		for _, looked := range append([]assets.Name{name}, r.Graph.Nodes[name].CheckInputs...) {
			if p.Sources[looked] != nil {
				read[looked] = true
			}
		}
		last, published := r.State.Last[planner.Key{Asset: name}]
		switch {
		case p.Sources[name] != nil:
			j := r.verdicts.of(name)
			j.verdict, err = r.judgeSource(ctx, c, p.Sources[name])
			if j.anew = err == nil; err != nil && ctx.Err() == nil {
				r.keep(name, "", planner.OnDemand, r.unread(checks, err))
			}
		case !published:
			report.Unpublished = append(report.Unpublished, name)
		default:
			err = r.checkPublished(ctx, c, last, checks)
		}
		if ctx.Err() != nil {
			return Report{}, ctx.Err()
		}
		if err != nil && p.Sources[name] == nil {
			return Report{}, fmt.Errorf("check %s: %w", name, err)
		}
	}
	if err := r.unsettled(ctx, read); err != nil {
		return Report{}, err
	}
	for i := range r.judgements {
		r.judgements[i].Occasion = planner.OnDemand
	}
	report.Audits = r.audits()
	report.Judgements = report.Audits.Judgements
	return report, nil
}

// checkPublished runs the checks of a published asset.
func (r *run) checkPublished(ctx context.Context, c *warehouse.Conn, last planner.Materialization, checks []assets.Check) error {
	for _, name := range append([]assets.Name{last.Asset}, r.Graph.Nodes[last.Asset].CheckInputs...) {
		if _, err := r.catalog.resolve(ctx, name); err != nil {
			r.keep(last.Asset, last.Made.ID, planner.OnDemand, r.unread(checks, err))
			return nil
		}
	}
	records, err := r.DB.RecordsOfAsset(ctx, last.Asset, LooksBack(checks)+1)
	if err != nil {
		return err
	}
	s := r.scanOf(last.Asset, warehouse.NameRef(last.Asset), last.Made.Columns, checks)
	s.ChecksOnly, s.History = true, measured(records, last.Made.ID)
	for _, before := range records {
		if isVersion(before) && before.Made.ID != last.Made.ID && before.Table != "" {
			s.Previous = &before.Rows
			break
		}
	}
	audit, err := check.Run(ctx, c, s)
	if err != nil {
		return err
	}
	r.keep(last.Asset, last.Made.ID, planner.OnDemand, audit.Results)
	return nil
}

// unread are the results of checks of what could not be read.
func (r *run) unread(checks []assets.Check, err error) (results []planner.CheckResult) {
	for _, c := range checks {
		results = append(results, planner.CheckResult{Check: c.ID(), Kind: c.Kind, Severity: c.Severity, Status: planner.CheckFailed,
			Message: r.redact("could not be run: " + warehouse.Limited(err).Error())})
	}
	return results
}
