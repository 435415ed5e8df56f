package assets

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseName(t *testing.T) {
	for _, c := range []struct{ in, want, schema, err string }{
		{in: "staging.orders", want: "staging.orders", schema: "staging"},
		{in: "Staging.Orders", want: "staging.orders", schema: "staging"},
		{in: "orders", want: "orders", schema: "main"},
		{in: "main.orders", want: "orders", schema: "main"},
		{in: "_a1.b_2", want: "_a1.b_2", schema: "_a1"},
		{in: "a.b.c", err: "has 3"},
		{in: "", err: "is not a name"},
		{in: "a.", err: "is not a name"},
		{in: ".b", err: "is not a name"},
		{in: "1a", err: "is not a name"},
		{in: "a b", err: "is not a name"},
		{in: "prénom", err: "is not a name"},
		{in: "a-b", err: "is not a name"},
		{in: "a\n", err: "is not a name"},
	} {
		n, err := ParseName(c.in)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("ParseName(%q): error %v, want one with %q", c.in, err, c.err)
			}
		case err != nil:
			t.Errorf("ParseName(%q): %v", c.in, err)
		case n.String() != c.want || n.Schema != c.schema:
			t.Errorf("ParseName(%q) = %q in schema %q, want %q in %q", c.in, n, n.Schema, c.want, c.schema)
		}
	}
}

func anyName(t *rapid.T, label string) Name {
	part := rapid.StringMatching(`[a-z_][a-z0-9_]{0,3}`)
	return Name{part.Draw(t, label+" schema"), part.Draw(t, label+" table")}
}

// What is written is read back, as text, as JSON and as a key of a JSON object.
func TestNamesSurviveBeingWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := anyName(t, "name")
		if back, err := ParseName(n.String()); err != nil || back != n {
			t.Fatalf("%#v is written %q and read %#v (%v)", n, n, back, err)
		}
		text, err := json.Marshal(map[Name]Name{n: n})
		if err != nil {
			t.Fatal(err)
		}
		var back map[Name]Name
		if err := json.Unmarshal(text, &back); err != nil || back[n] != n || len(back) != 1 {
			t.Fatalf("%s is read %v (%v)", text, back, err)
		}
	})
}

func TestSortedNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := map[Name]bool{}
		for range rapid.IntRange(0, 20).Draw(t, "count") {
			set[anyName(t, "name")] = true
		}
		sorted := SortedNames(set)
		if len(sorted) != len(set) || !slices.IsSortedFunc(sorted, Name.Compare) {
			t.Fatalf("%v is not %v sorted", sorted, set)
		}
	})
}
