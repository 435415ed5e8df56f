package session

import (
	"encoding/json"
	"maps"
	"os"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// sincePlanned finds out since when each schedule and policy is planned with: as the
// warehouse has it, or an earlier plan remembered until a run records it, or now.
func (s *Session) sincePlanned() {
	remembered, waiting := s.rememberedPlans(), s.planned
	s.planned = map[planner.Planned]time.Time{}
	known := maps.Clone(s.State.Planned)
	if known == nil {
		known = map[planner.Planned]time.Time{}
	}
	changed := false
	for _, key := range s.plannedKeys() {
		if since, is := known[key]; is {
			// Perhaps only because this put it there: then it is still to be recorded.
			if at, waits := waiting[key]; waits && at.Equal(since) {
				s.planned[key] = since
			}
			continue
		}
		since, ok := remembered[key]
		if !ok {
			since, changed = s.Now().UTC(), true
		}
		known[key], s.planned[key] = since, since
	}
	s.State.Planned = known
	if changed && s.At.IsZero() {
		s.rememberPlans()
	}
}

func (s *Session) plannedKeys() []planner.Planned {
	keys := planner.PlannedPolicies(s.Project, s.Graph)
	for _, name := range assets.SortedNames(s.Project.Assets) {
		if a := s.Project.Assets[name]; !a.Schedule.IsZero() {
			keys = append(keys, planner.PlannedSchedule(a, s.Project.Timezone))
		}
	}
	return keys
}

// plannedSince is one line of the file that remembers what no run has recorded yet.
type plannedSince struct {
	planner.Planned
	Since time.Time
}

func (s *Session) rememberedPlans() map[planner.Planned]time.Time {
	known := map[planner.Planned]time.Time{}
	var list []plannedSince
	text, err := os.ReadFile(s.cache("planned"))
	if err != nil || json.Unmarshal(text, &list) != nil {
		return known
	}
	for _, p := range list {
		known[p.Planned] = p.Since
	}
	return known
}

func (s *Session) rememberPlans() {
	list := make([]plannedSince, 0, len(s.planned))
	for key, since := range s.planned {
		list = append(list, plannedSince{key, since})
	}
	text, err := json.Marshal(list)
	if err == nil {
		err = warehouse.ReplaceFile(s.cache("planned"), text)
	}
	if err != nil {
		s.Log.Debug().Err(err).Msg("since when schedules are planned with is not cached")
	}
}
