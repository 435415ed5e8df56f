package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-4311623e/assets/lineage/export/openlineagetest"
)

// specification validates events; nil: there is no copy of it here.
var specification *openlineagetest.Validator

// events validates a file of OpenLineage events, and writes the type and the job of
// each to stdout. Every run in it begins once and ends once, in this order, and the
// parent of each has begun before.
func events(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: events FILE")
	}
	state := map[string]string{}
	for line := range bytes.Lines([]byte(ts.ReadFile(args[0]))) {
		if specification != nil {
			ts.Check(specification.Event(line))
		}
		var e struct {
			EventType string
			Job       struct{ Name string }
			Dataset   struct{ Name string }
			Run       struct {
				RunID  string
				Facets struct {
					Parent struct{ Run struct{ RunID string } }
				}
			}
		}
		ts.Check(json.Unmarshal(line, &e))
		fmt.Fprintln(ts.Stdout(), e.EventType, e.Job.Name+e.Dataset.Name)
		if e.EventType == "" { // of no run
			continue
		}
		if parent := e.Run.Facets.Parent.Run.RunID; parent != "" && state[parent] != "START" {
			ts.Fatalf("the parent of the run of %s has not begun, or has ended", e.Job.Name)
		}
		if before := state[e.Run.RunID]; (e.EventType == "START") != (before == "") || before != "" && before != "START" {
			ts.Fatalf("%s of %s after %q", e.EventType, e.Job.Name, before)
		}
		state[e.Run.RunID] = e.EventType
	}
	for run, last := range state {
		if last == "START" {
			ts.Fatalf("run %s does not end", run)
		}
	}
}

// collect is a server that takes events: `collect URLFILE OUT`. It appends them to
// OUT, and answers 503 as long as a file OUT.down is there, 413 with OUT.refused. It ends when killed.
func collect() {
	listener := announced("/api/v1/lineage")
	var mu sync.Mutex
	fmt.Fprintln(os.Stderr, http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		event, _ := io.ReadAll(r.Body)
		if _, err := os.Stat(os.Args[2] + ".down"); err == nil || r.Header.Get("Authorization") != "Bearer "+os.Getenv("TOKEN") {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, "down, %s", r.Header.Get("Authorization"))
			return
		}
		if _, err := os.Stat(os.Args[2] + ".refused"); err == nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		f, err := os.OpenFile(os.Args[2], os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
		if err == nil {
			_, err = f.Write(append(event, '\n'))
			f.Close()
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})))
}
