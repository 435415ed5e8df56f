package materialize

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/assets/redact"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// execute does one task: finds out whether it has to be built, builds and audits
// it. How it came out stands in the task.
func (r *run) execute(ctx context.Context, c *warehouse.Conn, t *task) {
	name := t.step.Asset
	if why := r.hindrance(t); why != "" {
		switch {
		case t.latent():
			r.rest(t)
		case t.tries.err != nil: // it waited for another attempt
			r.fail(t, t.tries.err)
		default:
			r.finish(t, Skipped, why)
		}
		return
	}
	if t.latent() && !r.wakes(ctx, c, t) {
		return
	}
	attempt, end := r.begin(ctx, t)
	defer end()
	r.emit(Event{Type: AssetStarted, Asset: name, Action: t.action(), Attempt: t.tries.number, MaxAttempts: t.tries.most})
	t.began = r.Now()
	t.record = planner.Materialization{
		ID: r.newID(), Key: t.step.Key, Run: r.id, Tick: t.step.Tick,
		Definition: r.definition(t), Audit: planner.AuditDigest(t.asset), Looked: r.lookedAt(t.node),
		LastGood: t.standIns(),
	}
	outcome, err := r.materialize(attempt, c, t)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		if err = overtime(attempt, err); !r.again(t, err) {
			r.fail(t, err)
		}
		return
	}
	message := ""
	if lent := joined(t.record.LastGood); lent != "" && outcome == Built {
		message = "with the last good version of " + lent
	} else if lent != "" && outcome == Revalidated {
		message = "it was made from the last good version of " + lent
	}
	r.finish(t, outcome, message)
}

// joined lists names in a sentence.
func joined(names []assets.Name) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = n.String()
	}
	return strings.Join(words, ", ")
}

func (r *run) materialize(ctx context.Context, c *warehouse.Conn, t *task) (Outcome, error) {
	reads, err := r.reads(ctx, c, t)
	if err != nil {
		return "", err
	}
	t.record.Reads = reads
	last, published := r.State.Last[t.step.Key]
	if published {
		must, err := r.mustBuild(ctx, c, t, last)
		if err != nil {
			return "", err
		}
		if !must {
			return Revalidated, r.revalidate(ctx, c, t, last)
		}
	}
	if err := r.admit(ctx, c, t); err != nil {
		return "", err
	}
	if t.asset.Kind == assets.View {
		t.audited = true
		return Built, r.buildView(ctx, t)
	}
	t.audited = true
	if r.takeUp(ctx, t) {
		return TakenUp, r.renameRun(ctx, c, t)
	}
	if err := r.buildTable(ctx, c, t); err != nil {
		return "", err
	}
	if published && !drifted(t.step) {
		same, err := r.sameContent(ctx, c, t, last)
		if err != nil {
			return "", err
		}
		if same && r.sameAside(ctx, c, t, last) {
			// What is published stays, and so do all its readers.
			t.record.Table, t.record.Previous, t.record.Made, t.record.Quarantine = last.Table, r.kept(last.Previous), last.Made, last.Quarantine
			return Unchanged, nil
		}
	}
	t.replaces = true
	if published {
		t.record.Previous = r.kept(last.Table)
	}
	return Built, nil
}

// kept is the table of an old version, unless the project keeps none.
func (r *run) kept(table string) string {
	if r.project.Retention.Versions == 0 {
		return ""
	}
	return table
}

// isForced reports whether a person asks for the build.
func isForced(step planner.Step) bool {
	return slices.ContainsFunc(step.Reasons, func(r planner.Reason) bool { return r.Code == planner.Forced })
}

// drifted reports whether what is published is not what was recorded, so that
// equal content is no reason to leave it.
func drifted(step planner.Step) bool {
	return slices.ContainsFunc(step.Reasons, func(r planner.Reason) bool { return r.Code == planner.Drifted })
}

// revalidate records that the published version is up to date, after auditing it
// anew if its checks are not those it passed.
func (r *run) revalidate(ctx context.Context, c *warehouse.Conn, t *task, last planner.Materialization) error {
	id, reads, tick, audit, definition, lastGood := t.record.ID, t.record.Reads, t.record.Tick, t.record.Audit, t.record.Definition, t.record.LastGood
	// Began and Ended stay those of the build: that is how old the rows are, and
	// how long making them takes.
	t.record = last
	t.record.ID, t.record.Run, t.record.Reads, t.record.Tick, t.record.Audit = id, r.id, reads, tick, audit
	t.record.LastGood = lastGood
	if t.node.Unbound == "" {
		t.record.Definition.Contract, t.record.Definition.Settings = definition.Contract, definition.Settings
	}
	looked := r.lookedAt(t.node)
	t.audited = audit != last.Audit || !maps.Equal(looked, last.Looked)
	t.record.Looked = looked
	if audit == last.Audit {
		return nil
	}
	t.record.Checks = nil
	if t.asset.Kind == assets.View {
		return nil // all its checks run together with others'
	}
	relation, err := r.catalog.resolve(ctx, t.step.Asset)
	if err != nil {
		return err
	}
	return r.audit(ctx, c, t, relation, nil, asideBefore(last.Checks))
}

