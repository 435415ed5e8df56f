package materialize_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
	"github.com/seed-4311623e/assets/planner"
)

// trap is an edit whose consequences the text of the edited statement does not show.
type trap struct {
	name   string
	assets map[string]string // SQL by name
	edit   map[string]string
	// reader is the asset that a tool is tempted to leave as it is, or to rebuild.
	reader string
	// step is its symbol and first reason in the plan after the edit.
	step   string
	before []string
	after  []string
}

// dbt's state:modified compares texts: it builds an edited model and, with "+",
// all below it, needed or not. SQLMesh compares syntax trees: an edit that only
// adds a projection is "non-breaking", and what is below is not backfilled.
var traps = []trap{
	{
		// SQLMesh: an added projection, so the count below is kept, and is wrong.
		name:   "a column added to SELECT DISTINCT under a count",
		assets: map[string]string{"s.customers": "select distinct customer from raw.orders", "m.n": "select count(*) as n from s.customers"},
		edit:   map[string]string{"s.customers": "select distinct customer, amount from raw.orders"},
		reader: "m.n", step: "~ s.customers is rebuilt", before: []string{"{'n': 2}"}, after: []string{"{'n': 3}"},
	},
	{
		// SQLMesh: the same, since GROUP BY ALL itself does not change.
		name:   "a column added to GROUP BY ALL under a count",
		assets: map[string]string{"s.totals": "select customer, sum(amount)::integer as total from raw.orders group by all", "m.n": "select count(*) as n from s.totals"},
		edit:   map[string]string{"s.totals": "select customer, day, sum(amount)::integer as total from raw.orders group by all"},
		reader: "m.n", step: "~ s.totals is rebuilt", before: []string{"{'n': 2}"}, after: []string{"{'n': 4}"},
	},
	{
		// The statement that removes duplicates is not edited at all.
		name: "a column added on both sides of a UNION",
		assets: map[string]string{"s.a": "select customer from raw.orders where day = 1", "s.b": "select customer from raw.orders where day = 2",
			"m.all": "from s.a union from s.b", "m.n": "select count(*) as n from m.all"},
		edit:   map[string]string{"s.a": "select customer, amount from raw.orders where day = 1", "s.b": "select customer, amount from raw.orders where day = 2"},
		reader: "m.n", step: "~ m.all is rebuilt", before: []string{"{'n': 2}"}, after: []string{"{'n': 3}"},
	},
	{
		// A UNION goes by place: what was under x is now under y, by an edit elsewhere.
		name: "a column inserted first under a positional UNION",
		assets: map[string]string{"s.a": "select 1 as x, 2 as y, 3 as z", "s.b": "select 7 as x, 8 as y, 9 as z",
			"m.all": "select * from (select * exclude (z) from s.a) union all select * from (select * exclude (z) from s.b)"},
		edit:   map[string]string{"s.b": "select 9 as z, 8 as y, 7 as x"},
		reader: "m.all", step: "~ its SQL means something else with the columns that its inputs have now", before: []string{"{'x': 1, 'y': 2}", "{'x': 7, 'y': 8}"}, after: []string{"{'x': 1, 'y': 2}", "{'x': 8, 'y': 7}"},
	},
	{
		// dbt builds the reader only if it is asked for it with "+": its text is the same.
		name:   "SELECT * downstream of an added column",
		assets: map[string]string{"s.a": "select customer from raw.orders where day = 1", "m.star": "select * from s.a"},
		edit:   map[string]string{"s.a": "select customer, amount from raw.orders where day = 1"},
		reader: "m.star", step: "~ now also uses amount of s.a", before: []string{"{'customer': ann}", "{'customer': bob}"}, after: []string{"{'customer': ann, 'amount': 1}", "{'customer': bob, 'amount': 1}"},
	},
	{
		// EXCEPT compares whole rows: with one more column fewer are taken away.
		name: "a column added on both sides of an EXCEPT",
		assets: map[string]string{"s.a": "select customer from raw.orders where day = 1", "s.b": "select customer from raw.orders where day = 2",
			"m.left": "from s.a except from s.b", "m.n": "select count(*) as n from m.left"},
		edit:   map[string]string{"s.a": "select customer, amount from raw.orders where day = 1", "s.b": "select customer, amount from raw.orders where day = 2"},
		reader: "m.n", step: "~ m.left is rebuilt", before: []string{"{'n': 0}"}, after: []string{"{'n': 1}"},
	},
	{
		// 2 is another column now, though the text is the same.
		name:   "ORDER BY 2 LIMIT under an inserted column",
		assets: map[string]string{"s.a": "select customer, amount from raw.orders", "m.first": "select * from s.a order by 2, 1 limit 1", "m.who": "select customer from m.first"},
		edit:   map[string]string{"s.a": "select amount as rank, -amount as worth, customer, amount from raw.orders"},
		reader: "m.who", step: "~ m.first is rebuilt", before: []string{"{'customer': ann}"}, after: []string{"{'customer': bob}"},
	},
	{
		// A reader that names no column reads the rows all the same.
		name:   "count(*) over a changed filter",
		assets: map[string]string{"s.a": "select customer from raw.orders where amount > 0", "m.n": "select count(*) as n from s.a"},
		edit:   map[string]string{"s.a": "select customer from raw.orders where amount > 1"},
		reader: "m.n", step: "~ s.a is rebuilt", before: []string{"{'n': 4}"}, after: []string{"{'n': 1}"},
	},
	{
		// A new column of a name that both sides have is one more join condition.
		name:   "a column added under a NATURAL join",
		assets: map[string]string{"s.a": "select distinct customer from raw.orders", "s.b": "select customer, day from raw.orders", "m.both": "select count(*) as n from s.a natural join s.b"},
		edit:   map[string]string{"s.a": "select customer, min(day) as day from raw.orders group by all"},
		reader: "m.both", step: "~ now also uses day of s.a; now also uses day of s.b", before: []string{"{'n': 4}"}, after: []string{"{'n': 2}"},
	},
	{
		// The rows stay the same; the first of them does not.
		name:   "LIMIT without ORDER BY over rows that are sorted in another way",
		assets: map[string]string{"s.a": "select customer, amount from raw.orders order by amount, customer", "m.first": "select customer from s.a limit 1"},
		edit:   map[string]string{"s.a": "select customer, amount from raw.orders order by amount desc, customer"},
		reader: "m.first", step: "~ s.a is rebuilt", before: []string{"{'customer': ann}"}, after: []string{"{'customer': bob}"},
	},
	{
		// The other side of the trap: dbt with "+" and SQLMesh build this for nothing.
		name:   "a changed expression that a reader does not read",
		assets: map[string]string{"s.a": "select customer, amount from raw.orders", "m.who": "select distinct customer from s.a"},
		edit:   map[string]string{"s.a": "select customer, amount * 2 as amount from raw.orders"},
		reader: "m.who", step: "= not rebuilt: reads none of the changed columns (amount) of s.a", before: []string{"{'customer': ann}", "{'customer': bob}"}, after: []string{"{'customer': ann}", "{'customer': bob}"},
	},
	{
		// And a count below a column that is added without adding rows.
		name:   "a column added under a count",
		assets: map[string]string{"s.a": "select customer from raw.orders", "m.n": "select count(*) as n from s.a"},
		edit:   map[string]string{"s.a": "select customer, amount from raw.orders"},
		reader: "m.n", step: "= not rebuilt: reads none of the changed columns (amount) of s.a", before: []string{"{'n': 4}"}, after: []string{"{'n': 4}"},
	},
}

