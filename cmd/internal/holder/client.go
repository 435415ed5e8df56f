package holder

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/materialize/warehouse/remote"
)

// ErrNobody says that no process of this user answers for a warehouse.
var ErrNobody = errors.New("no process answers for the warehouse")

// Ask finds out who holds the warehouse at path. Errors: [ErrNobody], and what is wrong
// with the one that should answer.
func Ask(ctx context.Context, path string) (Info, error) {
	l, err := dial(ctx, path, request{Want: tell})
	if err != nil {
		return Info{}, err
	}
	return l.info, l.conn.Close()
}

// Pool returns a way to query the warehouse at path through the process that holds it.
// nil: nobody does, or who does is about to give it up.
func Pool(ctx context.Context, path string) (*sql.DB, Info, error) {
	first, err := dial(ctx, path, request{Want: read})
	if errors.Is(err, ErrNobody) {
		return nil, Info{}, nil
	}
	if err != nil {
		return nil, Info{}, err
	}
	info := first.info
	if info.Leaving {
		return nil, info, first.conn.Close()
	}
	var unused atomic.Pointer[line]
	unused.Store(first)
	return remote.Open(info.String(), func(ctx context.Context) (net.Conn, *bufio.Reader, error) {
		if l := unused.Swap(nil); l != nil {
			return l.conn, l.in, nil
		}
		l, err := dial(ctx, path, request{Want: read})
		if err == nil && l.info.Leaving {
			err = errors.Join(ErrNobody, l.conn.Close())
		}
		if errors.Is(err, ErrNobody) {
			return nil, nil, fmt.Errorf("%w: %s has given it up. Ask again", warehouse.ErrHolderLost, info)
		}
		if err != nil {
			return nil, nil, err
		}
		return l.conn, l.in, nil
	}), info, nil
}

// Name completes what is known of who holds a warehouse.
func Name(ctx context.Context, e *warehouse.LockedError) {
	info, err := Ask(ctx, e.Path)
	e.Silent = err != nil && !errors.Is(err, ErrNobody) && ctx.Err() == nil
	if err != nil || e.PID != 0 && e.PID != info.PID {
		return
	}
	e.PID, e.Command, e.Since, e.Leaving, e.Runs = info.PID, info.Command, info.Since, info.Leaving, nil
	for _, run := range info.Runs {
		e.Runs = append(e.Runs, run.ID)
	}
}

// Cancel has the process that holds the warehouse at path end a run, and returns how it
// ended. by is who wants it.
func Cancel(ctx context.Context, path, run, by string) (how string, err error) {
	l, err := dial(ctx, path, request{Want: cancel, Run: run, By: by})
	if err != nil {
		return "", err
	}
	if err := l.conn.Close(); err != nil {
		return "", err
	}
	if l.ended == "" { // it is about to give the file up: no run goes on any more
		return "", ErrNobody
	}
	return l.ended, nil
}

// Follow calls each with what happens in the process that holds the warehouse at path, as
// lines of `apply -json`, until that gives the file up, or ctx is done, or there is an
// error. begun is called when nothing that happens is missed any more.
func Follow(ctx context.Context, path string, begun func() error, each func(line []byte) error) error {
	l, err := dial(ctx, path, request{Want: follow})
	if err != nil {
		return err
	}
	defer l.conn.Close()
	if l.info.Leaving {
		return nil
	}
	defer context.AfterFunc(ctx, func() { l.conn.Close() })()
	if err := l.conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	if err := begun(); err != nil {
		return err
	}
	for {
		var r reply
		if err := l.receive(&r); err != nil {
			return ctx.Err()
		}
		if err := each(r.Event); err != nil {
			return err
		}
	}
}

// line is a connection to a holder that has answered.
type line struct {
	conn  net.Conn
	in    *bufio.Reader
	info  Info
	ended string
}

// dial connects to the process that holds the warehouse at path, and asks for something.
func dial(ctx context.Context, path string, r request) (*line, error) {
	r.Version = version
	for _, place := range places(path) {
		if err := isPrivate(filepath.Dir(place)); err != nil {
			continue // nobody of this user listens there
		}
		// A socket that nobody listens on is what a crash left behind.
		conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "unix", place)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			continue
		}
		l := &line{conn: conn, in: bufio.NewReader(conn)}
		if err := l.ask(ctx, r); err != nil {
			conn.Close()
			return nil, err
		}
		return l, nil
	}
	return nil, ErrNobody
}

func (l *line) ask(ctx context.Context, r request) error {
	stop := context.AfterFunc(ctx, func() { l.conn.Close() })
	defer stop()
	err := write(l.conn, r)
	var answer reply
	if err == nil {
		if r.Want != cancel { // which takes as long as it takes
			err = l.conn.SetReadDeadline(time.Now().Add(patience))
		}
		if err == nil {
			err = l.receive(&answer)
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the warehouse is in use by %s, which does not answer: it may have been stopped. Let it go on (kill -CONT), or end it", peer(l.conn))
	case err != nil: // it has ended in this moment
		return fmt.Errorf("%w: %w", ErrNobody, err)
	case answer.Err != "":
		return fmt.Errorf("the process that holds the warehouse says: %s", answer.Err)
	}
	if answer.Info != nil {
		l.info = *answer.Info
	}
	l.ended = answer.Ended
	return l.conn.SetDeadline(time.Time{})
}

// receive reads one line.
func (l *line) receive(r *reply) error {
	text, err := l.in.ReadBytes('\n')
	if err != nil {
		if len(text) > 0 && errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	return json.Unmarshal(text, r)
}
