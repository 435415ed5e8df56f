package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/rs/zerolog"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
)

const (
	mostCommands = 4        // at a moment, of one run
	mostOutput   = 64 << 10 // bytes of what a command prints that are logged
	lastBreath   = time.Second
)

// Callbacks runs the commands of a project's callback blocks for one run. Nobody who
// builds waits for them, and their failure fails nothing.
type Callbacks struct {
	project *assets.Project
	// document is what a command gets on its standard input.
	document func(assets.CallbackEvent, materialize.Event) ([]byte, error)
	redact   func(string) string
	log      zerolog.Logger

	ctx    context.Context
	cancel context.CancelFunc
	slots  chan struct{}
	going  sync.WaitGroup

	mu       sync.Mutex // guards what follows
	finished map[assets.Name]materialize.Event
	failed   map[assets.Name]bool // was told
	diags    hcl.Diagnostics
}

// OpenCallbacks prepares to tell of a run. It returns nil if no asset has a callback; a
// nil Callbacks tells nobody.
func OpenCallbacks(p *assets.Project, document func(assets.CallbackEvent, materialize.Event) ([]byte, error), redact func(string) string, log zerolog.Logger) *Callbacks {
	for _, a := range p.Assets {
		if len(a.Failure.Callbacks) > 0 {
			c := &Callbacks{project: p, document: document, redact: redact, log: log, slots: make(chan struct{}, mostCommands),
				finished: map[assets.Name]materialize.Event{}, failed: map[assets.Name]bool{}}
			c.ctx, c.cancel = context.WithCancel(context.Background())
			return c
		}
	}
	return nil
}

// Event begins the commands that are to be told of e. It never waits.
func (c *Callbacks) Event(e materialize.Event) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e.Type {
	case materialize.AssetRetry:
		c.tell(assets.OnRetry, e)
	case materialize.AssetFinished:
		c.finished[e.Asset] = e
		if e.Outcome == materialize.FailedBuild && !c.failed[e.Asset] {
			c.failed[e.Asset] = true
			c.tell(assets.OnFailed, e)
		}
	case materialize.RunPublished: // before that nobody can read what was built
		for _, a := range e.Result.Assets {
			switch a.Outcome {
			case materialize.Built, materialize.TakenUp, materialize.Unchanged:
				if finished, ok := c.finished[a.Asset]; ok {
					c.tell(assets.OnSucceeded, finished)
				}
			}
		}
	}
}

func (c *Callbacks) tell(event assets.CallbackEvent, e materialize.Event) {
	a := c.project.Assets[e.Asset]
	if a == nil { // it is dropped
		return
	}
	for _, callback := range a.Failure.Callbacks {
		if slices.Contains(callback.On, event) {
			c.going.Go(func() { c.run(callback, event, e) })
		}
	}
}

// Wait waits until all commands have ended, each of which has a time; they are killed when ctx
// is done. It says which failed, in warnings.
func (c *Callbacks) Wait(ctx context.Context) hcl.Diagnostics {
	if c == nil {
		return nil
	}
	defer context.AfterFunc(ctx, c.cancel)()
	c.going.Wait()
	c.cancel()
	slices.SortFunc(c.diags, func(a, b *hcl.Diagnostic) int { return strings.Compare(a.Summary, b.Summary) })
	return c.diags
}

func (c *Callbacks) run(callback assets.Callback, event assets.CallbackEvent, e materialize.Event) {
	c.slots <- struct{}{}
	defer func() { <-c.slots }()
	document, err := c.document(event, e)
	if err != nil {
		c.warn(callback, e, "It could not be told: "+err.Error())
		return
	}
	ctx, cancel := context.WithTimeoutCause(c.ctx, callback.Timeout, fmt.Errorf("it took longer than its timeout, which is %s, and was killed", callback.Timeout))
	defer cancel()
	var output limited
	cmd := exec.CommandContext(ctx, callback.Command[0], callback.Command[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.project.Dir, bytes.NewReader(document), &output, &output
	cmd.WaitDelay = lastBreath // what it has started may hold its output open
	killWithChildren(cmd)
	err = cmd.Run()
	text := strings.TrimSpace(c.redact(output.String()))
	for line := range strings.Lines(text) {
		c.log.Info().Stringer("asset", e.Asset).Str("callback", callback.Command[0]).Msg(strings.TrimRight(line, "\r\n"))
	}
	var missing *exec.Error
	var failed *fs.PathError
	switch {
	case err == nil:
		return
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled):
		err = errors.New("it was interrupted")
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.As(err, &missing): // it names the program again, as the next one does
		err = fmt.Errorf("it cannot be run: %w", missing.Err)
	case errors.As(err, &failed):
		err = fmt.Errorf("it cannot be run: %w", failed.Err)
	}
	why := err.Error()
	if last := text[strings.LastIndexByte(text, '\n')+1:]; last != "" {
		why += ". The last that it printed: " + last
	}
	c.warn(callback, e, why)
}

// warn keeps that a command failed. It is told when the run is over, and logged now.
func (c *Callbacks) warn(callback assets.Callback, e materialize.Event, why string) {
	why = c.redact(why)
	c.log.Info().Stringer("asset", e.Asset).Str("callback", callback.Command[0]).Str("why", why).Msg("callback failed")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.diags = append(c.diags, &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: fmt.Sprintf("A callback of asset %s failed", e.Asset), Subject: callback.Decl.Ptr(),
		Detail: fmt.Sprintf("%s: %s. The run is as it would be without it.", callback.Command[0], strings.TrimSuffix(why, "."))})
}

// limited keeps the first bytes that are written to it. An ellipsis says that there were
// more: where a text was cut, also a part of a secret is looked for.
type limited struct {
	bytes.Buffer
	cut bool
}

func (l *limited) Write(p []byte) (int, error) {
	room := mostOutput - l.Len()
	l.Buffer.Write(p[:min(room, len(p))])
	l.cut = l.cut || len(p) > room
	return len(p), nil
}

func (l *limited) String() string {
	if l.cut {
		return l.Buffer.String() + "…"
	}
	return l.Buffer.String()
}
