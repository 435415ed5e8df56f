package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() { os.Exit(run(nil)) }

// run is the command of this process. An interrupt ends what runs in good order;
// a second one ends the process at once, which is safe at any moment, too. A test
// sets what it wants to be otherwise.
func run(set func(*app)) int {
	if os.Getenv("GOGC") == "" {
		// A command lives for a moment: to collect its garbage as often as a server
		// does would be a fifth of a plan's time. More than twice what is live would
		// take a cold compile of 5,000 assets beyond 300 MB.
		debug.SetGCPercent(200)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	a := newApp(os.Stdin, os.Stdout, os.Stderr, os.Environ())
	if set != nil {
		set(a)
	}
	return a.run(ctx, os.Args[1:])
}
