//go:build unix

package notify

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// What a command has started ends with it when it takes too long.
func TestACommandIsKilledWithItsChildren(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		f, err := os.Open(pipe) // waits for the child
		if err == nil {
			defer f.Close()
			if err = f.SetReadDeadline(time.Now().Add(30 * time.Second)); err == nil {
				_, err = io.Copy(io.Discard, f) // until nobody has it open any more
			}
		}
		ended <- err
	}()
	s := newSender(&assets.Notify{Command: &assets.Command{Argv: []string{"sh", "-c", "sleep 600 >pipe & wait"}, Dir: dir, Timeout: time.Second}}, options())
	if err := s.send(t.Context(), message(failing())); err == nil || !strings.Contains(err.Error(), "did not end within 1s") {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error("the child lives on:", err)
	}
}
