package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() { os.Exit(run()) }

// run is the command of this process. An interrupt ends what runs in good order;
// a second one ends the process at once, which is safe at any moment, too.
func run() int {
	if os.Getenv("GOGC") == "" {
		// A command lives for a moment: to collect its garbage as often as a server
		// does would be a fifth of a plan's time.
		debug.SetGCPercent(400)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	a := newApp(os.Stdin, os.Stdout, os.Stderr, os.Environ())
	return a.run(ctx, os.Args[1:])
}
