package session

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

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
	if s.known == nil {
		s.know(nil)
	}
	var sources []*assets.Source
	open := map[assets.Name]observe.Look{}
	for _, name := range names {
		source := s.Project.Sources[name]
		if s.withheld(source) {
			known := s.known[name].Version
			open[name] = observe.Look{Observation: planner.Observation{Source: name, Version: known, At: s.Now().UTC(), Unreadable: known.ID != "",
				Err: "it is read with a secret that a command tells, and this command runs none"}}
			continue
		}
		sources = append(sources, source)
	}
	o := observe.Observer{CachePath: s.cache("files"), FetchDir: s.cache("http"), EventDir: s.eventDir(), Known: s.known, Recorded: s.recorded,
		Sniff: s.sniff, SniffCSV: s.sniffCSV, Ask: s.ask, Connections: s.Project.Connections, Attached: s.attached,
		OnStray: s.stray, Settle: s.Settle, Timezone: s.Project.Timezone, Now: s.Now().UTC()}
	if len(sources) == len(s.Project.Sources) {
		observe.SweepFetched(o.FetchDir, s.Project.Sources)
	}
	looks, err := o.Look(ctx, sources)
	if err != nil {
		return nil, err
	}
	maps.Copy(looks, open)
	for name, look := range looks {
		look.After = s.recordedLast(name)
		looks[name] = look
	}
	return looks, nil
}

// withheld reports whether a source cannot be looked at, for a secret was not obtained.
func (s *Session) withheld(source *assets.Source) bool {
	if t := source.Table; t != nil && s.Project.Connections[t.Connection] != nil {
		return s.Project.Connections[t.Connection].Withheld
	}
	return source.Withheld
}

// know takes the last known versions of sources from the warehouse's records,
// and from the latest look where that saw something newer: between a look and
// the next run nothing is recorded.
func (s *Session) know(recorded map[assets.Name]planner.Observation) {
	s.recorded = recorded
	s.known = map[assets.Name]planner.Observation{}
	maps.Copy(s.known, recorded)
	s.cached, s.lately, s.failing = 0, map[assets.Name]planner.Observation{}, map[assets.Name]time.Time{}
	var cached map[assets.Name]remembered
	text, err := os.ReadFile(s.cache("observed"))
	if err != nil || json.Unmarshal(text, &cached) != nil {
		return
	}
	var looked time.Time // all of it was still so
	if text, err := os.ReadFile(s.cache("looked")); err == nil {
		_ = looked.UnmarshalText(text) // what is not there is as good as an old look
	}
	s.cached = len(cached)
	later := map[assets.Name]bool{} // than what is recorded, whatever the clock said
	for name, r := range cached {
		if !r.Failing.IsZero() {
			s.failing[name] = r.Failing
		}
		if r.ID == "" {
			continue
		}
		if last := s.recordedLast(name); last.ID != r.Recorded.ID || !last.Arrived.Equal(r.Recorded.Arrived) {
			r.Before = nil // a run has recorded them since
			// What was seen without a look at the log, as by validate, is as old as it says.
			unread := r.Recorded.ID == "" && !r.At.Before(last.Arrived)
			if last.ID != "" && last.ID != r.ID && !unread {
				continue // and another version after it
			}
		} else {
			later[name] = true
		}
		s.lately[name] = r.Observation
	}
	for name, look := range s.lately {
		if looked.After(look.At) && s.failing[name].IsZero() {
			look.At = looked
			s.lately[name] = look
		}
		known := recorded[name]
		if look.ID == known.ID {
			look.Version = known.Version // the record says when it arrived
		}
		if later[name] || look.At.After(known.At) {
			s.known[name] = look
		}
	}
}

// remembered is the latest look at a source that saw it, and since when looks have
// failed after that.
type remembered struct {
	planner.Observation
	Failing time.Time `json:"failing,omitzero"`
	// Recorded is the latest version that the warehouse had recorded then, and when that was seen:
	// what came in between is recorded, too, once that is another one.
	Recorded planner.Arrival `json:"recorded,omitzero"`
}

// recordedLast is what the warehouse has recorded last of a source.
func (s *Session) recordedLast(name assets.Name) planner.Arrival { return recordOf(s.recorded[name]) }

// recordOf is a version that was recorded, and when it was seen.
func recordOf(seen planner.Observation) planner.Arrival {
	return planner.Arrival{ID: seen.ID, Arrived: seen.At.UTC().Truncate(time.Microsecond)}
}

