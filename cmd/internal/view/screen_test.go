package view

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAScreenIsDrawnOverWhatStandsThere(t *testing.T) {
	var b bytes.Buffer
	drawn := func() string { defer b.Reset(); return b.String() }
	s := NewScreen(&b)
	if s.Close(); b.Len() > 0 {
		t.Errorf("nothing was drawn, and %q was written", drawn())
	}
	draw := func(what string, text ScreenText, width, height int, want string) {
		t.Helper()
		s.Draw(text, width, height)
		if diff := cmp.Diff(want, drawn()); diff != "" {
			t.Errorf("%s:\n%s", what, diff)
		}
	}
	two := ScreenText{"ab\ncd\n", "last"}
	draw("the first", two, 80, 24, enter+"\x1b[Hab\x1b[K\r\ncd\x1b[K\r\n\x1b[K\r\nlast\x1b[K\x1b[J")
	draw("the same", two, 80, 24, "")
	draw("another", ScreenText{"ab\nef\n", "last"}, 80, 24, "\x1b[Hab\x1b[K\r\nef\x1b[K\r\n\x1b[K\r\nlast\x1b[K\x1b[J")
	draw("a narrow terminal", ScreenText{"\x1b[31mabcdef\x1b[0m gh", "last"}, 3, 24, "\x1b[H\x1b[31mabc\x1b[0m\x1b[K\r\n\x1b[K\r\nlas\x1b[K\x1b[J")
	draw("a low one", ScreenText{"1\n2\n3\n4\n", "last"}, 80, 5, "\x1b[H1\x1b[K\r\n2\x1b[K\r\n… and 2 lines more than fit the terminal\x1b[K\r\n\x1b[K\r\nlast\x1b[K\x1b[J")
	draw("the lowest", ScreenText{"1\n2\n", "last"}, 80, 1, "\x1b[H… and 2 lines more than fit the terminal\x1b[K\r\n\x1b[K\r\nlast\x1b[K\x1b[J")
	if s.Close(); drawn() != leave+"1\n2\n\nlast\n" {
		t.Error("the last text does not stay")
	}
}
