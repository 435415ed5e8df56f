package main

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/daemon"
	"github.com/seed-4311623e/assets/cmd/internal/notify"
	"github.com/seed-4311623e/assets/cmd/internal/server"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/materialize"
)

// httpFlags say where a daemon answers HTTP, and whom.
type httpFlags struct {
	listen              string
	chosen              bool // by whoever started it: it must be had
	tokenFile, tokenEnv string
}

func (f *httpFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.listen, "listen", server.DefaultAddress, "answer HTTP at `HOST:PORT`; none: nowhere")
	c.Flags().StringVar(&f.tokenFile, "token-file", "", "answer only who shows the token in this `FILE`; needed where other machines can ask")
	c.Flags().StringVar(&f.tokenEnv, "token-env", "", "answer only who shows the token in the environment variable `NAME`")
}

// check refuses flags that contradict one another.
func (f *httpFlags) check(c *cobra.Command, once bool) error {
	f.chosen = c.Flags().Changed("listen")
	asked := f.tokenFile != "" || f.tokenEnv != ""
	switch {
	case f.tokenFile != "" && f.tokenEnv != "":
		return errors.New("-token-file and -token-env both name a token: give one")
	case once && (f.chosen && !f.off() || asked):
		return errors.New("-once answers no HTTP: leave out -listen, -token-file and -token-env")
	case f.off() && asked:
		return errors.New("with -listen none there is nothing to show a token to: leave it out")
	}
	return nil
}

func (f *httpFlags) off() bool { return f.listen == "none" || f.listen == "" }

// open takes the address, and reads the token; nil: nothing is served. Where nobody
// chose the address, a daemon of another project may have it.
func (f *httpFlags) open(ctx context.Context, a *app) (listener net.Listener, token server.Token, err error) {
	switch {
	case f.off():
		return nil, token, nil
	case f.tokenFile != "":
		token, err = server.TokenFromFile(f.tokenFile)
	case f.tokenEnv != "":
		token, err = server.TokenFromEnv(f.tokenEnv, os.LookupEnv)
	}
	if err != nil {
		return nil, token, err
	}
	listener, err = server.Listen(ctx, f.listen, token)
	if err != nil && !f.chosen {
		a.log.Warn().Str("why", err.Error()).Msg("no HTTP: choose another address with -listen HOST:PORT, or -listen none")
		return nil, token, nil
	}
	return listener, token, err
}

// serve answers for d at listener (nil: nowhere) until end is called, which lets requests
// under way come to their end, and gathers metrics. What happens in runs is to be told to
// it. That the server fails is logged only: the daemon does without it what it is there for.
func (a *app) serve(listener net.Listener, token server.Token, keeper *session.Keeper, d *daemon.Daemon, alerts *notify.Alerts) (tell func(materialize.Event), end func()) {
	s := newService(keeper, d, alerts)
	answers := server.New(server.Options{Version: version, Token: token, Redact: a.redactor.String, Breaches: s.breaches, Log: a.log, Now: time.Now})
	a.telemetry.Gather(answers.Gatherer(s.Snapshot))
	ctx, cancel := context.WithCancel(context.Background())
	var going sync.WaitGroup
	going.Go(func() { s.countBreaches(ctx) })
	if listener != nil {
		going.Go(func() {
			if err := answers.Serve(ctx, listener, s); err != nil {
				a.log.Error().Err(err).Msg("HTTP is answered no longer")
			}
		})
	}
	return answers.Observe, func() {
		cancel()
		going.Wait()
	}
}
