package holder

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/materialize/warehouse/remote"
)

// mostReaders bounds how many connections are answered at once: each may cost a query's memory.
const mostReaders = 100

// grace is how long readers may go on with an answer when the holder is done.
const grace = 2 * time.Second

// Server answers other processes while this one holds a warehouse's file for writing.
type Server struct {
	db       *warehouse.DB
	runs     *Runs
	info     Info
	log      zerolog.Logger
	listener *net.UnixListener
	path     string

	ctx    context.Context
	cancel context.CancelFunc
	slots  chan struct{}
	accept sync.WaitGroup // the loop that accepts
	others sync.WaitGroup // connections that are being answered

	mu      sync.Mutex
	leaving chan struct{} // closed when no new answer begins any more
	readers map[net.Conn]bool
}

// Serve begins to answer for db, the warehouse at path, which this process holds for
// writing. What an earlier holder left of its socket is removed: nobody else can hold
// the file now.
func Serve(db *warehouse.DB, path, command string, runs *Runs, log zerolog.Logger) (*Server, error) {
	var errs []error
	for _, place := range places(path) {
		listener, err := listen(place)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s := &Server{
			db: db, runs: runs, log: log, listener: listener, path: place, slots: make(chan struct{}, mostReaders),
			leaving: make(chan struct{}), readers: map[net.Conn]bool{},
			info: Info{PID: os.Getpid(), Command: command, Since: time.Now().UTC()},
		}
		s.ctx, s.cancel = context.WithCancel(context.Background())
		s.accept.Go(s.serve)
		return s, nil
	}
	return nil, fmt.Errorf("listen for other processes: %w", errors.Join(errs...))
}

func listen(path string) (*net.UnixListener, error) {
	if dir := filepath.Dir(path); makePrivate(dir) != nil {
		return nil, makePrivate(dir)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

func (s *Server) serve() {
	for {
		conn, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // too many open files, perhaps
			s.log.Debug().Err(err).Msg("another process could not be answered")
			select {
			case <-s.ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		s.others.Go(func() {
			defer conn.Close()
			defer context.AfterFunc(s.ctx, func() { conn.Close() })()
			if err := s.answer(conn); err != nil && s.ctx.Err() == nil {
				s.log.Debug().Err(err).Msg("another process was not answered to the end")
			}
		})
	}
}

// answer serves one connection.
func (s *Server) answer(conn net.Conn) error {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	r, err := readRequest(in)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return errors.Join(err, write(conn, reply{Version: version, Err: err.Error()}))
	}
	info := s.now()
	switch r.Want {
	case tell:
		return write(conn, reply{Version: version, Info: &info})
	case cancel, follow, read:
	default:
		return write(conn, reply{Version: version, Err: fmt.Sprintf("there is no such thing as %q to ask for", r.Want)})
	}
	if info.Leaving {
		return write(conn, reply{Version: version, Info: &info})
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return write(conn, reply{Version: version, Err: fmt.Sprintf("it answers %d others already", mostReaders)})
	}
	if !s.enter(conn) {
		info.Leaving = true
		return write(conn, reply{Version: version, Info: &info})
	}
	defer s.leave(conn)
	switch r.Want {
	case cancel:
		return s.end(conn, r)
	case follow:
		return s.tellOn(conn, info)
	}
	if err := write(conn, reply{Version: version, Info: &info}); err != nil {
		return err
	}
	return remote.Answer(s.ctx, s.leaving, s.db, conn, in)
}

// now is what there is to say of this process.
func (s *Server) now() Info {
	info := s.info
	info.Runs, info.Leaving = s.runs.list(), s.isLeaving()
	return info
}

func (s *Server) isLeaving() bool {
	select {
	case <-s.leaving:
		return true
	default:
		return false
	}
}

// enter counts a reader in, unless it is too late.
func (s *Server) enter(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isLeaving() {
		return false
	}
	s.readers[conn] = true
	return true
}

func (s *Server) leave(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.readers, conn)
}

// end cancels a run, and says how it ended.
func (s *Server) end(conn net.Conn, r request) error {
	s.log.Warn().Str("run", r.Run).Str("by", r.By).Msg("asked to cancel a run")
	how, err := s.runs.end(s.ctx, r.Run, r.By)
	if err != nil {
		return write(conn, reply{Version: version, Err: err.Error()})
	}
	return write(conn, reply{Version: version, Ended: how})
}

// tellOn tells what happens until the other side leaves, or is too slow.
func (s *Server) tellOn(conn net.Conn, info Info) error {
	events, leave := s.runs.follow()
	defer leave()
	if err := write(conn, reply{Version: version, Info: &info}); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	gone := make(chan struct{})
	s.others.Go(func() { // whoever follows says nothing more: what is read is its end
		defer close(gone)
		_, _ = io.Copy(io.Discard, io.LimitReader(conn, longestLine))
	})
	defer conn.Close()
	tell := func(e materialize.Event) error {
		line, err := json.Marshal(view.NewEventJSON(e))
		if err == nil {
			err = write(conn, reply{Version: version, Event: line})
		}
		return err
	}
	for {
		select {
		case <-gone:
			return nil
		case e, open := <-events:
			if !open {
				return errors.New("it is too slow to follow")
			}
			if err := tell(e); err != nil {
				return err
			}
		case <-s.leaving:
			for len(events) > 0 { // nothing happens any more
				if err := tell(<-events); err != nil {
					return err
				}
			}
			return nil
		}
	}
}

// Drain lets answers that are under way end, for a moment, and begins no new ones. Until
// Close the server says that the file is about to be given up. A nil Server has nothing to do.
func (s *Server) Drain() {
	if s == nil {
		return
	}
	s.mu.Lock()
	if !s.isLeaving() {
		close(s.leaving)
	}
	s.mu.Unlock()
	deadline := time.After(grace)
	for {
		s.mu.Lock()
		left := len(s.readers)
		s.mu.Unlock()
		if left == 0 {
			break
		}
		select {
		case <-deadline:
			s.cancel()
			deadline = nil
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Close ends the service. It must come before the file is given up: the socket of the
// next holder lies in the same place.
func (s *Server) Close() {
	if s == nil {
		return
	}
	s.cancel()
	if err := s.listener.Close(); err != nil { // which removes the socket
		s.log.Debug().Err(err).Msg("the socket is not closed")
	}
	s.accept.Wait()
	s.others.Wait()
}
