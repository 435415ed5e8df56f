package materialize

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// publish makes everything that passed visible in one transaction, and afterwards
// drops the tables that nothing names any more.
func (r *run) publish(ctx context.Context) (result Result, err error) {
	result = Result{Run: r.id, Status: string(warehouse.Succeeded)}
	p := warehouse.Publication{Audits: r.audits()}
	result.Sources = p.Audits.Verdicts
	for _, name := range r.Graph.Order {
		t := r.tasks[name]
		if t != nil && t.latent() {
			t = nil
		}
		if recheck := r.rechecked[name]; recheck != nil && t == nil {
			t = recheck
			t.record.ID, t.record.Run = r.newID(), r.id
		}
		if t != nil {
			r.settle(t)
			result.add(t)
			if t.outcome == Skipped {
				p.Records = append(p.Records, r.note(t.step.Key, planner.Skipped, t.message))
			} else {
				p.Records = append(p.Records, t.record)
			}
			if t.ok() && t.replaces {
				p.Views = append(p.Views, r.view(t))
				r.publishAside(&p, t)
			}
		}
	}
	r.drop(&p, &result)
	ended := r.Now()
	result.Took = ended.Sub(r.began)
	if result.Failed > 0 {
		result.Status = string(warehouse.Partly)
	}
	p.Run = warehouse.Run{ID: r.id, Began: r.began, Ended: ended, Status: warehouse.RunStatus(result.Status),
		Built: result.Built, Unchanged: result.Unchanged, Failed: result.Failed, Skipped: result.Skipped, Dropped: result.Dropped}
	err = r.phase(Phase{Kind: PublishPhase, Tables: len(p.Views)}, func(*Phase) (err error) {
		result.State, err = r.shared.publish(ctx, r, p)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	r.emit(Event{Type: RunPublished, Result: &result})
	if err := r.tidy(context.WithoutCancel(ctx), p); err != nil {
		result.Untidy = fmt.Errorf("tidy up after the run: %w", err)
	}
	return result, nil
}

// settle gives a task's record its final status.
func (r *run) settle(t *task) {
	switch t.outcome {
	case Built, TakenUp:
		t.record.Status = planner.Published
	case Unchanged:
		t.record.Status = planner.Unchanged
	case Revalidated:
		t.record.Status = planner.Revalidated
	case FailedBuild:
		t.record.Status, t.record.Table, t.record.Previous = planner.Failed, "", ""
	}
	if !t.ok() {
		t.record.Quarantine, t.record.Checks = nil, withoutAside(t.record.Checks)
	}
}

func (result *Result) add(t *task) {
	switch t.outcome {
	case Built, TakenUp:
		result.Built++
	case Unchanged, Revalidated:
		result.Unchanged++
	case FailedBuild:
		result.Failed++
	case Skipped:
		result.Skipped++
	}
	result.Assets = append(result.Assets, AssetResult{Asset: t.step.Asset, Outcome: t.outcome, Message: t.message, Record: t.record, Source: t.condemned})
}

// view is what is published under a task's name.
func (r *run) view(t *task) warehouse.PublishedView {
	v := warehouse.PublishedView{Name: t.step.Asset, Comment: t.asset.Description}
	v.SQL = t.asset.SQL.Text
	if t.asset.Kind != assets.View {
		v.SQL = "SELECT * FROM _assets." + warehouse.Ident(t.record.Table)
	}
	for _, c := range t.asset.Columns {
		if c.Description != "" {
			v.Comments = append(v.Comments, warehouse.ColumnComment{Column: c.Name, Text: c.Description})
		}
	}
	return v
}

// drop plans the removal of what left the project. An object that is not ours is
// left alone: then only the record goes.
func (r *run) drop(p *warehouse.Publication, result *Result) {
	for _, step := range r.drops {
		if view, shown := r.shownBy(step.Asset); shown {
			// The view was to be made anew without it, and that failed.
			message := "kept, because the published view " + view.String() + " still reads it"
			result.Failed++
			result.Assets = append(result.Assets, AssetResult{Asset: step.Asset, Outcome: FailedBuild, Message: message})
			r.ended()
			r.emit(Event{Type: AssetFinished, Asset: step.Asset, Action: step.Action, Outcome: FailedBuild, Message: message})
			continue
		}
		last := r.State.Last[step.Key]
		if found := r.State.Found[step.Asset]; found.Kind == "view" && found.View == last.View {
			p.Drops = append(p.Drops, step.Asset)
		}
		r.dropAside(p, last)
		p.Forget = append(p.Forget, step.Key)
		record := r.note(step.Key, planner.Dropped, "")
		p.Records = append(p.Records, record)
		result.Dropped++
		result.Assets = append(result.Assets, AssetResult{Asset: step.Asset, Outcome: Dropped, Record: record})
		r.ended()
		r.emit(Event{Type: AssetFinished, Asset: step.Asset, Action: step.Action, Outcome: Dropped})
	}
}

// note is the record of an asset that nothing was built of.
func (r *run) note(key planner.Key, status planner.Status, message string) planner.Materialization {
	now := r.Now()
	return planner.Materialization{ID: r.newID(), Key: key, Run: r.id, Status: status, Began: now, Ended: now, Err: message}
}

// ended counts a step that was carried out.
func (r *run) ended() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
}

// shownBy finds a view that will be visible after this run and reads name.
func (r *run) shownBy(name assets.Name) (assets.Name, bool) {
	for key := range r.State.Last {
		dropped := slices.ContainsFunc(r.drops, func(s planner.Step) bool { return s.Asset == key.Asset })
		record, _ := r.visible(key.Asset)
		if _, reads := record.Reads[name]; reads && record.Table == "" && !dropped {
			return key.Asset, true
		}
	}
	return assets.Name{}, false
}

// tidy drops what is no longer needed. Nothing depends on it: a crash before or
// in the middle of it leaves tables that the next run drops.
func (r *run) tidy(ctx context.Context, p warehouse.Publication) error {
	_, err := r.shared.sweep(ctx, r)
	var schemas []string
	for _, name := range p.Drops {
		if !slices.Contains(schemas, name.Schema) {
			schemas = append(schemas, name.Schema)
		}
	}
	return errors.Join(err, r.DB.DropEmptySchemas(ctx, schemas), r.DB.Checkpoint(ctx))
}
