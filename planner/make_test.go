package planner

import (
	"strings"
	"testing"

	"github.com/seed-4311623e/assets/assets"
)

// Each rule, on the project raw.s → a → b → c (b also reads raw.t), with what
// it makes the plan say.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world)
		want   string
	}{
		{"nothing changed", func(w *world) {}, ``},
		{"never built: create, and its readers if its content is not what they read", func(w *world) { w.forget("a") }, `
			+ a: missing: not built yet
			~ b: input_changed: a is built (if [a] changes)
			~ c: input_changed: b is rebuilt (if [b] changes)`},
		{"its SQL changed", func(w *world) { w.redefine("c") }, `
			~ c: definition_changed: its SQL changed`},
		{"layout of its SQL changed: the syntax tree did not", func(w *world) { w.asset("c").SQL.Text = "select  1 -- one" }, ``},
		{"a new version of DuckDB alone: syntax trees say nothing, the text is the same", func(w *world) {
			w.Graph.Nodes[assets.MustName("c")].Bound.Syntax = "ast-v2:7"
		}, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld("a < raw.s", "b < a raw.t", "c < b")
			c.change(w)
			want := strings.ReplaceAll(strings.TrimSpace(c.want), "\t", "")
			if got := strings.TrimSpace(dump(Make(w.Input))); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
