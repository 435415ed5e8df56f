package materialize

import (
	"fmt"
	"slices"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// keepViewsWhole withholds tables that passed, but could be seen beside one that did not in
// a view that stays as it is: it would show two versions of a source. The planner does the
// same with what it knows cannot be built. It reports whether there were any.
func (r *run) keepViewsWhole() (withheld bool) {
	for _, name := range r.Graph.Order {
		view, published := r.State.Last[planner.Key{Asset: name}]
		if t := r.tasks[name]; !published || view.Table != "" || t != nil && t.ok() {
			continue
		}
		tables := r.showsTables(view)
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

// showsTables lists the tables that can be seen in a published view.
func (r *run) showsTables(view planner.Materialization) []assets.Name {
	var tables []assets.Name
	for _, name := range assets.SortedNames(view.Reads) {
		last, published := r.State.Last[planner.Key{Asset: name}]
		of := []assets.Name{name}
		if published && last.Table == "" {
			of = r.showsTables(last)
		}
		for _, table := range of {
			if r.project.Assets[table] != nil && !slices.Contains(tables, table) {
				tables = append(tables, table)
			}
		}
	}
	return tables
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
