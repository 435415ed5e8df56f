package materialize_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A random project: sources with columns a, b and perhaps c, and assets that each
// read one or two earlier names. Every relation has the integer columns a and b,
// so that any statement fits any input.
type randomProject struct {
	sources []randomSource
	assets  []randomAsset
}

type randomSource struct {
	rows  [][3]int
	wide  bool // has a column c
	shape int  // order of the rows
}

type randomAsset struct {
	shape  int
	inputs [2]int // indices of earlier names, sources first
	number int
	style  int // layout and comments
	gone   bool
}

// statements are what an asset can be: %[1]s and %[2]s are inputs, %[3]d a number.
var statements = []string{
	"select a, b from %[1]s",
	"select * from %[1]s",
	"select a, b %% %[3]d + 1 as b from %[1]s where a > %[3]d",
	"select x.a, y.b from %[1]s x join %[2]s y on x.a = y.a",
	"select x.a, count(y.b)::INTEGER as b from %[1]s x left join %[2]s y on x.b = y.a group by x.a",
	"select a, sum(b)::INTEGER as b from %[1]s group by a",
	"select distinct a, %[3]d as b from %[1]s",
	"select count(*)::INTEGER as a, %[3]d as b from %[1]s",
	"select a, b from %[1]s union all select b, a from %[2]s",
	"select a, b from %[1]s except select a, b from %[2]s",
	"with t as (select distinct * from %[1]s) select count(*)::INTEGER as a, max(b) as b from t",
	"select a, row_number() over (order by a, b)::INTEGER as b from %[1]s qualify b <= %[3]d",
	"from %[1]s select a, b order by 1, 2 limit %[3]d",
	"select a, b from %[1]s where exists (select 1 from %[2]s o where o.a > %[3]d)",
}

var styles = []string{"%s", "-- a comment\n%s", "  %s  /* another */", "%s;\n"}

func (p randomProject) name(i int) string {
	if i < len(p.sources) {
		return fmt.Sprintf("raw.s%d", i)
	}
	return fmt.Sprintf("main.t%d", i-len(p.sources))
}

// files writes the project out. What reads an asset that is gone is gone too.
func (p randomProject) files() map[string]string {
	files := map[string]string{}
	hcl := ""
	for i, s := range p.sources {
		text := "a,b"
		if s.wide {
			text += ",c"
		}
		rows := slices.Clone(s.rows)
		if s.shape%2 == 1 {
			slices.Reverse(rows)
		}
		for _, row := range rows {
			text += fmt.Sprintf("\n%d,%d", row[0], row[1])
			if s.wide {
				text += fmt.Sprintf(",%d", row[2])
			}
		}
		files[fmt.Sprintf("s%d.csv", i)] = text + "\n"
		hcl += fmt.Sprintf("source \"raw.s%d\" {\n  files = \"s%d.csv\"\n}\n", i, i)
	}
	gone := map[int]bool{}
	for i, a := range p.assets {
		self := len(p.sources) + i
		if gone[self] = a.gone || gone[a.inputs[0]] || gone[a.inputs[1]]; gone[self] {
			continue
		}
		sql := fmt.Sprintf(statements[a.shape], p.name(a.inputs[0]), p.name(a.inputs[1]), a.number)
		files[fmt.Sprintf("t%d.sql", i)] = fmt.Sprintf(styles[a.style], sql)
		kind := ""
		if self%3 == 0 && a.inputs[0] >= len(p.sources) && a.inputs[1] >= len(p.sources) && a.style < 1 {
			kind = "\n  materialize \"view\" {}"
		}
		hcl += fmt.Sprintf("asset \"t%d\" {\n  sql = file(\"t%d.sql\")%s\n}\n", i, i, kind)
	}
	files["p.hcl"] = hcl
	return files
}

func drawRows(t *rapid.T) [][3]int {
	small := rapid.IntRange(0, 4)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [3]int {
		return [3]int{small.Draw(t, "a"), small.Draw(t, "b"), small.Draw(t, "c")}
	}), 1, 6).Draw(t, "rows")
}