func (trap trap) files(edited bool) map[string]string {
	hcl := "source \"raw.orders\" {\n  files = \"orders.csv\"\n}\n"
	for _, name := range slices.Sorted(maps.Keys(trap.assets)) {
		sql := trap.assets[name]
		if changed, ok := trap.edit[name]; ok && edited {
			sql = changed
		}
		hcl += fmt.Sprintf("asset %q {\n  sql = %q\n}\n", name, sql)
	}
	return map[string]string{"p.hcl": hcl, "orders.csv": "customer,amount,day\nann,1,1\nbob,1,1\nann,1,2\nbob,2,2\n"}
}

func TestTraps(t *testing.T) {
	for _, trap := range traps {
		t.Run(trap.name, func(t *testing.T) {
			w := testWorld(t, trap.files(false))
			w.apply()
			wantRows(t, w, trap.reader, trap.before...)
			w.write("p.hcl", trap.files(true)["p.hcl"])
			p := w.plan()
			step := p.Index()[planner.Key{Asset: assets.MustName(trap.reader)}]
			var said []string
			for _, r := range step.Reasons {
				said = append(said, r.Message)
			}
			if got := step.Action.Symbol() + " " + strings.Join(said, "; "); got != trap.step {
				t.Errorf("the plan says\n\t%s\nwant\n\t%s", got, trap.step)
			}
			w.carryOut(p)
			wantRows(t, w, trap.reader, trap.after...)
			wantNothingToDo(t, w)
		})
	}
}

// A view's text names a column that makes no difference, and follows its renaming:
// the old text would name a column that is gone.
func TestAViewFollowsARenamedColumnThatItDoesNotNeed(t *testing.T) {
	project := func(column string) string {
		return fmt.Sprintf("asset \"s.a\" {\n  sql = \"select 1 as x, 2 as %[1]s\"\n}\nasset \"m.v\" {\n  sql = \"select x from (select x, %[1]s + 1 as unused from s.a)\"\n  materialize \"view\" {}\n}\n", column)
	}
	w := testWorld(t, map[string]string{"p.hcl": project("y")})
	w.apply()
	w.write("p.hcl", project("z"))
	w.apply()
	wantRows(t, w, "m.v", "{'x': 1}")
	wantNothingToDo(t, w)
}
