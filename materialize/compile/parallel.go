package compile

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// workers is how many connections are used at once. Two halve the time; more
// gain little, since DuckDB's catalog is shared.
const workers = 2

// batch is how many statements one query to DuckDB carries: enough to make the
// cost of a query small, few enough to keep the answers' memory small.
const batch = 32

// inBatches calls do for consecutive parts [from, to) of n items, on several
// goroutines. Parts do not overlap, so do may write to its part of a slice.
func inBatches(ctx context.Context, n int, do func(ctx context.Context, from, to int) error) error {
	size := min(batch, (n+workers-1)/workers)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for from := 0; from < n; from += size {
		group.Go(func() error { return do(ctx, from, min(from+size, n)) })
	}
	return group.Wait()
}
