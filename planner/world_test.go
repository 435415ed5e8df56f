package planner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

var now = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// world is a project together with its warehouse, in which everything is up to
// date until a test changes something.
type world struct{ Input }

// newWorld declares assets, inputs first: "mart.x < raw.a staging.b" reads
// raw.a and staging.b; what is declared nowhere before is a source; "view mart.v < …" is a view.
// An asset has the columns k, v and reads them of its inputs.
func newWorld(lines ...string) *world {
	w := &world{Input{
		Project: &assets.Project{
			Name: "test", Digest: "project:1",
			Sources: map[assets.Name]*assets.Source{}, Assets: map[assets.Name]*assets.Asset{},
		},
		Graph:    &lineage.Graph{Nodes: map[assets.Name]*lineage.Node{}},
		State:    State{Serial: "01RUN", Last: map[Key]Materialization{}, Failed: map[Key]Materialization{}, Found: map[assets.Name]Found{}},
		Observed: map[assets.Name]Observation{},
		Now:      now,
	}}
	for _, line := range lines {
		head, tail, _ := strings.Cut(line, "<")
		words := strings.Fields(head)
		kind := assets.Table
		if words[0] == "view" {
			kind = assets.View
		}
		w.declare(assets.MustName(words[len(words)-1]), kind, names(strings.Fields(tail)...))
	}
	for _, n := range w.Graph.Order {
		w.publish(n)
	}
	return w
}

func (w *world) declare(n assets.Name, kind assets.Kind, inputs []assets.Name) {
	slices.SortFunc(inputs, assets.Name.Compare)
	bound := lineage.Bound{Syntax: "ast-v1:1", Outputs: lineage.OutputsOf(twoColumns()), Uses: map[assets.Name][]string{}}
	for _, i := range inputs {
		if w.Graph.Nodes[i] == nil {
			w.Project.Sources[i] = &assets.Source{Name: i}
			w.Graph.Nodes[i] = &lineage.Node{Name: i, Columns: twoColumns()}
			w.Observed[i] = Observation{Source: i, Version: Version{ID: "file:1", Columns: twoColumns(), Arrived: now.Add(-2 * time.Hour)}, At: now}
		}
		w.Graph.Nodes[i].Readers = append(w.Graph.Nodes[i].Readers, n)
		bound.Uses[i] = []string{"k", "v"}
	}
	w.Project.Assets[n] = &assets.Asset{Name: n, Enabled: true, Kind: kind, SQL: assets.SQL{Text: "select 1"}}
	w.Graph.Nodes[n] = &lineage.Node{Name: n, Inputs: inputs, Columns: bound.Columns(), Bound: bound}
	w.Graph.Order = append(w.Graph.Order, n)
}

// publish records that n was built from what its inputs are now.
func (w *world) publish(n assets.Name) {
	a, node := w.Project.Assets[n], w.Graph.Nodes[n]
	m := Materialization{
		Key: Key{Asset: n}, Run: "01RUN", Status: Published, View: "view of " + n.String(),
		Definition: Definition{Bound: node.Bound, Settings: SettingsDigest(a), Quarantine: QuarantineDigest(a), SQL: a.SQL.Text, Engine: "v1"},
		Reads:      map[assets.Name]Read{}, Made: Version{ID: "rows:1", Columns: node.Columns}, Rows: 10,
		Audit: ChecksDigest(a.Checks),
		Began: now.Add(-time.Hour), Ended: now.Add(-time.Hour + 30*time.Second),
	}
	if a.Kind == assets.Table {
		m.Table = n.String() + "@1"
		m.Digests = map[string]assets.Digest{"k,v": "rows:kv", "k": "rows:k", "": "rows:"}
	}
	for _, i := range node.Inputs {
		cols := node.Bound.Uses[i]
		r := Read{Version: w.Observed[i].Version.ID, Projection: w.Observed[i].Version.ID, Columns: cols}
		if last, ok := w.State.Last[Key{Asset: i}]; ok {
			r = Read{Version: last.Made.ID, Projection: last.Made.ID, Columns: cols} // of a view
			if last.Table != "" {
				r.Projection = last.Digests[ColumnKey(cols)]
			}
		}
		m.Reads[i] = r
	}
	w.State.Last[m.Key] = m
	w.State.Found[n] = Found{Kind: "view", View: m.View, Table: m.Table, Columns: m.Made.Columns, Rows: m.Rows}
}

// last changes the record of what is published under a name.
func (w *world) last(name string, change func(*Materialization)) {
	key := Key{Asset: assets.MustName(name)}
	m := w.State.Last[key]
	change(&m)
	w.State.Last[key] = m
}

