package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/seed-4311623e/assets/examples/synthetic/project"
)

func main() {
	var o project.Options
	dir := flag.String("dir", "", "`directory` to write the project to (required; must be empty or missing)")
	flag.IntVar(&o.Tables, "n", 1000, "number of sources and assets together; one in ten is a source")
	flag.IntVar(&o.Rows, "rows", 1000, "rows of each source")
	flag.Uint64Var(&o.Seed, "seed", 1, "seed: the same seed writes the same files")
	flag.Parse()
	if *dir == "" || o.Tables < 2 || o.Rows < 1 {
		fmt.Fprintln(os.Stderr, "Say where to write with -dir, and ask for two tables or more with -n.")
		flag.Usage()
		os.Exit(2)
	}
	if entries, err := os.ReadDir(*dir); err == nil && len(entries) > 0 {
		fmt.Fprintf(os.Stderr, "%s is not empty: choose another directory, or empty it.\n", *dir)
		os.Exit(1)
	}
	if err := project.Write(*dir, o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("Wrote %d sources and assets to %s.\n", o.Tables, *dir)
}
