package session

import (
	"context"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Runs returns the latest runs, newest first.
func (s *Session) Runs(ctx context.Context, limit int) (runs []warehouse.Run, diags hcl.Diagnostics) {
	err := s.read(ctx, func(db *warehouse.DB) (err error) {
		runs, err = db.Runs(ctx, limit)
		return err
	})
	if err != nil {
		return nil, fault("Cannot read the runs", err)
	}
	return runs, nil
}

// RecordsOfRun returns what one run did to each asset.
func (s *Session) RecordsOfRun(ctx context.Context, run string) (records []planner.Materialization, diags hcl.Diagnostics) {
	err := s.read(ctx, func(db *warehouse.DB) (err error) {
		records, err = db.RecordsOfRun(ctx, run)
		return err
	})
	if err != nil {
		return nil, fault("Cannot read the run", err)
	}
	return records, nil
}