// rebuilt records that an asset was built again since its readers read it, with
// digests of the projections that are known.
func (w *world) rebuilt(name string, digests map[string]assets.Digest) {
	w.last(name, func(m *Materialization) { m.Made.ID += "x"; m.Digests = digests })
}

// uses says which columns a reads of an input by its SQL as it is now.
func (w *world) uses(name, input string, columns ...string) {
	w.node(name).Bound.Uses[assets.MustName(input)] = columns
}

// outputs says which columns an asset has by its SQL as it is now: "k INTEGER".
func (w *world) outputs(name string, columns ...string) {
	node := w.node(name)
	node.Columns = nil
	for _, c := range columns {
		column, kind, _ := strings.Cut(c, " ")
		node.Columns = append(node.Columns, assets.Column{Name: column, Type: kind})
	}
	node.Bound.Outputs = lineage.OutputsOf(node.Columns)
}

// forget makes an asset one that was never built.
func (w *world) forget(name string) {
	n := assets.MustName(name)
	delete(w.State.Last, Key{Asset: n})
	delete(w.State.Found, n)
}

func (w *world) found(name string, change func(*Found)) {
	n := assets.MustName(name)
	f := w.State.Found[n]
	change(&f)
	w.State.Found[n] = f
}

// unfind drops what is published under a name, and its table.
func (w *world) unfind(name string) { delete(w.State.Found, assets.MustName(name)) }

func (w *world) node(name string) *lineage.Node { return w.Graph.Nodes[assets.MustName(name)] }

func (w *world) asset(name string) *assets.Asset { return w.Project.Assets[assets.MustName(name)] }

// remove takes an asset out of the project and leaves it published.
func (w *world) remove(name string) {
	n := assets.MustName(name)
	delete(w.Project.Assets, n)
	delete(w.Graph.Nodes, n)
	w.Graph.Order = slices.DeleteFunc(w.Graph.Order, func(o assets.Name) bool { return o == n })
}

func (w *world) redefine(name string) {
	w.asset(name).SQL.Text += " -- edited"
	w.node(name).Bound.Syntax += "x"
}

func (w *world) arrive(source string) {
	w.observe(source, func(o *Observation) { o.Version.ID += "x"; o.Arrived = now.Add(-time.Hour) })
}

func (w *world) observe(source string, change func(*Observation)) {
	n := assets.MustName(source)
	o := w.Observed[n]
	change(&o)
	w.Observed[n] = o
}

// fails records that the latest attempt to build an asset failed.
func (w *world) fails(name, err string) {
	key := Key{Asset: assets.MustName(name)}
	w.State.Failed[key] = Materialization{Key: key, Status: Failed, Err: err}
}

// judge records what the checks of a source found in the version there is.
func (w *world) judge(source string, status CheckStatus) {
	n := assets.MustName(source)
	if w.State.Verdicts == nil {
		w.State.Verdicts = map[assets.Name]Verdict{}
	}
	w.Project.Sources[n].Checks = []assets.Check{{Kind: assets.RowCount}}
	w.State.Verdicts[n] = Verdict{Source: n, Version: w.Observed[n].ID, Audit: ChecksDigest(w.Project.Sources[n].Checks),
		Checks: []CheckResult{{Check: "row_count", Status: status}}}
}

// unbind says that an asset does not compile for want of a source's columns.
func (w *world) unbind(name, why string) {
	node := w.node(name)
	node.Bound, node.Columns, node.Unbound = lineage.Bound{}, nil, why
}

func twoColumns() []assets.Column {
	return []assets.Column{{Name: "k", Type: "INTEGER"}, {Name: "v", Type: "VARCHAR"}}
}

func names(list ...string) []assets.Name {
	out := make([]assets.Name, len(list))
	for i, s := range list {
		out[i] = assets.MustName(s)
	}
	return out
}

// dump writes a plan as lines: symbol, asset, reasons; None steps are left out.
func dump(p Plan) string {
	var b strings.Builder
	for _, s := range p.Steps {
		if s.Action == None && len(s.Reasons) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s %s:", s.Action.Symbol(), s.Asset)
		for i, r := range s.Reasons {
			if i > 0 {
				b.WriteString(";")
			}
			fmt.Fprintf(&b, " %s: %s", r.Code, r.Message)
		}
		if len(s.ConditionalOn) > 0 {
			fmt.Fprintf(&b, " (if %v changes)", s.ConditionalOn)
		}
		b.WriteString("\n")
	}
	return b.String()
}