// buildView makes the view in the run's catalog. Its version says what it is and
// what it shows: its definition and the projections it reads.
func (r *run) buildView(ctx context.Context, t *task) error {
	err := r.phase(Phase{Kind: StagePhase, Asset: t.step.Asset}, func(*Phase) error {
		return r.catalog.defineView(ctx, t.step.Asset, t.asset.SQL.Text)
	})
	if err != nil {
		return r.sqlError(t, err)
	}
	definition := t.record.Definition
	means := definition.Bound.Meaning
	if means == "" || len(definition.Bound.Volatile) > 0 {
		means = definition.Bound.Syntax
	}
	parts := []string{string(means), string(definition.Settings)}
	for _, input := range t.node.Inputs {
		read := t.record.Reads[input]
		parts = append(parts, input.String(), string(read.Projection), planner.ColumnKey(read.Columns))
	}
	t.record.Made = planner.Version{
		ID: assets.NewDigest("view1", parts...), Columns: t.node.Bound.Columns(), Arrived: r.Now(),
	}
	t.replaces = true
	return nil
}

// buildTable runs the asset's SQL and audits the result in one scan.
func (r *run) buildTable(ctx context.Context, c *warehouse.Conn, t *task) error {
	for _, input := range t.node.Inputs {
		if _, err := r.catalog.resolve(ctx, input); err != nil {
			return err
		}
	}
	name := t.step.Asset
	t.record.Table = tableOf(name, t.record.ID)
	var relation string
	err := r.phase(Phase{Kind: StagePhase, Asset: name}, func(*Phase) (err error) {
		relation, err = r.catalog.build(ctx, c, t)
		return err
	})
	if err != nil {
		return r.sqlError(t, err)
	}
	t.record.Made = planner.Version{Columns: t.node.Bound.Columns(), Arrived: r.Now()}
	aside, notAside := r.putAside(ctx, c, t, relation)
	// Also if that failed: each check for itself shows which of them cannot be run.
	if err := r.audit(ctx, c, t, relation, r.rowsBefore(t), aside); err != nil {
		return err
	}
	return notAside
}

// audit scans relation once, for its content hash, the digests its readers will
// ask for and every check that can share the scan. previous is the number of rows
// of the version that is replaced, nil if none is. aside is what checks said of
// rows that are no longer in relation. A failed check is an error.
func (r *run) audit(ctx context.Context, c *warehouse.Conn, t *task, relation string, previous *int64, aside []planner.CheckResult) error {
	projections, inOrder := r.projections(t.step.Asset), orderedWhole(t.record.Made.Columns)
	ordered := r.orderMatters(t.step.Asset)
	if ordered {
		projections = append(projections, inOrder)
	}
	history, err := r.history(ctx, t.asset)
	if err != nil {
		return err
	}
	s := r.scanOf(t.step.Asset, relation, t.record.Made.Columns, slices.DeleteFunc(slices.Clone(t.asset.Checks), t.isCross))
	s.Projections, s.Previous, s.History = projections, previous, history
	audit, err := r.check(ctx, c, Phase{Asset: t.step.Asset}, s)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	t.record.Made.ID, t.record.Rows, t.record.Digests = audit.Content, audit.Rows, audit.Digests
	if ordered {
		t.record.Made.ID = inOrderID(audit, inOrder)
	}
	t.record.Checks = nil
	return r.judge(t, withAside(audit.Results, aside))
}

// judge adds check results to the record. Those of severity error that were
// violated become one error that names them all.
func (r *run) judge(t *task, results []planner.CheckResult) error {
	var failed []string
	r.keep(t.asset.Name, t.record.Made.ID, t.occasion(), results)
	for _, result := range withoutKept(results) {
		t.record.Checks = append(t.record.Checks, result)
		if result.Status == planner.CheckPassed && result.Quarantined == 0 {
			continue
		}
		r.emit(Event{Type: CheckFinished, Asset: t.step.Asset, Check: &result})
		if result.Status == planner.CheckFailed {
			failed = append(failed, fmt.Sprintf("check %s: %s", result.Check, result.Message))
		}
	}
	if failed == nil {
		return nil
	}
	return classed{assets.CheckError, errors.New(strings.Join(failed, "; "))}
}

// lookedAt are the versions of the sources that an asset's checks look at.
func (r *run) lookedAt(node *lineage.Node) map[assets.Name]assets.Digest {
	looked := map[assets.Name]assets.Digest{}
	for _, name := range node.CheckInputs {
		if look, ok := r.Sources[name]; ok {
			looked[name] = look.ID
		}
	}
	return looked
}

