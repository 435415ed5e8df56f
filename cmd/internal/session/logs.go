package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/holder"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// RecordsOfAsset reads what happened to an asset, the latest limit records of it, oldest first. It
// may have left the project.
func (s *Session) RecordsOfAsset(ctx context.Context, text string, limit int) (name assets.Name, records []planner.Materialization, diags hcl.Diagnostics) {
	const cannot = "Cannot read the log"
	name, err := assets.ParseName(text)
	if err != nil {
		return name, nil, fault(cannot, err)
	}
	if s.Project.Sources[name] != nil {
		return name, nil, fault(cannot, fmt.Errorf("%s is a source: nothing is done to it. `assets status %[1]s` tells which version it has", name))
	}
	if records, err = s.records(ctx, name, limit); err != nil {
		return name, nil, fault(cannot, err)
	}
	if len(records) == 0 && s.Project.Assets[name] == nil {
		near := ""
		var names []string
		for _, n := range assets.SortedNames(s.Project.Assets) {
			names = append(names, n.String())
		}
		if found := lineage.Nearest(name.String(), names); len(found) > 0 {
			near = ". Did you mean " + strings.Join(found, " or ") + "?"
		}
		return name, nil, fault(cannot, fmt.Errorf("no asset is called %s%s", name, near))
	}
	return name, records, nil
}

func (s *Session) records(ctx context.Context, name assets.Name, limit int) (records []planner.Materialization, err error) {
	err = s.read(ctx, func(db *warehouse.DB) error {
		records, err = db.RecordsOfAsset(ctx, name, limit)
		return err
	})
	slices.Reverse(records)
	return records, err
}

// lookEvery is how often the file is looked at while nobody answers for it.
const lookEvery = 300 * time.Millisecond

// FollowLog calls each with what happens to an asset, after what after, its latest records,
// tell, until ctx is done. While a process of this program holds the warehouse it is told by
// that; else the records are read whenever the file changed.
func (s *Session) FollowLog(ctx context.Context, name assets.Name, after []planner.Materialization, each func(...view.LogJSON) error) hcl.Diagnostics {
	f := &follower{Session: s, name: name, each: each, live: map[string]bool{}, done: map[string]bool{}}
	if len(after) > 0 {
		f.last = after[len(after)-1].ID
	}
	for ctx.Err() == nil {
		err := holder.Follow(ctx, s.Project.Warehouse, func() error { return f.catchUp(ctx) }, func(line []byte) error { return f.told(ctx, line) })
		if errors.Is(err, holder.ErrNobody) {
			err = f.changed(ctx)
		}
		if err != nil && ctx.Err() == nil {
			return fault("Cannot follow the log", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
	return nil
}

// follower is what is known of a log that is followed.
type follower struct {
	*Session
	name assets.Name
	each func(...view.LogJSON) error
	last string          // the id of the latest record that was told
	mark warehouse.Mark  // of the file that it was read from
	live map[string]bool // runs of which was told how the asset came out
	done map[string]bool // runs of which the record was told
}

// told takes an event of a run that goes on.
func (f *follower) told(ctx context.Context, event []byte) error {
	line, published, err := view.LiveLog(event)
	if err != nil {
		return err
	}
	if line.What != "" && line.Asset == f.name && !f.done[line.Run] {
		line.Message = f.Redactor.String(line.Message)
		f.live[line.Run] = f.live[line.Run] || line.Seconds != nil
		if err := f.each(line); err != nil {
			return err
		}
	}
	if published {
		return f.catchUp(ctx)
	}
	return nil
}

// changed catches up if the file is not the one that was read. A process that is not ours
// and holds it is waited for.
func (f *follower) changed(ctx context.Context) error {
	mark, err := warehouse.MarkOf(f.Project.Warehouse)
	if err != nil || mark == f.mark {
		return err
	}
	err = f.catchUp(ctx)
	if _, locked := LockedBy(err); locked {
		return nil
	}
	if err == nil {
		f.mark = mark
	}
	return err
}

// catchUp tells the records that were not told yet.
func (f *follower) catchUp(ctx context.Context) error {
	records, err := f.records(ctx, f.name, 100)
	for _, m := range records {
		if m.ID <= f.last {
			continue
		}
		f.last, f.done[m.Run] = m.ID, true
		if f.live[m.Run] && m.Status != planner.Published {
			continue // it was told how it came out, and nothing became visible
		}
		if err := f.each(view.NewLog(m)...); err != nil {
			return err
		}
	}
	return err
}
