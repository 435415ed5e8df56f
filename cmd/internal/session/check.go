package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/check"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Checked compiles the project and resolves selectors to sources and assets; without
// any, to those that have checks.
func (s *Session) Checked(ctx context.Context, selectors []string) ([]assets.Name, hcl.Diagnostics) {
	diags := s.look(ctx, false)
	if diags.HasErrors() {
		return nil, diags
	}
	names, more := s.Select(selectors)
	diags = append(diags, more...)
	if len(selectors) > 0 {
		return names, diags
	}
	return s.withChecks(names), diags
}

// Check runs the checks of the named assets on what is published, and of the named
// sources on their current versions. It changes no data; what was found is recorded.
func (s *Session) Check(ctx context.Context, names []assets.Name) (materialize.Report, hcl.Diagnostics) {
	if !s.anythingToCheck(names) {
		return materialize.Report{Unpublished: s.withChecks(names)}, nil
	}
	db, release, err := s.hold.acquire(ctx, s.warehouse(false))
	if err != nil {
		return materialize.Report{}, fault("Cannot open the warehouse, in which results are recorded", err)
	}
	report, state, err := s.check(ctx, db, names)
	err = errors.Join(err, release())
	mark, _ := warehouse.MarkOf(s.Project.Warehouse) // what has none is not cached
	if err != nil {
		return report, fault("The checks could not be run", err)
	}
	warehouse.Save(mark, s.cache("state"), warehouse.Snapshot{State: state, Observed: maps.Clone(s.recorded)})
	return report, nil
}

func (s *Session) check(ctx context.Context, db *warehouse.DB, names []assets.Name) (materialize.Report, planner.State, error) {
	state, err := db.State(ctx)
	if err != nil {
		return materialize.Report{}, state, err
	}
	x := materialize.Executor{DB: db, Graph: s.Graph, State: state, Sources: s.Looks, Parallelism: 1, Now: s.Now, Redact: s.Redactor.String}
	report, err := x.Check(ctx, s.Project, names)
	if err != nil {
		return report, state, err
	}
	if err := db.RecordAudits(ctx, report.Audits); err != nil {
		return report, state, fmt.Errorf("record what was found: %w", err)
	}
	for _, verdict := range report.Audits.Verdicts {
		state.Verdicts[verdict.Source] = verdict
	}
	return report, state, nil
}

// anythingToCheck reports whether there is data that a check could be run on.
func (s *Session) anythingToCheck(names []assets.Name) bool {
	_, err := os.Stat(s.Project.Warehouse)
	for _, name := range s.withChecks(names) {
		if s.Project.Sources[name] != nil || !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

func (s *Session) withChecks(names []assets.Name) (with []assets.Name) {
	for _, name := range names {
		if len(s.checksOf(name)) > 0 {
			with = append(with, name)
		}
	}
	return with
}

func (s *Session) checksOf(name assets.Name) []assets.Check {
	if source := s.Project.Sources[name]; source != nil {
		return source.Checks
	}
	if asset := s.Project.Assets[name]; asset != nil {
		return asset.Checks
	}
	return nil
}

// CheckPlan is what `assets check` would run on one source or asset.
type CheckPlan struct {
	Of         assets.Name
	Statements []check.Statement
}

// ExplainChecks returns the statements that the checks of the named sources and
// assets take. It runs none of them.
func (s *Session) ExplainChecks(names []assets.Name) ([]CheckPlan, hcl.Diagnostics) {
	var plans []CheckPlan
	for _, name := range s.withChecks(names) {
		columns := s.Graph.Nodes[name].Columns
		statements, err := check.Explain(check.Scan{Relation: warehouse.NameRef(name), Columns: columns, Checks: s.checksOf(name), ChecksOnly: true})
		if err != nil {
			return nil, fault("Cannot explain the checks of "+name.String(), err)
		}
		plans = append(plans, CheckPlan{name, statements})
	}
	return plans, nil
}

// Judgements returns what the checks of the named sources and assets found, newest
// first, at most limit of each.
func (s *Session) Judgements(ctx context.Context, names []assets.Name, limit int) ([]planner.Judgement, hcl.Diagnostics) {
	return s.judgements(ctx, names, func(db *warehouse.DB, name assets.Name) ([]planner.Judgement, error) {
		return db.Judgements(ctx, name, limit)
	})
}

// Violations returns the newest result of each check of which violating rows are kept.
func (s *Session) Violations(ctx context.Context, names []assets.Name) ([]planner.Judgement, hcl.Diagnostics) {
	return s.judgements(ctx, names, func(db *warehouse.DB, name assets.Name) ([]planner.Judgement, error) {
		return db.Violations(ctx, name)
	})
}

func (s *Session) judgements(ctx context.Context, names []assets.Name, of func(*warehouse.DB, assets.Name) ([]planner.Judgement, error)) (all []planner.Judgement, diags hcl.Diagnostics) {
	err := s.read(ctx, func(db *warehouse.DB) error {
		all = nil
		for _, name := range names {
			found, err := of(db, name)
			if err != nil {
				return err
			}
			all = append(all, found...)
		}
		return nil
	})
	if err != nil {
		return nil, fault("Cannot read what checks found", err)
	}
	return all, nil
}
