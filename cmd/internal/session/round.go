package session

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/planner"
)

// What a session does more than once, when it lives for longer than a command.

// frozen is the session as it stands now, for another goroutine: nothing in it
// changes when s goes on. What s learns later is put into new maps.
func (s *Session) frozen() *Session {
	f := *s
	f.Looks = maps.Clone(s.Looks)
	return &f
}

// Observe returns a look at sources (nil: all) that may be taken on another
// goroutine, while the session goes on. What it sees is for Admit.
func (s *Session) Observe(names []assets.Name) func(context.Context) (map[assets.Name]observe.Look, error) {
	f := s.frozen()
	return func(ctx context.Context) (map[assets.Name]observe.Look, error) { return f.observe(ctx, names) }
}

// Admit takes looks into account that Observe took, and binds the project anew if
// the columns of a source are others. It reports whether another plan may come
// out. With errors among the diagnostics the graph stays as it was.
func (s *Session) Admit(ctx context.Context, looks map[assets.Name]observe.Look) (news bool, diags hcl.Diagnostics) {
	if s.seen == nil {
		s.seen = map[assets.Name]observe.Look{}
	}
	rebind := false
	for _, name := range assets.SortedNames(looks) {
		if s.Project.Sources[name] == nil {
			continue // it left the project meanwhile
		}
		look, before := looks[name], s.seen[name]
		was, known := s.Looks[name]
		if was.Overtaken && look.After != s.recordedLast(name) {
			continue // it began before that was known
		}
		s.seen[name] = look
		if known && sameLook(before, look) {
			if was.Err == look.Err { // else it was found not to fit, which still holds
				look.Before = was.Before // no run has recorded them since
				s.Looks[name] = look
			}
			continue
		}
		s.Looks[name], news = look, true
		rebind = rebind || !known || was.Err != before.Err || !slices.Equal(was.Columns, look.Columns)
	}
	if !news {
		return false, nil
	}
	if rebind {
		graph, mistakes := s.compile(ctx, s.Looks)
		if mistakes.HasErrors() {
			graph, mistakes = s.withoutMisshapen(ctx, graph, mistakes)
		}
		if diags = mistakes; !diags.HasErrors() {
			s.Graph = graph
		}
	}
	s.learn()
	return true, diags
}

// sameLook reports whether two looks saw the same.
func sameLook(a, b observe.Look) bool {
	return a.ID == b.ID && a.Err == b.Err && a.Unreadable == b.Unreadable && a.Delivered.Equal(b.Delivered) &&
		a.Arrived.Equal(b.Arrived) && slices.Equal(a.Columns, b.Columns)
}

// learn makes what was seen what the next look begins with.
func (s *Session) learn() {
	s.remember(s.Looks)
	known, lately := maps.Clone(s.known), map[assets.Name]planner.Observation{}
	for name, look := range s.Looks {
		if look.Err == "" && look.ID != "" {
			known[name], lately[name] = look.Observation, look.Observation
		}
	}
	s.known, s.lately = known, lately
}

// recordNews writes what the warehouse does not know yet of sources.
func (s *Session) recordNews(record func([]planner.Observation) error) error {
	news := s.news()
	if err := record(news); err != nil {
		return err
	}
	recorded := map[assets.Name]planner.Observation{}
	maps.Copy(recorded, s.recorded)
	for _, seen := range news {
		look := s.Looks[seen.Source]
		look.Before, seen.Before = nil, nil
		recorded[seen.Source], s.Looks[seen.Source] = seen, look
	}
	s.recorded = recorded
	return nil
}

// Replan makes a plan from what is known. It looks at nothing.
func (s *Session) Replan(o planner.Options) (planner.Input, planner.Plan) {
	in := s.planInput(o)
	return in, planner.Make(in)
}
