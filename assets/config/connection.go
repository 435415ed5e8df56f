package config

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/seed-4311623e/assets/assets"
)

var connectionTypes = []string{"duckdb", "postgres", "sqlite"}

// laterConnections are planned.
var laterConnections = []string{"mysql", "s3", "http", "https", "ducklake"}

var connectionSchema = schema{
	args:  []string{"type", "path", "dsn", "extension_directory"},
	later: []string{"load", "pool", "timeout"},
	instead: map[string]string{
		"file": "Give the file of a duckdb or sqlite as `path`, relative to this file.", "url": "Give the address of a postgres as `dsn`.",
		"host": dsnInstead, "port": dsnInstead, "user": dsnInstead, "password": dsnInstead, "database": dsnInstead, "dbname": dsnInstead,
	},
}

const dsnInstead = `All of it goes into one string: dsn = "host=db.example.com dbname=crm user=reader password=${env("CRM_PASSWORD")}".`

// eventSchema is what an event block may hold: nothing, so far.
var eventSchema = schema{instead: map[string]string{"version": "The version is given by whoever pushes the event: assets event NAME -version V."}}

var connectionName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// loadConnections reads the connection blocks, which sources refer to.
func (l *loader) loadConnections() {
	for _, f := range l.files {
		for _, b := range f.blocks("connection") {
			c, good := l.readConnection(l.scopeOf(f.dir), b)
			switch first, twice := l.connections[c.Name]; {
			case c.Name == "":
			case twice:
				l.duplicate(fmt.Sprintf("connection %q", c.Name), first, c.Decl)
			default:
				l.connections[c.Name] = c.Decl
				if good {
					l.project.Connections[c.Name] = c
				}
			}
		}
	}
}

// readConnection is false if nothing can be read by way of the connection.
func (l *loader) readConnection(s *scope, b *hclsyntax.Block) (c *assets.Connection, good bool) {
	c = &assets.Connection{Dir: s.dir, Decl: b.DefRange()}
	what := "the connection"
	if label, ok := l.label(b, "name"); ok {
		what = fmt.Sprintf("connection %q", label)
		if c.Name = label; !connectionName.MatchString(label) {
			c.Name = ""
			l.report(problem(b.LabelRanges[0], fmt.Sprintf("Invalid name %q", label), "The name of a connection is lower-case letters, digits and underscores, and does not begin with a digit."))
		}
	}
	l.fits(b.Body, connectionSchema, what)
	a := l.args(s, b.Body, what)
	c.Type = a.filled("type")
	switch {
	case !a.has("type"):
		l.report(problem(b.DefRange(), "Missing argument \"type\"", "Say what is at the other end: duckdb, postgres or sqlite."))
	case slices.Contains(laterConnections, c.Type):
		l.notYet(a.expr("type").Range(), c.Type, what)
	case c.Type != "" && !slices.Contains(connectionTypes, c.Type):
		a.wrong("type", fmt.Sprintf("Unsupported type %q", c.Type), "A connection is to a duckdb, postgres or sqlite"+didYouMean(c.Type, connectionTypes, "."))
	}
	if dir := a.filled("extension_directory"); dir != "" {
		c.ExtensionDirectory = resolve(s.dir, dir)
	}
	if c.Type == "postgres" {
		c.DSN = a.dsn("dsn")
		for _, password := range c.Passwords() {
			l.addSecret(password)
		}
		l.oneOf(a, b, "dsn", "path", `dsn = env("CRM_DSN"), which is kept secret, or dsn = "host=db.example.com dbname=crm"`)
	} else if slices.Contains(connectionTypes, c.Type) {
		c.Path = a.filled("path")
		l.oneOf(a, b, "path", "dsn", `path = "crm.`+c.Type+`", relative to this file`)
	}
	if c.Path != "" && sameFile(c.File(), l.project.Warehouse) {
		a.wrong("path", "The connection is to the warehouse itself", "What the project builds is read by its name, schema.table. A connection is to a database made elsewhere.")
		return c, false
	}
	c.Withheld = a.withheld
	return c, c.Path+c.DSN != "" || c.Withheld
}

// oneOf reports that a connection lacks the argument its type needs, or has the other's.
func (l *loader) oneOf(a *args, b *hclsyntax.Block, needs, other, example string) {
	if !a.has(needs) {
		l.report(problem(b.DefRange(), fmt.Sprintf("Missing argument %q", needs), "Say where the database is: "+example+"."))
	}
	if a.has(other) {
		l.report(problem(a.body.Attributes[other].NameRange, fmt.Sprintf("Unsupported argument %q", other), fmt.Sprintf("A connection of this type has %s.", needs)))
	}
}

