package session

import (
	"context"
	"sync"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// holder shares one open warehouse among all who need it in this process: DuckDB
// would refuse to open the file twice. The first opens it, the last closes it.
type holder struct {
	mu    sync.Mutex
	db    *warehouse.DB
	users int
}

// acquire opens the warehouse if nobody has. Each release ends one acquire.
func (h *holder) acquire(ctx context.Context, o warehouse.Options) (db *warehouse.DB, release func() error, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users == 0 {
		if h.db, err = warehouse.Open(ctx, o); err != nil {
			return nil, nil, err
		}
	}
	h.users++
	return h.db, h.release, nil
}

func (h *holder) release() (err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users--; h.users == 0 {
		err = h.db.Close()
		h.db = nil
	}
	return err
}

// snapshot reads the state of the warehouse: as it is open already, or else by load,
// while nobody opens it. That a file is opened twice, or another handle of it closed,
// takes the lock of the process away.
func (h *holder) snapshot(ctx context.Context, load func() (warehouse.Snapshot, error)) (warehouse.Snapshot, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users > 0 {
		return h.db.Snapshot(ctx)
	}
	return load()
}
