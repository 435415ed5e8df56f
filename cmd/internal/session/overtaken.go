package session

import (
	"context"
	"fmt"
	"maps"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// overtaken names the sources of which another process has recorded another version since
// they were looked at here. The log says what is newer, and no clock: what was seen
// before must be neither recorded after that nor published again.
func (s *Session) overtaken(recorded map[assets.Name]planner.Observation) (names []assets.Name) {
	for _, name := range assets.SortedNames(s.Looks) {
		look, last := s.Looks[name], recorded[name]
		if last.ID != "" && last.ID != look.ID && look.After != recordOf(last) {
			names = append(names, name)
		}
	}
	return names
}

// overtake gives sources that were overtaken the version that is recorded. It cannot be
// read before they are looked at again, so that nothing is built from them until then.
func (s *Session) overtake() {
	names := s.overtaken(s.recorded)
	if len(names) == 0 {
		return
	}
	const why = "another process has seen a newer version: it is looked at again"
	s.known, s.lately = maps.Clone(s.known), maps.Clone(s.lately)
	for _, name := range names {
		look := observe.Look{Observation: s.recorded[name], Waits: why, Again: s.Now().UTC(), After: s.recordedLast(name), Overtaken: true}
		look.Err, look.Unreadable = why, true
		s.Looks[name], s.known[name] = look, s.recorded[name]
		delete(s.lately, name)
		delete(s.seen, name) // whatever is seen next, the project is bound anew
	}
}

// overtakenSince says which sources were overtaken, as the open warehouse has it.
func (s *Session) overtakenSince(ctx context.Context, db *warehouse.DB) (moved []string, err error) {
	if len(s.Looks) == 0 {
		return nil, nil
	}
	recorded, err := db.Observations(ctx)
	for _, name := range s.overtaken(recorded) {
		if recorded[name].ID != s.recorded[name].ID { // of one version the state that is cached may have another time
			moved = append(moved, fmt.Sprintf("source %s has a new version", name))
		}
	}
	return moved, err
}
