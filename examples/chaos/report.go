//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A report says what was done, and what came of it.
type report struct {
	Seed      uint64         `json:"seed"`
	Seconds   float64        `json:"seconds"`
	Rounds    int            `json:"rounds"`
	Faults    map[string]int `json:"faults"` // by kind
	Injected  int            `json:"injected"`
	Applies   int            `json:"applies"`
	Daemons   int            `json:"daemons"`
	Converged int            `json:"converged"` // how often a disturbed daemon was left alone until all was published
	Runs      int            `json:"runs"`      // recorded in the warehouse that had most
	Exits     map[string]int `json:"exits"`     // processes by command and exit code; -1: a signal ended it
	Looks     int            `json:"looks"`     // of the stranger at a warehouse
	Held      int            `json:"held"`      // looks that found it held by another process
	Checks    int            `json:"checks"`    // statements that the stranger found true
	// Mixed is how often a view was seen whose inputs were made by two edits of the
	// project, since one of them failed.
	Mixed      int      `json:"mixed_views"`
	Lent       int      `json:"last_good"` // how often an asset was seen that was made with a last good version
	Violations []string `json:"violations"`
	Evidence   string   `json:"evidence,omitempty"`
}

func (r report) total() report {
	r.Injected = 0
	for _, n := range r.Faults {
		r.Injected += n
	}
	if r.Violations == nil {
		r.Violations = []string{}
	}
	return r
}

func (r report) writeJSON(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(r.total())
}

func (r report) write(out io.Writer) error {
	r = r.total()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "FAULT\tTIMES\t\n")
	for _, kind := range slices.Sorted(maps.Keys(r.Faults)) {
		fmt.Fprintf(w, "%s\t%d\t\n", kind, r.Faults[kind])
	}
	fmt.Fprintf(w, "all\t%d\t\n", r.Injected)
	if err := w.Flush(); err != nil {
		return err
	}
	var exits []string
	for _, kind := range slices.Sorted(maps.Keys(r.Exits)) {
		exits = append(exits, fmt.Sprintf("%s: %d", kind, r.Exits[kind]))
	}
	_, err := fmt.Fprintf(out, "\n%d rounds in %v with seed %d: %d applies and %d daemons, of which %d were left alone until all was published.\n"+
		"Exit codes: %s.\nThe stranger looked %d times (and %d times it could not, for the file was held) and found %d statements true.\n"+
		"Of these looks, %d saw a view of inputs that were made by two edits of the project, since one of them failed;\n%d saw an asset that was made with the last good version of an input that failed.\n%d violations.\n",
		r.Rounds, time.Duration(r.Seconds*float64(time.Second)).Round(time.Second), r.Seed, r.Applies, r.Daemons, r.Converged,
		strings.Join(exits, ", "), r.Looks, r.Held, r.Checks, r.Mixed, r.Lent, len(r.Violations))
	for _, v := range r.Violations {
		fmt.Fprintf(out, "\n%s\n", v)
	}
	if r.Evidence != "" {
		fmt.Fprintf(out, "\nThe project and all that was said are kept in %s.\n", r.Evidence)
	}
	return err
}
