package planner

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/calendar"
)

// Policy is a freshness block that holds for an asset.
type Policy struct {
	assets.Freshness
	// Of is the asset that declares it: the asset itself, or one made from it. Zero: it
	// is the project's default, or no policy was declared and none may lag.
	Of assets.Name
}

// PoliciesOf are the freshness blocks that hold for each of the project's assets: its
// own; else all own blocks of all that is made from it; else the project's defaults;
// else max_lag 0. Through an asset that is disabled nothing is asked for.
func PoliciesOf(in Input) map[assets.Name][]Policy {
	order := buildOrder(in)
	of, below := make(map[assets.Name][]Policy, len(order)), make(map[assets.Name][]int, len(order))
	position := make(map[assets.Name]int, len(order))
	defaults := defaultPolicies(in.Project)
	for i, name := range slices.Backward(order) {
		position[name] = i
		for _, reader := range in.Graph.Nodes[name].Readers {
			if a := in.Project.Assets[reader]; a == nil || !a.Enabled {
				continue
			}
			below[name] = together(below[name], below[reader])
			if of[reader][0].Of == reader { // its own
				below[name] = together(below[name], []int{position[reader]})
			}
		}
		policies := ownPolicies(in.Project.Assets[name])
		if policies == nil {
			for _, declaring := range below[name] {
				policies = append(policies, of[order[declaring]]...)
			}
		}
		if policies == nil {
			policies = defaults
		}
		of[name] = policies
	}
	return of
}

// ownPolicies are the asset's own blocks. A schedule alone asks for a build at each of its ticks.
func ownPolicies(a *assets.Asset) []Policy {
	var own []Policy
	for _, f := range a.Freshness {
		own = append(own, Policy{f, a.Name})
	}
	if own == nil && !a.Schedule.IsZero() {
		own = []Policy{{assets.Freshness{At: a.Schedule.Expr, Timezone: a.Schedule.Timezone, Decl: a.Schedule.Decl}, a.Name}}
	}
	return own
}

func defaultPolicies(p *assets.Project) []Policy {
	if len(p.Freshness) == 0 {
		return []Policy{{}}
	}
	var defaults []Policy
	for _, f := range p.Freshness {
		defaults = append(defaults, Policy{Freshness: f})
	}
	return defaults
}

// String is the policy in words: "max_lag 6h at 0 8 * * * Europe/Paris".
func (p Policy) String() string {
	text := "max_lag " + duration(p.MaxLag)
	if p.At != "" {
		text += " at " + p.At
		if p.Timezone != "" {
			text += " " + p.Timezone
		}
	}
	if len(p.Sources) > 0 {
		text += fmt.Sprintf(" for %v", p.Sources)
	}
	return text
}

// block is a policy with its calendar at hand. Equal blocks of several assets are one.
type block struct {
	maxLag  time.Duration
	ticks   bool               // required at the ticks of at, not at every moment
	at      *calendar.Schedule // nil: it never ticks
	zone    *time.Location
	sources []assets.Name
	first   map[time.Time]time.Time // the first tick at or after
}

// due is the first moment at which b requires a version that arrived then; zero: none is.
func (b *block) due(since time.Time) time.Time {
	due := since.Add(b.maxLag)
	switch tick, known := b.first[due]; {
	case !b.ticks:
		return due
	case b.at == nil:
		return time.Time{}
	case known:
		return tick
	}
	tick := b.at.First(due, b.zone)
	b.first[due] = tick
	return tick
}

// blocks knows each distinct block of a project once.
type blocks struct {
	clock *clock
	all   []*block
	ids   map[string]int
}

// id is the number of the block that a policy is.
func (b *blocks) id(p Policy) int {
	key := strconv.FormatInt(int64(p.MaxLag), 10) + "|" + p.At
	if p.At != "" {
		key += "|" + p.Timezone
	}
	for _, s := range p.Sources {
		key += "|" + s.String()
	}
	id, known := b.ids[key]
	if !known {
		id = len(b.all)
		b.ids[key] = id
		made := &block{maxLag: p.MaxLag, sources: p.Sources}
		if p.At != "" {
			made.ticks, made.at, made.zone, made.first = true, b.clock.parsed(p.At), b.clock.zone(p.Timezone), map[time.Time]time.Time{}
		}
		b.all = append(b.all, made)
	}
	return id
}

func (b *blocks) idsOf(policies []Policy) []int {
	ids := make([]int, len(policies))
	for i, p := range policies {
		ids[i] = b.id(p)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// together are the members of both sorted sets; one of them, if it holds the other.
func together(a, b []int) []int {
	if len(b) == 0 || slices.Equal(a, b) {
		return a
	}
	if len(a) == 0 {
		return b
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	all = slices.Compact(all)
	switch len(all) {
	case len(a):
		return a
	case len(b):
		return b
	}
	return all
}
