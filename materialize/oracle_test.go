package materialize_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/lineage"
	"github.com/seed-4311623e/assets/materialize"
	"github.com/seed-4311623e/assets/materialize/compile"
	"github.com/seed-4311623e/assets/materialize/warehouse"
	"github.com/seed-4311623e/assets/planner"
)

var oracleChecks = flag.Int("oracle.checks", 200, "how many projects the oracle tries")

// rapidly runs a property so many times, with a seed that it prints.
func rapidly(t *testing.T, checks int, property func(*rapid.T)) {
	seed := flag.Lookup("rapid.seed")
	if seed.Value.String() == "0" {
		if err := flag.Set("rapid.seed", fmt.Sprint(rand.Uint64N(1<<62)+1)); err != nil {
			t.Fatal(err)
		}
		defer flag.Set("rapid.seed", "0")
	}
	old := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", fmt.Sprint(checks)); err != nil {
		t.Fatal(err)
	}
	defer flag.Set("rapid.checks", old)
	t.Logf("%d checks, -rapid.seed=%s", checks, seed.Value)
	rapid.Check(t, property)
}

// kept is a binder that serves many plans.
type kept struct{ compile.Binder }

func (kept) Close() error { return nil }

func keptBinder(t *testing.T) compile.Binder {
	binder, err := warehouse.NewBinder(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { binder.Close() })
	return kept{binder}
}

// tally counts what became of the assets that an edit concerned: those that a plan
// builds, revalidates, or leaves alone unless an input turns out otherwise.
type tally struct {
	applies, reached                                 int
	left, revalidated, unchanged, remade             int
	mispredicted, cosmetic, orders, retried, refused int
}

func (n *tally) add(p planned, r materialize.Result, before, after map[string][]string) {
	outcome := map[string]materialize.Outcome{}
	for _, a := range r.Assets {
		outcome[a.Asset.String()] = a.Outcome
	}
	n.applies++
	for _, s := range p.Steps {
		node := p.graph.Nodes[s.Asset]
		_, ok := p.state.Last[s.Key]
		if node == nil || !ok {
			continue
		}
		for _, used := range node.Bound.Uses {
			if slices.Contains(used, lineage.RowOrder) {
				n.orders++
				break
			}
		}
		name := s.Asset.String()
		switch outcome[name] {
		case materialize.Revalidated, materialize.TakenUp:
			n.reached, n.revalidated = n.reached+1, n.revalidated+1
		case materialize.Unchanged:
			n.reached, n.unchanged = n.reached+1, n.unchanged+1
		case materialize.Built:
			n.reached++
			if cmp.Equal(before["main."+name], after["main."+name]) {
				n.unchanged++
			} else {
				n.remade++
			}
		default:
			if len(s.ConditionalOn) > 0 {
				n.reached, n.left = n.reached+1, n.left+1
			}
			continue
		}
		if (s.Action == planner.Revalidate || s.Action == planner.None) && outcome[name] != materialize.Revalidated {
			n.mispredicted++
		}
	}
}

func (n *tally) String() string {
	return fmt.Sprintf("%d applies, %d of layout alone, concerned %d assets. Not built: %d, since what they read did not change (%d of them were never looked at). Built: %d came out different, %d equal, which could have been avoided. %d were predicted to stay and built all the same. %d times an asset depended on the order of rows; %d times a full build had to be repeated until it took the same of equal rows first.",
		n.applies, n.cosmetic, n.reached, n.revalidated+n.left, n.left, n.remade, n.unchanged, n.mispredicted, n.orders, n.retried)
}

// bareBuild makes the project in a bare DuckDB and reads every table.
func bareBuild(statements, names []string) (map[string][]string, error) {
	db, err := warehouse.Memory(ctx)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	for _, s := range slices.Concat([]string{"SET threads=1"}, statements) {
		if err := db.Exec(ctx, s); err != nil {
			return nil, fmt.Errorf("%w\n%s", err, s)
		}
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return contents(ctx, c, "", names)
}

// contents are the columns and the rows, as text and sorted, of relations.
func contents(ctx context.Context, c *warehouse.Conn, catalog string, names []string) (map[string][]string, error) {
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("SELECT '%s' AS name, 1 AS part, x::VARCHAR AS line FROM %s%[1]s AS x", name, catalog))
		parts = append(parts, fmt.Sprintf("SELECT '%s', 0, string_agg(column_name || ' ' || column_type, ', ') FROM (DESCRIBE %s%[1]s)", name, catalog))
	}
	out := map[string][]string{}
	if len(parts) == 0 {
		return out, nil
	}
	rows, err := c.Query(ctx, strings.Join(parts, " UNION ALL ")+" ORDER BY ALL")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, line string
		var part int
		if err := rows.Scan(&name, &part, &line); err != nil {
			return nil, err
		}
		out[name] = append(out[name], line)
	}
	return out, rows.Err()
}

