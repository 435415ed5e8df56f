package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-4311623e/assets/assets/redact"
	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// canaries are secrets in the environment of every script. Projects use them, and
// whatever a script writes is searched for them.
var canaries = map[string]string{
	"CANARY_TOKEN":      "Zq7W-canary<token>&0x9f3b+Kp/Lm~",
	"CANARY_SECRET":     "kept-by-A-secret-block-5150",
	"CANARY_PASSWORD":   "canaryPa55wordOfTheDSN",
	"CANARY_DSN":        "host=127.0.0.1 port=1 dbname=crm user=reader password=canaryPa55wordOfTheDSN connect_timeout=2",
	"ASSETS_VAR_canary": "canary-Of-A-Variable-1793",
}

// sought are those that nobody is shown. Of the DSN that is the password.
func sought() redact.Set {
	var secrets []string
	for name, value := range canaries {
		if name != "CANARY_DSN" {
			secrets = append(secrets, value)
		}
	}
	return redact.New(secrets)
}

// plantCanaries gives a script the canaries and searches all that it leaves.
func plantCanaries(e *testscript.Env) {
	for _, name := range slices.Sorted(maps.Keys(canaries)) {
		e.Setenv(name, canaries[name])
	}
	t := e.T()
	e.Defer(func() {
		found, err := leaksIn(e.WorkDir, sought())
		if err != nil {
			t.Fatal("searching for secrets: ", err)
		}
		if len(found) > 0 {
			t.Fatal("secrets were written to files:\n", strings.Join(found, "\n"))
		}
	})
}

// listener is what a script runs under: it searches the log, which holds all that
// programs write to stdout and stderr.
type listener struct{ *testing.T }

// Verbose keeps the log whole.
func (listener) Verbose() bool { return true }

func (l listener) Run(name string, f func(testscript.T)) {
	l.T.Run(name, func(t *testing.T) { f(listener{t}) })
}

func (l listener) Log(args ...any) {
	l.Helper()
	log := fmt.Sprint(args...)
	for _, line := range leaksInLog(log) {
		l.Errorf("a secret was written to stdout or stderr: %s", line)
	}
	l.T.Log(log)
}

// leaksInLog are the lines of a script's log in which secrets are, the environment
// left out that it begins with.
func leaksInLog(log string) (found []string) {
	for name, value := range canaries {
		log = strings.Replace(log, name+"="+value+"\n", "", 1)
	}
	secrets := sought()
	for line := range strings.Lines(log) {
		if secrets.In(line) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// leaksIn says in which files below dir secrets are: in their bytes and, of DuckDB's
// files, which compress, in all that stands in their tables and catalogs.
func leaksIn(dir string, secrets redact.Set) (found []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			return nil
		case err != nil:
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if secrets.In(name) {
			found = append(found, name+": in its name")
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil // a script took the permission away, or a program the file
		}
		if secrets.In(string(text)) {
			found = append(found, name+": in its bytes")
		}
		if len(text) > 12 && string(text[8:12]) == "DUCK" {
			places, err := leaksInDuckDB(path, secrets)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			for _, place := range places {
				found = append(found, name+": in "+place)
			}
		}
		return nil
	})
	return found, err
}

// searching is the instance that all files are searched with, searches counts these.
var (
	searching = sync.OnceValues(func() (*warehouse.DB, error) { return warehouse.Memory(context.Background()) })
	searches  atomic.Int64
)

