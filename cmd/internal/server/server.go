package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/rs/zerolog"
)

// Options are what a server needs to know. Only Version, Log and Now are mandatory.
type Options struct {
	Version string // of the program
	Token   Token
	// Redact takes the secrets out of a text; nil: there are none.
	Redact func(string) string
	// Breaches makes the document of /api/v1/breaches from the parameters name (one or
	// several), since and open; nil: there is no such place.
	Breaches func(context.Context, url.Values) (any, error)
	// Patience is how long a plan may be overdue before the daemon is no longer ready;
	// 0: two minutes.
	Patience time.Duration
	// Grace is how long requests under way may take when the server stops; 0: five seconds.
	Grace time.Duration
	Log   zerolog.Logger
	Now   func() time.Time
}

// Server answers requests, and counts what happens. See [New].
type Server struct {
	Options
	counters *counters
	began    time.Time
}

// New makes a server that counts from now on, and serves nobody yet.
func New(o Options) *Server {
	if o.Redact == nil {
		o.Redact = func(text string) string { return text }
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Minute
	}
	if o.Grace == 0 {
		o.Grace = 5 * time.Second
	}
	return &Server{Options: o, counters: newCounters(o.Version), began: o.Now()}
}

// How long a client may take. The answers are small; the longest, the metrics of
// 10,000 assets, takes a second over a slow line.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = time.Minute
	idleTimeout   = 2 * time.Minute
	headerBytes   = 32 << 10
)

// Serve answers for d on listener until ctx is done; then it lets requests under way
// end, for at most Grace, and returns nil. It closes listener.
func (s *Server) Serve(ctx context.Context, listener net.Listener, d Daemon) error {
	if err := permitted(listener.Addr(), s.Token); err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{
		Handler: s.Handler(d), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: headerBytes,
		ErrorLog: quiet(s.Log, s.Redact),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	s.Log.Info().Bool("token", s.Token.Asked()).Msg("listening on http://" + listener.Addr().String())
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Grace)
	defer cancel()
	if server.Shutdown(within) != nil {
		s.Log.Warn().Stringer("after", s.Grace).Msg("requests were cut off")
		_ = server.Close() // what it reports is the listener, which Shutdown has closed
	}
	<-ended
	return nil
}
