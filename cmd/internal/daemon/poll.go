package daemon

import (
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// Between these a source is polled that does not say how often.
const (
	oftenest = 10 * time.Second
	rarest   = 5 * time.Minute
	// oftenestAt is for sources of which nothing is wanted but at certain moments.
	oftenestAt = time.Minute
)

// intervals says how often each source is looked at, unless an event says to look
// earlier: as often as it declares, or a tenth of the smallest lag that anything
// made from it may have. A tenth, because what is seen late is built late: with it
// nine tenths of the lag are left for building.
func intervals(p *assets.Project, g *lineage.Graph) map[assets.Name]time.Duration {
	wanted := map[assets.Name]time.Duration{} // by whom it is read; assets, too
	lower := func(name assets.Name, d time.Duration) {
		if w, ok := wanted[name]; !ok || d < w {
			wanted[name] = d
		}
	}
	for i := len(g.Order) - 1; i >= 0; i-- { // readers first
		name := g.Order[i]
		own := p.Assets[name].Freshness
		for _, f := range own {
			lower(name, pollFor(f))
		}
		if _, covered := wanted[name]; !covered { // by no block, nor one downstream
			if len(p.Freshness) == 0 {
				lower(name, oftenest) // max_lag = 0
			}
			for _, f := range p.Freshness {
				lower(name, pollFor(f))
			}
		}
		for _, input := range g.Nodes[name].Inputs {
			lower(input, wanted[name])
		}
	}
	every := make(map[assets.Name]time.Duration, len(p.Sources))
	for name, source := range p.Sources {
		switch w, read := wanted[name]; {
		case source.Poll > 0:
			every[name] = source.Poll
		case read:
			every[name] = w
		default:
			every[name] = rarest // nobody reads it, but its owner may want to know
		}
	}
	return every
}

// pollFor is how often a source is looked at for one policy. At a tick it is enough to
// know to the minute what had arrived.
func pollFor(f assets.Freshness) time.Duration {
	least := oftenest
	if f.At != "" {
		least = oftenestAt
	}
	return min(max(f.MaxLag/10, least), rarest)
}
