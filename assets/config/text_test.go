package config

import "testing"

func TestNearest(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"descripton", "description"}, {"cvs", "csv"}, {"OWNER", "owner"}, {"frehsness", "freshness"}, {"nonsense", ""}, {"x", ""}, {"", ""},
	} {
		if got := nearest(c.name, []string{"description", "csv", "owner", "freshness", "sql"}); got != c.want {
			t.Errorf("%q: got %q, want %q", c.name, got, c.want)
		}
	}
}
