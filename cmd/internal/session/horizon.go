package session

import (
	"context"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// repeatedPast is how much of the past may repeat: a week, and a day so that what is
// known covers it also where clocks changed.
const repeatedPast = 8 * 24 * time.Hour

// Horizon simulates what would be built from in.Now, which a plan was made for, until a
// moment if history repeats. It opens the warehouse for reading, and writes nothing.
func (s *Session) Horizon(ctx context.Context, in planner.Input, until time.Time) (o view.Outlook, diags hcl.Diagnostics) {
	var recorded map[assets.Name][]planner.Arrival
	err := s.read(ctx, func(db *warehouse.DB) (err error) {
		since := in.Now
		if now := s.Now(); now.Before(since) {
			since = now
		}
		recorded, err = db.ArrivalsSince(ctx, since.Add(-repeatedPast))
		return err
	})
	if err != nil {
		return o, fault("Cannot read when sources moved", err)
	}
	began := time.Now()
	o.Expected = planner.Repeat(in, recorded, until)
	arriving := planner.Expected(o.Expected)
	forecast, eager := make(chan planner.Forecast, 1), make(chan map[assets.Name]int, 1)
	go func() { forecast <- planner.Simulate(in, arriving, until) }()
	go func() { eager <- planner.CountBuilds(planner.Eager(in), arriving, until) }()
	for range 2 {
		select {
		case o.Forecast = <-forecast:
		case o.Eager = <-eager:
		case <-ctx.Done(): // a year of many assets takes long
			return o, fault("Interrupted", ctx.Err())
		}
	}
	s.Log.Debug().Stringer("took", time.Since(began)).Int("builds", len(o.Forecast.Builds)).Msg("simulated")
	return o, nil
}
