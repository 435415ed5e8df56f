package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/term"

	"github.com/seed-4311623e/assets/cmd/internal/view"
)

// resized is how often a terminal is asked for its size while nothing is drawn.
const resized = 200 * time.Millisecond

// watchStatus shows the status again and again until it is interrupted. If the first
// look cannot tell it, it ends with that error; later ones may be in the middle of an edit
// or of another process's run, and are followed by others.
func (a *app) watchStatus(ctx context.Context, selectors []string, interval time.Duration) error {
	switch {
	case interval < 100*time.Millisecond:
		return fmt.Errorf("-interval takes a duration of 100ms or more, as in 2s, not %s", interval)
	case a.json:
		return a.watchJSON(ctx, selectors, interval)
	case a.outTerm == nil:
		return errors.New("-watch draws on a terminal, and standard output is none: leave it out, or add -json for one document a line")
	}
	w := watcher{app: a, selectors: selectors, interval: interval}
	if err := w.first(ctx); err != nil {
		return err
	}
	screen := view.NewScreen(a.out)
	for ; ctx.Err() == nil; pause(ctx, resized) {
		if time.Since(w.looked) >= interval {
			w.look(ctx)
		}
		if width, height, err := term.GetSize(int(a.outTerm.Fd())); err == nil && ctx.Err() == nil {
			screen.Draw(w.text(width), width, height)
			if err := a.out.Flush(); err != nil {
				return err
			}
		}
	}
	screen.Close()
	return a.out.Flush()
}

// pause waits, or until it is interrupted.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// watchJSON writes a status a line.
func (a *app) watchJSON(ctx context.Context, selectors []string, interval time.Duration) error {
	for first := true; ; first = false {
		p, selected, diags := a.status(ctx, selectors)
		doc := view.NewStatus(p.in, p.plan, selected, a.diagnosticsJSON(diags, p.Session))
		p.close()
		if ctx.Err() != nil {
			return nil
		}
		if err := errors.Join(view.JSONLine(a.out, doc), a.out.Flush()); err != nil {
			return err
		}
		if first && diags.HasErrors() {
			return exit(1)
		}
		pause(ctx, interval)
	}
}

// watcher is the status of a project as it was seen last.
type watcher struct {
	*app
	selectors []string
	interval  time.Duration

	looked time.Time
	seen   time.Time // the last look that could tell
	doc    view.StatusJSON
	failed hcl.Diagnostics // what the last look failed with
	files  map[string][]byte
}

// first is the first look; its error was told.
func (w *watcher) first(ctx context.Context) error {
	if w.look(ctx); len(w.failed) == 0 {
		return nil
	}
	view.Diagnostics(w.err, w.failed, w.files, w.errStyle, columns(w.errTerm))
	return exit(1)
}

// look finds out how the project stands.
func (w *watcher) look(ctx context.Context) {
	p, selected, diags := w.status(ctx, w.selectors)
	defer p.close()
	if ctx.Err() != nil {
		return
	}
	w.failed = nil
	if w.looked = time.Now(); diags.HasErrors() {
		w.failed, w.files = w.clean(diags), files(p.Session)
		return
	}
	w.seen, w.doc = w.looked, view.NewStatus(p.in, p.plan, selected, nil)
}

// text is what the screen shows: the status, what is wrong with the project if it
// cannot be told now, and when it was found out.
func (w *watcher) text(width int) view.ScreenText {
	var body bytes.Buffer
	last := fmt.Sprintf("Refreshed %s, every %s. Ctrl-C ends.", view.Moment(w.seen), w.interval)
	if len(w.failed) > 0 {
		view.Diagnostics(&body, w.failed, w.files, w.outStyle, width)
		last = fmt.Sprintf("This was the status at %s, before the error. Ctrl-C ends.", view.Moment(w.seen))
	}
	view.StatusText(&body, w.doc, w.seen, w.outStyle, width)
	return view.ScreenText{Body: body.String(), Last: w.outStyle.Dim(last)}
}
