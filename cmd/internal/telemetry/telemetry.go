package telemetry

import (
	"reflect"
	"sync"

	"github.com/go-logr/logr"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel"

	"github.com/seed-4311623e/assets/assets"
)

// Options are what a Telemetry needs to know. All but Live and Child are mandatory.
type Options struct {
	Environ []string            // "K=V"
	Version string              // of the program
	Redact  func(string) string // takes the project's secrets out of a text
	Log     zerolog.Logger
	// Live has failures of delivery logged when they begin and end, for a process that
	// goes on; otherwise they are logged once, by Close.
	Live bool
	// Child has runs be children of the span that TRACEPARENT in the environment names,
	// if it names one.
	Child bool
}

// Telemetry sends what happens in this process to where its project or its environment
// says. A nil Telemetry sends nothing. It may be used from many goroutines.
type Telemetry struct {
	Options
	env    environment
	parent parent

	mu       sync.Mutex
	gatherer Gatherer
	current  *pipeline // nil: nothing is configured, or not yet
	warned   map[string]bool
	closing  sync.WaitGroup
}

// New starts nothing: see Configure.
func New(o Options) *Telemetry {
	t := &Telemetry{Options: o, env: newEnvironment(o.Environ), warned: map[string]bool{}}
	if o.Child {
		t.parent = parentOf(o.Environ)
	}
	return t
}

// Gather says where metrics come from. Call it before Configure: without it none are sent.
func (t *Telemetry) Gather(g Gatherer) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gatherer = g
}

// Configure takes into account what a project says of where telemetry goes; calling it
// again with the same does nothing. It reports whether anything is sent.
func (t *Telemetry) Configure(p *assets.Project) bool {
	return t.configured(p) != nil
}

func (t *Telemetry) configured(p *assets.Project) *pipeline {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.env.settings(p.OTLP)
	if t.current != nil && reflect.DeepEqual(s, t.current.settings) {
		return t.current
	}
	for _, warning := range s.warnings {
		if !t.warned[warning] {
			t.warned[warning] = true
			t.Log.Warn().Msg(warning)
		}
	}
	if before := t.current; before != nil {
		t.closing.Go(before.close) // it may still have to send
	}
	t.current = nil
	if s.traces.on || s.metrics.on {
		otel.SetLogger(logr.Discard())
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
			t.Log.Debug().Str("why", t.Redact(err.Error())).Msg("OpenTelemetry reports")
		}))
		t.current = t.open(s, p.Name)
	}
	return t.current
}

// Close sends what there is, waits for that two seconds at most, and logs what was lost.
func (t *Telemetry) Close() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current != nil {
		t.current.close()
		t.current = nil
	}
	t.closing.Wait()
}
