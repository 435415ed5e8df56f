package compile

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
)

func chain() *project {
	p := newProject(map[string]string{"raw.a": "id INTEGER, v INTEGER"}, map[string]string{
		"s.one":   "select id, v from raw.a",
		"s.two":   "select id from s.one",
		"s.three": "select count(*) as n from s.two",
		"s.apart": "select v from raw.a where v > random()",
	})
	a := p.Assets[assets.MustName("s.one")]
	a.Columns = []assets.DeclaredColumn{{Name: "id", Type: "int"}}
	a.Checks = []assets.Check{{Kind: assets.Expression, SQL: sqlIn("check", "v > 0")}}
	return p
}

func TestNothingChangedAsksDuckDBNothing(t *testing.T) {
	p, dir := chain(), t.TempDir()
	cold, c := p.mustCompile(t, dir)
	if c.opened != 1 || len(c.bound) != 6 {
		t.Fatalf("cold: opened %d times, bound %d statements", c.opened, len(c.bound))
	}
	before := stat(t, dir)
	warm, c := p.mustCompile(t, dir)
	if c.opened != 0 {
		t.Error("DuckDB was started though nothing changed")
	}
	if diff := cmp.Diff(cold, warm); diff != "" {
		t.Errorf("the cache answers otherwise (-cold +warm):\n%s", diff)
	}
	if !os.SameFile(before, stat(t, dir)) {
		t.Error("the cache was written though nothing changed")
	}
}

func stat(t *testing.T, dir string) os.FileInfo {
	info, err := os.Stat(filepath.Join(dir, "compile.cache"))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestAnEditBindsWhatItAffects(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*project)
		want string // what is bound again
	}{
		{"a comment", func(p *project) { p.asset("s.two", "select id from s.one -- all") }, "select id from s.one -- all"},
		{"other rows, equal columns", func(p *project) { p.asset("s.two", "select id from s.one where v = 1") }, "select id from s.one where v = 1"},
		{"another type", func(p *project) { p.asset("s.two", "select id::VARCHAR as id from s.one") }, "select id::VARCHAR as id from s.one | select count(*) as n from s.two"},
		{"a column more in the source", func(p *project) { p.source("raw.a", "id INTEGER, v INTEGER, w INTEGER") }, "select id, v from raw.a | select v from raw.a where v > random()"},
		{"a new asset", func(p *project) { p.asset("s.new", "from s.three") }, "from s.three"},
		{"an asset less", func(p *project) { delete(p.Assets, assets.MustName("s.three")) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, dir := chain(), t.TempDir()
			p.mustCompile(t, dir)
			test.edit(p)
			_, c := p.mustCompile(t, dir)
			slices.Sort(c.bound)
			want := strings.Split(test.want, " | ")
			slices.Sort(want)
			if got := strings.Join(c.bound, " | "); got != strings.Join(want, " | ") {
				t.Errorf("bound %s, want %s", got, test.want)
			}
		})
	}
}

func TestCacheForgetsWhatTheProjectNoLongerAsks(t *testing.T) {
	p, dir := chain(), t.TempDir()
	p.mustCompile(t, dir)
	size := stat(t, dir).Size()
	delete(p.Assets, assets.MustName("s.three"))
	p.mustCompile(t, dir)
	if stat(t, dir).Size() >= size {
		t.Error("an answer for a removed asset is kept")
	}
	p.asset("s.two", "selec")
	p.compile(t, dir)
	p.asset("s.two", "select id from s.one")
	if _, c := p.mustCompile(t, dir); c.opened != 0 {
		t.Error("a mistake made the answers before it forgotten")
	}
}

func TestAnotherEngineAsksAgain(t *testing.T) {
	p, dir := chain(), t.TempDir()
	p.mustCompile(t, dir)
	c := &counter{}
	if _, diags := Compile(t.Context(), p.Project, p.sources, c.open, "v9.9.9", dir); diags.HasErrors() || len(c.parsed) == 0 {
		t.Errorf("%d statements parsed\n%s", len(c.parsed), describe(diags))
	}
}

// A cache that is damaged in any way is no cache.
func TestDamagedCacheIsIgnored(t *testing.T) {
	p, dir := chain(), t.TempDir()
	cold, _ := p.mustCompile(t, dir)
	path := filepath.Join(dir, "compile.cache")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		bad := slices.Clone(good)
		switch rapid.IntRange(0, 2).Draw(r, "damage") {
		case 0:
			bad = bad[:rapid.IntRange(0, len(bad)-1).Draw(r, "length")]
		case 1:
			bad[rapid.IntRange(0, len(bad)-1).Draw(r, "byte")] ^= rapid.Byte().Filter(func(b byte) bool { return b != 0 }).Draw(r, "bits")
		case 2:
			bad = append(bad, rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(r, "tail")...)
		}
		if err := os.WriteFile(path, bad, 0o666); err != nil {
			t.Fatal(err)
		}
		if len(loadCache(dir).old) != 0 {
			r.Fatal("a damaged file was believed")
		}
	})
	if err := os.WriteFile(path, good[:len(good)/2], 0o666); err != nil {
		t.Fatal(err)
	}
	again, _ := p.mustCompile(t, dir)
	if diff := cmp.Diff(cold, again); diff != "" {
		t.Error(diff)
	}
	if whole, _ := os.ReadFile(path); len(whole) != len(good) {
		t.Error("the damaged cache was not replaced")
	}
}

