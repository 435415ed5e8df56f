package materialize

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// runCatalog begins the name of every run's catalog.
const runCatalog = "_run"

// Above these sizes a build is worth all cores and goes straight into the file:
// in memory it would cost more than the commit it saves.
const (
	bigRows         = 1_000_000
	bigText         = 64 << 20 // bytes of CSV or JSON
	bigParquet      = 16 << 20
	loadableSources = 32 << 20 // a source read by several assets is parsed once, if it is no larger
)

// catalog is the environment of a run: in it a name means the version that the
// run will leave visible. Names are made on first use, by whoever needs them.
type catalog struct {
	run     *run
	connect func(context.Context) (*warehouse.Conn, error)
	admin   *warehouse.Conn // for views, one statement at a time
	mu      sync.Mutex      // guards what is above and below
	names   map[assets.Name]*entry
	// pins counts who still needs a name: tasks that read it, and what is built
	// itself until it is in the file.
	pins map[assets.Name]int
}

// entry is one name in the catalog.
type entry struct {
	once   sync.Once
	err    error
	kind   string // "TABLE" or "VIEW"
	inFile bool   // the rows are in the warehouse file
	aside  string // the relation to copy rows that were put aside from, or empty
	// asideTable is that relation, if it is a table in memory.
	asideTable string
}

func newCatalog(ctx context.Context, r *run) (*catalog, error) {
	connect := r.DB.BesideCheckpoints
	if r.readsDeleted() {
		connect = r.DB.Conn
	}
	admin, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	k := &catalog{run: r, connect: connect, admin: admin, names: map[assets.Name]*entry{}, pins: map[assets.Name]int{}}
	statements := []string{"ATTACH ':memory:' AS " + r.catalogName, "USE " + r.catalogName}
	schemas := map[string]bool{"main": true}
	if r.putsAside() {
		statements = append(statements, "CREATE SCHEMA "+planner.QuarantineSchema)
	}
	for name := range r.Graph.Nodes {
		if !schemas[name.Schema] {
			schemas[name.Schema] = true
			statements = append(statements, "CREATE SCHEMA "+warehouse.Ident(name.Schema))
		}
	}
	for _, s := range statements {
		if err = k.admin.Exec(ctx, s); err != nil {
			break
		}
	}
	if err == nil {
		err = r.shared.threads(ctx, r.DB, r.onDemand || k.anythingBig())
	}
	if err != nil {
		k.close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("set up the run: %w", err)
	}
	return k, nil
}

// conn returns a worker's connection, on which names mean this catalog's.
func (k *catalog) conn(ctx context.Context) (*warehouse.Conn, error) {
	c, err := k.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.Exec(ctx, "USE "+k.run.catalogName); err != nil {
		return nil, errors.Join(err, c.Close()) // one that stays open keeps the file locked
	}
	return c, nil
}

// release gives a worker's connection back. The next run has another catalog.
func (k *catalog) release(c *warehouse.Conn) {
	c.Exec(context.Background(), "USE memory")
	c.Close()
}

// close detaches the catalog, so that the next run on this instance starts clean.
func (k *catalog) close(ctx context.Context) {
	k.admin.Exec(ctx, "USE memory")
	k.admin.Exec(ctx, "DETACH "+k.run.catalogName)
	k.admin.Close()
}

func (k *catalog) entry(name assets.Name) *entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.names[name] == nil {
		k.names[name] = &entry{}
	}
	return k.names[name]
}

// discard takes out an entry that could not be made.
func (k *catalog) discard(name assets.Name, e *entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.names[name] == e {
		delete(k.names, name)
	}
}

func (k *catalog) exec(ctx context.Context, statement string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.admin.Exec(ctx, statement)
}

