package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// When what does not arrive is tried again: each case is how the attempts come out, and
// after what time each is made.
func TestWhenItIsTriedAgain(t *testing.T) {
	down := errors.New("down")
	for _, c := range []struct {
		name    string
		answers []error
		ends    time.Duration // the end comes so long after the first attempt; 0: not before all is done
		want    string
	}{
		{"twice as long each time", []error{down, down, down, nil}, 0, "0s 1s 3s 7s"},
		{"five minutes at last", slices.Repeat([]error{down}, 12), 15 * time.Minute, "0s 1s 3s 7s 15s 31s 1m3s 2m7s 4m15s 8m31s 13m31s 15m0s"},
		{"not before it was asked for", []error{later{down, 30 * time.Second}, later{down, 2 * time.Second}, nil}, 0, "0s 30s 32s"},
		{"but never sooner than without", []error{down, down, down, later{down, time.Second}, nil}, 0, "0s 1s 3s 7s 15s"},
		{"the end is a reason to try once more", []error{down, down, down, down}, 4 * time.Second, "0s 1s 3s 4s"},
		{"unless it was asked for time", []error{later{down, time.Minute}, nil}, 4 * time.Second, "0s"},
		{"what is refused is not tried again", []error{refused("no"), nil}, 0, "0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, n := time.Now(), 0
				var at []string
				d := deliver(lines(1, 1), forever, func(context.Context, []byte) error {
					n++
					at = append(at, time.Since(began).String())
					return c.answers[min(n, len(c.answers))-1]
				}, nil)
				if c.ends == 0 {
					time.Sleep(time.Hour)
				}
				time.Sleep(c.ends)
				d.end()
				d.finish()
				if got := strings.Join(at, " "); got != c.want {
					t.Errorf("tried at %s, want %s", got, c.want)
				}
			})
		})
	}
}

// What is kept is bounded in number and in age, and survives a process.
func TestOutbox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ops.ndjson")
	line := func(i int, at time.Time) []byte {
		return fmt.Appendf(nil, `{"id":"%d","at":%q}`+"\n", i, at.Format(time.RFC3339))
	}
	now := time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)
	b := openOutbox(path)
	for i := range mostMessages {
		b.lines = append(b.lines, line(i, now)) // quicker than to keep each
	}
	b.add(line(mostMessages, now))
	b.add(line(mostMessages+1, now))
	if b.holds(line(1, now), now) || !b.holds(line(2, now), now) || b.holds(line(2, now), now.Add(oldestKept+time.Second)) {
		t.Error("the oldest two are given up, and what is a week old")
	}
	b.done(line(2, now))
	again := openOutbox(path)
	if waiting := again.waiting(); len(waiting) != mostMessages-1 || string(waiting[0]) != string(line(3, now)) {
		t.Errorf("%d wait, from %s", len(waiting), waiting[0])
	}
	// Whatever comes at once is sent.
	var many [][]byte
	for i := range mostMessages + 10 {
		many = append(many, line(i, now.Add(time.Hour)))
	}
	if again.add(many...); len(again.waiting()) != len(many) || !again.holds(many[0], now) {
		t.Errorf("%d of %d wait", len(again.waiting()), len(many))
	}
	again.lines = [][]byte{line(3, now)}
	again.done(line(3, now))
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	// A place that cannot be written keeps nothing from being sent.
	nowhere := openOutbox(filepath.Join(path, "x.ndjson"))
	nowhere.add(line(1, now))
	if !nowhere.holds(line(1, now), now) || nowhere.err == nil && os.Geteuid() != 0 {
		t.Error("it is lost")
	}
}
