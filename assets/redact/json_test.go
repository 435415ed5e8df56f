package redact

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJSONStaysWhole(t *testing.T) {
	words := func(text string) string { return strings.ReplaceAll(text, `12"3`, "(sensitive)") }
	numbers := func(text string) string { return strings.ReplaceAll(text, "123", `<"gone">`) }
	for _, c := range []struct {
		clean    func(string) string
		doc, out string
	}{
		{words, `{"a":"x 12\"3 y","b":["12\"3"],"12\"3":1}`, `{"a":"x (sensitive) y","b":["(sensitive)"],"12\"3":1}`},
		{numbers, `{"rows":123,"text":"ends in \\","list":[123,"123"],"123":true}`, `{"rows":123,"text":"ends in \\","list":[123,"\u003c\"gone\"\u003e"],"123":true}`},
		{numbers, `"open`, `"open`},
		{numbers, ``, ``},
	} {
		if diff := cmp.Diff(c.out, string(JSON([]byte(c.doc), c.clean))); diff != "" {
			t.Error(diff)
		}
	}
}
