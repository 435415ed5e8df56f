package planner

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-4311623e/assets/assets"
)

func TestMovedNamesWhatMoved(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world)
		want   []string
	}{
		{"nothing", func(w *world) {}, nil},
		{"only the time", func(w *world) { w.Now = w.Now.AddDate(1, 0, 0) }, nil},
		{"a source", func(w *world) { w.arrive("raw.t") }, []string{"source raw.t has a new version"}},
		{"a source that is not observed any more keeps its version", func(w *world) {
			w.observe("raw.t", func(o *Observation) { o.Err, o.Unreadable = "gone", true })
		}, nil},
		{"a source that vanished from the record", func(w *world) { delete(w.Observed, assets.MustName("raw.t")) }, []string{"source raw.t is no longer observed"}},
		{"the files", func(w *world) { w.Project.Digest = "project:2" }, []string{"the project's files, variables or secrets changed"}},
		{"a run, which changes the catalog too", func(w *world) {
			w.State.Serial = "02RUN"
			w.found("a", func(f *Found) { f.Table = "a@2" })
		}, []string{"another run was published since"}},
		{"the catalog alone", func(w *world) { w.found("a", func(f *Found) { f.Rows++ }) }, []string{"the warehouse's catalog changed"}},
		{"an object appears", func(w *world) { w.State.Found[assets.MustName("zz")] = Found{Kind: "table"} }, []string{"the warehouse's catalog changed"}},
		{"a column's type", func(w *world) {
			w.found("a", func(f *Found) { f.Columns = []assets.Column{{Name: "k", Type: "DATE"}, {Name: "v", Type: "VARCHAR"}} })
		}, []string{"the warehouse's catalog changed"}},
		{"much", func(w *world) { w.arrive("raw.t"); w.arrive("raw.s"); w.Project.Digest = "project:2" }, []string{
			"the project's files, variables or secrets changed", "source raw.s has a new version", "source raw.t has a new version"}},
	} {
		w := newWorld("a < raw.s raw.t")
		before := Make(w.Input).Basis
		c.change(w)
		if diff := cmp.Diff(c.want, before.Moved(Make(w.Input).Basis)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestColumnKey(t *testing.T) {
	for _, c := range []struct {
		columns []string
		want    string
	}{
		{nil, ``}, {[]string{"b"}, `b`}, {[]string{"b", "a", "b"}, `a,b`},
		{[]string{"a,b"}, `"a,b"`}, {[]string{`a"b`, "c"}, `"a""b",c`}, {[]string{""}, `""`},
	} {
		given := slices.Clone(c.columns)
		if got := ColumnKey(c.columns); got != c.want {
			t.Errorf("%q: got %s, want %s", c.columns, got, c.want)
		}
		if !slices.Equal(given, c.columns) {
			t.Errorf("%q was sorted in place: %q", given, c.columns)
		}
	}
}

// A setting's digest tells what decides content from what does not.
func TestSettingsDigest(t *testing.T) {
	base := func() *assets.Asset {
		return &assets.Asset{Name: assets.MustName("a"), Kind: assets.Table, Columns: []assets.DeclaredColumn{
			{Name: "k", Type: "DECIMAL(38,2)"}, {Name: "v", Type: "VARCHAR"}, {Name: "w"},
		}}
	}
	for _, c := range []struct {
		name   string
		change func(a *assets.Asset)
		same   bool
	}{
		{"another name", func(a *assets.Asset) { a.Name = assets.MustName("b") }, true},
		{"a description", func(a *assets.Asset) { a.Columns[0].Description = "key" }, true},
		{"a column described without a type", func(a *assets.Asset) { a.Columns = a.Columns[:2] }, true},
		{"another declared type: the SQL decides what it is", func(a *assets.Asset) { a.Columns[0].Type = "DECIMAL(38,3)" }, true},
		{"another contract", func(a *assets.Asset) { a.Contract = assets.Strict }, true},
		{"another materializer", func(a *assets.Asset) { a.Kind = assets.View }, false},
	} {
		a := base()
		c.change(a)
		if same := SettingsDigest(a) == SettingsDigest(base()); same != c.same {
			t.Errorf("%s: same = %v", c.name, same)
		}
	}
	if got := SettingsDigest(base()).Scheme(); got != "set2" {
		t.Errorf("scheme %s", got)
	}
}

func TestChecksDigest(t *testing.T) {
	one, two := int64(1), int64(2)
	base := func() []assets.Check {
		return []assets.Check{
			{Kind: assets.RowCount, Severity: assets.Error, Min: &one},
			{Kind: assets.Relationships, Severity: assets.Error, Columns: []string{"k"}, To: assets.MustName("b"), ToColumns: []string{"x"}},
			{Kind: assets.AcceptedValues, Severity: assets.Error, Columns: []string{"v"}, Values: []string{"'a'"}},
		}
	}
	for _, c := range []struct {
		name   string
		change func(c []assets.Check) []assets.Check
		same   bool
	}{
		{"another order", func(c []assets.Check) []assets.Check { slices.Reverse(c); return c }, true},
		{"a description", func(c []assets.Check) []assets.Check { c[0].Description = "some"; return c }, true},
		{"a bound", func(c []assets.Check) []assets.Check { c[0].Min = &two; return c }, false},
		{"the other bound", func(c []assets.Check) []assets.Check { c[0].Min, c[0].Max = nil, &one; return c }, false},
		{"a severity", func(c []assets.Check) []assets.Check { c[0].Severity = assets.Warn; return c }, false},
		{"what is referred to", func(c []assets.Check) []assets.Check { c[1].To = assets.MustName("c"); return c }, false},
		{"a list that moves to its neighbour", func(c []assets.Check) []assets.Check {
			c[2].Columns, c[2].Values = []string{"v", "'a'"}, nil
			return c
		}, false},
		{"a label", func(c []assets.Check) []assets.Check { c[2].Label = "known"; return c }, false},
		{"one less", func(c []assets.Check) []assets.Check { return c[1:] }, false},
		{"none", func(c []assets.Check) []assets.Check { return nil }, false},
	} {
		if same := ChecksDigest(c.change(base())) == ChecksDigest(base()); same != c.same {
			t.Errorf("%s: same = %v", c.name, same)
		}
	}
	if ChecksDigest(nil) != "" {
		t.Error("no checks have an empty digest, as a record without an audit has")
	}
}

func TestSummaryCountsEveryAction(t *testing.T) {
	p := Plan{Steps: []Step{{Action: None}, {Action: Create}, {Action: Rebuild}, {Action: Drop}, {Action: Revalidate}, {Action: Wait}, {Action: Blocked}}}
	if got, want := p.Summary(), (Summary{1, 1, 1, 1, 1, 1, 1}); got != want {
		t.Errorf("got %+v", got)
	}
	for action, changes := range map[Action]bool{None: false, Create: true, Rebuild: true, Drop: true, Revalidate: false, Wait: false, Blocked: false} {
		if got := (Plan{Steps: []Step{{Action: action}}}).Changes(); got != changes {
			t.Errorf("%s changes: %v", action, got)
		}
		var read Action
		if text, err := action.MarshalText(); err != nil || read.UnmarshalText(text) != nil || read != action {
			t.Errorf("%s does not survive as text", action)
		}
	}
}
