package export

import (
	"path/filepath"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// attached is a table of another database: DATABASE.SCHEMA.TABLE in
// postgres://HOST:PORT, as OpenLineage names it, or SCHEMA.TABLE in the namespace of
// a file, which is named like the files of a source.
func (o OpenLineage) attached(t *assets.AttachedTable) Dataset {
	c := o.Project.Connections[t.Connection]
	if c == nil { // a mistake of the project that was reported
		return Dataset{Namespace: "connection://" + t.Connection, Name: t.String()}
	}
	if c.Type == "postgres" {
		host, database, _ := strings.Cut(c.Place(), "/")
		if !strings.Contains(host, ":") {
			host += ":5432"
		}
		return Dataset{Namespace: "postgres://" + host, Name: database + "." + withSchema(t, "public")}
	}
	d := Dataset{Namespace: c.Type + "://" + filepath.ToSlash(c.File()), Name: withSchema(t, "main")}
	if below, err := filepath.Rel(o.Project.Dir, c.File()); err == nil && filepath.IsLocal(below) {
		d.Namespace = c.Type + "://" + o.Namespace + "/" + filepath.ToSlash(below)
	}
	return d
}

func withSchema(t *assets.AttachedTable, otherwise string) string {
	if t.Schema == "" {
		return otherwise + "." + t.Table
	}
	return t.String()
}
