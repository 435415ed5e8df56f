package session

import (
	"context"
	"errors"

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

// read opens the warehouse for reading, if there is one.
func (s *Session) read(ctx context.Context, do func(*warehouse.DB) error) error {
	db, exists, err := s.openForQuery(ctx)
	if err != nil {
		return err
	}
	if exists {
		err = do(db)
	}
	return errors.Join(err, db.Close())
}
