package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/rivo/uniseg"
)

// Count writes n things: "1 row", "2,034 rows".
func Count[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return humanize.Comma(int64(n)) + " " + thing + "s"
}

// Seconds writes a duration in seconds the way people read it: "0.12 s", "41 s", "3m12s".
func Seconds(s float64) string {
	switch {
	case s < 0.995:
		return fmt.Sprintf("%.2f s", s)
	case s < 9.95:
		return fmt.Sprintf("%.1f s", s)
	case s < 60:
		return fmt.Sprintf("%.0f s", s)
	}
	return (time.Duration(s) * time.Second).String()
}

// Moment writes a time in UTC with its zone.
func Moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// Ago writes how long before now t was: "3m ago".
func Ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < 0:
		return "in " + elapsed(-d)
	case d < time.Second:
		return "just now"
	}
	return elapsed(d) + " ago"
}

// elapsed writes d in its largest unit.
func elapsed(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// pad fills text with spaces up to width columns of a terminal.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-uniseg.StringWidth(text)))
}

// list joins names as a sentence does: "a", "a or b", "a, b or c".
func list(names []string, conjunction string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + conjunction + " " + names[last]
}

// Sentence makes an error's text one of a message: it begins with a capital and
// ends with a full stop. A text that begins with a name is left as it is.
func Sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return text
	}
	if word, _, _ := strings.Cut(text, " "); strings.ToLower(word) == word && !strings.ContainsAny(word, "./_:()\"'0123456789") {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	last := text[strings.LastIndexByte(text, '\n')+1:]
	if !strings.ContainsAny(text[len(text)-1:], ".?!:") && !strings.Contains(last, "^") && last != "}" { // which ends a block to write
		text += "."
	}
	return text
}

// firstLine is text up to its first line break.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
