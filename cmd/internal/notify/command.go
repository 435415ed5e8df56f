package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/seed-4311623e/assets/assets"
)

// commandSender runs a program for each message, which stands on its standard input as JSON.
type commandSender struct{ *assets.Command }

func (s *commandSender) place() string { return filepath.Base(s.Argv[0]) }

func (s *commandSender) send(ctx context.Context, m Message) error {
	text, err := document(m)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	program := s.Argv[0]
	if strings.ContainsRune(program, filepath.Separator) && !filepath.IsAbs(program) {
		program = filepath.Join(s.Dir, program) // relative to the file that names it
	}
	c := exec.CommandContext(within, program, s.Argv[1:]...)
	c.Dir, c.Stdin = s.Dir, bytes.NewReader(append(text, '\n'))
	said := &tail{}
	c.Stdout, c.Stderr = said, said
	c.WaitDelay = lastBreath // what it has begun may hold its output open
	killWithChildren(c)      // else each attempt would leave one behind that hangs
	err = c.Run()
	var exit *exec.ExitError
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return nil
	case ctx.Err() != nil:
		return errors.New("it had not ended by the end of the run")
	case within.Err() != nil:
		return fmt.Errorf("it did not end within %s", s.Timeout)
	case errors.As(err, &exit):
		return fmt.Errorf("it ended with %s%s", exit.ProcessState, quoted(said.text()))
	}
	var missing *exec.Error
	if errors.As(err, &missing) {
		return fmt.Errorf("%s cannot be run: %w", s.place(), missing.Err)
	}
	return fmt.Errorf("%s cannot be run: %w", s.place(), plainly(err))
}

// tail is the end of what is written to it. An ellipsis says that there was more: see limited.
type tail struct {
	bytes []byte
	cut   bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.bytes = append(t.bytes, p...)
	if extra := len(t.bytes) - 4096; extra > 0 {
		t.bytes, t.cut = t.bytes[extra:], true
	}
	return len(p), nil
}

func (t *tail) text() []byte {
	if t.cut {
		return append([]byte("…"), t.bytes...)
	}
	return t.bytes
}
