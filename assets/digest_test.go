package assets

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDigest(t *testing.T) {
	d := NewDigest("x1", "a", "b")
	if d.Scheme() != "x1" || !strings.HasPrefix(string(d), "x1:"+d.Short()) || len(d.Short()) != 8 {
		t.Errorf("%s has scheme %q and short form %q", d, d.Scheme(), d.Short())
	}
	if short := Digest("x1:ab").Short(); short != "ab" {
		t.Errorf("the short form of a short digest is %q", short)
	}
	if NewDigest("x2", "a", "b") == d {
		t.Error("the scheme does not count")
	}
}

// Lists of parts have one digest exactly if they are equal, wherever the borders lie.
func TestDigestsTellListsApart(t *testing.T) {
	parts := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("ab\x00")), 0, 3, -1), 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		if (NewDigest("x", a...) == NewDigest("x", b...)) != slices.Equal(a, b) {
			t.Fatalf("%q and %q", a, b)
		}
	})
}
