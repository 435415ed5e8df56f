package assets

import "testing"

func TestCheckID(t *testing.T) {
	for _, c := range []struct {
		check Check
		want  string
	}{
		{Check{Kind: Unique, Columns: []string{"a", "b"}}, "unique(a, b)"},
		{Check{Kind: Unique, Columns: []string{"a"}, Label: "one_each"}, "one_each"},
		{Check{Kind: RowCount}, "row_count"},
	} {
		if got := c.check.ID(); got != c.want {
			t.Errorf("%+v is known as %q, want %q", c.check, got, c.want)
		}
	}
}
