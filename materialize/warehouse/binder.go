package warehouse

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/seed-4311623e/assets/assets"
)

// createPrefix makes any query a CREATE TABLE: one bind then gives names, types
// and the plan. "?" cannot be the name of an asset.
const createPrefix = `CREATE TABLE "?" AS `

// Binder is a DuckDB instance with nothing in it but empty tables: what a
// statement means can be asked of it, and no file and no data can be reached
// from it. Its methods may be called from many goroutines, except that Declare
// must have returned before statements that need its tables.
type Binder struct {
	db *DB

	mu       sync.Mutex
	declared map[assets.Name]string // the definition of each empty table
}

// NewBinder starts the instance.
func NewBinder(ctx context.Context) (*Binder, error) {
	b := &Binder{declared: map[assets.Name]string{}}
	return b, b.start(ctx)
}

func (b *Binder) start(ctx context.Context) (err error) {
	if b.db, err = Memory(ctx); err != nil {
		return err
	}
	// Threads are for scans of data; there is none.
	err = b.db.Exec(ctx, "SET threads=1; SET enable_external_access=false")
	if err != nil {
		err = fmt.Errorf("set up DuckDB for binding: %w", err)
	}
	return err
}

// Close stops the instance.
func (b *Binder) Close() error { return b.db.Close() }

// Declare makes an empty table of each name, replacing what had the name.
func (b *Binder) Declare(ctx context.Context, tables map[assets.Name][]assets.Column) error {
	var ddl strings.Builder
	schemas := map[string]bool{}
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, columns := range tables {
		if !schemas[name.Schema] {
			schemas[name.Schema] = true
			fmt.Fprintf(&ddl, "CREATE SCHEMA IF NOT EXISTS %s;", Ident(name.Schema))
		}
		b.declared[name] = tableDDL(name, columns)
		ddl.WriteString(b.declared[name])
	}
	if ddl.Len() == 0 {
		return nil
	}
	if err := b.db.Exec(ctx, "BEGIN;"+ddl.String()+"COMMIT"); err != nil {
		return fmt.Errorf("declare empty tables: %w", err)
	}
	return nil
}

func tableDDL(name assets.Name, columns []assets.Column) string {
	var ddl strings.Builder
	fmt.Fprintf(&ddl, "CREATE OR REPLACE TABLE %s.%s(", Ident(name.Schema), Ident(name.Table))
	for i, c := range columns {
		if i > 0 {
			ddl.WriteByte(',')
		}
		ddl.WriteString(Ident(c.Name))
		ddl.WriteByte(' ')
		ddl.WriteString(c.Type)
	}
	ddl.WriteString(");")
	return ddl.String()
}

// Syntax returns the syntax tree of each statement as JSON; a statement that
// does not parse has an answer that says so.
func (b *Binder) Syntax(ctx context.Context, statements []string) ([][]byte, error) {
	return b.ask(ctx, "SELECT json_serialize_sql(s, skip_null := true, skip_default := true)::VARCHAR FROM (SELECT unnest($1::VARCHAR[]) AS s)", statements)
}

// Bind returns, for each statement, the plan of `CREATE TABLE … AS statement`
// as JSON; a statement that does not bind has an answer that says so. Positions
// in it count the Prefix bytes put before the statement.
func (b *Binder) Bind(ctx context.Context, statements []string) ([][]byte, error) {
	prefixed := make([]string, len(statements))
	for i, s := range statements {
		prefixed[i] = createPrefix + s
	}
	return b.ask(ctx, "SELECT json_serialize_plan(s, skip_null := true, skip_default := true)::VARCHAR FROM (SELECT unnest($1::VARCHAR[]) AS s)", prefixed)
}

// Prefix is the length in bytes of what Bind puts before a statement.
func (b *Binder) Prefix() int { return len(createPrefix) }

// ask runs a query that answers each text with a row of JSON. If one text makes
// the whole query fail, each is asked alone, and the failure becomes its answer.
func (b *Binder) ask(ctx context.Context, query string, texts []string) ([][]byte, error) {
	answers, err := b.rows(ctx, query, texts)
	if err == nil && len(answers) != len(texts) {
		err = fmt.Errorf("DuckDB gave %d answers to %d statements", len(answers), len(texts))
	}
	if err == nil {
		return answers, nil
	}
	answers = nil
	for _, text := range texts {
		// The failure may have taken the instance along, also under other texts.
		if err := b.restart(ctx); err != nil {
			return nil, err
		}
		one, err := b.rows(ctx, query, []string{text})
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			one = [][]byte{errorAnswer(err)}
		}
		answers = append(answers, one...)
	}
	return answers, b.restart(ctx)
}

func (b *Binder) rows(ctx context.Context, query string, texts []string) (answers [][]byte, err error) {
	b.mu.Lock()
	db := b.db
	b.mu.Unlock()
	rows, err := db.pool.QueryContext(ctx, query, texts)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var answer sql.RawBytes
		if err := rows.Scan(&answer); err != nil {
			return nil, err
		}
		answers = append(answers, append([]byte(nil), answer...))
	}
	return answers, rows.Err()
}

// restart replaces an instance that an internal error has invalidated.
func (b *Binder) restart(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.db.Exec(ctx, "SELECT 1") == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	b.db.Close()
	if err := b.start(ctx); err != nil {
		return err
	}
	for name, ddl := range b.declared {
		if err := b.db.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+Ident(name.Schema)+";"+ddl); err != nil {
			return fmt.Errorf("declare empty tables again: %w", err)
		}
	}
	return nil
}

// Describe returns the columns that a statement yields, for one whose plan
// cannot be shown.
func (b *Binder) Describe(ctx context.Context, statement string) (columns []assets.Column, err error) {
	b.mu.Lock()
	db := b.db
	b.mu.Unlock()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.Exec(ctx, "CREATE OR REPLACE TEMP TABLE \"?\" AS "+statement+"\nWITH NO DATA"); err != nil {
		return nil, err
	}
	return conn.Describe(ctx, `temp.main."?"`)
}

// errorAnswer is an error in the shape in which DuckDB answers with one.
func errorAnswer(err error) []byte {
	answer, _ := json.Marshal(map[string]any{"error": true, "error_type": "internal", "error_message": err.Error()})
	return answer
}
