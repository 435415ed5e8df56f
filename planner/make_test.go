package planner

import (
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

// rule is a change to a world that was up to date and what the plan then says.
type rule struct {
	name   string
	change func(w *world)
	want   string
}

func test(t *testing.T, rules []rule, lines ...string) {
	for _, c := range rules {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(lines...)
			c.change(w)
			want := strings.ReplaceAll(strings.TrimSpace(c.want), "\t", "")
			if got := strings.TrimSpace(dump(Make(w.Input))); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// The rules of staleness, each on raw.s → a → b → c, where b also reads raw.t.
func TestStale(t *testing.T) {
	test(t, []rule{
		{"nothing changed", func(w *world) {}, ``},
		{"never built: its readers too, unless it gets the content they read", func(w *world) { w.forget("a") }, `
			+ a: missing: not built yet
			~ b: input_changed: a is built (if [a] changes)
			~ c: input_changed: b is rebuilt (if [b] changes)`},

		// definition
		{"its SQL changed", func(w *world) { w.redefine("c") }, `
			~ c: definition_changed: its SQL changed`},
		{"the layout of its SQL changed: its syntax tree did not", func(w *world) { w.asset("c").SQL.Text = "select  1 -- one" }, ``},
		{"a type is declared: it is checked against the SQL and decides nothing", func(w *world) {
			w.asset("c").Columns = []assets.DeclaredColumn{{Name: "v", Type: "VARCHAR"}}
		}, `
			= c: contract_changed: its contract changed`},
		{"… and was recorded already, in other words", func(w *world) {
			w.asset("c").Columns = []assets.DeclaredColumn{{Name: "V", Type: "text"}}
			w.last("c", func(m *Materialization) {
				m.Definition.Contract = []ContractColumn{{Name: "v", Type: "VARCHAR", Nullable: true}}
			})
		}, ``},
		{"… by a record that knows of no contracts", func(w *world) {
			w.asset("c").Columns = []assets.DeclaredColumn{{Name: "v", Type: "VARCHAR"}}
			w.last("c", func(m *Materialization) { m.Definition.Settings = "set1:with-types" })
		}, ``},
		{"an older record, and another materializer", func(w *world) {
			w.asset("c").Kind = assets.View
			w.last("c", func(m *Materialization) { m.Definition.Settings = "set1:with-types" })
		}, `
			~ c: definition_changed: it was a table and is to be a view`},
		{"another setting", func(w *world) {
			w.last("c", func(m *Materialization) { m.Definition.Settings = "set2:other" })
		}, `
			~ c: definition_changed: its settings changed`},
		{"a column may hold NULL now", func(w *world) {
			yes := true
			w.asset("c").Columns = []assets.DeclaredColumn{{Name: "v", Nullable: &yes}}
			w.last("c", func(m *Materialization) { m.Definition.Contract = []ContractColumn{{Name: "v"}} })
		}, `
			= c: contract_changed: its contract changed`},
		{"a contract changed, and a source was never seen, so that its types are not known", func(w *world) {
			w.asset("c").Columns = []assets.DeclaredColumn{{Name: "v", Type: "VARCHAR"}}
			w.node("c").Unbound = "source raw.s was never observed"
		}, ``},
		{"a description changed", func(w *world) {
			w.asset("c").Columns = []assets.DeclaredColumn{{Name: "v", Description: "the value"}}
			w.last("c", func(m *Materialization) { m.Definition.Contract = []ContractColumn{{Name: "v", Nullable: true}} })
		}, ``},
		{"values of a column that checks may show became sensitive", func(w *world) {
			w.asset("c").Checks = []assets.Check{{Kind: assets.NotNull, Columns: []string{"k"}}}
			w.asset("c").Columns = []assets.DeclaredColumn{{Name: "k", Sensitive: true}}
			w.last("c", func(m *Materialization) {
				m.Audit = ChecksDigest(w.asset("c").Checks)
				m.Definition.Contract = []ContractColumn{{Name: "k", Nullable: true}}
			})
		}, `
			= c: checks_changed: its checks changed`},
		{"its materializer and its SQL changed", func(w *world) { w.asset("c").Kind = assets.View; w.redefine("c") }, `
			~ c: definition_changed: its SQL changed; it was a table and is to be a view`},
		{"a new DuckDB alone: its syntax trees say nothing, the text is the same", func(w *world) {
			w.node("c").Bound.Syntax = "ast-v2:7"
		}, ``},
		{"a new DuckDB, and another text", func(w *world) { w.redefine("c"); w.node("c").Bound.Syntax = "ast-v2:7" }, `
			~ c: definition_changed: its SQL changed`},
		{"a new DuckDB, and a sensitive text that was not kept", func(w *world) {
			w.last("c", func(m *Materialization) { m.Definition.SQL = "" })
			w.node("c").Bound.Syntax = "ast-v2:7"
		}, `
			~ c: definition_changed: it was built by DuckDB v1, and its SQL is sensitive and was not kept to compare`},

		// inputs
		{"a source has a new version", func(w *world) { w.arrive("raw.s") }, `
			~ a: input_changed: source raw.s has a new version
			~ b: input_changed: a is rebuilt (if [a] changes)
			~ c: input_changed: b is rebuilt (if [b] changes)`},
		{"certain and uncertain causes together are certain", func(w *world) { w.arrive("raw.s"); w.arrive("raw.t") }, `
			~ a: input_changed: source raw.s has a new version
			~ b: input_changed: source raw.t has a new version; input_changed: a is rebuilt
			~ c: input_changed: b is rebuilt (if [b] changes)`},
		{"an input was built since, and nothing is known of what was read", func(w *world) { w.rebuilt("b", nil) }, `
			~ c: input_changed: b has a new version`},
		{"… and what was read is known to differ", func(w *world) {
			w.rebuilt("b", map[string]assets.Digest{"k,v": "rows:other"})
		}, `
			~ c: input_changed: what it reads of b changed`},
		{"… and what was read is known to be equal", func(w *world) {
			w.rebuilt("b", map[string]assets.Digest{"k,v": "rows:kv"})
		}, `
			= c: unaffected: what it reads of b did not change`},
		{"… and the digests are of different schemes, which proves nothing", func(w *world) {
			w.rebuilt("b", map[string]assets.Digest{"k,v": "rows2:kv"})
		}, `
			~ c: input_changed: b has a new version`},
		{"only rows are counted, and they are as many", func(w *world) {
			w.uses("c", "b")
			w.publish(assets.MustName("c"))
			w.rebuilt("b", map[string]assets.Digest{"k,v": "rows:other", "": "rows:"})
		}, `
			= c: unaffected: what it reads of b did not change`},
		{"one input is unaffected, another is rebuilt", func(w *world) {
			w.rebuilt("a", map[string]assets.Digest{"k,v": "rows:kv"})
			w.arrive("raw.t")
		}, `
			~ b: input_changed: source raw.t has a new version
			~ c: input_changed: b is rebuilt (if [b] changes)`},
		{"select * finds another column", func(w *world) { w.uses("c", "b", "k", "v", "w") }, `
			~ c: input_changed: now also uses w of b`},
		{"… and misses one", func(w *world) { w.uses("c", "b", "k", "w") }, `
			~ c: input_changed: now also uses w and no longer uses v of b`},
		{"the columns used are the same in another order", func(w *world) { w.uses("c", "b", "v", "k") }, ``},
		{"another SQL uses other columns: said once", func(w *world) { w.redefine("c"); w.uses("c", "b", "k") }, `
			~ c: definition_changed: its SQL changed`},
		{"the rebuild of an input gives a column another type: certain", func(w *world) {
			w.redefine("b")
			w.outputs("b", "k BIGINT", "v VARCHAR")
		}, `
			~ b: definition_changed: its SQL changed
			~ c: input_changed: b changes k from INTEGER to BIGINT`},
		{"… a column it does not use", func(w *world) {
			w.uses("c", "b", "v")
			w.publish(assets.MustName("c"))
			w.redefine("b")
			w.outputs("b", "k BIGINT", "v VARCHAR")
		}, `
			~ b: definition_changed: its SQL changed
			~ c: input_changed: b is rebuilt (if [b] changes)`},
		{"its columns change and nothing else explains it", func(w *world) { w.outputs("a", "k BIGINT", "w VARCHAR") }, `
			~ a: input_changed: its columns change: k from INTEGER to BIGINT, added w, removed v
			~ b: input_changed: a changes k from INTEGER to BIGINT
			~ c: input_changed: b is rebuilt (if [b] changes)`},
		{"it reads what it did not read", func(w *world) { w.last("c", func(m *Materialization) { m.Reads = nil }) }, `
			~ c: input_changed: it did not read b before`},
		{"its new SQL reads what it did not read: said once", func(w *world) {
			w.redefine("c")
			w.last("c", func(m *Materialization) { m.Reads = nil })
		}, `
			~ c: definition_changed: its SQL changed`},

		// drift
		{"its view was dropped", func(w *world) { w.found("c", func(f *Found) { f.Kind, f.View = "", "" }) }, `
			+ c: drifted: the view it is published as was dropped`},
		{"its view and table were dropped", func(w *world) { w.unfind("c") }, `
			+ c: drifted: its table and the view it is published as were dropped`},
		{"its view was replaced", func(w *world) { w.found("c", func(f *Found) { f.View = "select 2" }) }, `
			~ c: drifted: the view it is published as was replaced`},
		{"its table was dropped", func(w *world) { w.found("c", func(f *Found) { f.Table = "" }) }, `
			+ c: drifted: its table was dropped`},
		{"its table got another column", func(w *world) {
			w.found("c", func(f *Found) { f.Columns = append(twoColumns(), assets.Column{Name: "w", Type: "DATE"}) })
		}, `
			~ c: drifted: the columns of its table changed: added w`},
		{"its table's columns are in another order", func(w *world) {
			w.found("c", func(f *Found) { f.Columns = []assets.Column{twoColumns()[1], twoColumns()[0]} })
		}, `
			~ c: drifted: the columns of its table changed: another order`},
		{"rows were deleted: it is expected to come out as it was", func(w *world) { w.found("b", func(f *Found) { f.Rows = 9 }) }, `
			~ b: drifted: the row count of its table changed: 10 → 9`},

		// force, failures, checks
		{"asked for", func(w *world) { w.Options.Replace = names("b") }, `
			~ b: forced: asked for by -replace
			~ c: input_changed: b is rebuilt (if [b] changes)`},
		{"asked for, and missing anyway", func(w *world) { w.forget("c"); w.Options.Replace = names("c") }, `
			+ c: missing: not built yet`},
		{"tried and failed", func(w *world) { w.redefine("c"); w.fails("c", "division by zero\nat line 3") }, `
			~ c: definition_changed: its SQL changed; previous_failure: the last attempt failed: division by zero`},
		{"tried and failed to build an input's new version: still conditional", func(w *world) { w.redefine("b"); w.fails("c", "") }, `
			~ b: definition_changed: its SQL changed
			~ c: input_changed: b is rebuilt; previous_failure: the last attempt failed (if [b] changes)`},
		{"failed, but the change that failed was taken back", func(w *world) { w.fails("c", "division by zero") }, ``},
		{"its checks changed: audited, not built", func(w *world) { w.asset("b").Checks = []assets.Check{{Kind: assets.NotNull, Columns: []string{"k"}}} }, `
			= b: checks_changed: its checks changed`},
		{"its checks and its SQL changed: a build audits", func(w *world) {
			w.redefine("c")
			w.asset("c").Checks = []assets.Check{{Kind: assets.NotNull, Columns: []string{"k"}}}
		}, `
			~ c: definition_changed: its SQL changed`},
		{"its new checks failed", func(w *world) {
			w.asset("b").Checks = []assets.Check{{Kind: assets.NotNull, Columns: []string{"k"}}}
			w.fails("b", "not_null(k): 3 rows")
		}, `
			= b: checks_changed: its checks changed; previous_failure: the last attempt failed: not_null(k): 3 rows`},
	}, "a < raw.s", "b < a raw.t", "c < b")
}

// What cannot be built, on raw.s → a → b → c, where b also reads raw.t.
func TestBlocked(t *testing.T) {
	test(t, []rule{
		{"a source was never seen, and nothing was built", func(w *world) {
			w.forget("a")
			w.forget("b")
			w.forget("c")
			w.observe("raw.s", func(o *Observation) { *o = Observation{Err: "no file matches data/*.csv"} })
		}, `
			! a: upstream_failed: source raw.s was never observed: no file matches data/*.csv; missing: not built yet
			! b: upstream_failed: a cannot be built; missing: not built yet
			! c: upstream_failed: b cannot be built; missing: not built yet`},
		{"a source cannot be read, and nothing needs it", func(w *world) {
			w.observe("raw.s", func(o *Observation) { o.Err, o.Unreadable = "permission denied", true })
		}, ``},
		{"a source cannot be read by what has to be rebuilt", func(w *world) {
			w.observe("raw.s", func(o *Observation) { o.Err, o.Unreadable = "permission denied", true })
			w.redefine("a")
		}, `
			! a: upstream_failed: source raw.s cannot be read: permission denied; definition_changed: its SQL changed
			! b: upstream_failed: a cannot be built
			! c: upstream_failed: b cannot be built`},
		{"a source moved and is gone again", func(w *world) {
			w.arrive("raw.t")
			w.observe("raw.t", func(o *Observation) { o.Err, o.Unreadable = "permission denied", true })
		}, `
			! b: upstream_failed: source raw.t cannot be read: permission denied; input_changed: source raw.t has a new version
			! c: upstream_failed: b cannot be built`},
		{"an asset does not bind for want of a source's columns", func(w *world) {
			w.redefine("a")
			w.unbind("a", "source raw.u, which it now reads, was never observed")
			w.forget("b")
			w.unbind("b", "a has no columns yet")
			w.forget("c")
			w.unbind("c", "b has no columns yet")
		}, `
			! a: upstream_failed: source raw.u, which it now reads, was never observed; definition_changed: its SQL changed
			! b: upstream_failed: a cannot be built; missing: not built yet
			! c: upstream_failed: b cannot be built; missing: not built yet`},
		{"… but it is up to date by its text", func(w *world) { w.unbind("a", "why") }, ``},
		{"… and its text is sensitive: compared once it binds", func(w *world) {
			w.unbind("a", "why")
			w.last("a", func(m *Materialization) { m.Definition.SQL = "" })
		}, ``},

		{"a table of that name is there, not ours", func(w *world) {
			w.forget("b")
			w.found("b", func(f *Found) { f.Kind = "table" })
		}, `
			! b: unmanaged: the warehouse has a table of this name that this project did not make: rename or drop it; missing: not built yet
			! c: upstream_failed: b cannot be built`},
		{"a view of that name is there, not ours", func(w *world) {
			w.forget("c")
			w.found("c", func(f *Found) { f.Kind = "view" })
		}, `
			! c: unmanaged: the warehouse has a view of this name that this project did not make: rename or drop it; missing: not built yet`},
		{"its view was replaced by a table; readers hold the right content and stay", func(w *world) {
			w.found("b", func(f *Found) { f.Kind, f.View = "table", "" })
		}, `
			! b: unmanaged: the warehouse has a table of this name that this project did not make: rename or drop it; drifted: the view it is published as was replaced by a table`},
		{"… unless they need a build", func(w *world) {
			w.found("b", func(f *Found) { f.Kind, f.View = "table", "" })
			w.redefine("c")
		}, `
			! b: unmanaged: the warehouse has a table of this name that this project did not make: rename or drop it; drifted: the view it is published as was replaced by a table
			! c: upstream_failed: b cannot be built; definition_changed: its SQL changed`},
		{"… or it is behind as well", func(w *world) {
			w.found("b", func(f *Found) { f.Kind, f.View = "table", "" })
			w.arrive("raw.t")
		}, `
			! b: unmanaged: the warehouse has a table of this name that this project did not make: rename or drop it; input_changed: source raw.t has a new version; drifted: the view it is published as was replaced by a table
			! c: upstream_failed: b cannot be built`},
		{"what cannot be built makes nobody else build", func(w *world) {
			w.observe("raw.t", func(o *Observation) { o.Version.ID += "x"; o.Err, o.Unreadable = "gone", true })
			w.arrive("raw.s")
		}, `
			~ a: input_changed: source raw.s has a new version
			! b: upstream_failed: source raw.t cannot be read: gone; input_changed: source raw.t has a new version; input_changed: a is rebuilt
			! c: upstream_failed: b cannot be built`},
	}, "a < raw.s", "b < a raw.t", "c < b")
}

// enabled = false keeps what is published and builds nothing.
func TestDisabled(t *testing.T) {
	disable := func(w *world, name string) { w.asset(name).Enabled = false }
	test(t, []rule{
		{"its inputs moved: it stays, and so do its readers", func(w *world) { disable(w, "b"); w.arrive("raw.s") }, `
			~ a: input_changed: source raw.s has a new version`},
		{"its readers read what is published", func(w *world) { disable(w, "b"); w.redefine("c"); w.redefine("b") }, `
			~ c: definition_changed: its SQL changed`},
		{"never built: its readers cannot be", func(w *world) { disable(w, "b"); w.forget("b"); w.redefine("c") }, `
			! c: upstream_failed: b is disabled and was never built; definition_changed: its SQL changed`},
		{"gone: its readers cannot be built", func(w *world) { disable(w, "b"); w.unfind("b"); w.redefine("c") }, `
			! c: upstream_failed: b is disabled and no longer in the warehouse; definition_changed: its SQL changed`},
		{"gone: its readers stay", func(w *world) { disable(w, "b"); w.unfind("b") }, ``},
		{"asked for all the same", func(w *world) { disable(w, "b"); w.Options.Replace = names("b") }, ``},
		{"its name is taken", func(w *world) {
			disable(w, "b")
			w.found("b", func(f *Found) { f.Kind = "table" })
		}, ``},
	}, "a < raw.s", "b < a", "c < b")
}

// A view is made anew when something it reads is; it has no table to drift.
func TestViews(t *testing.T) {
	test(t, []rule{
		{"nothing changed", func(w *world) {}, ``},
		{"an input is rebuilt", func(w *world) { w.arrive("raw.s") }, `
			~ a: input_changed: source raw.s has a new version
			~ v: input_changed: a is rebuilt (if [a] changes)
			~ c: input_changed: v is rebuilt (if [v] changes)`},
		{"an input was rebuilt since, what it shows of it is equal", func(w *world) {
			w.rebuilt("a", map[string]assets.Digest{"k,v": "rows:kv"})
		}, `
			= v: unaffected: what it reads of a did not change`},
		{"the view was made anew since with another meaning", func(w *world) { w.rebuilt("v", nil) }, `
			~ c: input_changed: v has a new version`},
		{"it was dropped", func(w *world) { w.unfind("v") }, `
			+ v: drifted: its view was dropped`},
		{"it becomes a table", func(w *world) { w.asset("v").Kind = assets.Table }, `
			~ v: definition_changed: it was a view and is to be a table
			~ c: input_changed: v is rebuilt (if [v] changes)`},
	}, "a < raw.s", "view v < a", "c < v")
}

func TestEstimatesAreTheLastBuilds(t *testing.T) {
	w := newWorld("a < raw.s", "view v < a", "c < v", "d < c")
	w.arrive("raw.s")
	w.last("d", func(m *Materialization) { m.Status = Revalidated })
	want := map[string]string{"a": "30s", "v": "0s", "c": "30s", "d": "30s"}
	for _, s := range Make(w.Input).Steps {
		if got := s.Estimate.String(); got != want[s.Asset.String()] {
			t.Errorf("%s: got %s, want %s", s.Asset, got, want[s.Asset.String()])
		}
	}
}