// resolve makes sure that name can be read, with whatever it shows if it is a view,
// and returns it quoted.
func (k *catalog) resolve(ctx context.Context, name assets.Name) (string, error) {
	for {
		e, mine := k.entry(name), false
		e.once.Do(func() { e.err, mine = k.make(ctx, name, e), true })
		if e.err == nil {
			break
		}
		k.discard(name, e) // whoever asks next tries anew
		if class, _ := warehouse.ClassOf(e.err); mine || ctx.Err() != nil || class != assets.TimeoutError {
			return "", e.err
		}
		// It was the time of another that had run out.
	}
	if record, ok := k.run.visible(name); ok && record.Table == "" {
		for input := range record.Reads {
			if _, err := k.resolve(ctx, input); err != nil {
				return "", err
			}
		}
	}
	return warehouse.NameRef(name), nil
}

// make points name at the version that the run leaves visible, or at a source's files.
func (k *catalog) make(ctx context.Context, name assets.Name, e *entry) error {
	if look, ok := k.run.Sources[name]; ok {
		return k.makeSource(ctx, name, look, e)
	}
	record, ok := k.run.visible(name)
	if !ok {
		return fmt.Errorf("%s has never been published", name)
	}
	e.kind, e.inFile = "VIEW", true
	if record.Table != "" {
		return k.exec(ctx, "CREATE VIEW "+warehouse.NameRef(name)+" AS FROM "+warehouse.TableRef(record.Table))
	}
	for input := range record.Reads { // a view binds when it is made
		if _, err := k.resolve(ctx, input); err != nil {
			return err
		}
	}
	return k.exec(ctx, "CREATE VIEW "+warehouse.NameRef(name)+" AS "+record.Definition.SQL)
}

// makeSource reads a small file of text with several readers once, into memory; others
// are read from their files by each reader.
func (k *catalog) makeSource(ctx context.Context, name assets.Name, look observe.Look, e *entry) error {
	if !look.Readable() {
		return unreadable(name, look)
	}
	if look.ID == "" {
		return fmt.Errorf("source %s never had a version", name)
	}
	if look.Table != nil {
		return k.loadTable(ctx, name, look, e)
	}
	readers := 0
	for _, reader := range k.run.Graph.Nodes[name].Readers {
		if k.run.tasks[reader] != nil {
			readers++
		}
	}
	if !k.run.known(name) {
		readers++ // it is judged first
	}
	e.kind = "VIEW"
	// Of Parquet each reader takes just its columns, and no text has to be parsed.
	isText := k.run.project.Sources[name].Reader.Format != "parquet"
	if isText && readers > 1 && size(look) <= loadableSources {
		e.kind = "TABLE"
	}
	if err := k.exec(ctx, "CREATE "+e.kind+" "+warehouse.NameRef(name)+" AS "+look.SQL); err != nil {
		return fmt.Errorf("source %s cannot be read: %w", name, err)
	}
	return nil
}

// build runs a task's SQL into a table and makes the task's name mean it. Its rows
// are in memory, or in the file if they are expected to be many.
func (k *catalog) build(ctx context.Context, c *warehouse.Conn, t *task) (string, error) {
	name, text := t.step.Asset, t.asset.SQL.Text
	if k.isBig(t) {
		if err := c.Exec(ctx, "CREATE TABLE "+warehouse.TableRef(t.record.Table)+" AS "+text); err != nil {
			return "", err
		}
		return warehouse.NameRef(name), k.point(ctx, name, t.record.Table)
	}
	if err := c.Exec(ctx, "CREATE TABLE "+warehouse.NameRef(name)+" AS "+text); err != nil {
		return "", err
	}
	k.define(name, "TABLE", false)
	return warehouse.NameRef(name), nil
}

// point makes name mean a physical table of the warehouse.
func (k *catalog) point(ctx context.Context, name assets.Name, table string) error {
	if err := k.exec(ctx, "CREATE VIEW "+warehouse.NameRef(name)+" AS FROM "+warehouse.TableRef(table)); err != nil {
		return err
	}
	k.define(name, "VIEW", true)
	return nil
}

