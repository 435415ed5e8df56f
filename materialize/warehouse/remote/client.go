package remote

import (
	"bufio"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Open returns a pool of connections to the process that holds a warehouse. dial makes
// one, with what was read of it ahead, on which that process has said that it answers. who names
// the process in errors, as "`assets apply` (process 123)".
//
// An error of a connection that breaks is a [warehouse.ErrHolderLost].
func Open(who string, dial func(context.Context) (net.Conn, *bufio.Reader, error)) *sql.DB {
	pool := sql.OpenDB(&connector{who, dial})
	pool.SetMaxIdleConns(4)
	pool.SetConnMaxIdleTime(idle / 2) // before the other side gives it up
	return pool
}

// CatalogName is a name for a catalog in memory that nobody else has.
func CatalogName() string { return "_q_" + strings.ToLower(ulid.Make().String()) }

type connector struct {
	who  string
	dial func(context.Context) (net.Conn, *bufio.Reader, error)
}

func (c *connector) Driver() driver.Driver { return nil }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, in, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{wire: newWire(conn, in), who: c.who}, nil
}

// connection is one to the holder. database/sql uses it from one goroutine at a time.
type connection struct {
	*wire
	who    string
	open   *rows // the result that is being read; nil: none
	broken bool
}

var (
	_ driver.QueryerContext = (*connection)(nil)
	_ driver.ExecerContext  = (*connection)(nil)
	_ driver.Validator      = (*connection)(nil)
)

func (c *connection) Close() error  { return c.conn.Close() }
func (c *connection) IsValid() bool { return !c.broken }

var errUnsupported = errors.New("a warehouse that another process holds is read by queries alone")

func (c *connection) Prepare(string) (driver.Stmt, error) { return nil, errUnsupported }
func (c *connection) Begin() (driver.Tx, error)           { return nil, errUnsupported }

func (c *connection) ExecContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Result, error) {
	if _, err := c.query(ctx, statement, args); err != nil {
		return nil, err
	}
	if r := c.open; r != nil {
		return driver.ResultNoRows, r.Close()
	}
	return driver.ResultNoRows, nil
}

func (c *connection) QueryContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Rows, error) {
	return c.query(ctx, statement, args)
}

func (c *connection) query(ctx context.Context, statement string, args []driver.NamedValue) (*rows, error) {
	if c.open != nil {
		return nil, errors.New("the result before is still being read on this connection")
	}
	r := request{Operation: query, SQL: statement}
	for _, arg := range args {
		r.Args = append(r.Args, arg.Value)
	}
	answer, err := c.ask(ctx, r)
	if err != nil {
		return nil, err
	}
	result := &rows{c: c, ctx: ctx, columns: answer.Columns, rows: answer.Rows, more: answer.More}
	if answer.More {
		c.open = result
	}
	return result, nil
}

// ask sends a request and waits for its answer, for as long as the holder says that it
// works on it.
func (c *connection) ask(ctx context.Context, r request) (reply, error) {
	if err := ctx.Err(); err != nil {
		return reply{}, err
	}
	stop := context.AfterFunc(ctx, func() { c.conn.Close() }) // which ends the work, too
	defer stop()
	err := c.send(r)
	for err == nil {
		var answer reply
		if err = c.conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
			break
		}
		if err = c.receive(&answer, 0); err != nil {
			break
		}
		switch {
		case answer.Alive:
		case answer.Err != "":
			return reply{}, errors.New(answer.Err)
		default:
			return answer, nil
		}
	}
	c.broken = true
	c.conn.Close()
	switch {
	case ctx.Err() != nil:
		return reply{}, ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return reply{}, fmt.Errorf("%s holds the warehouse and has not answered for %s: it may have been stopped. Let it go on (kill -CONT), or end it", c.who, silence)
	}
	return reply{}, fmt.Errorf("%w: %s has ended. Ask again", warehouse.ErrHolderLost, c.who)
}

// rows are what there is of a result, and where to get more.
type rows struct {
	c       *connection
	ctx     context.Context
	columns []string
	rows    [][]any
	more    bool
}

func (r *rows) Columns() []string { return r.columns }

func (r *rows) Next(into []driver.Value) error {
	for len(r.rows) == 0 {
		if !r.more {
			return io.EOF
		}
		answer, err := r.c.ask(r.ctx, request{Operation: next})
		if err != nil {
			r.more, r.c.open = false, nil
			return err
		}
		if r.rows, r.more = answer.Rows, answer.More; !r.more {
			r.c.open = nil
		}
	}
	if len(r.rows[0]) != len(into) {
		return fmt.Errorf("%s sent a row of %d columns instead of %d", r.c.who, len(r.rows[0]), len(into))
	}
	for i, v := range r.rows[0] {
		into[i] = v
	}
	r.rows = r.rows[1:]
	return nil
}

func (r *rows) Close() error {
	if !r.more {
		return nil
	}
	r.more, r.c.open = false, nil
	_, err := r.c.ask(context.WithoutCancel(r.ctx), request{Operation: end})
	return err
}
