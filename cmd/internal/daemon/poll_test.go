package daemon

import (
	"testing"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// chain is a project of one source raw.s and assets that read it in a row, with their policies.
func chain(policies ...[]assets.Freshness) (*assets.Project, *lineage.Graph) {
	source := assets.MustName("raw.s")
	p := &assets.Project{Sources: map[assets.Name]*assets.Source{source: {Name: source}}, Assets: map[assets.Name]*assets.Asset{}}
	g := &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{source: {Name: source}}}
	before := source
	for i, policy := range policies {
		name := assets.MustName("a" + string(rune('0'+i)))
		p.Assets[name] = &assets.Asset{Name: name, Enabled: true, Kind: assets.Table, Freshness: policy}
		g.Nodes[name] = &lineage.Node{Name: name, Inputs: []assets.Name{before}}
		g.Nodes[before].Readers = append(g.Nodes[before].Readers, name)
		g.Order = append(g.Order, name)
		before = name
	}
	return p, g
}

func lag(d time.Duration) []assets.Freshness { return []assets.Freshness{{MaxLag: d}} }

func TestIntervals(t *testing.T) {
	for _, c := range []struct {
		why      string
		policies [][]assets.Freshness
		fallback []assets.Freshness
		poll     time.Duration
		want     time.Duration
	}{
		{"nobody reads it", nil, nil, 0, 5 * time.Minute},
		{"no policy anywhere: no lag at all", [][]assets.Freshness{nil}, nil, 0, 10 * time.Second},
		{"a tenth of the lag", [][]assets.Freshness{lag(30 * time.Minute)}, nil, 0, 3 * time.Minute},
		{"not rarer than that", [][]assets.Freshness{lag(24 * time.Hour)}, nil, 0, 5 * time.Minute},
		{"not oftener than that", [][]assets.Freshness{lag(time.Second)}, nil, 0, 10 * time.Second},
		{"of a descendant", [][]assets.Freshness{nil, nil, lag(10 * time.Minute)}, nil, 0, time.Minute},
		{"of the tightest", [][]assets.Freshness{lag(time.Hour), nil, lag(10 * time.Minute)}, nil, 0, time.Minute},
		{"of the project, if none covers it", [][]assets.Freshness{nil}, lag(20 * time.Minute), 0, 2 * time.Minute},
		{"not of the project, if one does", [][]assets.Freshness{nil, lag(40 * time.Minute)}, lag(time.Minute), 0, 4 * time.Minute},
		{"at moments only: to the minute", [][]assets.Freshness{{{At: "0 8 * * *"}}}, nil, 0, time.Minute},
		{"as it says itself", [][]assets.Freshness{lag(time.Hour)}, nil, 7 * time.Second, 7 * time.Second},
	} {
		p, g := chain(c.policies...)
		p.Freshness = c.fallback
		source := assets.MustName("raw.s")
		p.Sources[source].Poll = c.poll
		if got := intervals(p, g)[source]; got != c.want {
			t.Errorf("%s: every %v, want %v", c.why, got, c.want)
		}
	}
}
