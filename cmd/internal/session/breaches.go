package session

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Breaches is the document of the breaches of declared policies, as far as recorded
// and as far as in, which a plan was made from, shows what a run will record. It opens
// the warehouse for reading.
func (s *Session) Breaches(ctx context.Context, in planner.Input, q view.BreachQuery) (doc view.BreachesJSON, diags hcl.Diagnostics) {
	doc = view.NewBreaches(in, nil, nil, q) // if there is no warehouse yet
	err := s.read(ctx, func(db *warehouse.DB) (err error) {
		doc, err = Breaches(ctx, db, in, q)
		return err
	})
	if err != nil {
		return doc, fault("Cannot read the breaches of freshness policies", err)
	}
	return doc, nil
}

// Breaches is [Session.Breaches] on a warehouse that is open.
func Breaches(ctx context.Context, db *warehouse.DB, in planner.Input, q view.BreachQuery) (view.BreachesJSON, error) {
	ledger, err := db.Ledger(ctx, in.Now)
	recorded, err2 := db.Breaches(ctx)
	built, err3 := db.FirstBuilt(ctx)
	if err := errors.Join(err, err2, err3); err != nil {
		return view.BreachesJSON{}, err
	}
	ended := slices.DeleteFunc(recorded, func(b planner.Breach) bool { return b.Ended.IsZero() })
	return view.NewBreaches(in, append(ended, ledger.Breaches(in)...), keptSince(in, built), q), nil
}

// keptSince is since when each policy and promise could be kept: of an asset, since it
// was first built, too.
func keptSince(in planner.Input, built map[assets.Name]time.Time) map[assets.Name]time.Time {
	since := planner.PolicySince(in)
	for name, t := range since {
		if in.Project.Assets[name] == nil {
			continue
		}
		if first, ok := built[name]; !ok {
			delete(since, name)
		} else if first.After(t) {
			since[name] = first
		}
	}
	return since
}

// settle says what a run that is about to be published enters in the ledger. recorded
// says that the warehouse has recorded all that the session looked at.
func (s *Session) settle(ctx context.Context, db *warehouse.DB, before, after planner.State, run warehouse.Run, recorded bool) ([]planner.Breach, error) {
	ledger, err := db.Ledger(ctx, s.Now())
	if err != nil {
		return nil, err
	}
	in := s.input(planner.Options{})
	// What another run recorded since this one looked is newer than its look.
	for name, seen := range in.Observed {
		log := before.Arrivals[name]
		if last := len(log) - 1; recorded && last >= 0 && log[last].ID != seen.ID {
			seen.ID, seen.Arrived, seen.Before = log[last].ID, log[last].Arrived, nil
			in.Observed[name] = seen
		}
	}
	before.Planned = in.State.Planned // those that this run records first, too
	in.State, in.Now = before, run.Ended.UTC()
	if in.Now.Before(ledger.Synced) { // another run was published meanwhile
		in.Now = ledger.Synced
	}
	entered := ledger.Settle(in, after, run.ID, run.Began.UTC())
	for i := range entered {
		entered[i].Cause = s.Redactor.String(entered[i].Cause)
	}
	return entered, nil
}

// BreachQuery reads what a request asks of the breaches: name=NAME, which may be
// repeated, since=2026-01, a day or a time with its zone, and open=true. Months and days
// begin in the project's time zone.
func BreachQuery(values url.Values, p *assets.Project) (q view.BreachQuery, err error) {
	for _, text := range values["name"] {
		name, err := assets.ParseName(text)
		if err != nil {
			return q, err
		}
		if p.Assets[name] == nil && p.Sources[name] == nil {
			return q, fmt.Errorf("the project has no asset or source called %s", name)
		}
		q.Names = append(q.Names, name)
	}
	if text := values.Get("open"); text != "" {
		if q.Open, err = strconv.ParseBool(text); err != nil {
			return q, fmt.Errorf("open takes true or false, not %q", text)
		}
	}
	text := values.Get("since")
	if text == "" {
		return q, nil
	}
	zone, err := calendar.Zone(p.Timezone)
	if err != nil {
		return q, err
	}
	for _, layout := range []string{"2006-01", time.DateOnly, time.RFC3339} {
		if q.Since, err = time.ParseInLocation(layout, text, zone); err == nil {
			return q, nil
		}
	}
	return q, fmt.Errorf("since takes a month, a day or a time, as in 2026-01, 2026-01-15 or 2026-01-15T08:00:00Z, not %q", text)
}
