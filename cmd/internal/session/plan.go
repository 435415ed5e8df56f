package session

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/compile"
	"github.com/seed-4311623e/assets/materialize/observe"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// Compile observes the sources and binds every asset. Sources that cannot be
// observed are warnings: what does not read them is compiled all the same.
func (s *Session) Compile(ctx context.Context) hcl.Diagnostics {
	began := time.Now()
	looks, err := s.observe(ctx, nil)
	if err != nil {
		return fault("Cannot observe the sources", err)
	}
	s.Looks = looks
	if !slices.ContainsFunc(slices.Collect(maps.Values(s.Project.Sources)), s.withheld) {
		s.remember(looks) // one that was left out is no look that failed
	}
	observed := time.Now()
	graph, mistakes := s.compile(ctx, looks)
	if mistakes.HasErrors() {
		graph, mistakes = s.withoutMisshapen(ctx, graph, mistakes)
	}
	s.Graph = graph
	var diags hcl.Diagnostics
	for _, name := range assets.SortedNames(s.Looks) {
		source, look := s.Project.Sources[name], s.Looks[name]
		if (look.Err != "" || look.Waits != "") && !s.isTold(source, look) {
			diags = append(diags, s.unobserved(source, look))
		}
	}
	s.Log.Debug().Stringer("observe", observed.Sub(began)).Stringer("compile", time.Since(observed)).Msg("compiled the project")
	return append(diags, mistakes...)
}

func (s *Session) compile(ctx context.Context, looks map[assets.Name]observe.Look) (*lineage.Graph, hcl.Diagnostics) {
	columns := map[assets.Name][]assets.Column{}
	for name, look := range looks {
		if len(look.Columns) > 0 { // those of a pushed event are known before there is one
			columns[name] = look.Columns
		}
	}
	for name, a := range s.Project.Assets {
		if last, published := s.State.Last[planner.Key{Asset: name}]; published && !a.Enabled {
			columns[name] = last.Made.Columns
		}
	}
	return compile.Compile(ctx, s.Project, columns, s.openBinder(ctx), warehouse.Engine(), s.cache(""))
}

// CompileRest adds the mistakes that only binding finds to those that the
// project's files have already: all of them are told in one go. What is said of
// an expression in which another mistake stands is left out: it follows from that.
func (s *Session) CompileRest(ctx context.Context, mistakes hcl.Diagnostics) hcl.Diagnostics {
	if len(s.Project.Assets) == 0 {
		return mistakes
	}
	follows := func(d *hcl.Diagnostic) bool {
		return d.Subject != nil && slices.ContainsFunc(mistakes, func(m *hcl.Diagnostic) bool {
			return m.Subject != nil && m.Subject.Filename == d.Subject.Filename &&
				d.Subject.Start.Byte <= m.Subject.Start.Byte && m.Subject.End.Byte <= d.Subject.End.Byte
		})
	}
	return append(mistakes, slices.DeleteFunc(s.Compile(ctx), follows)...)
}

// Advice warns of what is no mistake but may surprise: SQL whose value depends on
// the moment or on chance.
func (s *Session) Advice() hcl.Diagnostics {
	var diags hcl.Diagnostics
	if s.Graph == nil { // interrupted
		return nil
	}
	for _, name := range s.Graph.Order {
		if calls := s.Graph.Nodes[name].Bound.Volatile; len(calls) > 0 {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagWarning,
				Summary:  fmt.Sprintf("Asset %s depends on the moment it is built", name),
				Detail: fmt.Sprintf("Its SQL calls %s. It is built again when its definition or its inputs change, not because time passes.",
					strings.Join(calls, ", ")),
				Subject: s.Project.Assets[name].SQLRange.Ptr(),
			})
		}
	}
	return diags
}

// Narrow restricts or forces what a plan does, by selectors.
type Narrow struct {
	Targets, Replace []string
	Destroy          bool
	// All builds what waits, too.
	All bool
	// Retry tries again what failed with equal inputs: a person asks for it.
	Retry bool
}

// Plan makes a plan for the project as it stands now.
// If it does not compile there is none, only the promises that it breaks: they may be why.
func (s *Session) Plan(ctx context.Context, narrow Narrow) (in planner.Input, plan planner.Plan, diags hcl.Diagnostics) {
	if diags = s.look(ctx, narrow.Destroy); diags.HasErrors() {
		if s.Graph != nil {
			in = s.input(planner.Options{})
			plan.Broken = planner.BrokenContracts(in)
		}
		return in, plan, diags
	}
	o := planner.Options{Destroy: narrow.Destroy, All: narrow.All, Retry: narrow.Retry}
	for _, resolve := range []struct {
		flag      string
		selectors []string
		names     *[]assets.Name
	}{{"-target", narrow.Targets, &o.Targets}, {"-replace", narrow.Replace, &o.Replace}} {
		if len(resolve.selectors) == 0 {
			continue
		}
		names, more := s.selectAssets(resolve.selectors, resolve.flag)
		if more.HasErrors() {
			return in, plan, append(diags, more...)
		}
		*resolve.names = names
	}
	in = s.planInput(o)
	return in, planner.Make(in), diags
}

