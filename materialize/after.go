package materialize

import (
	"maps"
	"time"

	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// estimateAfter is about the 95th percentile of how long builds took, once another
// took so long: it rises to what was longer, and comes down by a twentieth.
func estimateAfter(estimate, took time.Duration) time.Duration {
	if took >= estimate {
		return took
	}
	return estimate - (estimate-took)/20
}

// After is the state that a publication leaves of before, without reading it back.
// It changes nothing that before refers to.
func After(before planner.State, p warehouse.Publication) planner.State {
	state := before
	state.Serial = p.Run.ID
	state.Last, state.Failed = cloned(before.Last), cloned(before.Failed)
	state.Found, state.Verdicts = cloned(before.Found), cloned(before.Verdicts)
	for _, v := range p.Audits.Verdicts {
		state.Verdicts[v.Source] = v
	}
	state.Estimates = cloned(before.Estimates)
	for _, m := range p.Records {
		if m.Table != "" && (m.Status == planner.Published || m.Status == planner.Unchanged) {
			state.Estimates[m.Asset] = estimateAfter(before.Estimates[m.Asset], m.Ended.Sub(m.Began))
		}
		switch {
		case m.Status == planner.Failed:
			state.Failed[m.Key] = m
		case warehouse.IsCurrent(m.Status):
			delete(state.Failed, m.Key)
			state.Last[m.Key] = m
			found := planner.Found{Kind: "view", View: m.View}
			if m.Table != "" {
				found.Table, found.Columns, found.Rows = m.Table, m.Made.Columns, m.Rows
			}
			state.Found[m.Asset] = found
			if m.Quarantine != nil && m.Quarantine.View != "" {
				state.Found[planner.QuarantineName(m.Asset)] = planner.Found{Kind: "view", View: m.Quarantine.View}
			}
		}
	}
	for _, key := range p.Forget {
		delete(state.Last, key)
		delete(state.Failed, key)
	}
	for _, name := range p.Drops {
		delete(state.Found, name)
	}
	state.KeepEarlier(before)
	state.TrimArrivals()
	return state
}

// cloned is a copy that can be written to, also of nil.
func cloned[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return maps.Clone(m)
}
