package session

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"sync"

	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/cmd/internal/holder"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// holding shares one open warehouse among all who need it in this process: DuckDB
// would refuse to open the file twice. The first opens it, the last closes it. In between
// other processes are answered, to which DuckDB refuses it, too.
type holding struct {
	command string // of the command line
	log     zerolog.Logger
	runs    holder.Runs // that go on

	mu     sync.Mutex
	db     *warehouse.DB
	server *holder.Server // nil: nobody is answered
	users  int
}

// acquire opens the warehouse for writing if nobody has. Each release ends one acquire.
func (h *holding) acquire(ctx context.Context, o warehouse.Options) (db *warehouse.DB, release func() error, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users == 0 {
		if h.db, err = warehouse.Open(ctx, o); err != nil {
			return nil, nil, err
		}
		if h.server, err = holder.Serve(h.db, o.Path, h.command, &h.runs, h.log); err != nil {
			// Others then are told that the file is in use.
			h.log.Warn().Err(err).Msg("other processes are not answered while this one holds the warehouse")
		}
	}
	h.users++
	return h.db, h.release, nil
}

func (h *holding) release() (err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users--; h.users == 0 {
		h.server.Drain()
		// What closing would do of itself takes long after a large run. It is done while
		// others can still be told that they have to wait; if it is refused, closing does it.
		if err := h.db.Checkpoint(context.Background()); err != nil {
			h.log.Debug().Err(err).Msg("the log is moved into the file on closing it")
		}
		h.server.Close()
		err = h.db.Close()
		h.db, h.server = nil, nil
	}
	return err
}

// snapshot reads the state of the warehouse: as it is open already, or else by load,
// while nobody opens it. That a file is opened twice, or another handle of it closed,
// takes the lock of the process away.
func (h *holding) snapshot(ctx context.Context, load func() (warehouse.Snapshot, error)) (warehouse.Snapshot, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users > 0 {
		return h.db.Snapshot(ctx)
	}
	return load()
}

// forReading are the options for reading the warehouse: through the process that holds it,
// if one of this program does.
func (s *Session) forReading() warehouse.Options {
	o := s.warehouse(true)
	o.Held = func(ctx context.Context) (*sql.DB, error) {
		pool, info, err := holder.Pool(ctx, o.Path)
		if pool != nil {
			s.Log.Debug().Str("command", info.Command).Int("pid", info.PID).Msg("answered by the process that holds the warehouse")
		}
		return pool, err
	}
	return o
}

// load reads the warehouse's state. A file that may be written is opened for that if a
// crash left a log behind, which belongs into it.
func (s *Session) load(ctx context.Context) (warehouse.Snapshot, error) {
	o := s.forReading()
	o.ReadOnly = !s.mayWrite()
	return warehouse.Load(ctx, o, s.cache("state"))
}

// write calls do with the warehouse open for writing, which other processes read meanwhile
// by way of this one.
func (s *Session) write(ctx context.Context, do func(*warehouse.DB) error) error {
	db, release, err := s.hold.acquire(ctx, s.warehouse(false))
	if err != nil {
		return err
	}
	return errors.Join(do(db), release())
}

// read calls do with the warehouse open for reading, if there is one; again if the process
// that answered for it ended meanwhile.
func (s *Session) read(ctx context.Context, do func(*warehouse.DB) error) error {
	if _, err := os.Stat(s.Project.Warehouse); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return warehouse.Read(ctx, s.forReading(), do)
}
