package view

import (
	"fmt"
	"io"
	"strings"
)

// Diff writes the lines that a change of layout touched. Such a change keeps the
// number of lines, so lines are compared in pairs; should one not, all are shown.
func Diff(w io.Writer, path string, before, after []byte, style Style) {
	old, now := strings.Split(string(before), "\n"), strings.Split(string(after), "\n")
	fmt.Fprintf(w, "%s\n%s\n", style.Bold("--- "+path), style.Bold("+++ "+path))
	if len(old) != len(now) {
		hunk(w, 1, old, now, style)
		return
	}
	for i := 0; i < len(old); {
		end := i
		for end < len(old) && old[end] != now[end] {
			end++
		}
		if end > i {
			hunk(w, i+1, old[i:end], now[i:end], style)
		}
		i = end + 1
	}
}

func hunk(w io.Writer, line int, old, now []string, style Style) {
	fmt.Fprintln(w, style.Cyan(fmt.Sprintf("@@ -%d,%d +%d,%d @@", line, len(old), line, len(now))))
	for _, text := range old {
		fmt.Fprintln(w, style.Red("-"+text))
	}
	for _, text := range now {
		fmt.Fprintln(w, style.Green("+"+text))
	}
}
