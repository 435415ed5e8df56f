package assets

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Connection is another database, whose tables can be sources.
type Connection struct {
	Name string // letters, digits and underscores, in lower case
	Type string // "duckdb", "sqlite" or "postgres"
	Path string // the file of a duckdb or sqlite, as written
	Dir  string // absolute directory that Path is relative to
	// DSN says where a postgres is and who asks. It may hold a password: it is never
	// shown or kept, and no digest is taken of it.
	DSN string
	// ExtensionDirectory holds DuckDB's extension for the type, absolute; empty: it is
	// DuckDB's to find.
	ExtensionDirectory string
	// Withheld says that DSN is not known, for the secret in it was not obtained.
	Withheld bool
	Decl     hcl.Range
}

// File is the absolute path of the database's file; empty if it has none.
func (c *Connection) File() string {
	if c.Path == "" || filepath.IsAbs(c.Path) {
		return c.Path
	}
	return filepath.Join(c.Dir, c.Path)
}

var (
	dsnPart = regexp.MustCompile(`(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|\S+)`)
	placing = map[string]bool{"host": true, "hostaddr": true, "port": true, "dbname": true, "service": true}
)

// Place says which database it is: its path as written, or HOST:PORT/DATABASE. User
// and password are left out of it.
func (c *Connection) Place() string {
	if c.Type != "postgres" {
		return filepath.ToSlash(c.Path)
	}
	if _, address, ok := strings.Cut(c.DSN, "://"); ok {
		// After the last @ there is nothing of a password, however it is written.
		address, _, _ = strings.Cut(address[strings.LastIndexByte(address, '@')+1:], "?")
		return address
	}
	part := map[string]string{}
	for _, m := range dsnPart.FindAllStringSubmatch(c.DSN, -1) {
		if name := strings.ToLower(m[1]); placing[name] {
			part[name] = strings.Trim(m[2], "'")
		}
	}
	host := part["host"] + part["hostaddr"] + part["service"]
	if part["port"] != "" {
		host += ":" + part["port"]
	}
	return host + "/" + part["dbname"]
}

var secretPart = map[string]bool{"password": true, "sslpassword": true, "oauth_client_secret": true}

// Passwords are what in the DSN lets one into the database, as it stands there and as
// it is meant.
func (c *Connection) Passwords() []string {
	var found []string
	if address, err := url.Parse(c.DSN); strings.Contains(c.DSN, "://") && err == nil {
		if password, ok := address.User.Password(); ok {
			found = append(found, password)
		}
		for name, values := range address.Query() {
			if secretPart[strings.ToLower(name)] {
				found = append(found, values...)
			}
		}
	}
	if m := passwordInURL.FindStringSubmatch(c.DSN); m != nil { // also of what is no good address
		found = append(found, m[1])
	}
	for _, m := range dsnPart.FindAllStringSubmatch(c.DSN, -1) {
		if secretPart[strings.ToLower(m[1])] {
			found = append(found, m[2], unquoted.Replace(strings.Trim(m[2], "'")))
		}
	}
	if len(found) > 0 && !strings.Contains(c.DSN, "://") {
		// What no name belongs to may be the rest of a password that lacks its quotes.
		found = append(found, strings.Fields(dsnPart.ReplaceAllString(c.DSN, " "))...)
	}
	return found
}

var (
	passwordInURL = regexp.MustCompile(`://[^/?#:@]*:(.*)@`)
	unquoted      = strings.NewReplacer(`\\`, `\`, `\'`, `'`)
)

// AttachedTable says which table of another database a source is.
type AttachedTable struct {
	Connection string // a name in Project.Connections
	Schema     string // as written; empty: the one that the database looks in by itself
	Table      string // as written
	// Version is a query on the database, whose one row tells one version of the table
	// from another; empty: all of its rows do.
	Version string
	Range   hcl.Range // the table argument's expression
}

// String is the table's name as written, schema.table.
func (t *AttachedTable) String() string {
	if t.Schema == "" {
		return t.Table
	}
	return t.Schema + "." + t.Table
}
