package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/materialize/warehouse/remote"
	"github.com/seed-4311623e/assets/planner"
)

// result is the name of the temporary view that a query becomes.
const result = `temp.main."?"`

// Query answers a query on what is published and on the sources. It can change
// nothing: the warehouse is opened for reading, and only queries are taken.
// nestedJSON asks for lists, structs and maps as JSON instead of DuckDB's text.
func (s *Session) Query(ctx context.Context, statement string, nestedJSON bool) (*Result, hcl.Diagnostics) {
	for attempt := 1; ; attempt++ {
		r := &Result{nested: nestedJSON}
		err := s.query(ctx, r, statement)
		if err == nil {
			return r, nil
		}
		if closing := r.Close(); closing != nil {
			s.Log.Warn().Err(closing).Msg("could not close the warehouse")
		}
		// Whoever answered may just have ended.
		if !errors.Is(err, warehouse.ErrHolderLost) || attempt == queryAttempts {
			return nil, fault("The query failed", err)
		}
	}
}

const queryAttempts = 3

func (s *Session) query(ctx context.Context, r *Result, statement string) error {
	db, exists, err := s.openForQuery(ctx)
	if err != nil {
		return err
	}
	r.close = append(r.close, db.Close)
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	r.close = append(r.close, c.Close)
	statement, refs, err := parseQuery(ctx, c, statement)
	if err != nil {
		return err
	}
	if err := s.find(ctx, c, refs); err != nil {
		return err
	}
	if db.Held() && s.readsOnlySources(refs) { // for which nobody else is needed
		if db, err = warehouse.Memory(ctx); err != nil {
			return err
		}
		r.close = append(r.close, db.Close)
		if c, err = db.Conn(ctx); err != nil {
			return err
		}
		r.close = append(r.close, c.Close)
		exists = false
	}
	if err := s.resolve(ctx, db, c, exists, refs); err != nil {
		return err
	}
	// As a view the statement gets column names and types that can be asked for.
	if err := c.Exec(ctx, "CREATE TEMP VIEW \"?\" AS\n"+statement); err != nil {
		return queryError(err)
	}
	if r.columns, err = c.Describe(ctx, "FROM "+result); err != nil {
		return queryError(err)
	}
	if r.rows, err = c.Query(ctx, "SELECT "+r.selection()+" FROM "+result); err != nil {
		return queryError(err)
	}
	r.close = append(r.close, r.rows.Close)
	return nil
}

// openForQuery opens the warehouse for reading; without a file, an empty instance.
func (s *Session) openForQuery(ctx context.Context) (db *warehouse.DB, exists bool, err error) {
	if _, err := os.Stat(s.Project.Warehouse); errors.Is(err, fs.ErrNotExist) {
		db, err := s.scratch(ctx)
		return db, false, err
	}
	db, err = warehouse.Open(ctx, s.forReading())
	return db, true, err
}

// commands are statements about tables that can be read from like a query.
var commands = []string{"describe", "desc", "summarize"}

var errNoQuery = errors.New("this is not a query. `assets query` only reads: it takes one SELECT, FROM, WITH, VALUES, DESCRIBE or SUMMARIZE. `assets show` lists what is published; to build something declare an asset and run `assets apply`")

