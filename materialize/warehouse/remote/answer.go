package remote

import (
	"bufio"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// Answer serves one reader on a connection, of which in has been read until now, until the
// reader leaves, falls silent or breaks the rules, or ctx is done. Once leaving is closed, it
// ends as soon as no answer is under way. The connection is closed.
// It never writes to the warehouse. The error says why it ended; nil: in good order.
func Answer(ctx context.Context, leaving <-chan struct{}, db *warehouse.DB, conn net.Conn, in *bufio.Reader) error {
	err := answer(ctx, leaving, db, conn, in)
	if isClosed(err) {
		return nil
	}
	return err
}

func answer(ctx context.Context, leaving <-chan struct{}, db *warehouse.DB, conn net.Conn, in *bufio.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c, err := db.Conn(ctx)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	a := &answerer{wire: newWire(conn, in), db: c}
	defer a.leave()
	if err := conn.SetReadDeadline(time.Now().Add(idle)); err != nil {
		return err
	}

	// Requests are read while one is answered, so that a reader who leaves ends that.
	requests := make(chan request)
	ended := make(chan error, 1)
	go func() {
		defer cancel()
		ended <- a.listen(ctx, requests)
	}()
	for {
		free := leaving
		if a.rows != nil || a.inTransaction {
			free = nil
		}
		select {
		case r := <-requests:
			if err := a.answer(ctx, r); err != nil {
				cancel()
				<-ended
				return err
			}
		case <-free:
			cancel()
			<-ended
			return nil
		case err := <-ended:
			return err
		}
	}
}

// answerer is what the holder knows of one reader.
type answerer struct {
	*wire
	db   *warehouse.Conn
	rows *sql.Rows // the one open result; nil: none
	// inTransaction says that the reader began one.
	inTransaction bool
	// catalogs are those that it attached: the whole instance sees them.
	catalogs []string
}

// listen hands on requests until there are no more.
func (a *answerer) listen(ctx context.Context, requests chan<- request) error {
	for {
		// Also while an answer is worked on: that takes no word from the reader, and may take long.
		var r request
		if err := a.receive(&r, largest); err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		select {
		case requests <- r:
		case <-ctx.Done():
			return nil
		}
	}
}

// answer answers one request. An error is one of the connection.
func (a *answerer) answer(ctx context.Context, r request) error {
	// The reader is given up if it is not back for more in time.
	if err := a.conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	defer a.conn.SetReadDeadline(time.Now().Add(idle))
	stop := a.keepAlive()
	answer, err := a.carryOut(ctx, r)
	stop()
	if err != nil {
		answer = reply{Err: err.Error()}
	}
	return a.send(answer)
}

// keepAlive says again and again that an answer is being worked on.
func (a *answerer) keepAlive() (stop func()) {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		ticker := time.NewTicker(alive)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				if a.send(reply{Alive: true}) != nil {
					a.conn.Close()
					return
				}
			}
		}
	}()
	return func() { close(done); <-gone }
}

func (a *answerer) carryOut(ctx context.Context, r request) (reply, error) {
	switch r.Operation {
	case query:
		return a.query(ctx, r)
	case next:
		return a.batch(nil)
	case end:
		return reply{}, a.forget()
	}
	return reply{}, fmt.Errorf("there is no operation %d", r.Operation)
}

func (a *answerer) query(ctx context.Context, r request) (reply, error) {
	if err := a.forget(); err != nil {
		return reply{}, err
	}
	kind, err := permit(ctx, a.db, r.SQL)
	if err != nil {
		return reply{}, err
	}
	switch kind {
	case begins:
		a.inTransaction = true
		return reply{}, a.db.Exec(ctx, "BEGIN TRANSACTION READ ONLY")
	case commits, rollsBack:
		a.inTransaction = false
		return reply{}, a.db.Exec(ctx, r.SQL)
	case arranges:
		err := a.db.Exec(ctx, r.SQL, r.Args...)
		if catalog, attached := strings.CutPrefix(r.SQL, attach); attached && err == nil {
			a.catalogs = append(a.catalogs, catalog)
		}
		return reply{}, err
	}
	if !a.inTransaction {
		if err := a.db.Exec(ctx, "BEGIN TRANSACTION READ ONLY"); err != nil {
			return reply{}, err
		}
		// A result does not need its transaction any more once it is there.
		defer a.db.Exec(context.WithoutCancel(ctx), "ROLLBACK")
	}
	if kind == keeps {
		if err := a.db.Exec(ctx, r.SQL, r.Args...); err != nil || a.inTransaction {
			return reply{}, err
		}
		return reply{}, a.db.Exec(ctx, "COMMIT")
	}
	if a.rows, err = a.db.Query(ctx, r.SQL, r.Args...); err != nil {
		return reply{}, err
	}
	columns, err := a.rows.Columns()
	if err != nil {
		return reply{}, err
	}
	return a.batch(columns)
}

// batch takes the next rows of the open result.
func (a *answerer) batch(columns []string) (reply, error) {
	out := reply{Columns: columns}
	if a.rows == nil {
		return out, errors.New("no result is open")
	}
	names, err := a.rows.Columns()
	if err != nil {
		return out, err
	}
	for bytes := 0; len(out.Rows) < batchRows && bytes < batchBytes; {
		if !a.rows.Next() {
			return out, errors.Join(a.rows.Err(), a.forget())
		}
		row, targets := make([]any, len(names)), make([]any, len(names))
		for i := range row {
			targets[i] = &row[i]
		}
		if err := a.rows.Scan(targets...); err != nil {
			return out, err
		}
		for i := range row {
			if row[i], err = sendable(row[i]); err != nil {
				return out, errors.Join(err, a.forget())
			}
			bytes += size(row[i])
		}
		out.Rows = append(out.Rows, row)
	}
	out.More = true
	return out, nil
}

// forget gives the open result up.
func (a *answerer) forget() error {
	if a.rows == nil {
		return nil
	}
	rows := a.rows
	a.rows = nil
	return rows.Close()
}

// leave gives up the connection to the database together with all that was arranged on it.
func (a *answerer) leave() {
	a.conn.Close()
	a.forget()
	ctx := context.Background()
	if a.inTransaction {
		a.db.Exec(ctx, "ROLLBACK")
	}
	for _, catalog := range a.catalogs {
		a.db.Exec(ctx, "USE memory; DETACH "+catalog)
	}
	// The pool closes what is said to be broken, and does not hand it to the run.
	a.db.Raw(func(any) error { return driver.ErrBadConn })
	a.db.Close()
}
