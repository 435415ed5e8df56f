package notify

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/lineage/export"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/planner"
)

// Options are the run that is told of, and to whom.
type Options struct {
	Project *assets.Project // says where events go
	Graph   *lineage.Graph
	Plan    planner.Plan
	Engine  string              // DuckDB's version
	Redact  func(string) string // takes the project's secrets out of a text; nil: there are none
	Now     func() time.Time
	// Undelivered is the path of the file that keeps what could not be delivered.
	Undelivered string
	// Transport is how requests travel; nil: over connections of the run's own.
	Transport http.RoundTripper
}

// Run tells of one run. A nil Run tells nobody.
type Run struct {
	Options
	to     *assets.OpenLineage
	events *events
	// happened leads to a goroutine that makes events of it, so that who builds does
	// not wait for that either.
	happened *queue[materialize.Event]
	made     chan struct{} // closed when that goroutine is done
	unmade   error         // why an event could not be written

	file        *delivery // nil: no file
	appender    *appender
	server      *delivery // nil: no server
	undelivered undelivered
	transport   *http.Transport // to be closed; nil: not ours
}

// Open prepares to tell of a run, and begins to send what runs before could not
// deliver. It returns nil if the project says nowhere to send events.
func Open(o Options) *Run {
	to := o.Project.OpenLineage
	if to == nil {
		return nil
	}
	r := &Run{Options: o, to: to, happened: newQueue[materialize.Event](), made: make(chan struct{})}
	if to.File != "" {
		r.appender = &appender{path: to.File}
		r.file = deliver(nil, ofRun, r.appender.append, nil)
	}
	if to.URL != "" {
		if o.Transport == nil {
			r.transport = ownTransport()
			o.Transport = r.transport
		}
		r.undelivered = undelivered{path: o.Undelivered, most: mostKept}
		post := newPoster(to.URL, to.Headers, to.Timeout, o.Transport)
		r.server = deliver(r.undelivered.take(), ofRun, post.post, nil)
	}
	lineage := export.OpenLineage{Project: o.Project, Graph: o.Graph, Namespace: to.Namespace, Redact: o.Redact}
	r.events = newEvents(lineage, o.Plan, o.Engine, r.send)
	go func() {
		defer close(r.made)
		for {
			e, ok := r.happened.next()
			if !ok {
				return
			}
			r.events.event(e)
		}
	}()
	return r
}

// Event takes note of what happened. It never waits.
func (r *Run) Event(e materialize.Event) {
	if r != nil {
		r.happened.add(e)
	}
}

func (r *Run) send(e export.RunEvent) {
	line, err := export.Line(e)
	if err != nil {
		r.unmade = err
		return
	}
	for _, d := range []*delivery{r.file, r.server} {
		if d != nil {
			d.lines.add(line)
		}
	}
}

// wasStopped reports whether a diagnostic says that a person ended the run.
func wasStopped(d *hcl.Diagnostic) bool {
	stopped, ok := hcl.DiagnosticExtra[interface{ Stopped() bool }](d)
	return ok && stopped.Stopped()
}

// Close ends the telling: with failure, the errors of a run that was not carried
// out to its end, or none; and with ctx, which is done if it was interrupted. It waits while
// deliveries get through, half a second for the next at most, and ten seconds in
// all. What could not be delivered is told in warnings, and kept for the next run.
func (r *Run) Close(ctx context.Context, failure hcl.Diagnostics) hcl.Diagnostics {
	if r == nil {
		return nil
	}
	r.happened.close()
	<-r.made
	if failure.HasErrors() {
		state := export.RunFail
		if ctx.Err() != nil || slices.ContainsFunc(failure, wasStopped) {
			state = export.RunAbort
		}
		r.events.stopped(state, r.Now(), Sentences(failure))
	}
	// Both end at once: while one is waited for, the other goes on.
	for _, d := range []*delivery{r.file, r.server} {
		if d != nil {
			d.end()
		}
	}
	var warnings hcl.Diagnostics
	if r.file != nil {
		r.file.finish()
		err := r.appender.close()
		warnings = append(warnings, r.aboutFile(err)...)
	}
	if r.server != nil {
		r.server.finish()
		if r.transport != nil {
			r.transport.CloseIdleConnections()
		}
		lost, err := r.undelivered.keep(r.server.kept)
		warnings = append(warnings, r.aboutServer(lost, err)...)
	}
	if r.unmade != nil {
		warnings = append(warnings, r.warning("An OpenLineage event could not be written", r.unmade.Error()))
	}
	return warnings
}
