package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/seed-4311623e/assets/assets/config"
)

const (
	// lastWords is for how long a command that was told to end, or whose children keep
	// its output open, is waited for.
	lastWords = time.Second
	// most is how much of what a command writes is kept, in bytes.
	most = 128 << 10
)

// tell runs a command that tells a secret. Nobody is asked anything: it has no stdin.
func tell(c config.Command, environ []string) (config.Output, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = c.Dir, environ, lastWords
	stdout, stderr := &bounded{}, &bounded{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err := cmd.Run()
	out := config.Output{Stdout: stdout.text.String(), Stderr: stderr.text.String()}
	var ended *exec.ExitError
	var start *exec.Error
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return out, fmt.Errorf("took longer than %s and was ended. Give it more time with `timeout`, or see what it waits for", c.Timeout)
	case errors.Is(err, exec.ErrWaitDelay):
		return out, errors.New("left a program behind that keeps its output open")
	case errors.As(err, &ended):
		return out, fmt.Errorf("failed with %s", ended)
	case errors.As(err, &start):
		return out, fmt.Errorf("cannot be started: %w", start.Err)
	}
	return out, fmt.Errorf("cannot be started: %w", plain(err))
}

// plain is an error of the operating system without the path, which is known.
func plain(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// bounded keeps the beginning of what is written.
type bounded struct{ text bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	b.text.Write(p[:min(len(p), most-b.text.Len())])
	return len(p), nil
}