func leaksInDuckDB(path string, secrets redact.Set) (found []string, err error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "searched")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	// A copy, so that neither a lock nor what a crash left is in the way.
	copied := filepath.Join(dir, "copy.duckdb")
	for _, suffix := range []string{"", ".wal"} {
		text, err := os.ReadFile(path + suffix)
		if err == nil {
			err = os.WriteFile(copied+suffix, text, 0o600)
		}
		if err != nil && suffix == "" {
			return nil, err
		}
	}
	db, err := searching()
	if err != nil {
		return nil, err
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	as := fmt.Sprintf("searched_%d", searches.Add(1))
	if c.Exec(ctx, "ATTACH "+warehouse.Literal(copied)+" AS "+as) != nil {
		return nil, nil // damaged on purpose
	}
	defer func() { err = errors.Join(err, c.Exec(ctx, "DETACH "+as)) }()
	texts := func(query string, each func(text string)) error {
		rows, err := c.Query(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			each(text)
		}
		return rows.Err()
	}
	for _, catalog := range []string{"tables", "views", "columns", "schemas", "indexes", "sequences", "functions", "types"} {
		err := texts("SELECT r::VARCHAR FROM duckdb_"+catalog+"() AS r WHERE database_name = '"+as+"'", func(text string) {
			if secrets.In(text) {
				found = append(found, "duckdb_"+catalog+"()")
			}
		})
		if err != nil {
			return nil, err
		}
	}
	var tables []string
	err = texts("SELECT format('{}.{}', '\"' || replace(schema_name, '\"', '\"\"') || '\"', '\"' || replace(table_name, '\"', '\"\"') || '\"') FROM duckdb_tables() WHERE database_name = '"+as+"'",
		func(table string) { tables = append(tables, table) })
	for _, table := range tables {
		if err != nil {
			break
		}
		where := ""
		if !strings.HasPrefix(table, `"_assets".`) { // which may have many rows: they hold values whole
			where = " WHERE " + beginsOneOf("r::VARCHAR")
		}
		err = texts("SELECT r::VARCHAR FROM "+as+"."+table+" AS r"+where, func(text string) {
			if secrets.In(text) && !slices.Contains(found, table) {
				found = append(found, table)
			}
		})
	}
	return found, err
}

// beginsOneOf is a condition for values in which the beginning of a canary stands,
// also as base64: there is nothing in it that would be escaped.
func beginsOneOf(value string) string {
	var conditions []string
	for _, name := range slices.Sorted(maps.Keys(canaries)) {
		for _, text := range []string{canaries[name], base64.StdEncoding.EncodeToString([]byte(canaries[name]))} {
			conditions = append(conditions, fmt.Sprintf("contains(lower(%s), %s)", value, warehouse.Literal(strings.ToLower(text[:8]))))
		}
	}
	return strings.Join(conditions, " OR ")
}

// A search that finds nothing must be one that finds what is there.
func TestLeaksAreFound(t *testing.T) {
	token := canaries["CANARY_TOKEN"]
	for _, c := range []struct {
		place string
		leak  func(t *testing.T, dir string) error
		want  string
	}{
		{"a log", func(_ *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, "log"), []byte("x "+token+" y"), 0o600)
		}, "log: in its bytes"},
		{"a cache, as JSON", func(_ *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, "cache"), []byte(`{"sql":"Zq7W-canary\u003ctoken\u003e\u00260x9f3b+Kp/Lm~"}`), 0o600)
		}, "cache: in its bytes"},
		{"a message, cut", func(_ *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, "cut"), []byte("LINE 1: ...ken>&0x9f3b+Kp/..."), 0o600)
		}, "cut: in its bytes"},
		{"a directory's name", func(_ *testing.T, dir string) error {
			return os.MkdirAll(filepath.Join(dir, "cache", canaries["CANARY_PASSWORD"]), 0o700)
		}, "in its name"},
		{"a table that DuckDB compresses", inDuckDB("CREATE TABLE t AS SELECT i, if(i = 41000, '" + token + "', 'x' || i % 7) AS v FROM range(60000) r(i)"), `in "main"."t"`},
		{"a nested value", inDuckDB("CREATE TABLE t AS SELECT [{'a': MAP {'k': '" + token + "'}}] AS v"), `in "main"."t"`},
		{"a record of a run", inDuckDB("CREATE SCHEMA _assets; CREATE TABLE _assets.runs AS SELECT 'failed: " + strings.ToUpper(token) + "' AS error"), `in "_assets"."runs"`},
		{"a view's text", inDuckDB("CREATE VIEW v AS SELECT '" + token + "' AS x"), "in duckdb_views()"},
		{"a comment", inDuckDB("CREATE TABLE t (i INT); COMMENT ON COLUMN t.i IS '" + token + "'"), "in duckdb_columns()"},
		{"a column's name", inDuckDB(`CREATE TABLE t ("` + token + `" INT)`), "in duckdb_tables()"},
		{"nothing", inDuckDB("CREATE TABLE t AS SELECT md5('" + token + "') AS hash"), ""},
	} {
		t.Run(c.place, func(t *testing.T) {
			dir := t.TempDir()
			if err := c.leak(t, dir); err != nil {
				t.Fatal(err)
			}
			found, err := leaksIn(dir, sought())
			if all := strings.Join(found, "\n"); err != nil || !strings.Contains(all, c.want) || (c.want == "") != (all == "") {
				t.Errorf("found %q, %v, want %q", all, err, c.want)
			}
		})
	}
}

