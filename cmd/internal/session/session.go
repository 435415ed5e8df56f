package session

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/config"
	"github.com/seed-4311623e/assets/cmd/internal/holder"
	"github.com/seed-4311623e/assets/cmd/internal/telemetry"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/compile"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Options are what a session needs to know besides the project's files.
type Options struct {
	Dir      string            // the project's directory
	Vars     map[string]string // values of variables, as typed
	VarFiles []string
	Environ  []string // "K=V"
	Command  string   // of the command line, as "apply": what others are told of this process
	// NoCommands has no command run that tells a secret. What depends on one is left
	// out, as far as its text matters.
	NoCommands bool
	// LockTimeout is how long to wait for another process that holds the warehouse.
	LockTimeout time.Duration
	// Parallelism is how many assets are built at once; 0: as many as there are cores.
	Parallelism int
	// Settle is for how long a file must not have changed before it is taken, if its
	// source says nothing of it. A daemon sees files while they are being written.
	Settle   time.Duration
	Log      zerolog.Logger
	Redactor *Redactor // told of the project's secrets
	Now      func() time.Time
	At       time.Time // the moment that plans are made for; zero: when they are made
	// Emit is told of what happens during Apply, one call at a time.
	Emit func(materialize.Event)
	// Telemetry sends traces and metrics; nil: nobody wants any.
	Telemetry *telemetry.Telemetry
}

// Session is one look at a project. It is for one goroutine.
type Session struct {
	Options
	Project *assets.Project
	Graph   *lineage.Graph // after Compile
	State   planner.State  // after Plan
	Looks   map[assets.Name]observe.Look
	// Overtaken says that Apply did nothing: another run had been published after
	// the plan was made.
	Overtaken bool
	// Stopped says that a person ended the run of Apply.
	Stopped bool

	recorded map[assets.Name]planner.Observation // in the warehouse
	lately   map[assets.Name]planner.Observation // by the latest look, as cached
	cached   int                                 // looks
	failing  map[assets.Name]time.Time           // since when looks at a source have failed
	known    map[assets.Name]planner.Observation // the newer of both
	planned  map[planner.Planned]time.Time       // not in the warehouse yet
	prepared *planner.Prepared                   // nil: not worth it for one plan

	// seen are the latest looks, before any was found not to fit the project.
	seen map[assets.Name]observe.Look

	memory *memory  // for sniffing
	hold   *holding // who has the warehouse open, in a process that does more than one thing
}

// memory is an instance without a warehouse, started when first needed.
type memory struct {
	mu sync.Mutex // sources are sniffed in parallel
	db *warehouse.DB
}

// Open reads the project's files. The session can be used for showing
// diagnostics even if these have errors.
func Open(o Options) (*Session, hcl.Diagnostics) {
	if o.Parallelism <= 0 {
		o.Parallelism = runtime.GOMAXPROCS(0)
	}
	if o.Redactor == nil {
		o.Redactor = &Redactor{}
	}
	s := &Session{Options: o, memory: &memory{}, hold: &holding{command: o.Command, log: o.Log}}
	began := time.Now()
	var diags hcl.Diagnostics
	read := config.Options{Vars: o.Vars, VarFiles: o.VarFiles, Environ: o.Environ}
	if !o.NoCommands {
		read.Run = func(c config.Command) (config.Output, error) { return tell(c, o.Environ) }
	}
	s.Project, diags = config.Load(o.Dir, read)
	s.Redactor.Add(s.Project.Secrets)
	s.Log.Debug().Int("files", len(s.Project.Files)).Int("sources", len(s.Project.Sources)).Int("assets", len(s.Project.Assets)).
		Stringer("took", time.Since(began)).Msg("read the project")
	return s, diags
}

// Close gives up what was opened on the way.
func (s *Session) Close() {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if s.memory.db == nil {
		return
	}
	if err := s.memory.db.Close(); err != nil {
		s.Log.Warn().Err(err).Msg("could not close DuckDB")
	}
	s.memory.db = nil
}

// cache is the path of a file in .assets, which is made when first needed. All
// that is in it can be found out again, so a directory that cannot be written
// is no error.
func (s *Session) cache(file string) string {
	dir := filepath.Join(s.Project.Dir, ".assets")
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Stat(ignore); err != nil {
		err := os.MkdirAll(dir, 0o777)
		if err == nil {
			err = os.WriteFile(ignore, []byte("*\n"), 0o666)
		}
		if err != nil {
			s.Log.Debug().Err(err).Msg("nothing is cached")
		}
	}
	return filepath.Join(dir, file)
}

// openMemory starts the instance that columns of files are sniffed with.
func (s *Session) openMemory() (db *warehouse.DB, err error) {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if s.memory.db == nil {
		// Not bound to the caller's context: others use it after that is done.
		s.memory.db, err = s.scratch(context.Background())
	}
	return s.memory.db, err
}

// scratch starts an instance without a warehouse.
func (s *Session) scratch(ctx context.Context) (*warehouse.DB, error) {
	db, err := warehouse.Memory(ctx)
	if err != nil {
		return nil, err
	}
	limits := s.limits()
	// When one instance is closed it clears its directory, which another may be using.
	limits.TempDirectory += "-scratch"
	if err := db.Limit(ctx, limits); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// limits are what an instance may use of the machine.
func (s *Session) limits() warehouse.Limits {
	limits := s.Project.DuckDB
	if limits.TempDirectory == "" {
		limits.TempDirectory = s.cache("tmp")
	}
	return limits
}

// openBinder starts an instance that statements are bound with.
func (s *Session) openBinder(ctx context.Context) func() (compile.Binder, error) {
	return func() (compile.Binder, error) {
		b, err := warehouse.NewBinder(ctx)
		if err != nil {
			return nil, err
		}
		return b, nil
	}
}

// mayWrite says whether the warehouse's file may be written. One that may not can
// still be looked at.
func (s *Session) mayWrite() bool {
	f, err := os.OpenFile(s.Project.Warehouse, os.O_RDWR, 0)
	if err == nil {
		f.Close()
	}
	return !errors.Is(err, fs.ErrPermission)
}

// warehouse are the options for opening the project's warehouse.
func (s *Session) warehouse(readOnly bool) warehouse.Options {
	return warehouse.Options{
		Path: s.Project.Warehouse, ReadOnly: readOnly, LockTimeout: s.LockTimeout,
		Limits: s.limits(), Name: holder.Name,
		OnWait: func(e *warehouse.LockedError) {
			line := s.Log.Warn().Stringer("at_most", s.LockTimeout)
			if len(e.Runs) > 0 {
				line = line.Strs("runs", e.Runs)
			}
			line.Msg("the warehouse is in use by " + e.By() + ": waiting for it")
		},
	}
}

// sniff asks DuckDB which columns a statement yields.
func (s *Session) sniff(ctx context.Context, statement string) ([]assets.Column, error) {
	db, err := s.openMemory()
	if err != nil {
		return nil, err
	}
	return db.Describe(ctx, statement)
}

// sniffCSV asks DuckDB how a CSV file is written.
func (s *Session) sniffCSV(ctx context.Context, call string) (warehouse.SniffedCSV, error) {
	db, err := s.openMemory()
	if err != nil {
		return warehouse.SniffedCSV{}, err
	}
	return db.SniffCSV(ctx, call)
}
