package notify

import (
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// route says which alerts somebody is told.
type route struct {
	*assets.Notify
	// chosen are what the selectors stand for; nil: there are none.
	chosen map[assets.Name]bool
}

func newRoute(n *assets.Notify, p *assets.Project, g *lineage.Graph) route {
	r := route{Notify: n}
	if len(n.Assets) == 0 {
		return r
	}
	r.chosen = map[assets.Name]bool{}
	for _, selector := range n.Assets {
		if name, err := assets.ParseName(strings.Trim(selector, "+")); err == nil && p.Sources[name] != nil {
			r.chosen[name] = true
		}
		// A pattern may stand for nothing: what it is to stand for may be made tomorrow.
		if names, err := lineage.Select(p, g, []string{selector}); err == nil {
			for _, name := range names {
				r.chosen[name] = true
			}
		}
	}
	return r
}

// tells reports whether an alert is told. What is about the project as a whole is nothing
// to who asked for some of its assets.
func (r route) tells(a Alert) bool {
	if len(r.Events) > 0 && !slices.Contains(r.Events, a.Event) ||
		r.Severity == assets.Error && a.Severity != assets.Error ||
		len(r.Owners) > 0 && !slices.Contains(r.Owners, a.Owner) ||
		len(r.Tags) > 0 && !slices.ContainsFunc(r.Tags, func(tag string) bool { return slices.Contains(a.Tags, tag) }) ||
		r.chosen != nil && !r.chosen[a.Name] {
		return false
	}
	switch a.Event {
	case assets.LongRunning:
		return a.factor >= r.LongRunning
	case assets.DiskFull:
		return a.used >= r.DiskFull
	}
	return true
}

// group is what the alerts of one message share.
func (r route) group(a Alert) string {
	if r.PagerDuty != nil {
		return a.ID
	}
	var parts []string
	for _, by := range r.GroupBy {
		switch by {
		case assets.ByAsset:
			parts = append(parts, a.Name.String())
		case assets.ByOwner:
			parts = append(parts, a.Owner)
		case assets.ByRun:
			if a.Run != "" {
				parts = append(parts, "run "+a.Run)
				continue
			}
			parts = append(parts, string(a.Event))
		case assets.ByEvent:
			parts = append(parts, string(a.Event))
		}
	}
	return strings.Join(parts, " / ")
}