// defineView makes name a view with the given SQL over other names of the catalog.
func (k *catalog) defineView(ctx context.Context, name assets.Name, text string) error {
	for _, input := range k.run.Graph.Nodes[name].Inputs {
		if _, err := k.resolve(ctx, input); err != nil {
			return err
		}
	}
	if err := k.exec(ctx, "CREATE VIEW "+warehouse.NameRef(name)+" AS "+text); err != nil {
		return err
	}
	k.define(name, "VIEW", true)
	return nil
}

func (k *catalog) define(name assets.Name, kind string, inFile bool) {
	e := k.entry(name)
	e.once.Do(func() {})
	e.kind, e.inFile = kind, inFile
}

// memory returns the relation to copy a built table from, or nothing if its rows
// are in the file already.
func (k *catalog) memory(name assets.Name) string {
	if k.entry(name).inFile {
		return ""
	}
	return k.run.catalogName + "." + warehouse.NameRef(name)
}

// aside returns the relation to copy rows that were put aside from, or nothing.
func (k *catalog) aside(name assets.Name) string { return k.entry(name).aside }

// pin says that a task is going to be run.
func (k *catalog) pin(t *task) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pins[t.step.Asset]++
	for _, name := range k.reads(t.node) {
		k.pins[name]++
	}
}

// hold keeps names that are not a task's own from being dropped until they are unpinned.
func (k *catalog) hold(names ...assets.Name) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, name := range names {
		k.pins[name]++
	}
}

// reads lists what a build reads, through views too.
func (k *catalog) reads(node *lineage.Node) []assets.Name {
	names := slices.Clone(node.Inputs)
	for _, input := range node.Inputs {
		if a := k.run.project.Assets[input]; a != nil && a.Kind == assets.View {
			names = append(names, k.reads(k.run.Graph.Nodes[input])...)
		}
	}
	return names
}

// unpin says that names are needed once less. Rows that nobody needs in memory any
// more are dropped from it: a run of thousands of tables holds only its front.
func (k *catalog) unpin(ctx context.Context, names ...assets.Name) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, name := range names {
		k.pins[name]--
		e := k.names[name]
		if k.pins[name] > 0 || e == nil || e.kind != "TABLE" {
			continue
		}
		delete(k.names, name)
		statement := "DROP TABLE IF EXISTS " + warehouse.NameRef(name)
		if e.asideTable != "" {
			statement += "; DROP TABLE IF EXISTS " + e.asideTable
		}
		if err := k.admin.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// forget removes a name, so that the next resolve makes it anew. Views over it
// stay: they look names up when they are read.
func (k *catalog) forget(ctx context.Context, name assets.Name) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.names[name]
	delete(k.names, name)
	if e == nil || e.kind == "" {
		return nil
	}
	return k.admin.Exec(ctx, "DROP "+e.kind+" IF EXISTS "+warehouse.NameRef(name))
}

func (k *catalog) anythingBig() bool {
	for _, t := range k.run.tasks {
		if k.isBig(t) {
			return true
		}
	}
	return false
}

// isBig guesses a build's size from what was built before and from what it reads.
func (k *catalog) isBig(t *task) bool {
	rows := int64(0)
	for _, input := range t.node.Inputs {
		if look, ok := k.run.Sources[input]; ok {
			limit := int64(bigText)
			if k.run.project.Sources[input].Reader.Format == "parquet" {
				limit = bigParquet
			}
			if size(look) > limit {
				rows += bigRows + 1
			}
		} else if record, ok := k.run.visible(input); ok {
			rows += record.Rows
		}
	}
	return max(rows, k.run.State.Last[t.step.Key].Rows) > bigRows
}

// size is the sum of a source's files, in bytes.
func size(look observe.Look) (sum int64) {
	for _, f := range look.Files {
		sum += f.Size
	}
	return sum
}
