package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/oklog/ulid/v2"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-4311623e/assets/cmd/internal/telemetry/otlptest"
)

// collector takes OTLP: `collector URLFILE OUT`. It keeps each request as a file in the
// directory OUT. While there is a file OUT.hangs, it takes a request and never answers.
// It ends when killed.
func collector() {
	listener := announced("")
	out := os.Args[2]
	var mu sync.Mutex
	kept := 0
	c := &otlptest.Collector{Refuse: func(w http.ResponseWriter, r *http.Request) bool {
		_, err := os.Stat(out + ".hangs")
		if err == nil {
			<-r.Context().Done()
		}
		return err == nil
	}}
	fmt.Fprintln(os.Stderr, http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.ServeHTTP(w, r)
		mu.Lock()
		defer mu.Unlock()
		for requests := c.Requests(); kept < len(requests); kept++ {
			r := requests[kept]
			// As it came, so that a secret in it is found; the token belongs into the header.
			shown := strings.ReplaceAll(r.Header.Get("Authorization"), os.Getenv("TOKEN"), "TOKEN")
			err := os.MkdirAll(out, 0o777)
			if err == nil {
				err = os.WriteFile(filepath.Join(out, fmt.Sprintf("%04d", kept)), fmt.Appendf(nil, "%s\n%s\n%s", r.Path, shown, r.Body), 0o666)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	})))
}

// collected reads what a collector has kept.
func collected(ts *testscript.TestScript, dir string) (spans []otlptest.Span, points []otlptest.Point, requests []otlptest.Request) {
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(dir), "*"))
	ts.Check(err)
	for _, file := range files {
		path, rest, _ := strings.Cut(ts.ReadFile(file), "\n")
		authorization, body, _ := strings.Cut(rest, "\n")
		requests = append(requests, otlptest.Request{Path: path, Header: http.Header{"Authorization": {authorization}}, Body: []byte(body)})
	}
	spans, points, err = otlptest.Decode(requests)
	ts.Check(err)
	return spans, points, requests
}

// spans writes the spans that a collector has kept to stdout, as trees, and the values of
// attributes: `spans DIR [ATTRIBUTE…]`.
func spans(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: spans DIR [ATTRIBUTE…]")
	}
	all, _, _ := collected(ts, args[0])
	if len(all) == 0 {
		fmt.Fprintln(ts.Stdout(), "none")
	}
	byTrace := map[string][]otlptest.Span{}
	var order []string
	for _, s := range all {
		if !slices.Contains(order, s.Trace) {
			order = append(order, s.Trace)
		}
		byTrace[s.Trace] = append(byTrace[s.Trace], s)
	}
	for _, trace := range order {
		tree, err := otlptest.Tree(byTrace[trace], args[1:]...)
		ts.Check(err)
		fmt.Fprint(ts.Stdout(), tree)
	}
}

// points writes the metrics that a collector has kept to stdout, and the resources they
// are of: `points DIR`.
func points(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: points DIR")
	}
	_, all, requests := collected(ts, args[0])
	var lines []string
	for _, p := range all {
		lines = append(lines, p.String(), fmt.Sprintf("resource service.name=%s service.version=%s assets.project=%s team=%s",
			p.Resource["service.name"], p.Resource["service.version"], p.Resource["assets.project"], p.Resource["team"]))
	}
	for _, r := range requests {
		lines = append(lines, "header Authorization="+r.Header.Get("Authorization"))
	}
	slices.Sort(lines)
	fmt.Fprintln(ts.Stdout(), strings.Join(slices.Compact(lines), "\n"))
}

// readinto sets a variable to what a file holds: `readinto NAME FILE`.
func readInto(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: readinto NAME FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// parentOf fails unless the only span whose parent is in another process is a run, below
// this one: `parent DIR SPAN`.
func parentOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: parent DIR SPAN")
	}
	all, _, _ := collected(ts, args[0])
	for _, s := range all {
		if (s.Name == "run") != (s.Parent == args[1]) {
			ts.Fatalf("the parent of %s is %q", s.Name, s.Parent)
		}
	}
}

// derived fails unless the line of a log that says so has a trace whose id has the bits of
// the run's: `derived FILE`.
func derived(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: derived FILE")
	}
	found := regexp.MustCompile(`"run":"([0-9A-Z]{26})","trace_id":"([0-9a-f]{32})"`).FindStringSubmatch(ts.ReadFile(args[0]))
	if found == nil {
		ts.Fatalf("no line has a run and a trace")
	}
	if id, err := ulid.ParseStrict(found[1]); err != nil || fmt.Sprintf("%x", id[:]) != found[2] {
		ts.Fatalf("run %s (%x) has the trace %s", found[1], id[:], found[2])
	}
}