func drawAsset(t *rapid.T, before int) randomAsset {
	input := rapid.IntRange(0, before-1)
	return randomAsset{
		shape:  rapid.IntRange(0, len(statements)-1).Draw(t, "statement"),
		inputs: [2]int{input.Draw(t, "first"), input.Draw(t, "second")},
		number: rapid.IntRange(1, 3).Draw(t, "number"),
		style:  rapid.IntRange(0, len(styles)-1).Draw(t, "style"),
	}
}

func drawProject(t *rapid.T) randomProject {
	var p randomProject
	for range rapid.IntRange(1, 2).Draw(t, "sources") {
		p.sources = append(p.sources, randomSource{rows: drawRows(t), wide: rapid.Bool().Draw(t, "wide")})
	}
	for range rapid.IntRange(1, 7).Draw(t, "assets") {
		p.assets = append(p.assets, drawAsset(t, len(p.sources)+len(p.assets)))
	}
	return p
}

// edit changes one thing, as a person or a supplier would.
func (p randomProject) edit(t *rapid.T) randomProject {
	p.sources, p.assets = slices.Clone(p.sources), slices.Clone(p.assets)
	source := &p.sources[rapid.IntRange(0, len(p.sources)-1).Draw(t, "source")]
	i := rapid.IntRange(0, len(p.assets)-1).Draw(t, "asset")
	switch rapid.IntRange(0, 8).Draw(t, "edit") {
	case 0, 1:
		source.rows = drawRows(t)
	case 2:
		source.wide = !source.wide
	case 3:
		source.shape++
	case 4:
		p.assets[i].number = p.assets[i].number%3 + 1
	case 5:
		p.assets[i].style = (p.assets[i].style + 1) % len(styles)
	case 6:
		p.assets[i] = drawAsset(t, len(p.sources)+i)
	case 7:
		p.assets[i].gone = !p.assets[i].gone
	case 8:
		p.assets = append(p.assets, drawAsset(t, len(p.sources)+len(p.assets)))
	}
	return p
}

func (w *world) lay(files map[string]string) {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range entries {
		if _, ok := files[e.Name()]; !ok && strings.HasSuffix(e.Name(), ".sql") {
			os.Remove(w.dir + "/" + e.Name())
		}
	}
	for path, text := range files {
		w.write(path, text)
	}
}

// published reads every published asset.
func (w *world) published() map[string][]string {
	names, err := w.query("SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE database_name = '_wh' AND NOT internal")
	if err != nil {
		w.Fatal(err)
	}
	out := map[string][]string{}
	for _, name := range names {
		out[name] = w.rows(name)
	}
	return out
}

// The oracle of the whole: whatever is edited, apply leaves what a full build of
// the edited project in a fresh warehouse makes, cell by cell, and nothing to do.
func TestApplyEqualsAFullRebuild(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "property")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		p := drawProject(t)
		w := newWorld(t, dir+"/w", p.files())
		defer w.close()
		w.apply()
		for range rapid.IntRange(1, 4).Draw(t, "edits") {
			for range rapid.IntRange(1, 2).Draw(t, "at once") {
				p = p.edit(t)
			}
			w.lay(p.files())
			plan := w.plan()
			result := w.carryOut(plan)
			if result.Failed+result.Skipped > 0 {
				t.Fatalf("%v", result.Assets)
			}
			if again := w.plan(); again.Work() {
				t.Fatalf("after apply there is still something to do: %v", actions(again.Plan))
			}
			fresh := newWorld(t, fmt.Sprint(dir, "/fresh"), p.files())
			fresh.apply()
			want := fresh.published()
			fresh.close()
			os.RemoveAll(fresh.dir)
			if diff := cmp.Diff(want, w.published()); diff != "" {
				t.Fatalf("plan %v\noutcomes %v\n(-full rebuild +apply):\n%s", actions(plan.Plan), outcomes(result), diff)
			}
		}
	})
}
