package unit

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-4311623e/assets/assets"
)

// Outcome is what came of one test.
type Outcome struct {
	Test *assets.Test
	Took time.Duration
	// Message says what went wrong besides the rows; empty: nothing.
	Message string
	// Diff is how the rows differ from those expected; nil: they do not, or were
	// not compared.
	Diff *Diff
}

// redact takes secrets out of what is shown, before any of it is cut short.
func (o *Outcome) redact(with func(string) string) {
	if with == nil {
		return
	}
	o.Message = with(o.Message)
	if o.Diff == nil {
		return
	}
	for _, p := range o.Diff.Rows {
		for _, cells := range [][]Cell{p.Expected, p.Got} {
			for i := range cells {
				cells[i].Text = with(cells[i].Text)
			}
		}
	}
}

// Passed says that all is as expected.
func (o Outcome) Passed() bool { return o.Message == "" && o.Diff == nil }

// Run runs the tests, as many at once as workers says, and returns what came of
// them in their order. redact, if not nil, takes secrets out of what is shown.
func (s *Suite) Run(ctx context.Context, workers int, redact func(string) string) ([]Outcome, error) {
	outcomes := make([]Outcome, len(s.tests))
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for n := range max(1, min(workers, len(s.tests))) {
		group.Go(func() (err error) {
			w, err := s.worker(ctx, n)
			if err != nil {
				return fmt.Errorf("set up DuckDB for tests: %w", err)
			}
			defer func() { err = errors.Join(err, w.close()) }()
			w.redact = redact
			for {
				i := int(next.Add(1)) - 1
				if i >= len(s.tests) || ctx.Err() != nil {
					return ctx.Err()
				}
				began := time.Now()
				outcomes[i] = w.run(ctx, s.tests[i])
				outcomes[i].redact(redact)
				outcomes[i].Took = time.Since(began)
			}
		})
	}
	return outcomes, group.Wait()
}