// PlanAgain makes the plan that a saved one's options would give now.
func (s *Session) PlanAgain(ctx context.Context, o planner.Options) (in planner.Input, plan planner.Plan, diags hcl.Diagnostics) {
	if diags = s.look(ctx, o.Destroy); diags.HasErrors() {
		return in, plan, diags
	}
	in = s.planInput(o)
	return in, planner.Make(in), diags
}

// Moved refuses a saved plan if anything it was based on is no longer so.
func Moved(saved, now planner.Plan) hcl.Diagnostics {
	if moved := saved.Basis.Moved(now.Basis); len(moved) > 0 {
		return stale(moved)
	}
	return nil
}

// look reads the warehouse's state and compiles the project. Removing what is
// published needs no project that compiles.
func (s *Session) look(ctx context.Context, destroy bool) hcl.Diagnostics {
	began := time.Now()
	snapshot, err := s.load(ctx)
	if err != nil {
		return fault("Cannot read the warehouse's state", err)
	}
	s.State = snapshot.State
	s.know(snapshot.Observed)
	s.Log.Debug().Stringer("took", time.Since(began)).Int("published", len(s.State.Last)).Msg("read the warehouse's state")
	diags := s.Compile(ctx)
	if destroy && diags.HasErrors() {
		s.Log.Warn().Int("mistakes", len(diags)).Msg("the project does not compile; it is destroyed all the same")
		diags = nil
	}
	if !diags.HasErrors() {
		s.sincePlanned()
	}
	if !destroy && !diags.HasErrors() {
		if err := s.rereadSyntax(ctx); err != nil {
			return append(diags, fault("Cannot compare with what another DuckDB built", err)...)
		}
	}
	return diags
}

// input is what a plan is made from.
func (s *Session) input(o planner.Options) planner.Input {
	in := planner.Input{Project: s.Project, Graph: s.Graph, State: s.withAsked(s.State), Observed: map[assets.Name]planner.Observation{}, Now: s.planTime(), Options: o, Prepared: s.prepared}
	for name, look := range s.Looks {
		in.Observed[name] = look.Observation
	}
	return in
}

// planTime is the moment that plans are made for.
func (s *Session) planTime() time.Time {
	if !s.At.IsZero() {
		return s.At.UTC()
	}
	return s.Now().UTC()
}

// Select resolves selectors to sources and assets; without any, to all of the
// project. Besides what lineage.Select knows it takes the names of sources and
// of what is published but no longer declared.
func (s *Session) Select(selectors []string) ([]assets.Name, hcl.Diagnostics) {
	if len(selectors) == 0 {
		return append(assets.SortedNames(s.Project.Sources), s.Graph.Order...), nil
	}
	var chosen []assets.Name
	for _, selector := range selectors {
		base, up := strings.CutPrefix(strings.TrimSuffix(selector, "+"), "+")
		if name, err := assets.ParseName(base); err == nil && s.Project.Sources[name] != nil {
			chosen = append(chosen, name)
			if selector == base {
				continue
			}
		}
		names, diags := s.selectAssets([]string{selector}, selector)
		if diags.HasErrors() {
			return nil, diags
		}
		if up {
			for _, name := range assets.SortedNames(s.Graph.Upstream(names...)) {
				if s.Project.Sources[name] != nil {
					chosen = append(chosen, name)
				}
			}
		}
		chosen = append(chosen, names...)
	}
	return unique(chosen), nil
}

// selectAssets resolves selectors to assets, removed but published ones among them.
func (s *Session) selectAssets(selectors []string, what string) ([]assets.Name, hcl.Diagnostics) {
	var chosen []assets.Name
	for _, selector := range selectors {
		name, err := assets.ParseName(selector)
		if _, recorded := s.State.Last[planner.Key{Asset: name}]; err == nil && recorded && s.Project.Assets[name] == nil {
			chosen = append(chosen, name)
			continue
		}
		names, err := lineage.Select(s.Project, s.Graph, []string{selector})
		if err != nil {
			return nil, fault("Cannot select "+what, err)
		}
		chosen = append(chosen, names...)
	}
	return unique(chosen), nil
}

func unique(names []assets.Name) []assets.Name {
	seen := map[assets.Name]bool{}
	return slices.DeleteFunc(names, func(n assets.Name) bool {
		twice := seen[n]
		seen[n] = true
		return twice
	})
}
