package session

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// withoutMisshapen finds out whether a project fails to compile only because
// sources deliver other columns than those it was last built from. Then it is the
// delivery that is wrong: such a source counts as one that cannot be observed,
// and one bad file does not hold up the rest of the project.
func (s *Session) withoutMisshapen(ctx context.Context, graph *lineage.Graph, mistakes hcl.Diagnostics) (*lineage.Graph, hcl.Diagnostics) {
	var suspects []assets.Name
	looks := maps.Clone(s.Looks)
	for _, name := range assets.SortedNames(looks) {
		look, before := looks[name], s.recorded[name]
		if before.ID == "" || before.ID == look.ID || slices.Equal(before.Columns, look.Columns) {
			continue
		}
		suspects = append(suspects, name)
		look.Version = before.Version
		looks[name] = look
	}
	if len(suspects) == 0 {
		return graph, mistakes
	}
	graph, diags := s.compile(ctx, looks)
	if diags.HasErrors() {
		return s.compile(ctx, s.Looks) // the project has mistakes of its own
	}
	for _, name := range suspects {
		// Is it this one? With all others as they were, its own delivery decides.
		look := s.Looks[name]
		trial := maps.Clone(looks)
		trial[name] = look
		if g, more := s.compile(ctx, trial); !more.HasErrors() {
			graph, diags, looks = g, more, trial
			continue
		} else if look.Err == "" {
			look.Err = misshapen(s.recorded[name].Columns, look.Columns, more)
		}
		look.Version = s.recorded[name].Version
		look.Files, look.SQL, look.Unreadable = nil, "", true
		looks[name] = look
	}
	s.Looks = looks
	return graph, diags
}

// misshapen says what is other about the columns of a source, and where that matters.
func misshapen(before, now []assets.Column, mistakes hcl.Diagnostics) string {
	var changes []string
	for _, c := range before {
		i := slices.IndexFunc(now, func(n assets.Column) bool { return strings.EqualFold(n.Name, c.Name) })
		if i < 0 {
			changes = append(changes, "it has no "+c.Name+" any more")
		} else if now[i].Type != c.Type {
			changes = append(changes, c.Name+" was "+c.Type+" and is "+now[i].Type)
		}
	}
	for _, n := range now {
		if !slices.ContainsFunc(before, func(c assets.Column) bool { return strings.EqualFold(n.Name, c.Name) }) {
			changes = append(changes, n.Name+" is new")
		}
	}
	const few = 6
	if more := len(changes) - few; more > 0 {
		changes = append(changes[:few], fmt.Sprintf("and %d more", more))
	}
	text := "its columns are not what the project is written for: " + strings.Join(changes, ", ")
	for _, d := range mistakes {
		if d.Severity == hcl.DiagError && d.Subject != nil {
			return fmt.Sprintf("%s. With them %s:%d does not compile: %s", text, d.Subject.Filename, d.Subject.Start.Line, d.Summary)
		}
	}
	return text
}
