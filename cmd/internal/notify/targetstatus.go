package notify

import (
	"maps"
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
)

// TargetStatus is how it stands with one target.
type TargetStatus struct {
	Name, Kind, Place string
	Notify            *assets.Notify
	Health
	// Firing is how many alerts it was told of that go on.
	Firing int
	// Undelivered is how many messages have not arrived, Oldest since when.
	Undelivered int
	Oldest      time.Time
	// GivenUp is how many messages this process has given up, GivenUpFor why the latest.
	GivenUp    int
	GivenUpFor string
	// Unkept is why these could not be written to a file; nil: they are kept.
	Unkept error
}

// Targets is how it stands with each target, sorted by name. It may be called on any
// goroutine.
func (a *Alerts) Targets() []TargetStatus {
	if a == nil {
		return nil
	}
	a.targetsMu.Lock()
	defer a.targetsMu.Unlock()
	var all []TargetStatus
	for _, name := range slices.Sorted(maps.Keys(a.targets)) {
		t := a.targets[name]
		status := newStatus(t.Notify, t.sender, t.healthNow(), t.box.waiting())
		status.GivenUp, status.GivenUpFor = t.given()
		status.Unkept = t.box.unkept()
		all = append(all, status)
	}
	return all
}

func newStatus(n *assets.Notify, s sender, h Health, waiting [][]byte) TargetStatus {
	status := TargetStatus{Name: n.Name, Kind: kindOf(n), Place: s.place(), Notify: n, Health: h, Undelivered: len(waiting)}
	if len(waiting) > 0 {
		status.Oldest = sentAt(waiting[0])
	}
	return status
}

// ReadTargets is how it stands with the targets of a project, in their order, as the
// process that tells them has left it.
func ReadTargets(p *assets.Project, dir string) []TargetStatus {
	file := readAlerts(dir)
	var all []TargetStatus
	for _, n := range p.Notify {
		box := undelivered{path: outboxPath(dir, n.Name)}
		status := newStatus(n, newSender(n, senderOptions{zone: time.UTC}), file.Targets[n.Name].Health, box.take())
		for _, e := range file.Targets[n.Name].Standing {
			if !e.ended() && e.As != "" {
				status.Firing++
			}
		}
		all = append(all, status)
	}
	return all
}