func TestCacheThatCannotBeWrittenIsNoMistake(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	chain().mustCompile(t, dir)
}

// fewer lets rapid make fewer tries in one test.
func fewer(t *testing.T, checks int) {
	f := flag.Lookup("rapid.checks")
	was := f.Value.String()
	if err := f.Value.Set(strconv.Itoa(checks)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Value.Set(was) })
}

// After any edits, compiling with the cache gives what compiling from nothing gives.
func TestIncrementalEqualsCold(t *testing.T) {
	shapes := []string{
		"select a, b from %s", "select a, b, a + b as c from %s", "select * from %s", "select b as a, a as b from %s", "select a::VARCHAR as a, b from %s",
		"select x.a, y.b from %s x join %s y using (a)", "select max(a) as a, count(*) as b from %s", "with t as (from %s) select a, b, now() as n from t",
		"select a, nope from %s", "select a from %s where", "select a, rowid as b from %s union all select a, b from %s",
	}
	fewer(t, 25) // each starts DuckDB several times
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		const n = 6
		p := newProject(nil, nil)
		names := []string{"raw.s"}
		for i := range n {
			names = append(names, fmt.Sprintf("m.a%d", i))
		}
		edit := func(i int) {
			if i == 0 {
				p.source("raw.s", rapid.SampledFrom([]string{"a INTEGER, b INTEGER", "a VARCHAR, b INTEGER", "a INTEGER, b INTEGER, z DATE", ""}).Draw(r, "columns"))
				return
			}
			input := rapid.SampledFrom(names[:i])
			shape := rapid.SampledFrom(shapes).Draw(r, "shape")
			for strings.Contains(shape, "%s") {
				shape = strings.Replace(shape, "%s", input.Draw(r, "input"), 1)
			}
			a := p.asset(names[i], shape)
			a.Checks = []assets.Check{{Kind: assets.Expression, SQL: sqlIn("check"+names[i], rapid.SampledFrom([]string{"a > b", "b is not null", "c = 1"}).Draw(r, "check"))}}
		}
		for i := range names {
			edit(i)
		}
		for range rapid.IntRange(1, 4).Draw(r, "rounds") {
			warm, warmDiags, _ := p.compile(t, dir)
			cold, coldDiags, _ := p.compile(t, "")
			if diff := cmp.Diff(describe(coldDiags), describe(warmDiags)); diff != "" {
				r.Fatalf("diagnostics (-cold +warm):\n%s", diff)
			}
			if diff := cmp.Diff(cold, warm); diff != "" {
				r.Fatalf("graph (-cold +warm):\n%s", diff)
			}
			edit(rapid.IntRange(0, n).Draw(r, "edited"))
		}
	})
}

func TestAnswersSurviveTheCache(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.Custom(func(r *rapid.T) assets.Name {
			return assets.Name{Schema: rapid.String().Draw(r, "schema"), Table: rapid.String().Draw(r, "table")}
		})
		words := rapid.SliceOfN(rapid.String(), 1, 4)
		origins := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) lineage.Origin {
			return lineage.Origin{Input: name.Draw(r, "input"), Column: rapid.String().Draw(r, "column"), Via: lineage.Via(rapid.Uint16().Draw(r, "via"))}
		}), 1, 4)
		bound := lineage.Bound{
			Outputs: rapid.SliceOf(rapid.Custom(func(r *rapid.T) lineage.Output {
				return lineage.Output{Column: rapid.Make[assets.Column]().Draw(r, "column"), From: origins.Draw(r, "from"), Ties: origins.Draw(r, "ties"), Constant: rapid.Bool().Draw(r, "constant"), Print: "1234"}
			})).Draw(r, "outputs"),
			RowsFrom: origins.Draw(r, "rows"), OrderFrom: origins.Draw(r, "order"), Meaning: "a:c", Rows: "56", Order: "78",
			Uses: rapid.MapOf(name, rapid.SliceOf(rapid.String())).Draw(r, "uses"), Volatile: words.Draw(r, "volatile"), Assumed: rapid.Bool().Draw(r, "assumed"),
		}
		parsed := lineage.Parsed{
			Refs: rapid.SliceOf(rapid.Custom(func(r *rapid.T) lineage.Ref {
				return lineage.Ref{Name: name.Draw(r, "name"), Offset: rapid.IntRange(0, 1<<30).Draw(r, "offset"), Bare: rapid.Bool().Draw(r, "bare")}
			})).Draw(r, "refs"),
			Syntax: "a:b", Volatile: words.Draw(r, "words"), RowID: rapid.Bool().Draw(r, "rowid"),
		}
		c := loadCache("")
		c.addBound(sum{1}, bound)
		c.addParsed(sum{2}, parsed)
		var gotBound lineage.Bound
		var gotParsed lineage.Parsed
		if !c.bound(sum{1}, &gotBound) || !c.parsed(sum{2}, &gotParsed) {
			r.Fatal("not read back")
		}
		if diff := cmp.Diff(bound, gotBound) + cmp.Diff(parsed, gotParsed); diff != "" {
			r.Fatal(diff)
		}
	})
}
