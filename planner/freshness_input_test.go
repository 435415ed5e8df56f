package planner

import (
	"maps"
	"slices"
	"time"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

// input is the scenario as the planner is asked about it. Every source and asset
// has two columns. What is computed anew by another definition is in column c;
// column u never changes with a definition. Who is unaffected by an input's
// definition uses its u, everybody else its c.
func (sc scenario) input() Input {
	m := newReference(sc)
	in := Input{
		Project: sc.project(),
		State: State{
			Serial: "01RUN", Last: map[Key]Materialization{}, Failed: map[Key]Materialization{}, Found: map[assets.Name]Found{},
			Arrivals: map[assets.Name][]Arrival{}, Earlier: map[Made]Materialization{},
			Planned: map[Planned]time.Time{}, Estimates: map[assets.Name]time.Duration{},
		},
		Observed: map[assets.Name]Observation{},
		Now:      sc.Now,
	}
	in.Graph = sc.graph(in.Project)
	for _, s := range sc.Sources {
		m.observe(&in, s.Name)
	}
	for _, a := range sc.Assets {
		name := assets.MustName(a.Name)
		key, asset := Key{Asset: name}, in.Project.Assets[name]
		in.State.Estimates[name] = time.Duration(a.Estimate)
		if a.Schedule != nil {
			in.State.Planned[Planned{name, "schedule", ScheduleDigest(asset.Schedule, in.Project.Timezone)}] = a.Schedule.Since
		}
		if m.wasBuilt(a.Name) {
			last := m.record(m.last(a.Name))
			in.State.Last[key] = last
			in.State.Found[name] = m.find(last, sc.State.Drift[a.Name])
			m.keepEarlier(in.State.Earlier, m.last(a.Name))
		}
		if sc.State.Drift[a.Name] == "dropped" {
			delete(in.State.Found, name)
		}
		if f, failed := sc.State.Failures[a.Name]; failed {
			in.State.Failed[key] = Materialization{
				ID: a.Name + " failed", Key: key, Run: "01RUN", Status: Failed, Err: "division by zero",
				Definition: a.definition(f.Fingerprint), Reads: m.reads(a.Name, f.Inputs), Tick: tickOf(f.Inputs),
				Began: sc.Now, Ended: sc.Now, Retry: f.Retry,
			}
		}
	}
	return in
}

func (sc scenario) project() *assets.Project {
	p := &assets.Project{
		Name: "test", Digest: "project:1", Timezone: sc.Timezone,
		Sources: map[assets.Name]*assets.Source{}, Assets: map[assets.Name]*assets.Asset{},
	}
	if sc.Default != nil {
		p.Freshness = freshnessOf(*sc.Default)
	}
	for _, s := range sc.Sources {
		name := assets.MustName(s.Name)
		p.Sources[name] = &assets.Source{Name: name, MaxAge: time.Duration(s.MaxAge)}
	}
	for _, a := range sc.Assets {
		name := assets.MustName(a.Name)
		asset := &assets.Asset{Name: name, Enabled: true, Kind: assets.Table, Freshness: freshnessOf(a.Freshness...)}
		asset.SQL.Text = a.definition(a.Fingerprint).SQL
		if s := a.Schedule; s != nil {
			asset.Schedule = assets.Schedule{Expr: s.Cron, Timezone: s.Timezone}
		}
		p.Assets[name] = asset
	}
	return p
}

func freshnessOf(policies ...givenPolicy) (blocks []assets.Freshness) {
	for _, p := range policies {
		block := assets.Freshness{MaxLag: time.Duration(p.MaxLag), At: p.At, Timezone: p.Timezone}
		if p.Sources != nil {
			block.Sources = names(p.Sources...)
		}
		blocks = append(blocks, block)
	}
	return blocks
}

func (sc scenario) graph(p *assets.Project) *lineage.Graph {
	refs := map[assets.Name][]lineage.Ref{}
	for _, a := range sc.Assets {
		for _, input := range names(a.Inputs...) {
			refs[assets.MustName(a.Name)] = append(refs[assets.MustName(a.Name)], lineage.Ref{Name: input})
		}
	}
	g, diags := lineage.NewGraph(p, refs, nil)
	if diags.HasErrors() {
		panic(diags)
	}
	for _, s := range sc.Sources {
		g.Nodes[assets.MustName(s.Name)].Columns = givenColumns()
	}
	for _, a := range sc.Assets {
		node := g.Nodes[assets.MustName(a.Name)]
		node.Bound = a.bound(a.Fingerprint)
		node.Columns = node.Bound.Columns()
	}
	return g
}

func givenColumns() []assets.Column {
	return []assets.Column{{Name: "c", Type: "INTEGER"}, {Name: "u", Type: "INTEGER"}}
}

// uses is the column that an asset uses of an input.
func (a givenAsset) uses(input string) string {
	if slices.Contains(a.UnaffectedBy, input) {
		return "u"
	}
	return "c"
}

// bound is the asset's statement by a definition: c is computed from what it uses
// of its inputs, u from nothing.
func (a givenAsset) bound(fingerprint string) lineage.Bound {
	if fingerprint == "" {
		fingerprint = "none"
	}
	tree := assets.Digest("ast:" + fingerprint)
	columns := givenColumns()
	b := lineage.Bound{
		Outputs: []lineage.Output{{Column: columns[0], Print: lineage.Print(fingerprint)}, {Column: columns[1], Print: "u"}},
		Uses:    map[assets.Name][]string{}, Syntax: tree, Meaning: tree, Rows: "rows", Order: "order",
	}
	inputs := slices.Clone(a.Inputs)
	slices.SortFunc(inputs, func(i, j string) int { return assets.MustName(i).Compare(assets.MustName(j)) })
	for _, i := range inputs {
		name := assets.MustName(i)
		b.Uses[name] = []string{a.uses(i)}
		b.Outputs[0].From = append(b.Outputs[0].From, lineage.Origin{Input: name, Column: a.uses(i), Via: lineage.Transformation})
	}
	return b
}

// definition is what a record by that definition keeps of it.
func (a givenAsset) definition(fingerprint string) Definition {
	return Definition{
		Bound: a.bound(fingerprint).Record(), Settings: SettingsDigest(&assets.Asset{Kind: assets.Table}),
		SQL: "select " + fingerprint, Engine: "v1",
	}
}

// observe tells what was seen of a source: its whole log, and the look just now.
func (m *reference) observe(in *Input, source string) {
	name := assets.MustName(source)
	seen := Observation{
		Source: name, Version: Version{Columns: givenColumns()}, At: m.Now,
		Delivered: m.State.Sources[source].Delivered, Err: m.State.Sources[source].Err,
	}
	for _, v := range m.log[source] {
		seen.ID, seen.Arrived = versionID(v.ID), v.At
		in.State.Arrivals[name] = append(in.State.Arrivals[name], Arrival{versionID(v.ID), v.At})
	}
	in.Observed[name] = seen
}

// versionID is the id of a version of a source or asset; that of none is empty.
func versionID(id string) assets.Digest {
	if id == "" {
		return ""
	}
	return assets.Digest("v:" + id)
}

// record is a build as its materialization records it.
func (m *reference) record(b givenBuild) Materialization {
	name := assets.MustName(b.Asset)
	return Materialization{
		ID: b.Asset + "@" + b.Version, Key: Key{Asset: name}, Run: "01RUN", Status: Published,
		Table: b.Asset + "@" + b.Version, View: "view of " + b.Asset,
		Definition: m.assets[b.Asset].definition(b.Fingerprint), Reads: m.reads(b.Asset, b.Consumed), Tick: tickOf(b.Consumed),
		Made: Version{ID: versionID(b.Version), Columns: givenColumns(), Arrived: b.Finished}, Rows: 10,
		Digests: map[string]assets.Digest{"c": m.projection(b.Asset, b.Version, "c"), "u": m.projection(b.Asset, b.Version, "u")},
		Began:   b.Finished, Ended: b.Finished,
	}
}

// reads is what was read by a build of an asset that consumed these versions. What
// it consumed of no version it did not read.
func (m *reference) reads(asset string, consumed map[string]string) map[assets.Name]Read {
	reads := map[assets.Name]Read{}
	for input, id := range consumed {
		if input == "schedule" || id == "" {
			continue
		}
		column := m.assets[asset].uses(input)
		reads[assets.MustName(input)] = Read{versionID(id), m.projection(input, id, column), []string{column}}
	}
	return reads
}

func tickOf(consumed map[string]string) time.Time {
	if consumed["schedule"] == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, consumed["schedule"])
	if err != nil {
		panic(err)
	}
	return t
}

