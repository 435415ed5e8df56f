package planner

import (
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// Logs: which versions arrived, and which of them a version of an asset reflects.

// log is the log of a source, oldest first: what is recorded, and then what was
// observed since. Arrivals never decrease in it.
func (m *model) log(source assets.Name) []Arrival {
	if log, known := m.logs[source]; known {
		return log
	}
	log := m.in.State.Arrivals[source]
	seen := m.in.Observed[source]
	news := slices.Clone(seen.Before)
	if seen.ID != "" {
		news = append(news, Arrival{seen.ID, seen.Arrived})
	}
	for _, a := range news {
		if len(log) == 0 || log[len(log)-1].ID != a.ID { // an equal delivery is no version
			log = append(slices.Clip(log), a)
		}
	}
	backwards := func(i int) bool { return i > 0 && log[i].Arrived.Before(log[i-1].Arrived) }
	for i := range log {
		if backwards(i) {
			log = slices.Clone(log)
			for ; i < len(log); i++ {
				if backwards(i) {
					log[i].Arrived = log[i-1].Arrived
				}
			}
			break
		}
	}
	m.logs[source] = log
	return log
}

// gap is the first version of a source that is not reflected. The source is named;
// of a schedule, the name of the asset with ".schedule" after it.
type gap struct {
	source   assets.Name
	position int // in the log, or of a schedule the tick's seconds since 1970
	since    time.Time
}

// gaps are sorted by source, one each. They are shared and never changed.
type gaps []gap

// with are the gaps of both, of each source the earlier one.
func (g gaps) with(h gaps) gaps {
	if len(h) == 0 || slices.Equal(g, h) {
		return g
	}
	if len(g) == 0 {
		return h
	}
	all := make(gaps, 0, len(g)+len(h))
	for len(g) > 0 && len(h) > 0 {
		switch order := g[0].source.Compare(h[0].source); {
		case order < 0:
			all, g = append(all, g[0]), g[1:]
		case order > 0:
			all, h = append(all, h[0]), h[1:]
		default:
			first := g[0]
			if h[0].position < first.position {
				first = h[0]
			}
			all, g, h = append(all, first), g[1:], h[1:]
		}
	}
	return append(append(all, g...), h...)
}

// since is the earliest arrival; zero: there are none.
func (g gaps) since() time.Time { return g.first().since }

// first is the gap of the earliest arrival; zero: there are none.
func (g gaps) first() (first gap) {
	for _, gap := range g {
		if first.since.IsZero() || gap.since.Before(first.since) {
			first = gap
		}
	}
	return first
}

// of are those of the named sources; nil names all.
func (g gaps) of(sources []assets.Name) gaps {
	if sources == nil {
		return g
	}
	var some gaps
	for _, gap := range g {
		if slices.Contains(sources, gap.source) {
			some = append(some, gap)
		}
	}
	return some
}

// unreflected is the gap of a source of which version was read. Of entries with one
// id the last counts; an id that is in no log reflects nothing.
func (m *model) unreflected(source assets.Name, version assets.Digest) gaps {
	log := m.log(source)
	next := len(log)
	for next > 0 && log[next-1].ID != version {
		next--
	}
	if next == len(log) {
		return nil
	}
	return gaps{{source, next, log[next].Arrived}}
}

// unticked is the gap of an asset's schedule when read was the latest tick reflected.
func (m *model) unticked(asset *assets.Asset, read time.Time) gaps {
	if asset.Schedule.IsZero() {
		return nil
	}
	from := m.scheduledSince(asset)
	if !read.IsZero() && !read.Before(from) {
		from = read.Add(time.Second)
	}
	tick := m.clock.firstTick(asset.Schedule, from)
	if tick.IsZero() || tick.After(m.in.Now) {
		return nil
	}
	return gaps{{tickSource(asset.Name), int(tick.Unix()), tick}}
}

// tickSource is the name of an asset's schedule among sources. No source can have it.
func tickSource(asset assets.Name) assets.Name {
	return assets.Name{Schema: asset.Schema, Table: asset.Table + ".schedule"}
}

// scheduledSince is since when the asset's schedule was planned with.
func (m *model) scheduledSince(asset *assets.Asset) time.Time {
	if asset.Schedule.IsZero() {
		return time.Time{}
	}
	if since, ok := m.in.State.Planned[PlannedSchedule(asset, m.in.Project.Timezone)]; ok {
		return since
	}
	return m.in.Now
}
