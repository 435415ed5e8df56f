package materialize

import (
	"context"
	"fmt"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// loadTable copies a table of another database into the run's memory: all that read it
// in this run read one version, and its database is left alone meanwhile. If that is
// not the version that was looked at, the run finds that out when all is built.
func (k *catalog) loadTable(ctx context.Context, name assets.Name, look observe.Look, e *entry) error {
	e.kind = "TABLE"
	version, err := observe.Load(ctx, k.run.DB, look, k.run.catalogName+"."+warehouse.NameRef(name))
	if err != nil {
		return fmt.Errorf("source %s cannot be read: %w", name, err)
	}
	if version != look.ID {
		k.run.mu.Lock()
		defer k.run.mu.Unlock()
		k.run.strayed[name] = true
	}
	return nil
}

// changed reports whether what was read of a source may be another version than the
// one that was looked at.
func (r *run) changed(ctx context.Context, name assets.Name) (bool, error) {
	if r.hasStrayed(name) {
		return true, nil
	}
	path, err := observe.Changed(ctx, r.Sources[name])
	return path != "", err
}

// hasStrayed reports whether a table was not what was looked at when it was copied.
func (r *run) hasStrayed(name assets.Name) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.strayed[name]
}
