package planner

import (
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// Declared policies: those whose breaches are kept.

// declaredPolicies are the freshness blocks that each asset promises to keep: its own,
// or the project's defaults where they hold. What it inherits is a promise of the asset
// that declares it. A schedule alone is none: nobody could keep it, since a build takes time.
func declaredPolicies(p *assets.Project, g *lineage.Graph) map[assets.Name][]Policy {
	declared := map[assets.Name][]Policy{}
	if g == nil {
		return declared
	}
	covered := map[assets.Name]bool{} // something made from it has blocks of its own
	for _, name := range slices.Backward(g.Order) {
		a := p.Assets[name]
		if !a.Enabled {
			continue
		}
		covered[name] = slices.ContainsFunc(g.Nodes[name].Readers, func(reader assets.Name) bool {
			r := p.Assets[reader]
			return r != nil && r.Enabled && (covered[reader] || len(ownPolicies(r)) > 0)
		})
		switch {
		case len(a.Freshness) > 0:
			declared[name] = ownPolicies(a)
		case a.Schedule.IsZero() && !covered[name] && len(p.Freshness) > 0:
			declared[name] = defaultPolicies(p)
		}
	}
	return declared
}

// PlannedPolicies are the keys under which [State.Planned] says since when each asset's
// declared policy, and each promise of a source's supplier, has been planned with.
func PlannedPolicies(p *assets.Project, g *lineage.Graph) []Planned {
	var keys []Planned
	declared := declaredPolicies(p, g)
	for _, name := range assets.SortedNames(declared) {
		keys = append(keys, plannedPolicy(name, declared[name], p.Timezone))
	}
	for _, name := range assets.SortedNames(p.Sources) {
		if source := p.Sources[name]; source.MaxAge > 0 {
			keys = append(keys, plannedPromise(source))
		}
	}
	return keys
}

// PolicySince is since when each asset has had a declared policy, and each source's
// supplier a promise: what was declared before in its place counts, too.
func PolicySince(in Input) map[assets.Name]time.Time {
	since := map[assets.Name]time.Time{}
	for _, key := range PlannedPolicies(in.Project, in.Graph) {
		since[key.Asset] = in.Now
	}
	for key, planned := range in.State.Planned {
		if earliest, declared := since[key.Asset]; declared && key.What != "schedule" && planned.Before(earliest) {
			since[key.Asset] = planned
		}
	}
	return since
}

func plannedPolicy(name assets.Name, policies []Policy, zone string) Planned {
	parts := make([]string, len(policies))
	for i, p := range policies {
		parts[i] = inZone(p, zone).String()
	}
	return Planned{name, "freshness", assets.NewDigest("fresh1", parts...)}
}

func plannedPromise(source *assets.Source) Planned {
	return Planned{source.Name, "max_age", assets.NewDigest("age1", duration(source.MaxAge))}
}

// inZone is a policy that names the zone its calendar is read in.
func inZone(p Policy, zone string) Policy {
	if p.At != "" && p.Timezone == "" {
		p.Timezone = zone
	}
	return p
}

// plannedSince is since when key has been planned with: from now on, if it never was.
func (m *model) plannedSince(key Planned) time.Time {
	if since, ok := m.in.State.Planned[key]; ok {
		return since
	}
	return m.in.Now
}
