package session

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/cmd/internal/view"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// observe looks at the named sources; all if names is nil.
func (s *Session) observe(ctx context.Context, names []assets.Name) (map[assets.Name]observe.Look, error) {
	if names == nil {
		names = assets.SortedNames(s.Project.Sources)
	}
	sources := make([]*assets.Source, len(names))
	for i, name := range names {
		sources[i] = s.Project.Sources[name]
	}
	if s.known == nil {
		s.know(nil)
	}
	o := observe.Observer{CachePath: s.cache("files"), Known: s.known, Sniff: s.sniff, SniffCSV: s.sniffCSV, Now: s.Now().UTC()}
	return o.Look(ctx, sources)
}

// know takes the last known versions of sources from the warehouse's records,
// and from the latest look where that saw something newer: between a look and
// the next run nothing is recorded.
func (s *Session) know(recorded map[assets.Name]planner.Observation) {
	s.recorded = recorded
	s.known = map[assets.Name]planner.Observation{}
	maps.Copy(s.known, recorded)
	s.lately = nil
	text, err := os.ReadFile(s.cache("observed"))
	if err != nil || json.Unmarshal(text, &s.lately) != nil {
		return
	}
	for name, look := range s.lately {
		known := recorded[name]
		if look.ID == known.ID {
			look.Version = known.Version // the record says when it arrived
		}
		if look.At.After(known.At) {
			s.known[name] = look
		}
	}
}

// remember keeps the latest look at each source. Losing it costs time only.
func (s *Session) remember(looks map[assets.Name]observe.Look) {
	latest := map[assets.Name]planner.Observation{}
	changed := len(looks) != len(s.lately)
	for name, look := range looks {
		if look.Err != "" || look.ID == "" {
			continue
		}
		latest[name] = look.Observation
		changed = changed || s.lately[name].ID != look.ID
	}
	if !changed {
		return
	}
	text, err := json.Marshal(latest)
	if err == nil {
		err = warehouse.ReplaceFile(s.cache("observed"), text)
	}
	if err != nil {
		s.Log.Debug().Err(err).Msg("what was observed is not cached")
	}
}

// unobserved tells that a source cannot be observed, and what follows from that.
func (s *Session) unobserved(source *assets.Source, look observe.Look) *hcl.Diagnostic {
	consequence := "What reads it keeps its last good version until it can be."
	if look.ID == "" {
		consequence = "It was never seen before, so its columns are not known: what reads it is not checked and cannot be built."
	}
	subject := source.Reader.GlobRange
	if subject.Filename == "" {
		subject = source.Decl
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagWarning,
		Summary:  fmt.Sprintf("Source %s cannot be observed", source.Name),
		Detail:   view.Sentence(look.Err) + " " + consequence,
		Subject:  subject.Ptr(),
	}
}

// news are the versions of sources that the warehouse has not recorded yet.
func (s *Session) news() []planner.Observation {
	var news []planner.Observation
	for _, name := range assets.SortedNames(s.Looks) {
		look := s.Looks[name]
		if look.Err == "" && look.ID != "" && s.recorded[name].ID != look.ID {
			news = append(news, look.Observation)
		}
	}
	return news
}
