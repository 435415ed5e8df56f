package materialize

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize/check"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

// What was read, what is there to be read now, and whether that is the same: the
// proof that something need not be built, whatever was predicted.

// mustBuild decides what the plan left open: a step that depends on inputs being
// rebuilt comes to nothing if what the asset reads of them turned out equal, and
// one that was expected to come to nothing is built if it did not.
func (r *run) mustBuild(ctx context.Context, c *warehouse.Conn, t *task, last planner.Materialization) (bool, error) {
	if len(t.step.ConditionalOn) == 0 {
		return t.step.Action != planner.Revalidate, nil
	}
	same, err := r.sameReads(ctx, c, t.record.Reads, last.Reads)
	return !same, err
}

// wakes finds out whether a latent task has to be built after all. It is recorded as
// up to date if an input has another version in which what it reads is the same.
func (r *run) wakes(ctx context.Context, c *warehouse.Conn, t *task) bool {
	last := r.State.Last[t.step.Key].Reads
	reads, err := r.reads(ctx, c, t)
	same := false
	if err == nil {
		same, err = r.sameReads(ctx, c, reads, last)
	}
	switch {
	case ctx.Err() != nil:
		return false
	case err != nil || !same:
		r.wake(t, planner.Rebuild)
	case !sameVersions(reads, last):
		r.wake(t, planner.Revalidate)
	default:
		r.rest(t)
		return false
	}
	return true
}

// sameVersions compares which version of each input was read.
func sameVersions(a, b map[assets.Name]planner.Read) bool {
	return maps.EqualFunc(a, b, func(x, y planner.Read) bool { return x.Version == y.Version })
}

// reads says what the task reads of each input, at the version it will be
// published with.
func (r *run) reads(ctx context.Context, c *warehouse.Conn, t *task) (map[assets.Name]planner.Read, error) {
	if t.node.Unbound != "" { // only looked at again: what it reads cannot be known now
		return r.State.Last[t.step.Key].Reads, nil
	}
	reads := make(map[assets.Name]planner.Read, len(t.node.Inputs))
	for _, input := range t.node.Inputs {
		columns, scanned := t.node.Bound.Uses[input]
		if !scanned {
			continue // named where it makes no difference
		}
		if look, ok := r.Sources[input]; ok {
			// What is only looked at again was made from the last known version.
			if !look.Readable() && t.step.Action != planner.Revalidate && t.step.Action != planner.None {
				return nil, unreadable(input, look)
			}
			reads[input] = planner.Read{Version: look.ID, Projection: look.ID, Columns: columns}
			continue
		}
		record, ok := r.visible(input)
		if !ok {
			return nil, fmt.Errorf("input %s has never been published", input)
		}
		read := planner.Read{Version: record.Made.ID, Projection: record.Made.ID, Columns: columns}
		if r.project.Assets[input].Kind != assets.View {
			var err error
			if read.Projection, err = r.projection(ctx, c, input, record, columns); err != nil {
				return nil, fmt.Errorf("compare input %s: %w", input, err)
			}
		}
		reads[input] = read
	}
	return reads, nil
}

// versions says which version of each input there is, without looking at what of it is read.
func (r *run) versions(t *task) map[assets.Name]planner.Read {
	versions := map[assets.Name]planner.Read{}
	for _, input := range t.node.Inputs {
		if look, ok := r.Sources[input]; ok {
			versions[input] = planner.Read{Version: look.ID}
		} else if record, ok := r.visible(input); ok {
			versions[input] = planner.Read{Version: record.Made.ID}
		}
	}
	return versions
}

// visible is the record of the version of an asset that this run will leave visible.
func (r *run) visible(name assets.Name) (*planner.Materialization, bool) {
	if t := r.tasks[name]; t != nil && t.ok() {
		return &t.record, true
	}
	last, ok := r.State.Last[planner.Key{Asset: name}]
	return &last, ok
}

// projection is the digest of some columns of an asset's version: known from the
// scan that audited it, or computed now.
func (r *run) projection(ctx context.Context, c *warehouse.Conn, name assets.Name, record *planner.Materialization, columns []string) (assets.Digest, error) {
	key := planner.ColumnKey(columns)
	r.mu.Lock()
	digest, ok := record.Digests[key]
	r.mu.Unlock()
	if ok {
		return digest, nil
	}
	relation, err := r.catalog.resolve(ctx, name)
	if err != nil {
		return "", err
	}
	scanned, err := check.Run(ctx, c, check.Scan{Relation: relation, Columns: record.Made.Columns, Projections: [][]string{columns}})
	if err != nil {
		return "", err
	}
	digest = scanned.Digests[key]
	r.mu.Lock()
	defer r.mu.Unlock()
	// A copy: the map may be shared with the state that the plan was made from.
	digests := maps.Clone(record.Digests)
	if digests == nil {
		digests = map[string]assets.Digest{}
	}
	digests[key] = digest
	record.Digests = digests
	return digest, nil
}