func (w *world) contents(names []string) map[string][]string {
	c, err := w.db.Conn(ctx)
	if err != nil {
		w.Fatal(err)
	}
	defer c.Close()
	out, err := contents(ctx, c, "_wh.", names)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// The oracle of the whole: whatever is edited, apply leaves cell by cell what a
// full build of the edited project makes, and nothing to do; what only looks other
// is not built.
func TestApplyLeavesNoStaleCell(t *testing.T) {
	binder := keptBinder(t)
	writer, err := warehouse.Memory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	// deliver writes the files of sources that are not as they were.
	deliver := func(t tb, dir string, was, is written) {
		for file, query := range is.data {
			if was.data[file] == query {
				continue
			}
			if err := writer.Exec(ctx, fmt.Sprintf("COPY (%s) TO '%s/%s'", query, dir, file)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var n tally
	rapidly(t, *oracleChecks, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "oracle")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		p := drawOracleProject(t)
		text := p.write(dir + "/w")
		t.Log(text.data, strings.Join(text.sql, ";\n"))
		w := newWorld(t, dir+"/w", text.files)
		deliver(t, w.dir, written{}, text)
		w.shared = binder
		defer w.close()
		is, err := bareBuild(text.sql, text.published)
		if err != nil {
			n.refused++
			t.Skip(err)
		}
		w.apply()
		history, loose := "", looseOrders{}
		for range rapid.IntRange(1, 5).Draw(t, "edits") {
			old, before := p, text
			var what []string
			cosmetic := rapid.IntRange(0, 5).Draw(t, "cosmetic") == 0
			for range rapid.IntRange(1, 2).Draw(t, "at once") {
				var said string
				p, said = p.edit(t, cosmetic)
				what = append(what, said)
			}
			text = p.write(dir + "/w")
			t.Log(what, "\n", text.data, changedTexts(before, text))
			w.lay(text.files)
			deliver(t, w.dir, before, text)
			was := is
			if is, err = bareBuild(text.sql, text.published); err != nil {
				n.refused++
				deliver(t, w.dir, text, before)
				p, text, is = old, before, was
				w.lay(text.files)
				continue
			}
			plan := w.plan()
			history += fmt.Sprintf("%s\n%s%s", what, changedTexts(before, text), explained(plan.Plan))
			if cosmetic {
				if plan.Changes() {
					t.Fatalf("nothing but layout changed\n%s", history)
				}
				n.cosmetic++
			}
			result := w.carryOut(plan)
			history += fmt.Sprintln(outcomes(result))
			if result.Failed+result.Skipped > 0 {
				t.Fatalf("%v", result.Assets)
			}
			got := w.contents(text.published)
			// Among rows that are equal in what they are sorted by, DuckDB does not always
			// take the same first: neither twice from the same UNION, even on one thread,
			// nor with other statistics, as a bare instance finds them. What one of some
			// full builds made is no stale cell.
			for try := 0; try < 12 && !cmp.Equal(is, got); try++ {
				if try == 0 {
					n.retried++
				}
				var again map[string][]string
				if try%4 == 3 {
					fresh := newWorld(t, dir+"/fresh", text.files)
					deliver(t, fresh.dir, written{}, text)
					fresh.apply()
					again = fresh.contents(text.published)
					fresh.close()
					os.RemoveAll(fresh.dir)
				} else if again, err = bareBuild(text.sql, text.published); err != nil {
					t.Fatal(err)
				}
				for name := range again {
					if cmp.Equal(again[name], got[name]) {
						is[name] = again[name]
					}
				}
			}
			loose.after(what, plan.graph, result)
			for name := range loose.readers(plan.graph) {
				is[name] = got[name]
			}
			if diff := cmp.Diff(is, got); diff != "" {
				t.Fatalf("%s(-full build +apply):\n%s\n%s", history, diff, strings.Join(text.sql, ";\n"))
			}
			if again := w.plan(); again.Work() {
				t.Fatalf("%safter apply there is still something to do:\n%s%s", history, explained(again.Plan), strings.Join(text.sql, ";\n"))
			}
			n.add(plan, result, was, is)
		}
	})
	t.Log(&n)
	if n.refused*20 > n.applies {
		t.Errorf("DuckDB refused %d projects of %d: the generator should know better", n.refused, n.applies)
	}
}

// looseOrders are assets whose rows may lie in another order than a full build gives
// them: they came in another one while nobody depended on that. Whoever begins to
// depend on it later means the order there is (decision 15).
type looseOrders map[assets.Name]bool

// after takes note of edits that were applied.
func (l looseOrders) after(edits []string, g *lineage.Graph, result materialize.Result) {
	for _, a := range result.Assets {
		if a.Outcome == materialize.Built {
			delete(l, a.Asset)
		}
	}
	if !slices.ContainsFunc(edits, func(edit string) bool { return strings.HasSuffix(edit, anotherOrder) }) {
		return
	}
	for _, name := range g.Order {
		if !slices.ContainsFunc(g.Nodes[name].Readers, func(reader assets.Name) bool { return readsOrder(g, reader, name) }) {
			l[name] = true
		}
	}
}

// readers are the assets that depend on such an order, and what is made from them.
func (l looseOrders) readers(g *lineage.Graph) map[string]bool {
	found := map[string]bool{}
	for _, name := range g.Order {
		for _, input := range g.Nodes[name].Inputs {
			if found[full(input)] || l[input] && readsOrder(g, name, input) {
				found[full(name)] = true
			}
		}
	}
	return found
}

func readsOrder(g *lineage.Graph, reader, input assets.Name) bool {
	return slices.Contains(g.Nodes[reader].Bound.Uses[input], lineage.RowOrder)
}

// changedTexts are the statements that an edit changed.
func changedTexts(was, is written) string {
	var out strings.Builder
	for name, text := range is.files {
		if was.files[name] != text && strings.HasSuffix(name, ".sql") {
			fmt.Fprintf(&out, "%[1]s was %[2]s\n%[1]s is  %[3]s\n", name, was.files[name], text)
		}
	}
	return out.String()
}

// explained are the steps of a plan that do something, with their reasons.
func explained(p planner.Plan) string {
	var out strings.Builder
	for _, s := range p.Steps {
		if s.Action != planner.None {
			fmt.Fprintf(&out, "%s %s", s.Action.Symbol(), s.Asset)
			for _, r := range s.Reasons {
				fmt.Fprintf(&out, "; %s: %s", r.Code, r.Message)
			}
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// full is a name with its schema, also if that is main.
func full(name assets.Name) string { return name.Schema + "." + name.Table }