// parseQuery refuses what is not one query on sources and assets, and finds the names it reads.
func parseQuery(ctx context.Context, c *warehouse.Conn, statement string) (string, []lineage.Ref, error) {
	first, rest, _ := strings.Cut(strings.TrimSpace(statement), " ")
	for _, command := range commands {
		if strings.EqualFold(first, command) {
			body := strings.TrimRight(strings.TrimSpace(rest), "; ")
			statement = "FROM (" + first + " " + body + ")"
		}
	}
	if strings.EqualFold(first, "show") { // the one other word that DuckDB cannot parse here
		return "", nil, errNoQuery
	}
	var ast string
	var statements int
	if err := c.QueryRow(ctx, `SELECT ast::VARCHAR, coalesce(json_array_length(ast, '$.statements'), 1) FROM (SELECT json_serialize_sql(?::VARCHAR) AS ast)`,
		statement).Scan(&ast, &statements); err != nil {
		return "", nil, err
	}
	if statements != 1 {
		return "", nil, fmt.Errorf("give one query, not %d", statements)
	}
	parsed, err := lineage.Parse([]byte(ast), warehouse.Engine())
	var engine *lineage.EngineError
	if errors.As(err, &engine) && strings.Contains(engine.Message, "Only SELECT") {
		return "", nil, errNoQuery
	}
	if err != nil {
		return "", nil, err
	}
	if len(parsed.Files) > 0 {
		return "", nil, fmt.Errorf("a query reads what is published and the sources, not files: declare a source for %q, and query that", parsed.Files[0].Path)
	}
	for _, refusal := range parsed.Refusals {
		if aside, ok := strings.CutPrefix(refusal.Summary, planner.QuarantineSchema+"."); ok && strings.Contains(aside, " names a catalog") {
			name, _, _ := strings.Cut(aside, " ")
			return "", nil, fmt.Errorf("the whole name of an asset is one word in the quarantine: write %s.%s", planner.QuarantineSchema, warehouse.Ident(name))
		}
		what, inAsset := strings.CutSuffix(refusal.Summary, " cannot be used in an asset")
		switch {
		case strings.HasPrefix(what, "DESCRIBE"), strings.HasPrefix(what, "duckdb_"): // they look at the catalog only
		case inAsset:
			return "", nil, fmt.Errorf("%s cannot be used in a query: it may read something besides what is published and the sources", what)
		default:
			return "", nil, errors.New(strings.Replace(refusal.Summary, "names a catalog", "names a catalog: write schema.table", 1))
		}
	}
	return statement, parsed.Refs, nil
}

