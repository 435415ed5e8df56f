package materialize

import (
	"context"
	"fmt"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// flushBatch bounds how many tables are committed together: a commit's fsync
// costs more than a small table, but what is not flushed is lost in a crash.
const flushBatch = 20

// checkpointEvery is after how many tables the log is moved into the file while
// workers go on: at the end, when nothing else is left to do, all of it would be waited for.
const checkpointEvery = 300

// flusher writes built tables and their records to the warehouse file, beside
// the workers and in groups: whatever has come in while the last group was written.
type flusher struct {
	owner  *run
	queue  chan *task
	failed []flushFailure
}

type flushFailure struct {
	tasks []*task
	err   error
}

func (r *run) newFlusher() *flusher {
	return &flusher{owner: r, queue: make(chan *task, len(r.tasks)+1)}
}

// add hands over a built task. The queue has room for every task: it never blocks.
func (f *flusher) add(t *task) { f.queue <- t }

// close says that nothing more will be added.
func (f *flusher) close() { close(f.queue) }

// run writes until close was called. What cannot be written is remembered in failed.
func (f *flusher) run(ctx context.Context) error {
	staged := 0
	for t := range f.queue {
		batch := []*task{t}
	collect:
		for len(batch) < flushBatch {
			select {
			case next, open := <-f.queue:
				if !open {
					break collect
				}
				batch = append(batch, next)
			default:
				break collect
			}
		}
		staging, names := make([]warehouse.Staging, len(batch)), make([]assets.Name, len(batch))
		for i, t := range batch {
			names[i] = t.step.Asset
			staging[i] = warehouse.Staging{Record: t.record, From: f.owner.catalog.memory(t.step.Asset), Aside: f.owner.catalog.aside(t.step.Asset)}
			staging[i].Record.Status = planner.Staged
		}
		err := f.owner.phase(Phase{Kind: WritePhase, Tables: len(batch)}, func(*Phase) error { return f.owner.DB.Stage(ctx, staging) })
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			err = fmt.Errorf("write to the warehouse: %w", err)
			if warehouse.IsDiskFull(err) {
				err = fmt.Errorf("the disk is full: free some space and apply again (%w)", err)
			}
			f.failed = append(f.failed, flushFailure{batch, err})
			continue
		}
		if err := f.owner.catalog.unpin(ctx, names...); err != nil {
			return err
		}
		if staged += len(batch); staged >= checkpointEvery {
			staged = 0
			if err := f.owner.DB.Checkpoint(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}
