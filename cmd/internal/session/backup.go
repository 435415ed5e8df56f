package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Backup copies the warehouse to a new file, while others may read it. found is what is
// wrong with the warehouse, and so with the backup.
func (s *Session) Backup(ctx context.Context, path string, force bool) (size int64, found []warehouse.Finding, diags hcl.Diagnostics) {
	const cannot = "No backup was made"
	if !exists(s.Project.Warehouse) {
		return 0, nil, fault(cannot, fmt.Errorf("there is no warehouse yet: run `assets apply` first"))
	}
	if info, err := os.Stat(path); err == nil && !info.IsDir() && !force {
		return 0, nil, fault(cannot, fmt.Errorf("%s exists already. Name another file, or give -force to replace it", path))
	}
	size, found, err := warehouse.Backup(ctx, s.warehouse(true), path)
	if err != nil {
		return 0, nil, halted(ctx, cannot, err)
	}
	return size, found, nil
}

// Restore puts a backup into the warehouse's place. What was there is kept beside it.
func (s *Session) Restore(ctx context.Context, path string, force bool) (warehouse.Restored, hcl.Diagnostics) {
	const cannot = "Nothing was restored"
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return warehouse.Restored{}, fault(cannot, fmt.Errorf("there is no file %s", path))
	}
	done, err := warehouse.Restore(ctx, s.warehouse(false), path, warehouse.Restoring{Force: force, Now: s.Now()})
	if err != nil {
		return done, halted(ctx, cannot, err)
	}
	return done, nil
}
