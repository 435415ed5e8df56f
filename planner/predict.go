package planner

import (
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// PredictedBreach is a breach that has not begun and can no longer be avoided, unless a
// build takes less time than it mostly does.
type PredictedBreach struct {
	Breach // Due is when it will begin
	// Ready is when what is missing will be visible: if it is not being built, and
	// whatever stands against that, as if its run began now.
	Ready time.Time
}

// Breaching are the breaches of declared policies that go on at in.Now.
func Breaching(in Input) []Breach {
	l := Ledger{Synced: in.Now}
	var open []Breach
	for _, b := range l.Breaches(in) {
		if b.Ended.IsZero() {
			open = append(open, b)
		}
	}
	return open
}

// PredictBreaches are the breaches of declared policies that are to come, in the
// graph's order. running says since when the run goes on that builds an asset. next is when
// there may be more of them although nothing happens; zero: never.
//
// What a run takes is known as the 95th percentile of what it took, so it is nothing to
// speak of when it ends a moment later than due: a tenth of that, and a second, are
// allowed for.
func PredictBreaches(in Input, running map[assets.Name]time.Time) (coming []PredictedBreach, next time.Time) {
	in.Options = Options{}
	declared := declaredPolicies(in.Project, in.Graph)
	if len(declared) == 0 {
		return nil, time.Time{}
	}
	m, causes := newModel(in, buildOrder(in)), map[*node]string{}
	m.owed(declared, func(n *node, p Policy, first gap, since, due time.Time) {
		takes := m.takes(n)
		began, builds := running[n.asset.Name]
		if !builds {
			began = in.Now
		}
		ready := began.Add(takes)
		if ready.Before(in.Now) { // it takes longer than it mostly does
			ready = in.Now
		}
		latest := due.Add(takes/10 + time.Second)
		switch {
		case !due.After(in.Now):
			return
		case !ready.After(latest):
			if at := latest.Add(time.Nanosecond - takes); !builds && at.Before(due) {
				next = earlier(next, at)
			}
			return
		}
		cause := ""
		if !builds {
			cause = m.cause(n, causes)
		}
		coming = append(coming, PredictedBreach{Ready: ready, Breach: Breach{Name: n.asset.Name, Policy: inZone(p, in.Project.Timezone).String(),
			Due: due, BehindSince: since, Source: first.source.String(), Cause: cause}})
	})
	return coming, next
}
