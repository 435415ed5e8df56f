package materialize

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/check"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// isCross reports whether a check of the task has to wait until all is built:
// one that may read other assets, and every check of a view.
func (t *task) isCross(c assets.Check) bool {
	if c.Quarantine {
		return false // it was judged when its rows were put aside, by the row alone
	}
	readsOthers := len(t.node.CheckInputs) > 0 && (c.Kind == assets.Query || c.Kind == assets.Expression || c.Where.Text != "")
	return t.asset.Kind == assets.View || c.Kind == assets.Relationships || c.Kind == assets.Reconcile || readsOthers
}

// checkTogether runs the checks that speak of more than one asset, and those of
// views, on what would be visible after the publish. A check that fails on an
// asset built in this run withholds it; one that fails on a published asset
// because something it looks at moved withholds what moved. Withholding can make
// another check fail, so it goes on until nothing changes: each round withholds
// at least one more asset, or is the last.
func (r *run) checkTogether(ctx context.Context) error {
	c, err := r.catalog.conn(ctx)
	if err != nil {
		return err
	}
	defer r.catalog.release(c)
	for {
		withheld, err := r.checkRound(ctx, c)
		if err != nil || !withheld {
			return err
		}
		// What was withheld now means its published version again.
		for name, t := range r.tasks {
			if !t.ok() {
				if err := r.catalog.forget(ctx, name); err != nil {
					return err
				}
			}
		}
	}
}

func (r *run) checkRound(ctx context.Context, c *warehouse.Conn) (withheld bool, err error) {
	if r.keepViewsWhole() {
		return true, nil
	}
	clear(r.rechecked) // what the last round looked at may not be what will be visible
	for _, name := range r.Graph.Order {
		t := r.tasks[name]
		if t == nil || !t.ok() || t.latent() {
			// What stays visible must hold too, together with what moves under it.
			if t = r.standIn(name); t == nil {
				continue
			}
		}
		var checks []assets.Check
		for _, c := range t.asset.Checks {
			if t.isCross(c) {
				checks = append(checks, c)
			}
		}
		moved := r.moved(t)
		if len(checks) == 0 || !t.audited && len(moved) == 0 {
			continue
		}
		before, judged := t.record.Checks, len(r.judgements)
		if err := r.crossCheck(ctx, c, t, checks); err != nil {
			if ctx.Err() != nil {
				return false, ctx.Err()
			}
			r.withhold(t, moved, err)
			if t.ok() {
				t.record.Checks = before
				for i := range r.judgements[judged:] {
					r.judgements[judged+i].Occasion = planner.OnWithheld
				}
			}
			return true, nil
		}
		if r.tasks[name] != t {
			r.rechecked[name] = t
		}
	}
	return false, nil
}

// standIn is a task for the published version of an asset that this run does not
// touch or could not renew, or nil if there is none.
func (r *run) standIn(name assets.Name) *task {
	key := planner.Key{Asset: name}
	last, published := r.State.Last[key]
	if !published {
		return nil
	}
	return &task{asset: r.project.Assets[name], node: r.Graph.Nodes[name], step: planner.Step{Key: key},
		outcome: Revalidated, record: last}
}

// moved lists the assets with new content in this run that a check of t looks at
// or that t, being a view, shows. A table that the run leaves alone may lag behind
// what it is made from, as its policy allows: it is compared with that when it is built.
func (r *run) moved(t *task) []*task {
	looksAt := slices.Clone(t.node.CheckInputs)
	switch {
	case t.asset.Kind == assets.View:
		looksAt = append(looksAt, t.node.Inputs...)
	case r.tasks[t.asset.Name] == nil && len(looksAt) > 0:
		above := r.Graph.Upstream(t.asset.Name)
		looksAt = slices.DeleteFunc(looksAt, func(name assets.Name) bool { return above[name] })
	}
	var out []*task
	for _, name := range looksAt {
		if i := r.tasks[name]; i != nil && i.ok() && i.replaces && !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}

func (r *run) crossCheck(ctx context.Context, c *warehouse.Conn, t *task, checks []assets.Check) error {
	for _, name := range append([]assets.Name{t.asset.Name}, t.node.CheckInputs...) {
		if _, err := r.catalog.resolve(ctx, name); err != nil {
			return fmt.Errorf("a check cannot read what it looks at: %w", err)
		}
	}
	var results []planner.CheckResult
	err := r.phase(Phase{Kind: CheckPhase, Asset: t.asset.Name, Rows: -1}, func(p *Phase) error {
		results = check.Cross(ctx, c, r.scanOf(t.asset.Name, warehouse.NameRef(t.asset.Name), t.record.Made.Columns, checks))
		p.Checks = results
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	// A second round replaces what the first one found.
	t.record.Checks = slices.DeleteFunc(slices.Clone(t.record.Checks), func(old planner.CheckResult) bool {
		return slices.ContainsFunc(results, func(now planner.CheckResult) bool { return now.Check == old.Check })
	})
	return r.judge(t, results)
}

// hasSensitive reports whether an asset has columns whose values are not shown.
func (r *run) hasSensitive(name assets.Name) bool {
	a := r.project.Assets[name]
	return a != nil && len(a.SensitiveColumns()) > 0
}

// withhold keeps from the publish what made a check of t fail: t itself if it is
// new, and what moved under it.
func (r *run) withhold(t *task, moved []*task, err error) {
	name := t.asset.Name
	if t.replaces || len(moved) == 0 {
		r.failBeside(t, err, t.node.CheckInputs)
	}
	if t.asset.Kind == assets.View || !t.replaces {
		for _, i := range moved {
			r.failBeside(i, fmt.Errorf("withheld, because with it %s would fail: %w", name, err), []assets.Name{name})
		}
	}
	r.skipOrphans()
}

// failBeside fails a task for what it is beside others: once one of them is another, it
// is another attempt.
func (r *run) failBeside(t *task, err error, others []assets.Name) {
	r.attemptFailed(t, err)
	r.fail(t, err)
	t.record.Looked = maps.Clone(t.record.Looked)
	if t.record.Looked == nil {
		t.record.Looked = map[assets.Name]assets.Digest{}
	}
	for _, name := range others {
		if r.project.Assets[name] != nil {
			t.record.Looked[name] = r.State.Last[planner.Key{Asset: name}].Made.ID
		}
	}
}
