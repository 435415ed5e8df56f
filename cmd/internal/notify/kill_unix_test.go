//go:build unix

package notify

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// A program that hangs is attempted again for a week: what it has started ends with it.
func TestCommandEndsWithItsChildren(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() {
		f, err := os.Open(fifo)
		if err == nil {
			_, err = io.ReadAll(f) // until nobody has it open for writing
			f.Close()
		}
		gone <- err
	}()
	s := newSender(&assets.Notify{Command: &assets.Command{Argv: []string{"sh", "-c", "sleep 60 >fifo & wait"}, Dir: dir, Timeout: 200 * time.Millisecond}}, options())
	if err := s.send(t.Context(), message(failing())); err == nil {
		t.Fatal("it ended")
	}
	select {
	case err := <-gone:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("what it started goes on")
	}
}