// find makes sure that everything a query reads is there: what is not, DuckDB
// would look for among files.
func (s *Session) find(ctx context.Context, c *warehouse.Conn, refs []lineage.Ref) error {
	// Whoever holds the file has catalogs of its own beside it.
	published := "(internal OR database_name = '" + warehouse.Catalog + "')"
	known := map[assets.Name]bool{} // in the warehouse, or DuckDB's own
	internal := map[string]bool{}   // found without a schema
	var names []string
	rows, err := c.Query(ctx, `SELECT lower(schema_name), lower(view_name), internal FROM duckdb_views() WHERE `+published+` UNION ALL SELECT lower(schema_name), lower(table_name), internal FROM duckdb_tables() WHERE `+published)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name assets.Name
		var own bool
		if err := rows.Scan(&name.Schema, &name.Table, &own); err != nil {
			return err
		}
		known[name] = true
		if internal[name.Table] = internal[name.Table] || own; !own && name.Schema != "_assets" {
			names = append(names, name.String())
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, declared := range [][]assets.Name{assets.SortedNames(s.Project.Sources), assets.SortedNames(s.Project.Assets)} {
		for _, name := range declared {
			if !known[name] {
				names = append(names, name.String())
			}
		}
	}
	tables := map[string]string{}
	for _, name := range names {
		if !strings.HasPrefix(name, planner.QuarantineSchema+".") { // whoever forgets a schema means the asset
			tables[name[strings.LastIndexByte(name, '.')+1:]] = name
		}
	}
	for _, ref := range refs {
		switch {
		case known[ref.Name], ref.Bare && internal[ref.Name.Table], s.Project.Sources[ref.Name] != nil:
		case s.Project.Assets[ref.Name] != nil:
			return fmt.Errorf("%s is not published: run `assets apply` first", ref.Name)
		case ref.Bare && tables[ref.Name.Table] != "":
			return fmt.Errorf("the name %s needs its schema: write %s", ref.Name, tables[ref.Name.Table])
		default:
			text := fmt.Sprintf("no source or published asset is called %s", ref.Name)
			if near := lineage.Nearest(ref.Name.String(), names); len(near) > 0 {
				return fmt.Errorf("%s. Did you mean %s?", text, strings.Join(near, " or "))
			}
			return fmt.Errorf("%s. `assets show` lists what is published", text)
		}
	}
	return nil
}

// readsOnlySources reports whether a query reads sources and nothing that is published.
func (s *Session) readsOnlySources(refs []lineage.Ref) bool {
	return len(refs) > 0 && !slices.ContainsFunc(refs, func(ref lineage.Ref) bool { return s.Project.Sources[ref.Name] == nil })
}

// resolve makes names mean what is published, or what a source holds now.
func (s *Session) resolve(ctx context.Context, db *warehouse.DB, c *warehouse.Conn, exists bool, refs []lineage.Ref) error {
	var sources []assets.Name
	for _, ref := range refs {
		if s.Project.Sources[ref.Name] != nil {
			sources = append(sources, ref.Name)
		}
	}
	if len(sources) == 0 && exists {
		return c.Exec(ctx, "USE "+warehouse.Catalog)
	}
	looks, err := s.observe(ctx, sources)
	if err != nil {
		return err
	}
	// Two catalogs cannot be searched for one schema, so all that is read gets a view in one.
	catalog := remote.CatalogName() // the process may answer other queries, too
	statements := []string{"ATTACH ':memory:' AS " + catalog}
	schemas := map[string]bool{"main": true}
	tables := map[string]observe.Look{} // to be copied, by where to
	for _, ref := range refs {
		if ref.Name == (assets.Name{}) {
			continue
		}
		body := "FROM " + warehouse.Catalog + "." + warehouse.NameRef(ref.Name)
		if s.Project.Sources[ref.Name] != nil {
			look := looks[ref.Name]
			if !look.Readable() {
				return fmt.Errorf("source %s cannot be read: %s", ref.Name, look.Err)
			}
			if body = look.SQL; look.Table != nil {
				tables[catalog+"."+warehouse.NameRef(ref.Name)] = look
			}
		} else if !exists {
			continue
		}
		if !schemas[ref.Name.Schema] {
			schemas[ref.Name.Schema] = true
			statements = append(statements, "CREATE SCHEMA "+catalog+"."+warehouse.Ident(ref.Name.Schema))
		}
		if body == "" {
			continue
		}
		statements = append(statements, "CREATE OR REPLACE VIEW "+catalog+"."+warehouse.NameRef(ref.Name)+" AS "+body)
	}
	for _, statement := range append(statements, "USE "+catalog) {
		if err := c.Exec(ctx, statement); err != nil {
			return queryError(err)
		}
	}
	if len(tables) > 0 && db.Held() {
		return errors.New("what is published cannot be joined with a table of another database while another process holds the warehouse. Query them one by one, or wait until it has ended")
	}
	for into, look := range tables {
		if _, err := observe.Load(ctx, db, look, into); err != nil {
			return fmt.Errorf("source %s cannot be read: %w", look.Source, err)
		}
	}
	return nil
}

// queryError is DuckDB's answer without what only we put into the statement:
// catalogs, and the line before the query.
func queryError(err error) error {
	if errors.Is(err, warehouse.ErrHolderLost) || warehouse.IsInterrupted(err) {
		return err
	}
	err = warehouse.Limited(err)
	text := ownCatalogs.ReplaceAllString(err.Error(), "")
	text = lineNumber.ReplaceAllStringFunc(text, func(match string) string {
		n, _ := strconv.Atoi(lineNumber.FindStringSubmatch(match)[1])
		return fmt.Sprintf("LINE %d: ", max(1, n-1))
	})
	return errors.New(text)
}

// ownCatalogs are the names of catalogs that no query names.
var ownCatalogs = regexp.MustCompile(`\b(?:` + warehouse.Catalog + `|_q_[0-9a-z]{26})\.`)

var lineNumber = regexp.MustCompile(`(?m)^LINE (\d+): `)