// inDuckDB writes a DuckDB file by statements.
func inDuckDB(statements string) func(t *testing.T, dir string) error {
	return func(t *testing.T, dir string) error {
		db, err := warehouse.Memory(t.Context())
		if err != nil {
			return err
		}
		defer db.Close()
		return db.Exec(t.Context(), "ATTACH "+warehouse.Literal(filepath.Join(dir, "w.duckdb"))+" AS w; USE w; "+statements+"; USE memory; DETACH w")
	}
}

// A script that prints a canary, or leaves it in a file, fails.
func TestLeakingScriptsFail(t *testing.T) {
	for _, c := range []struct{ name, script string }{
		{"stdout", "exec sh -c 'echo $CANARY_TOKEN'"},
		{"stderr", "exec sh -c 'echo $CANARY_SECRET >&2'"},
		{"file", "exec sh -c 'echo $ASSETS_VAR_canary >left'"},
		{"project", "exec assets apply -auto-approve\n-- p.hcl --\nproject \"p\" {}\nasset \"a\" { sql = \"select '${env(\"CANARY_TOKEN\")}' as x\" }"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "leak.txtar")
			if err := os.WriteFile(file, []byte(c.script+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			heard := &eavesdropper{}
			testscript.RunT(heard, testscript.Params{Files: []string{file}, RequireExplicitExec: true, Setup: func(e *testscript.Env) error {
				plantCanaries(e)
				return nil
			}})
			if !heard.failed && len(leaksInLog(heard.log.String())) == 0 {
				t.Errorf("the script did not fail, and its log shows nothing:\n%s", &heard.log)
			}
		})
	}
}

// eavesdropper is what a script runs under that is to fail.
type eavesdropper struct {
	failed bool
	log    bytes.Buffer
}

var errFailed = errors.New("failed")

func (e *eavesdropper) Skip(...any)       {}
func (e *eavesdropper) Parallel()         {}
func (e *eavesdropper) Verbose() bool     { return true }
func (e *eavesdropper) Log(args ...any)   { fmt.Fprint(&e.log, args...) }
func (e *eavesdropper) Fatal(args ...any) { e.Log(args...); e.FailNow() }
func (e *eavesdropper) FailNow()          { e.failed = true; panic(errFailed) }
func (e *eavesdropper) Run(_ string, f func(testscript.T)) {
	defer func() {
		if r := recover(); r != nil && r != any(errFailed) {
			panic(r)
		}
	}()
	f(e)
}

// What the program says as it breaks down holds no secret either.
func TestABreakdownTellsNoSecret(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	token := canaries["CANARY_TOKEN"]
	a := newApp(os.Stdin, out, out, nil)
	a.redactor.Add([]string{token})
	a.now = func() time.Time { panic("no place for " + token) }
	code := a.run(t.Context(), []string{"calendar", "@daily"})
	said, err := os.ReadFile(out.Name())
	if err != nil || code != 2 || !strings.Contains(string(said), "no place for (sensitive)") || sought().In(string(said)) {
		t.Errorf("exit code %d, %v:\n%s", code, err, said)
	}
}
