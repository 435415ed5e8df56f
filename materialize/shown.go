package materialize

import (
	"fmt"

	"github.com/seed-4311623e/assets/assets"
)

// keepViewsWhole withholds tables that passed, but could be seen beside one that did not in
// a view that stays as it is: it would show two versions of a source. The planner does the
// same with what it knows cannot be built. It reports whether there were any.
func (r *run) keepViewsWhole() (withheld bool) {
	shows := r.State.Shows(r.Graph.Order)
	for _, name := range r.Graph.Order {
		tables := shows[name]
		if t := r.tasks[name]; t != nil && t.ok() {
			continue
		}
		for _, behind := range tables {
			if t := r.tasks[behind]; t == nil || t.ok() || r.standsIn(name, behind) {
				continue
			}
			for _, table := range tables {
				t := r.tasks[table]
				if t == nil || !t.ok() || t.latent() || !t.replaces {
					continue
				}
				if source, both := r.bothLack(behind, table); both {
					withheld = true
					r.finish(t, Skipped, fmt.Sprintf("the view %s would show it beside %s, which was not built and reflects less of source %s", name, behind, source))
				}
			}
		}
	}
	r.skipOrphans()
	return withheld
}

// bothLack returns a source of which, by the plan, neither published table reflects the
// newest version.
func (r *run) bothLack(a, b assets.Name) (assets.Name, bool) {
	for _, source := range assets.SortedNames(r.steps[a].Lacks) {
		if _, lacks := r.steps[b].Lacks[source]; lacks {
			return source, true
		}
	}
	return assets.Name{}, false
}
