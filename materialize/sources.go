package materialize

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/materialize/check"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// verdicts are what a run knows of the sources that it reads: each is judged once,
// by whoever is about to read it first.
type verdicts struct {
	mu  sync.Mutex
	all map[assets.Name]*judging
}

// judging is the verdict on one source.
type judging struct {
	once    sync.Once
	verdict planner.Verdict
	anew    bool // judged in this run, not known from an earlier one
	err     error
}

func (v *verdicts) of(name assets.Name) *judging {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all == nil {
		v.all = map[assets.Name]*judging{}
	}
	if v.all[name] == nil {
		v.all[name] = &judging{}
	}
	return v.all[name]
}

// discard takes out a verdict that could not be reached.
func (v *verdicts) discard(name assets.Name, j *judging) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all[name] == j {
		delete(v.all, name)
	}
}

// judged lists the verdicts of this run, by source.
func (v *verdicts) judged() (list []planner.Verdict) {
	for _, name := range assets.SortedNames(v.all) {
		if j := v.all[name]; j.anew {
			list = append(list, j.verdict)
		}
	}
	return list
}

// read lists the sources whose content decided a verdict of this run.
func (v *verdicts) read() map[assets.Name]bool {
	read := map[assets.Name]bool{}
	for _, verdict := range v.judged() {
		read[verdict.Source] = true
		for name := range verdict.Looked {
			read[name] = true
		}
	}
	return read
}

// forget drops what is known of a source that moved, and of sources whose checks
// looked at it, which it returns.
func (v *verdicts) forget(moved assets.Name) (others []assets.Name) {
	for _, name := range assets.SortedNames(v.all) {
		if _, looked := v.all[name].verdict.Looked[moved]; looked && name != moved {
			others = append(others, name)
			delete(v.all, name)
		}
	}
	delete(v.all, moved)
	return others
}

// admit makes sure that the sources a task is about to read pass their checks.
func (r *run) admit(ctx context.Context, c *warehouse.Conn, t *task) error {
	for _, name := range t.node.Inputs {
		source := r.project.Sources[name]
		if source == nil || len(source.Checks) == 0 {
			continue
		}
		j, err := r.judged(ctx, c, source)
		if err != nil {
			return err
		}
		if !j.verdict.Accepted() {
			t.condemned = name
			return condemned(j.verdict)
		}
	}
	return nil
}

// judged is the verdict on a source, from an earlier run or from this one.
func (r *run) judged(ctx context.Context, c *warehouse.Conn, source *assets.Source) (*judging, error) {
	for {
		j, mine := r.verdicts.of(source.Name), false
		j.once.Do(func() {
			mine = true
			if j.verdict = r.State.Verdicts[source.Name]; !r.known(source.Name) {
				j.verdict, j.err = r.judgeSource(ctx, c, source)
				j.anew = j.err == nil
			}
		})
		if j.err == nil {
			return j, nil
		}
		r.verdicts.discard(source.Name, j) // whoever asks next tries anew
		if class, _ := warehouse.ClassOf(j.err); mine || ctx.Err() != nil || class != assets.TimeoutError {
			return nil, j.err
		}
		// It was the time of another that had run out.
	}
}

// condemned is why nothing is read of a source.
func condemned(v planner.Verdict) error {
	var why []string
	for _, c := range v.Checks {
		if c.Status == planner.CheckFailed {
			why = append(why, c.Message)
		}
	}
	return classed{assets.CheckError, fmt.Errorf("source %s fails its %s: %s", v.Source, v.Failures(), strings.Join(why, "; "))}
}

// known reports whether a source need not be judged: it has no checks, or was by an earlier run.
func (r *run) known(name assets.Name) bool {
	checks := r.project.Sources[name].Checks
	return len(checks) == 0 || r.State.Verdicts[name].Holds(r.Sources[name].ID, planner.ChecksDigest(checks), func(n assets.Name) assets.Digest { return r.Sources[n].ID })
}