func sameFile(a, b string) bool {
	if a == b {
		return true
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// dsn reads what says where a database is and who asks. What is wrong with it is
// not quoted: it may be a secret.
func (a *args) dsn(name string) string {
	text, _, ok := a.secretText(name)
	if !ok {
		return ""
	}
	text = strings.TrimSpace(text)
	scheme, _, isURL := strings.Cut(text, "://")
	if isURL = isURL && !strings.ContainsAny(scheme, "= "); isURL && scheme != "postgres" && scheme != "postgresql" || !isURL && !strings.Contains(text, "=") || strings.ContainsRune(text, 0) {
		a.wrong(name, fmt.Sprintf("%q says no database", name), `Write "host=db.example.com dbname=crm user=reader", or the same as an address: "postgres://reader@db.example.com/crm".`)
		return ""
	}
	if isURL && misread(text) {
		a.wrong(name, fmt.Sprintf("%q would be misread", name), "Of a password in an address write % as %25, @ as %40, / as %2F, ? as %3F and # as %23; or write the parts one by one: \"host=db.example.com user=reader password='…'\".")
		return ""
	}
	return text
}

// misread reports whether what is meant as a password is taken for another part of the
// address. That part would be quoted when it is found wrong.
func misread(address string) bool {
	_, rest, _ := strings.Cut(address, "://")
	rest, query, asked := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if strings.Count(authority, "@") > 1 || strings.Contains(path, "@") {
		return true
	}
	for _, parameter := range strings.Split(query, "&") {
		if asked && !strings.Contains(parameter, "=") {
			return true
		}
	}
	return false
}

// readTable reads which table of another database a source is.
func (l *loader) readTable(a *args, b *hclsyntax.Block) *assets.AttachedTable {
	t := &assets.AttachedTable{Connection: l.connectionOf(a), Version: a.filled("version"), Range: a.at("table", b.DefRange())}
	if !a.has("connection") {
		l.report(problem(b.DefRange(), "Missing argument \"connection\"", fmt.Sprintf("Say which database the table of %s is in: connection = connection.NAME.", a.what)))
	}
	if !a.has("table") {
		l.report(problem(b.DefRange(), "Missing argument \"table\"", fmt.Sprintf("Say which table %s is: table = \"public.customers\".", a.what)))
	}
	if name := a.filled("table"); name != "" {
		parts := strings.Split(name, ".")
		t.Table = parts[len(parts)-1]
		if len(parts) == 2 {
			t.Schema = parts[0]
		}
		if len(parts) > 2 || slices.ContainsFunc(parts, func(part string) bool { return strings.TrimSpace(part) == "" || strings.ContainsRune(part, 0) }) {
			a.wrong("table", fmt.Sprintf("Invalid table %q", name), "Write the table as its database calls it, with its schema if it has one: table = \"public.customers\". Which database it is in says `connection`.")
		}
	}
	t.Version = strings.TrimRight(strings.TrimSpace(t.Version), "; \n")
	l.alone(a, b, "a table of another database", "files", "url", "headers", "timeout", "version_by", "marker", "settle", "format", "event")
	return t
}

// connectionOf reads a reference to a connection, connection.NAME.
func (l *loader) connectionOf(a *args) string {
	expr := a.expr("connection")
	if expr == nil {
		return ""
	}
	known := slices.Sorted(maps.Keys(l.connections))
	t, diags := hcl.AbsTraversalForExpr(expr)
	member, at := "", expr.Range()
	if !diags.HasErrors() && t.RootName() == "connection" && len(t) == 2 {
		member, at = memberOf(t)
	}
	switch {
	case member == "":
		hint := "connection = connection.NAME"
		if len(known) > 0 {
			hint = "connection = connection." + known[0]
		}
		l.report(problem(at, "\"connection\" must name a connection", fmt.Sprintf("Refer to a connection block, without quotes: %s.", hint)))
	case !slices.Contains(known, member) && !l.unparsed:
		l.report(problem(at, fmt.Sprintf("Unknown reference connection.%s", member), fmt.Sprintf("No connection block declares %q", member)+didYouMean(member, known, ".")))
	}
	return member
}

// readEvent checks the block of a source whose versions are pushed.
func (l *loader) readEvent(a *args, b *hclsyntax.Block) {
	for i, eb := range blocksOf(b.Body, "event") {
		l.noLabels(eb)
		l.fits(eb.Body, eventSchema, "the event block of "+a.what)
		if i > 0 {
			l.report(problem(eb.DefRange(), "Duplicate event block", "A source has one."))
		}
	}
	l.alone(a, b, "pushed events", "files", "url", "headers", "timeout", "version_by", "marker", "settle", "when", "format", "connection", "table", "version")
}

// alone reports arguments and blocks that say that a source is something else, too.
func (l *loader) alone(a *args, b *hclsyntax.Block, is string, others ...string) {
	why := fmt.Sprintf("%s is %s, and a source is one thing only: files, a table of another database, or pushed events. Declare another source.", sentenceStart(a.what), is)
	for _, other := range others {
		if attr := a.body.Attributes[other]; attr != nil {
			l.report(problem(attr.NameRange, fmt.Sprintf("Unsupported argument %q", other), why))
		}
		for _, block := range blocksOf(b.Body, other) {
			l.report(problem(block.DefRange(), fmt.Sprintf("Unsupported block %q", other), why))
		}
	}
}