// remember keeps the latest look at each source that saw which version it has, the
// time of the look among it: what comes next arrived after that. It gives one that
// failed the time of the first that did. Losing it costs time only. If all is as it
// was, only the time is written.
func (s *Session) remember(looks map[assets.Name]observe.Look) {
	latest := map[assets.Name]remembered{}
	changed := len(looks) != s.cached
	failing := map[assets.Name]time.Time{}
	for name, look := range looks {
		before := s.lately[name]
		// A source that waits still has the version it had: it is known why. Of one that
		// failed nobody knows anything since.
		if failed := look.Err != "" && !look.Waiting(); failed || look.ID == "" {
			since := s.failing[name]
			if since.IsZero() {
				since, changed = look.At, true
			}
			look.At, failing[name] = since, since
			before.Source = name // also if it never was
			latest[name] = remembered{before, since, s.recordedLast(name)}
		} else {
			look.Before = s.unrecorded(look.Observation)
			now := look.Observation
			now.Err, now.Unreadable = "", false
			latest[name] = remembered{Observation: now, Recorded: s.recordedLast(name)}
			changed = changed || before.ID != now.ID || !before.Delivered.Equal(now.Delivered) || !s.failing[name].IsZero()
		}
		looks[name] = look
	}
	s.cached, s.failing = len(looks), failing
	file, text, err := "looked", []byte(nil), error(nil)
	if changed {
		file = "observed"
		text, err = json.Marshal(latest)
	} else {
		text, err = s.Now().UTC().MarshalText()
	}
	if err == nil {
		err = warehouse.ReplaceFile(s.cache(file), text)
	}
	if err != nil {
		s.Log.Debug().Err(err).Msg("what was observed is not cached")
	}
}

// unrecorded are the versions that arrived before the one looked at and that no run has
// recorded yet: those that were seen by looks before it, and those it saw itself. All
// events that are not recorded are seen by each look.
func (s *Session) unrecorded(look planner.Observation) []planner.Arrival {
	if s.Project.Sources[look.Source].Event {
		return look.Before
	}
	var before []planner.Arrival
	if seen := s.lately[look.Source]; seen.ID != "" && seen.At.After(s.recorded[look.Source].At) {
		before = append(slices.Clone(seen.Before), planner.Arrival{ID: seen.ID, Arrived: seen.Arrived})
	}
	for _, a := range look.Before {
		if !slices.Contains(before, a) {
			before = append(before, a)
		}
	}
	last := s.recorded[look.Source].ID
	var news []planner.Arrival
	for _, a := range append(before, planner.Arrival{ID: look.ID}) {
		if a.ID != last { // an equal delivery is no version
			last = a.ID
			news = append(news, a)
		}
	}
	if len(news) > 0 && news[len(news)-1].ID == look.ID {
		news = news[:len(news)-1]
	}
	return news
}

// isTold reports whether it is told elsewhere why a source has no version: the plan
// says what waits for an event, and a connection with a mistake has been reported.
func (s *Session) isTold(source *assets.Source, look observe.Look) bool {
	return source.Event && look.ID == "" || source.Table != nil && s.Project.Connections[source.Table.Connection] == nil
}

// unobserved tells that a source cannot be observed or waits, and what follows from that.
func (s *Session) unobserved(source *assets.Source, look observe.Look) *hcl.Diagnostic {
	summary, why := fmt.Sprintf("Source %s cannot be observed", source.Name), look.Err
	if look.Waiting() {
		summary, why = fmt.Sprintf("Source %s waits", source.Name), look.Waits
	}
	consequence := "What reads it keeps its last good version until it can be."
	switch {
	case look.Err == "":
		consequence = "Until then it is read as it is."
	case look.ID == "":
		consequence = "It was never seen before, so its columns are not known: what reads it is not checked and cannot be built."
	case !look.Unreadable:
		consequence = "What reads it goes on with its last version, which was kept."
	case look.Waiting():
		consequence = "What reads it keeps its last good version until then."
	}
	subject := source.Reader.GlobRange
	if source.Table != nil {
		subject = source.Table.Range
	}
	if subject.Filename == "" {
		subject = source.Decl
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagWarning,
		Summary:  summary,
		Detail:   view.Sentence(why) + " " + consequence,
		Subject:  subject.Ptr(),
	}
}

// news are the versions of sources that the warehouse has not recorded yet.
func (s *Session) news() []planner.Observation {
	var news []planner.Observation
	for _, name := range assets.SortedNames(s.Looks) {
		look := s.Looks[name]
		if look.Err == "" && look.ID != "" && (s.recorded[name].ID != look.ID || len(look.Before) > 0) {
			news = append(news, look.Observation)
		}
	}
	return news
}
