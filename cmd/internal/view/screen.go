package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"
)

// Screen is a terminal whose whole screen is one text that changes. What stood there
// before comes back in the end, with the last text below it.
type Screen struct {
	w     io.Writer
	drawn string // the frame that stands there
	last  ScreenText
}

// ScreenText is a text, and a line that stands below it however long it is.
type ScreenText struct{ Body, Last string }

// NewScreen is a screen that nothing was drawn on yet.
func NewScreen(w io.Writer) *Screen { return &Screen{w: w} }

const (
	enter = "\x1b[?1049h\x1b[?25l" // another screen, no cursor
	leave = "\x1b[?1049l\x1b[?25h"
)

// Draw shows a text on a terminal of so many columns and lines, in one write and over
// what stands there, so that nothing flickers. What stands there already is not written.
func (s *Screen) Draw(text ScreenText, width, height int) {
	frame := s.frame(text, width, height)
	if frame == s.drawn {
		return
	}
	begin := "\x1b[H"
	if s.drawn == "" {
		begin = enter + begin
	}
	s.drawn, s.last = frame, text
	_, _ = io.WriteString(s.w, begin+frame)
}

// frame fits a text into a screen. It does not end its last line: that would scroll.
func (s *Screen) frame(text ScreenText, width, height int) string {
	lines := strings.Split(strings.TrimRight(text.Body, "\n"), "\n")
	if room := max(1, height-2); len(lines) > room {
		left := len(lines) - room + 1
		lines = append(lines[:room-1:room-1], fmt.Sprintf("… and %s more than fit the terminal", Count(left, "line")))
	}
	lines = append(lines, "", text.Last)
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(clipStyled(line, width) + "\x1b[K")
	}
	return b.String() + "\x1b[J"
}

// Close gives the screen back.
func (s *Screen) Close() {
	if s.drawn != "" {
		_, _ = fmt.Fprintf(s.w, "%s%s\n%s\n", leave, s.last.Body, s.last.Last)
	}
}

// clipStyled cuts text to the width of the terminal; its colours take no room and end
// with it.
func clipStyled(text string, width int) string {
	var b strings.Builder
	used, cut := 0, false
	for len(text) > 0 {
		if strings.HasPrefix(text, "\x1b[") {
			end := strings.IndexByte(text, 'm') + 1
			if end == 0 {
				break
			}
			b.WriteString(text[:end])
			text = text[end:]
			continue
		}
		grapheme, rest, columns, _ := uniseg.FirstGraphemeClusterInString(text, -1)
		text = rest
		if used += columns; !cut && used > width {
			cut = true
		}
		if !cut {
			b.WriteString(grapheme)
		}
	}
	return b.String()
}
