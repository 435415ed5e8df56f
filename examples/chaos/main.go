//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

func main() {
	if served, err := serve(os.Args[1:]); served {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(run())
}

// serve does the work of a process that this program starts of itself.
func serve(args []string) (bool, error) {
	switch {
	case len(args) == 2 && args[0] == strangerCommand:
		return true, beStranger(args[1], os.Stdin, os.Stdout)
	case len(args) == 2 && args[0] == holdCommand:
		return true, hold(args[1], os.Stdin)
	}
	return false, nil
}

// hold has a DuckDB file open for writing until there is no more input.
func hold(path string, in io.Reader) (err error) {
	db, err := warehouse.Memory(context.Background())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		err := db.Exec(context.Background(), "ATTACH "+warehouse.Literal(path)+" AS held (TYPE duckdb)")
		if err == nil {
			break
		}
		if !isHeld(err) || time.Now().After(deadline) {
			return nil // it does not get it: nothing is held
		}
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

func run() int {
	var o options
	var file string
	var quiet bool
	flag.StringVar(&o.Assets, "assets", "", "the `command` to attack: go build -o FILE ./cmd/assets (required)")
	flag.StringVar(&o.Clocked, "clocked", "", "the same `command` with a clock that obeys NOW: go test -c -o DIR/assets ./cmd/assets. Without it clocks go right")
	flag.StringVar(&o.Dir, "dir", "", "an empty `directory` to work in (default: a temporary one)")
	flag.DurationVar(&o.For, "for", time.Minute, "how long to attack")
	flag.IntVar(&o.Rounds, "rounds", 0, "how many rounds at most (default: as many as there is time for)")
	flag.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()), "the seed of what happens. The same one chooses the same faults; what they hit depends on the machine, too")
	flag.StringVar(&o.Kinds, "kinds", "", "only faults with this `text` in their kind")
	flag.StringVar(&file, "json", "", "write the report as JSON to this `file`")
	flag.BoolVar(&quiet, "quiet", false, "do not tell what happens")
	flag.Parse()
	if o.Assets == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "Say which command to attack with -assets.")
		flag.Usage()
		return 2
	}
	o.Log = func(format string, args ...any) {
		if !quiet {
			fmt.Fprintf(os.Stderr, format+"\n", args...)
		}
	}
	r, err := attackIn(o)
	if file != "" {
		out, failed := os.Create(file)
		if failed == nil {
			failed = errors.Join(r.writeJSON(out), out.Close())
		}
		err = errors.Join(err, failed)
	}
	err = errors.Join(r.write(os.Stdout), err)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1
	case len(r.Violations) > 0:
		return 1
	}
	return 0
}

// attackIn attacks in the directory of o, or in one of its own that it removes.
func attackIn(o options) (report, error) {
	var err error
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "chaos-"); err != nil {
			return report{}, err
		}
		defer os.RemoveAll(o.Dir)
	}
	for _, path := range []*string{&o.Dir, &o.Assets, &o.Clocked} {
		if *path != "" {
			if *path, err = filepath.Abs(*path); err != nil {
				return report{}, err
			}
		}
	}
	return attack(o)
}
