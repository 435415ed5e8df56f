package materialize_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/config"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/compile"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

var ctx = context.Background()

// tb is what *testing.T and *rapid.T have in common.
type tb interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

// world is a project in a directory of its own with an open warehouse. Its clock
// moves a minute with every look at it.
type world struct {
	tb
	dir     string
	db      *warehouse.DB
	now     time.Time
	options planner.Options
	// connections are those of the project that was planned last.
	connections map[string]*assets.Connection
	redact      func(string) string
	// events are those of the last apply.
	events []materialize.Event
	// onEvent is called with each of them.
	onEvent func(materialize.Event)
	// pause is what happens instead of waiting before another attempt.
	pause func(context.Context, time.Duration) error
	// until is the context of an apply; nil: it is never done.
	until context.Context
	// parallelism is how many workers there are; 0: two.
	parallelism int
	// trace is told of phases, and id is that of the next run.
	trace func(materialize.Phase)
	id    string
	// shared binds all statements, if it is not nil, and is not closed.
	shared compile.Binder
}

// newWorld writes files, by path, into dir.
func newWorld(t tb, dir string, files map[string]string) *world {
	t.Helper()
	w := &world{tb: t, dir: dir, now: clock()}
	if _, ok := files["project.hcl"]; !ok {
		w.write("project.hcl", `project "test" {}`)
	}
	for path, text := range files {
		w.write(path, text)
	}
	w.open()
	return w
}

func (w *world) ctx() context.Context {
	if w.until != nil {
		return w.until
	}
	return ctx
}

func clock() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func (w *world) open() {
	w.Helper()
	db, err := warehouse.Open(ctx, warehouse.Options{Path: filepath.Join(w.dir, "warehouse.duckdb")})
	if err != nil {
		w.Fatal(err)
	}
	w.db = db
}

func testWorld(t *testing.T, files map[string]string) *world {
	t.Helper()
	w := newWorld(t, t.TempDir(), files)
	t.Cleanup(w.close)
	return w
}

func (w *world) close() {
	if err := w.db.Close(); err != nil {
		w.Errorf("close the warehouse: %v", err)
	}
}

func (w *world) write(path, text string) {
	w.Helper()
	path = filepath.Join(w.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		w.Fatal(err)
	}
}

func (w *world) tick() time.Time {
	w.now = w.now.Add(time.Minute)
	return w.now
}

// planned is a plan and all that it was made from.
type planned struct {
	planner.Plan
	project *assets.Project
	graph   *lineage.Graph
	state   planner.State
	looks   map[assets.Name]observe.Look
}

func (w *world) look(sources []*assets.Source) (map[assets.Name]observe.Look, error) {
	known, err := w.db.Observations(ctx)
	if err != nil {
		return nil, err
	}
	o := observe.Observer{Known: known, Now: w.tick(), CachePath: filepath.Join(w.dir, ".files"), Sniff: w.db.Describe, SniffCSV: w.db.SniffCSV,
		Connections: w.connections, Attached: w.db.Attached}
	return o.Look(ctx, sources)
}

func (w *world) plan() planned {
	w.Helper()
	project, diags := config.Load(w.dir, config.Options{})
	if diags.HasErrors() {
		w.Fatal(diags)
	}
	w.connections = project.Connections
	var sources []*assets.Source
	for _, name := range assets.SortedNames(project.Sources) {
		sources = append(sources, project.Sources[name])
	}
	looks, err := w.look(sources)
	if err != nil {
		w.Fatal(err)
	}
	columns, observed := map[assets.Name][]assets.Column{}, map[assets.Name]planner.Observation{}
	for name, look := range looks {
		columns[name], observed[name] = look.Columns, look.Observation
	}
	graph, diags := compile.Compile(ctx, project, columns, w.binder, warehouse.Engine(), w.dir)
	if diags.HasErrors() {
		w.Fatal(diags)
	}
	state, err := w.db.State(ctx)
	if err != nil {
		w.Fatal(err)
	}
	plan := planner.Make(planner.Input{Project: project, Graph: graph, State: state, Observed: observed, Now: w.now, Options: w.options})
	return planned{plan, project, graph, state, looks}
}

func (w *world) binder() (compile.Binder, error) {
	if w.shared != nil {
		return w.shared, nil
	}
	return warehouse.NewBinder(ctx)
}

// apply plans and carries the plan out.
func (w *world) apply() materialize.Result {
	w.Helper()
	return w.carryOut(w.plan())
}

func (w *world) carryOut(p planned) materialize.Result {
	w.Helper()
	result, err := w.try(p)
	if err != nil {
		w.Fatal(err)
	}
	return result
}

func (w *world) try(p planned) (materialize.Result, error) {
	w.events = nil
	x := &materialize.Executor{
		ID: w.id, DB: w.db, Graph: p.graph, State: p.state, Sources: p.looks, Parallelism: cmp.Or(w.parallelism, 2),
		Pause: w.pause, Trace: w.trace, Random: func() float64 { return 0.5 },
		Now: func() time.Time { return w.now }, Redact: w.redact,
		Relook: func(_ context.Context, names []assets.Name) (map[assets.Name]observe.Look, error) {
			var sources []*assets.Source
			for _, name := range names {
				sources = append(sources, p.project.Sources[name])
			}
			return w.look(sources)
		},
		Emit: func(e materialize.Event) {
			w.events = append(w.events, e)
			if w.onEvent != nil {
				w.onEvent(e)
			}
		},
	}
	return x.Apply(w.ctx(), p.project, p.Plan)
}

// outcomes lists how each asset came out, as "name outcome", in the graph's order.
func outcomes(r materialize.Result) []string {
	var out []string
	for _, a := range r.Assets {
		out = append(out, a.Asset.String()+" "+string(a.Outcome))
	}
	return out
}

// actions lists what a plan would do, as "symbol name", leaving out what it leaves alone.
func actions(p planner.Plan) []string {
	var out []string
	for _, s := range p.Steps {
		if s.Action != planner.None {
			out = append(out, s.Action.Symbol()+" "+s.Asset.String())
		}
	}
	return out
}

// rows reads a published asset, each row as text, sorted.
func (w *world) rows(name string) []string {
	w.Helper()
	rows, err := w.tryRows(name)
	if err != nil {
		w.Fatal(err)
	}
	return rows
}

func (w *world) tryRows(name string) ([]string, error) {
	return w.query("SELECT t::VARCHAR FROM _wh." + warehouse.NameRef(assets.MustName(name)) + " AS t ORDER BY 1")
}

// query runs SQL that yields one VARCHAR column.
func (w *world) query(sql string) ([]string, error) {
	c, err := w.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	rows, err := c.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []string{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}

// tables lists the physical tables in the warehouse.
func (w *world) tables() []string {
	w.Helper()
	out, err := w.query("SELECT table_name FROM duckdb_tables() WHERE database_name = '_wh' AND contains(table_name, '@') ORDER BY 1")
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// csv writes a CSV file with the given header and rows.
func (w *world) csv(path, header string, rows ...string) {
	w.Helper()
	w.write(path, header+"\n"+strings.Join(rows, "\n")+"\n")
}

func numbers(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func (w *world) read(path string) string {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, path))
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}
