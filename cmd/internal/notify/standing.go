package notify

import (
	"maps"
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// standing is what one target was told, and is to be told. It is compared with what holds, at
// any moment and as often as one likes: what counts is what holds, not how it came to that.
type standing map[string]*entry // by the alert's ID

// entry is an alert that goes on, or whose end is to be told.
type entry struct {
	Alert Alert `json:"alert"` // as it was when it was seen last
	// Group is that of when it began: a run that fails again is no other group.
	Group string `json:"group"`
	// Changed is since when there is news: it was first seen, has grown, or has ended.
	Changed time.Time `json:"changed"`
	// Told is when it was told last, As as what; zero: not yet.
	Told time.Time         `json:"told,omitzero"`
	As   assets.AlertEvent `json:"as,omitempty"`
	// Otherwise says that the asset fails in another way since, so that this is neither over
	// nor to be told again.
	Otherwise bool `json:"otherwise,omitempty"`
}

func (e *entry) ended() bool { return e.Alert.Status == Resolved }

// news reports whether it is other than it was told. A breach of which a part was built,
// so that the rest is due later, is none.
func (e *entry) news() bool {
	return e.ended() || e.As != e.Alert.Event && !(e.As == assets.Breach && e.Alert.Event == assets.BreachPredicted)
}

// update compares with the alerts that hold. Of events that are not known, nothing is
// known: what was told of them goes on.
func (s standing) update(r route, holds []Alert, known func(assets.AlertEvent) bool, now time.Time) {
	holding := map[string]bool{}
	failing := map[assets.AlertEvent]map[assets.Name]bool{assets.AssetFailed: {}, assets.CheckFailed: {}}
	for _, a := range holds {
		if names := failing[a.Event]; names != nil {
			names[a.Name] = true
		}
		if !r.tells(a) {
			continue
		}
		holding[a.ID] = true
		e := s[a.ID]
		if e == nil || e.Alert.Past {
			s[a.ID] = &entry{Alert: a, Group: r.group(a), Changed: now}
			continue
		}
		e.Otherwise = false
		had, ended := e.news(), e.ended()
		if e.Alert.Event == a.Event && e.Alert.Since.Before(a.Since) {
			a.Since = e.Alert.Since
		}
		e.Alert = a
		if e.news() && (!had || ended) {
			e.Changed = now
		}
	}
	for id, e := range s {
		switch {
		case holding[id] || e.ended() || !known(e.Alert.Event):
		case e.As == "" || !r.Resolve:
			delete(s, id)
		case failing[otherFailure[e.Alert.Event]][e.Alert.Name]:
			e.Otherwise = true
		default:
			e.Alert.Status, e.Alert.Until, e.Changed = Resolved, now.UTC(), now
		}
	}
}

// otherFailure is how an asset may fail that had failed so: a check of which nothing is known
// as nothing was built, and a build that checks keep from being published, are no recovery.
var otherFailure = map[assets.AlertEvent]assets.AlertEvent{assets.AssetFailed: assets.CheckFailed, assets.CheckFailed: assets.AssetFailed}

// past enters an alert that is over.
func (s standing) past(r route, a Alert, now time.Time) {
	if a.Past, a.Status = true, Resolved; r.tells(a) && s[a.ID] == nil {
		s[a.ID] = &entry{Alert: a, Group: r.group(a), Changed: now}
	}
}

// setBack takes into account that the clock may have been ahead, also while a process before
// told: nothing was told later than now.
func (s standing) setBack(now time.Time) {
	for _, e := range s {
		for _, at := range []*time.Time{&e.Changed, &e.Told} {
			if at.After(now) {
				*at = now
			}
		}
	}
}

// ripe is when an entry is to be told; zero: not as things are. With busy, what was told
// before has not arrived yet, and is not repeated.
func (e *entry) ripe(r route, busy bool) time.Time {
	switch {
	case e.news():
		return e.Changed.Add(r.GroupWait)
	case busy, e.Otherwise:
		return time.Time{}
	}
	return e.Told.Add(r.RepeatInterval)
}

// news takes what is to be told at a moment: the alerts of each group, and how many more
// of it go on. With all, whatever is waiting for others is not waited for.
func (s standing) news(r route, now time.Time, all, busy bool) (news []batch) {
	groups := map[string]*batch{}
	tell := map[string]bool{} // groups
	for _, e := range s {
		at := e.ripe(r, busy)
		tell[e.Group] = tell[e.Group] || all && e.news() || !at.IsZero() && !at.After(now)
	}
	for _, id := range slices.Sorted(maps.Keys(s)) {
		e := s[id]
		if !tell[e.Group] {
			continue
		}
		b := groups[e.Group]
		if b == nil {
			b = &batch{group: e.Group}
			groups[e.Group] = b
		}
		at := e.ripe(r, busy)
		if !e.news() && (at.IsZero() || at.After(now)) {
			b.others++
			continue
		}
		b.alerts = append(b.alerts, e.Alert)
		if e.Told, e.As = now, e.Alert.Event; e.ended() {
			delete(s, id)
		}
	}
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		b := groups[group]
		slices.SortFunc(b.alerts, compareAlerts)
		news = append(news, *b)
	}
	return news
}

// batch are alerts to be told in one message.
type batch struct {
	group  string
	alerts []Alert
	others int
}

// copy is s as it is now.
func (s standing) copy() standing {
	c := make(standing, len(s))
	for id, e := range s {
		entry := *e
		c[id] = &entry
	}
	return c
}

// next is when something is to be told if nothing else happens; zero: never.
func (s standing) next(r route, busy bool) (next time.Time) {
	for _, e := range s {
		if at := e.ripe(r, busy); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}
