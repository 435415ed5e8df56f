package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"iter"
	"os"

	"github.com/seed-4311623e/assets/materialize/warehouse"
)

// mostKept is how many bytes of undelivered events are kept; beyond that the
// oldest are given up.
const mostKept = 64 << 20

// undelivered is the file of lines that wait for the next run.
type undelivered struct {
	path string
	most int             // bytes that are kept
	read map[string]bool // what this run took from it, or put into it
}

// take reads what is left over. It stays in the file until keep: a run that is
// killed loses nothing of it, and sends some of it twice at worst.
func (u *undelivered) take() [][]byte {
	text, err := os.ReadFile(u.path)
	if err != nil {
		return nil
	}
	var lines [][]byte
	for line := range eventsIn(text) {
		lines = append(lines, line)
	}
	u.owns(lines)
	return lines
}

func (u *undelivered) owns(lines [][]byte) {
	u.read = make(map[string]bool, len(lines))
	for _, line := range lines {
		u.read[string(line)] = true
	}
}

// eventsIn are the lines of text that are events, each with the end of its line. What a
// full disk or a power cut left of one is none.
func eventsIn(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for line := range bytes.Lines(text) {
			line = bytes.TrimSpace(line)
			if len(line) > 0 && json.Valid(line) && !yield(append(line[:len(line):len(line)], '\n')) {
				return
			}
		}
	}
}

// keep replaces what was taken, or kept before, by lines. What another process added meanwhile stays. It
// says how many were too many.
func (u *undelivered) keep(lines [][]byte) (lost int, err error) {
	now, err := os.ReadFile(u.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if len(lines) == 0 {
			return 0, nil
		}
	case err != nil:
		return 0, err
	}
	own := lines
	for line := range eventsIn(now) {
		if !u.read[string(line)] {
			lines = append(lines, line)
		}
	}
	size := 0
	for i := len(lines) - 1; i >= 0; i-- {
		if size += len(lines[i]); size > u.most {
			lost, lines = i+1, lines[i+1:]
			break
		}
	}
	u.owns(own)
	if len(lines) == 0 {
		if err := os.Remove(u.path); !errors.Is(err, fs.ErrNotExist) {
			return lost, err
		}
		return lost, nil
	}
	return lost, warehouse.ReplaceFile(u.path, bytes.Join(lines, nil))
}
