package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// lines are n lines, numbered from first.
func lines(first, n int) [][]byte {
	var out [][]byte
	for i := range n {
		out = append(out, fmt.Appendf(nil, "%d\n", first+i))
	}
	return out
}

func text(lines [][]byte) string {
	var b strings.Builder
	for _, line := range lines {
		b.Write(line)
	}
	return strings.ReplaceAll(strings.TrimSpace(b.String()), "\n", " ")
}

// Each case runs on a clock of its own, which stands still while anything can be
// done; that no goroutine is left is checked by the bubble.
func TestDelivery(t *testing.T) {
	down := errors.New("down")
	for _, c := range []struct {
		name string
		// send is told which attempt it is, from 1.
		send     func(ctx context.Context, attempt int, line string) error
		building time.Duration // how long the run goes on after the lines were added
		sent     string
		kept     string
		refused  int
		waited   time.Duration // by finish
		tries    int
	}{
		{"alive", func(context.Context, int, string) error { return nil }, 0, "1 2 3 4 5", "", 0, 0, 5},
		{"dead from the start", func(context.Context, int, string) error { return down }, time.Second, "", "1 2 3 4 5", 0, 0, 3},
		{"dead at the end of a run: tried again at once", func(context.Context, int, string) error { return down }, 0, "", "1 2 3 4 5", 0, 0, 3},
		{"one failure: the same line again, before the next", func(_ context.Context, n int, _ string) error {
			if n == 2 {
				return down
			}
			return nil
		}, time.Second, "1 2 3 4 5", "", 0, 0, 6},
		{"dies on the way", func(_ context.Context, n int, _ string) error {
			if n > 2 {
				return down
			}
			return nil
		}, time.Second, "1 2", "3 4 5", 0, 0, 5},
		{"hangs", func(ctx context.Context, _ int, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}, 0, "", "1 2 3 4 5", 0, ofRun.grace, 1},
		{"slow but alive", func(ctx context.Context, _ int, _ string) error {
			time.Sleep(400 * time.Millisecond)
			return nil
		}, 0, "1 2 3 4 5", "", 0, 2 * time.Second, 5},
		{"slow for ever", func(ctx context.Context, n int, _ string) error {
			if n <= 2 {
				time.Sleep(450 * time.Millisecond)
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}, 0, "1 2", "3 4 5", 0, 900*time.Millisecond + ofRun.grace, 3},
		{"refuses one", func(_ context.Context, _ int, line string) error {
			if line == "2\n" {
				return refused("no")
			}
			return nil
		}, 0, "1 3 4 5", "", 1, 0, 5},
		{"refuses all", func(context.Context, int, string) error { return refused("no") }, 0, "", "4 5", 3, 0, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent [][]byte
				tries := 0
				d := deliver(lines(1, 2), ofRun, func(ctx context.Context, line []byte) error {
					tries++
					err := c.send(ctx, tries, string(line))
					if err == nil {
						sent = append(sent, line)
					}
					return err
				}, nil)
				for _, line := range lines(3, 3) {
					d.lines.add(line)
				}
				time.Sleep(c.building)
				began := time.Now()
				d.end()
				d.finish()
				if waited := time.Since(began); waited != c.waited {
					t.Errorf("the end of the run waited %s, want %s", waited, c.waited)
				}
				if text(sent) != c.sent || text(d.kept) != c.kept || d.refused != c.refused || tries != c.tries {
					t.Errorf("sent %q, kept %q, refused %d after %d attempts", text(sent), text(d.kept), d.refused, tries)
				}
				if c.kept == "" && d.err != nil {
					t.Errorf("nothing is kept, because of %v", d.err)
				}
			})
		})
	}
}

// However long a slow server has something to do, the end of a run does not wait for ever.
func TestTheWholeWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deliver(lines(1, 1000), ofRun, func(ctx context.Context, _ []byte) error {
			select {
			case <-time.After(300 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}, nil)
		began := time.Now()
		d.end()
		d.finish()
		if waited := time.Since(began); waited != ofRun.longest {
			t.Errorf("waited %s, want %s", waited, ofRun.longest)
		}
		if n := len(d.kept); n != 1000-33 || string(d.kept[0]) != "34\n" || string(d.kept[n-1]) != "1000\n" {
			t.Errorf("%d kept, from %s", n, d.kept[0])
		}
	})
}

// Who adds does not wait, whatever the other end does.
func TestAddingNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := deliver(nil, ofRun, func(ctx context.Context, _ []byte) error {
			<-ctx.Done()
			return ctx.Err()
		}, nil)
		began := time.Now()
		for _, line := range lines(1, 10_000) {
			d.lines.add(line)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("adding took %s", waited)
		}
		d.end()
		d.finish()
		if !slices.EqualFunc(d.kept, lines(1, 10_000), func(a, b []byte) bool { return string(a) == string(b) }) {
			t.Errorf("%d kept", len(d.kept))
		}
	})
}