// projection is the digest of a column of a version. The model knows contents
// whole, so c differs wherever the version does. Of u it says that a change of
// definition alone leaves it as it is: where the current version took in the same
// of every source, and by other definitions, its u is the same.
func (m *reference) projection(node, id, column string) assets.Digest {
	if _, isAsset := m.assets[node]; !isAsset || column == "c" {
		return versionID(id)
	}
	was, is := m.reflects(content{node, id}), m.reflects(content{node, m.current(node)})
	same := !maps.Equal(was.definitions, is.definitions)
	for source, position := range is.positions {
		before, known := was.positions[source]
		same = same && (!known || before == position)
	}
	if same {
		id = m.current(node)
	}
	return assets.Digest("u:" + id)
}

// find is what the catalog holds of a published table.
func (m *reference) find(last Materialization, drift string) Found {
	found := Found{Kind: "view", View: last.View, Table: last.Table, Columns: last.Made.Columns, Rows: last.Rows}
	if drift == "altered" {
		found.Rows++
	}
	return found
}

// keepEarlier adds the latest record of each version that a build read, and those
// read, and that is not the current one.
func (m *reference) keepEarlier(earlier map[Made]Materialization, b givenBuild) {
	for input, version := range b.Consumed {
		for _, entry := range slices.Backward(m.records[input]) {
			if entry.Version != version {
				continue
			}
			made := Made{assets.MustName(input), versionID(version)}
			if _, kept := earlier[made]; !kept {
				if version != m.current(input) {
					earlier[made] = m.record(entry)
				}
				m.keepEarlier(earlier, entry)
			}
			break
		}
	}
}
