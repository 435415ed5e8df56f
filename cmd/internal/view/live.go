package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rivo/uniseg"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize"
)

const (
	frame      = 100 * time.Millisecond
	maxRunning = 8 // lines for assets that run
)

// NewLive is progress on a terminal: finished assets scroll by, and below them
// stands what runs, since when, and how much is left. width is the terminal's.
func NewLive(w io.Writer, style Style, isView func(assets.Name) bool, width func() int) Progress {
	l := &live{w: w, teller: newTeller(style, isView), width: width, running: map[assets.Name]time.Time{}, stop: make(chan struct{}), stopped: make(chan struct{})}
	go l.loop()
	return l
}

type live struct {
	w io.Writer
	*teller
	width func() int

	mu          sync.Mutex // guards what follows
	running     map[assets.Name]time.Time
	pending     []string // lines that stay, not yet written
	began       time.Time
	done, total int
	drawn       int // lines of the block that stands on the screen

	stop, stopped chan struct{}
}

func (l *live) loop() {
	defer close(l.stopped)
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			l.draw(now)
		case <-l.stop:
			return
		}
	}
}

func (l *live) Event(e materialize.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done, l.total = e.Done, e.Total
	switch e.Type {
	case materialize.RunStarted:
		l.began = e.At
	case materialize.AssetStarted:
		l.running[e.Asset] = e.At
	case materialize.AssetFinished, materialize.AssetRetry:
		delete(l.running, e.Asset)
	case materialize.RunFinished:
		l.running, l.total = map[assets.Name]time.Time{}, 0
	}
	l.pending = append(l.pending, l.lines(e)...)
}

// Close leaves the lines that stay and takes the block away.
func (l *live) Close() {
	close(l.stop)
	<-l.stopped
	l.mu.Lock()
	l.total = 0
	l.mu.Unlock()
	l.draw(time.Time{})
}

// draw replaces the block in one write, so that no half of it is ever seen.
func (l *live) draw(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	block := l.block(now)
	if len(l.pending) == 0 && len(block) == 0 && l.drawn == 0 {
		return
	}
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r\x1b[J", l.drawn)
	}
	for _, line := range append(l.pending, block...) {
		b.WriteString(line + "\n")
	}
	l.pending, l.drawn = nil, len(block)
	_, _ = io.WriteString(l.w, b.String())
}

// block is what stands below: the assets that run, the longest first, and the counts.
func (l *live) block(now time.Time) []string {
	if l.total == 0 {
		return nil
	}
	running := assets.SortedNames(l.running)
	slices.SortStableFunc(running, func(a, b assets.Name) int { return cmp.Compare(l.running[a].UnixNano(), l.running[b].UnixNano()) })
	width := max(20, l.width())
	var block []string
	for i, name := range running {
		if i == maxRunning {
			block = append(block, fmt.Sprintf("  … and %d more", len(running)-i))
			break
		}
		text := fmt.Sprintf("  %s  %s", name, elapsed(now.Sub(l.running[name])))
		block = append(block, clip(text, width))
	}
	left := l.total - l.done - len(running)
	counts := fmt.Sprintf("%d of %d done, %d running, %d left, %s", l.done, l.total, len(running), max(0, left), elapsed(now.Sub(l.began)))
	if l.done == l.total {
		counts = fmt.Sprintf("%d of %d done, checking across assets and publishing, %s", l.done, l.total, elapsed(now.Sub(l.began)))
	}
	return append(block, l.style.Bold(clip(counts, width)))
}

// clip cuts text to the width of the terminal: a wrapped line would be counted as one.
func clip(text string, width int) string {
	if uniseg.StringWidth(text) < width {
		return text
	}
	var b strings.Builder
	used := 0
	for graphemes := uniseg.NewGraphemes(text); graphemes.Next(); {
		if used += graphemes.Width(); used >= width-1 {
			break
		}
		b.WriteString(graphemes.Str())
	}
	return b.String() + "…"
}
