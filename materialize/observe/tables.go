package observe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Table is a table of another database as a look found it.
type Table struct {
	assets.AttachedTable
	From  warehouse.Attachment
	place string // which database it is, without user and password
}

// attached tells how a connection is attached.
func attached(c *assets.Connection) warehouse.Attachment {
	a := warehouse.Attachment{Name: c.Name, Type: c.Type, At: c.File(), ExtensionDirectory: c.ExtensionDirectory}
	if a.At == "" {
		a.At = c.DSN
	}
	return a
}

// lookTables looks at tables of other databases, several databases at a time.
func (o *Observer) lookTables(ctx context.Context, sources []*assets.Source) []Look {
	looks := make([]Look, len(sources))
	byConnection := map[string][]int{}
	for i, s := range sources {
		byConnection[s.Table.Connection] = append(byConnection[s.Table.Connection], i)
	}
	var databases errgroup.Group
	databases.SetLimit(8) // they wait for others more than they compute
	for name, members := range byConnection {
		databases.Go(func() error {
			c := o.Connections[name]
			if c == nil { // a mistake of the project that was reported
				for _, i := range members {
					looks[i] = o.unseen(sources[i].Name, errors.New("its connection is not declared"))
				}
				return nil
			}
			from := attached(c)
			err := o.Attached(ctx, from, func(conn *warehouse.Conn) error {
				for _, i := range members {
					t := &Table{*sources[i].Table, from, c.Place()}
					looks[i] = o.lookTable(ctx, conn, sources[i], t)
				}
				return nil
			})
			for _, i := range members {
				if err != nil { // also if it was only given up badly: nobody could read it
					looks[i] = o.unseen(sources[i].Name, fmt.Errorf("connection %s: %w", name, err))
				}
			}
			return nil
		})
	}
	databases.Wait()
	return looks
}

// lookTable makes a Look of a table in an attached database.
func (o *Observer) lookTable(ctx context.Context, c *warehouse.Conn, s *assets.Source, t *Table) Look {
	source, known := s.Name, o.Known[s.Name]
	version := planner.Version{Arrived: o.Now.UTC()} // also if what is known arrived in the time to come
	err := c.Transaction(ctx, func() (err error) {
		if version.Columns, err = t.columns(ctx, c); err != nil {
			return err
		}
		version.ID, err = t.version(ctx, c, t.ref(), version.Columns)
		return err
	})
	if err != nil {
		return o.unseen(source, t.From.Clean(err))
	}
	if version.ID != known.ID {
		switch why, again, err := o.waitFor(ctx, s.Taking.When); {
		case err != nil:
			return o.unseen(source, err)
		case why != "":
			look := o.unseen(source, errors.New(why))
			look.Waits, look.Again = look.Err, again
			return look
		}
	}
	if version.ID == known.ID && len(known.Columns) > 0 {
		version = known.Version
	}
	return Look{Observation: planner.Observation{Source: source, Version: version, At: o.Now}, Table: t}
}

// unseen is a Look that failed.
func (o *Observer) unseen(source assets.Name, err error) Look {
	message := strings.Join(strings.Fields(withoutAdvice(err.Error())), " ")
	known := o.Known[source].Version
	return Look{Observation: planner.Observation{Source: source, Version: known, At: o.Now, Err: message, Unreadable: known.ID != ""}}
}

// ref is the table as SQL names it on a connection that the database is attached to.
func (t *Table) ref() string {
	if t.Schema == "" {
		return warehouse.Ident(t.Table)
	}
	return warehouse.Ident(t.Schema) + "." + warehouse.Ident(t.Table)
}

func (t *Table) columns(ctx context.Context, c *warehouse.Conn) ([]assets.Column, error) {
	columns, err := c.Describe(ctx, t.ref())
	if err != nil && strings.Contains(err.Error(), "does not exist") {
		return nil, fmt.Errorf("connection %s has no table %s. DuckDB says: %w", t.Connection, &t.AttachedTable, err)
	}
	return columns, err
}

// version identifies the rows of relation, the table or a copy of it, with these
// columns: by what the table's query says, or by all that is in them.
func (t *Table) version(ctx context.Context, c *warehouse.Conn, relation string, columns []assets.Column) (assets.Digest, error) {
	if t.Version == "" {
		var rows int64
		var sums *string // NULL of no rows
		if err := c.QueryRow(ctx, warehouse.HashQuery(relation, columns)).Scan(&rows, &sums); err != nil {
			return "", err
		}
		if sums == nil {
			sums = new(string)
		}
		return warehouse.ContentDigest(columns, rows, *sums), nil
	}
	values, err := t.ask(ctx, c)
	if err != nil {
		return "", fmt.Errorf("the version query of table %s: %w", &t.AttachedTable, err)
	}
	// The answer may be the same in another database, or of another table.
	parts := append([]string{t.From.Type, t.place, t.Schema, t.Table, t.Version}, values...)
	for _, column := range columns {
		parts = append(parts, column.Name, column.Type)
	}
	return assets.NewDigest("t1", parts...), nil
}

// ask runs the version query, which yields one row.
func (t *Table) ask(ctx context.Context, c *warehouse.Conn) ([]string, error) {
	// Inside of a query there is room for a query only, not for any other statement.
	rows, err := c.Query(ctx, "SELECT COLUMNS(*)::VARCHAR FROM (\n"+t.Version+"\n)")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	cells := make([]*string, len(names))
	into := make([]any, len(names))
	for i := range cells {
		into[i] = &cells[i]
	}
	count := 0
	for ; rows.Next(); count++ {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if count != 1 {
		return nil, fmt.Errorf("it yields %d rows, and must yield one", count)
	}
	var values []string
	for _, cell := range cells {
		if cell == nil {
			values = append(values, "null")
		} else {
			values = append(values, "is", *cell)
		}
	}
	return values, nil
}

// Load copies the table of a look into a new table, whose name is given with its
// catalog, and returns which version it copied: another one than the look's if the
// table moved meanwhile. Rows and version are of one state of the database. It
// fails if the table has other columns by now.
func Load(ctx context.Context, db *warehouse.DB, look Look, into string) (version assets.Digest, err error) {
	t := look.Table
	err = db.Attached(ctx, t.From, func(c *warehouse.Conn) error {
		return c.Transaction(ctx, func() error {
			columns, err := t.columns(ctx, c)
			if err != nil {
				return err
			}
			if !slices.Equal(columns, look.Columns) {
				return errors.New("its columns changed after it was looked at. Try again")
			}
			if err := c.Exec(ctx, "CREATE TABLE "+into+" AS FROM "+t.ref()); err != nil {
				return err
			}
			version, err = t.version(ctx, c, into, columns)
			return err
		})
	})
	return version, err
}