// judgeSource runs the checks of a source on the version that this run reads, as
// many as possible in one scan. A check that fails is no error.
func (r *run) judgeSource(ctx context.Context, c *warehouse.Conn, source *assets.Source) (planner.Verdict, error) {
	name, look := source.Name, r.Sources[source.Name]
	if !look.Readable() {
		return planner.Verdict{}, fmt.Errorf("source %s cannot be read: %s", name, look.Err)
	}
	v := planner.Verdict{Source: name, Version: look.ID, Columns: look.Columns, Audit: planner.ChecksDigest(source.Checks),
		Run: r.id, At: r.Now()}
	if looked := r.lookedAt(r.Graph.Nodes[name]); len(looked) > 0 {
		v.Looked = looked
	}
	v.Before = r.State.Verdicts[name].Baseline(v.Version, v.Audit)
	s := r.scanOf(name, warehouse.NameRef(name), look.Columns, source.Checks)
	s.ChecksOnly = true
	if err := r.compareWith(ctx, &s, &v); err != nil {
		return v, err
	}
	if slices.ContainsFunc(source.Checks, func(c assets.Check) bool { return c.Kind != assets.Schema }) {
		names := append([]assets.Name{name}, r.Graph.Nodes[name].CheckInputs...)
		r.catalog.hold(names...)
		defer r.catalog.unpin(context.WithoutCancel(ctx), names...)
		for _, read := range names {
			if _, err := r.catalog.resolve(ctx, read); err != nil {
				return v, fmt.Errorf("judge source %s: %w", name, err)
			}
		}
	}
	audit, err := r.check(ctx, c, Phase{Source: name}, s)
	if err != nil {
		return v, fmt.Errorf("judge source %s: %w", name, err)
	}
	if audit.Rows >= 0 {
		v.Rows = &audit.Rows
	}
	v.Checks = withoutKept(audit.Results)
	r.keep(name, v.Version, planner.OnDelivery, audit.Results)
	for _, result := range v.Checks {
		if result.Status != planner.CheckPassed {
			r.emit(Event{Type: CheckFinished, Asset: name, Check: &result})
		}
	}
	return v, nil
}

// compareWith tells a scan of a source what it is compared with: the last version
// that was let in or, if none was ever judged, that was built from.
func (r *run) compareWith(ctx context.Context, s *check.Scan, v *planner.Verdict) (err error) {
	if v.Before == nil {
		if version := r.builtFrom(v.Source); version != "" {
			columns, err := r.DB.ObservedColumns(ctx, v.Source, version)
			if err != nil {
				return fmt.Errorf("read what source %s was: %w", v.Source, err)
			}
			v.Before = &planner.Accepted{Version: version, Columns: columns}
		}
	}
	if v.Before != nil {
		s.Baseline, s.Previous = v.Before.Columns, v.Before.Rows
	}
	if slices.ContainsFunc(s.Checks, func(c assets.Check) bool { return c.Deviation != nil || c.Change != nil && c.Where.Text != "" }) {
		if s.History, err = r.DB.Measured(ctx, v.Source, v.Version); err != nil {
			return fmt.Errorf("read what checks measured before: %w", err)
		}
	}
	return nil
}

// builtFrom is the version of a source that what is published was last built from; empty: none.
func (r *run) builtFrom(source assets.Name) assets.Digest {
	var last planner.Materialization
	for _, m := range r.State.Last {
		if _, read := m.Reads[source]; read && (last.ID == "" || m.Ended.After(last.Ended)) {
			last = m
		}
	}
	return last.Reads[source].Version
}

// unsettled looks again at sources and fails if one is not what it was.
func (r *run) unsettled(ctx context.Context, names map[assets.Name]bool) error {
	for _, name := range assets.SortedNames(names) {
		if r.Sources[name].SQL == "" {
			continue
		}
		changed, err := r.changed(ctx, name)
		if err != nil {
			return err
		}
		if changed {
			return errors.New("source " + name.String() + " changed while it was checked. Check again when it is complete")
		}
	}
	return nil
}