// projections lists the sets of columns that the readers of an asset use of it.
func (r *run) projections(name assets.Name) [][]string {
	seen := map[string]bool{}
	var out [][]string
	for _, reader := range r.Graph.Nodes[name].Readers {
		columns := r.Graph.Nodes[reader].Bound.Uses[name]
		if key := planner.ColumnKey(columns); !seen[key] {
			seen[key] = true
			out = append(out, columns)
		}
	}
	return out
}

// takeUp looks for a table that an earlier run built from the same definition and
// the same input, and passed the same checks, but did not get to publish.
func (r *run) takeUp(ctx context.Context, t *task) bool {
	if len(t.node.Bound.Volatile) > 0 {
		return false
	}
	staged, ok := r.staged[t.step.Key]
	if !ok || staged.Definition.Engine != t.record.Definition.Engine || staged.Audit != t.record.Audit ||
		!sameDefinition(staged.Definition, t.record.Definition) || !equalReads(staged.Reads, t.record.Reads) {
		return false
	}
	for _, columns := range r.projections(t.step.Asset) {
		if _, ok := staged.Digests[planner.ColumnKey(columns)]; !ok {
			return false
		}
	}
	if err := r.catalog.point(ctx, t.step.Asset, staged.Table); err != nil {
		return false
	}
	reads, contract, last, lastGood := t.record.Reads, t.record.Definition.Contract, r.State.Last[t.step.Key], t.record.LastGood
	t.record = staged
	t.record.LastGood = lastGood
	t.record.Definition.Contract = contract
	t.record.Run, t.record.Reads, t.record.Previous = r.id, reads, r.kept(last.Table)
	t.replaces = true
	for i := range staged.Checks {
		staged.Checks[i].Kept = staged.Checks[i].Rows
	}
	r.keep(t.asset.Name, staged.Made.ID, planner.OnBuild, staged.Checks)
	t.record.Checks = withoutKept(staged.Checks)
	return true
}

func sameDefinition(a, b planner.Definition) bool {
	return a.Bound.Syntax == b.Bound.Syntax && a.Bound.Meaning == b.Bound.Meaning && a.Settings == b.Settings && a.Quarantine == b.Quarantine && slices.Equal(a.Bound.Columns(), b.Bound.Columns())
}

func (r *run) definition(t *task) planner.Definition {
	d := planner.Definition{Bound: t.node.Bound.Record(), Settings: planner.SettingsDigest(t.asset),
		Quarantine: planner.QuarantineDigest(t.asset), Contract: planner.ContractOf(t.asset, t.node.Bound.Columns()), Engine: warehouse.Engine()}
	if !t.asset.SQL.Sensitive {
		d.SQL = t.asset.SQL.Text
	}
	return d
}

// sqlError says where the SQL stands that DuckDB could not run.
func (r *run) sqlError(t *task, err error) error {
	at := t.asset.SQLRange
	return fmt.Errorf("%s:%d: %w", at.Filename, at.Start.Line, err)
}

// failOutside fails a task for a reason that lies neither in it nor in what it reads:
// the same may go well the next time.
func (r *run) failOutside(t *task, err error) {
	r.attemptFailed(t, err)
	r.fail(t, err)
	if t.policy() == nil { // otherwise the record says when
		t.record.Reads = nil
	}
}

// fail also records which versions the attempt was for: it is not made again before
// one of them is another. If the checks of a source keep it from being made, nothing
// was attempted: their verdict says how long that holds.
func (r *run) fail(t *task, err error) {
	switch {
	case t.condemned != assets.Name{}:
		t.record.Reads = nil
	case t.record.Reads == nil:
		t.record.Reads = r.versions(t)
	}
	t.record.Err = r.says(t, err)
	r.giveUp(t)
	r.finish(t, FailedBuild, t.record.Err)
	if t.asset.Failure.OnFailure == assets.StopRun {
		r.halt(t)
	}
}

// says is what may be told of an error of a task: nothing that is sensitive.
func (r *run) says(t *task, err error) string {
	message := warehouse.Limited(err).Error()
	if t.asset.SQL.Sensitive {
		message = redact.WithoutExcerpt(message)
	}
	return r.redact(message)
}

// finish notes how a task came out. A task may come out worse later, when it is
// withheld: that is told too, and counted once.
func (r *run) finish(t *task, outcome Outcome, message string) {
	r.mu.Lock()
	if t.outcome == "" {
		r.done++
	}
	r.mu.Unlock()
	t.outcome, t.message = outcome, message
	e := Event{Type: AssetFinished, Asset: t.step.Asset, Action: t.action(), Outcome: outcome, Message: message, Rows: t.record.Rows, Quarantined: t.record.Quarantine.Count(),
		Attempt: t.tries.number, MaxAttempts: t.tries.most}
	if t.record.Attempts = t.tries.list; outcome == FailedBuild {
		e.Class, e.Next = t.record.Class, t.record.Retry
	}
	if outcome != Revalidated {
		t.record.Began, t.record.Ended = t.began, r.Now()
		if !t.began.IsZero() { // it is, if it was skipped
			e.Took = t.record.Ended.Sub(t.began)
		}
	}
	r.emit(e)
}
