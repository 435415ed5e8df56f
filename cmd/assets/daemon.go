package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/seed-4311623e/assets/cmd/internal/daemon"
	"github.com/seed-4311623e/assets/cmd/internal/server"
	"github.com/seed-4311623e/assets/cmd/internal/session"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize"
)

func (a *app) daemonCommand() *cobra.Command {
	var once, poll bool
	var grace time.Duration
	var http httpFlags
	c := &cobra.Command{
		Use:   "daemon",
		Short: "Keep the project as fresh as it asks for, until told to stop",
		Long: `Watch the sources, the project's files and the clock, and build, check and publish
whatever is due, for as long as the process runs. Parts of the project that have
nothing to do with one another do not wait for each other. Nothing is ever
dropped: that needs "assets apply".

SIGTERM or an interrupt lets what runs end, for -grace at most; a second one
cancels it at once. What was built until then is kept and published next time.

It answers HTTP on 127.0.0.1:8632: health, metrics for Prometheus, status, plan, runs
and breaches, and takes events. Elsewhere than on loopback it does so only with a
token; -listen none turns it off.

With -once, do what is to be done now and exit: 1 if anything failed or could
not be built.`,
		Example: `  assets daemon
  assets daemon -listen :8632 -token-file /run/secrets/token
  assets daemon -once`,
		Args: takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.checkParallelism(c); err != nil {
				return err
			}
			if err := http.check(c, once); err != nil {
				return err
			}
			if !c.Flags().Changed("log-level") {
				a.log = a.log.Level(zerolog.InfoLevel) // what it does is told nowhere else
			}
			return a.daemon(c.Context(), once, poll, grace, http)
		},
	}
	c.Flags().BoolVar(&once, "once", false, "do what is to be done now, and exit")
	c.Flags().BoolVar(&poll, "poll", false, "do not rely on the file system to tell of changes: look for them now and then, as the policies ask for")
	c.Flags().DurationVar(&grace, "grace", 30*time.Second, "let what runs go on for `TIME`, as in 30s, when told to stop")
	http.add(c)
	c.Flags().IntVar(&a.parallelism, "parallelism", 0, "build `N` assets at once, of all runs together (default: as many as there are cores, but at least 4)")
	return c
}

// leastParallelism lets quick builds go on beside a few long ones also where there
// are few cores.
const leastParallelism = 4

// settle is for how long a file must lie unchanged before a daemon takes it: it is told
// of files while they are being written.
const settle = 300 * time.Millisecond

func (a *app) daemon(stop context.Context, once, poll bool, grace time.Duration, http httpFlags) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // unlike a command, it is here to stay: what it knows lies there all the time
	}
	if a.parallelism == 0 && !once {
		a.parallelism = max(runtime.GOMAXPROCS(0), leastParallelism)
	}
	// The first signal ends stop. Unlike other commands, a second one does not end the process.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	kill, cancel := context.WithCancel(context.WithoutCancel(stop))
	defer cancel()
	go func() {
		for n := 0; n < 2; n++ {
			select {
			case <-signals:
			case <-kill.Done():
				return
			}
		}
		cancel()
	}()

	dir, err := filepath.Abs(".")
	if err != nil {
		return a.refuse(failure("Cannot find the project's directory", err), nil)
	}
	a.telemetry = a.newTelemetry(!once, once)
	defer a.telemetry.Close()
	o, err := a.sessionOptions()
	if err != nil {
		return a.refuse(failure("Invalid flag", err), nil)
	}
	var listener net.Listener
	var token server.Token
	if !once {
		o.Settle = settle
		if listener, token, err = http.open(stop, a); err != nil {
			return a.refuse(failure("Cannot answer HTTP", err), nil)
		}
	}
	alerts := a.daemonAlerts(dir, !once)
	var tell func(materialize.Event)
	o.Emit = func(e materialize.Event) {
		alerts.Event(e)
		tell(e)
	}
	keeper := session.NewKeeper(o)
	defer keeper.Close()
	options := daemon.Options{
		Keeper: daemon.Keep(keeper), Dir: dir, Clock: a.clock, Log: a.log, Once: once, Poll: poll, Grace: grace,
		Show:  func(diags hcl.Diagnostics, texts map[string][]byte) { a.showTexts(diags, texts) },
		Watch: func(s daemon.Snapshot) { lookAt(alerts, s) },
	}
	for _, path := range a.varFiles {
		options.Others = append(options.Others, filepath.Join(dir, path))
	}
	d := daemon.New(options)
	var end func()
	tell, end = a.serve(listener, token, keeper, d, alerts)
	defer end()
	began := time.Now()
	err = d.Run(stop, kill)
	alerts.Close(kill) // what could not be delivered is logged
	var invalid *daemon.InvalidError
	switch {
	case errors.As(err, &invalid) && a.json:
		return a.document(refusal{view.FormatVersion, view.DiagnosticsJSON(a.clean(invalid.Diags), invalid.Texts)}, invalid.Diags)
	case errors.As(err, &invalid):
		a.showTexts(invalid.Diags, invalid.Texts)
		return exit(1)
	case err != nil:
		return a.refuse(failure("The daemon cannot go on", err), nil)
	case once:
		return a.showRound(d.Counts(), time.Since(began))
	}
	return nil
}

// showRound tells how the one round of a daemon came out.
func (a *app) showRound(c daemon.Counts, took time.Duration) error {
	totals := view.TotalsJSON{Built: c.Built, Unchanged: c.Unchanged, Failed: c.Failed, Skipped: c.Skipped, Blocked: c.Blocked}
	var err error
	if a.json {
		err = view.JSON(a.out, struct {
			FormatVersion string `json:"format_version"`
			Runs          int    `json:"runs"`
			view.TotalsJSON
			Seconds float64 `json:"seconds"`
		}{view.FormatVersion, c.Runs, totals, took.Seconds()})
	} else {
		_, err = fmt.Fprintln(a.out, view.ResultLine(totals, took, "Round", a.outStyle))
	}
	if err == nil && !totals.Complete() {
		return exit(1)
	}
	return err
}