// equalReads compares reads of one engine to the letter.
func equalReads(a, b map[assets.Name]planner.Read) bool {
	return maps.EqualFunc(a, b, func(x, y planner.Read) bool {
		return x.Projection == y.Projection && slices.Equal(x.Columns, y.Columns)
	})
}

// sameReads compares what would be read now with what was read.
func (r *run) sameReads(ctx context.Context, c *warehouse.Conn, now, last map[assets.Name]planner.Read) (bool, error) {
	if len(now) != len(last) {
		return false, nil
	}
	for _, input := range assets.SortedNames(now) {
		was, ok := last[input]
		if !ok {
			return false, nil
		}
		if same, err := r.sameRead(ctx, c, input, now[input], was); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

func (r *run) sameRead(ctx context.Context, c *warehouse.Conn, input assets.Name, now, was planner.Read) (bool, error) {
	switch {
	case now.Version == was.Version && now.Projection.Scheme() == was.Projection.Scheme():
		return true, nil
	case slices.Equal(now.Columns, was.Columns) && now.Projection.Scheme() == was.Projection.Scheme():
		return now.Projection == was.Projection, nil
	case r.project.Assets[input] == nil || r.project.Assets[input].Kind == assets.View:
		return false, nil
	}
	// The columns are known to matter no longer, or whether their order does; or
	// another version of DuckDB took the digest. What was read is compared as it was.
	record, ok := r.visible(input)
	if !ok || !hasColumns(record.Made.Columns, was.Columns) {
		return false, nil
	}
	is, err := r.projection(ctx, c, input, record, was.Columns)
	if err != nil || is.Scheme() == was.Projection.Scheme() {
		return is == was.Projection, err
	}
	before, ok := r.State.Last[planner.Key{Asset: input}]
	if !ok || before.Made.ID != was.Version || before.Table == "" || r.State.Found[input].Table != before.Table {
		return false, nil // it is gone: nothing can be compared
	}
	scanned, err := check.Run(ctx, c, check.Scan{Relation: warehouse.TableRef(before.Table), Columns: before.Made.Columns, Projections: [][]string{was.Columns}})
	return err == nil && scanned.Digests[planner.ColumnKey(was.Columns)] == is, err
}

func hasColumns(columns []assets.Column, names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		return name != lineage.RowOrder && !slices.ContainsFunc(columns, func(c assets.Column) bool { return c.Name == name })
	})
}

// sameContent reports whether a task built what is published already.
func (r *run) sameContent(ctx context.Context, c *warehouse.Conn, t *task, last planner.Materialization) (bool, error) {
	made := t.record.Made
	sameScheme := last.Made.ID.Scheme() == made.ID.Scheme()
	// Whoever asks for a build may have reason not to trust the record.
	if sameScheme && !isForced(t.step) || last.Table == "" || !slices.Equal(last.Made.Columns, made.Columns) {
		return last.Made.ID == made.ID, nil
	}
	// Or another version of DuckDB hashed what is published.
	s := check.Scan{Relation: warehouse.TableRef(last.Table), Columns: made.Columns}
	inOrder := orderedWhole(made.Columns)
	ordered := r.orderMatters(t.step.Asset)
	if ordered {
		s.Projections = [][]string{inOrder}
	}
	audit, err := check.Run(ctx, c, s)
	if err != nil {
		return false, fmt.Errorf("compare with what is published: %w", err)
	}
	if ordered {
		return inOrderID(audit, inOrder) == made.ID, nil
	}
	return audit.Content == made.ID, nil
}

// orderMatters reports whether a reader of name depends on the order of its rows.
func (r *run) orderMatters(name assets.Name) bool {
	return slices.ContainsFunc(r.Graph.Nodes[name].Readers, func(reader assets.Name) bool {
		return slices.Contains(r.Graph.Nodes[reader].Bound.Uses[name], lineage.RowOrder)
	})
}

// orderedWhole are all columns and the order of rows.
func orderedWhole(columns []assets.Column) []string {
	names := []string{lineage.RowOrder}
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return names
}

// inOrderID is the id of a version to whose readers the order of rows matters:
// the same rows in another order are another version.
func inOrderID(audit check.Audit, inOrder []string) assets.Digest {
	return warehouse.OrderedDigest(audit.Content, audit.Digests[planner.ColumnKey(inOrder)])
}
