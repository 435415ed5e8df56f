package session

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRedactorHidesEveryForm(t *testing.T) {
	var r Redactor
	r.Add([]string{"hunter22", `it's "so" <secret>`, "ab", "first line\nsecond line"})
	quoted, _ := json.Marshal(`it's "so" <secret>`)
	for _, c := range []struct{ text, want string }{
		{"dsn=hunter22;", "dsn=(sensitive value);"},
		{"where x = 'it''s \"so\" <secret>'", "where x = '(sensitive value)'"},
		{string(quoted), `"(sensitive value)"`},
		{"about", "about"}, // two bytes are no secret worth hiding
		{"   3:   second line", "   3:   (sensitive value)"},
	} {
		if got := r.String(c.text); got != c.want {
			t.Errorf("%s → %s, want %s", c.text, got, c.want)
		}
	}
}

func TestRedactorReplacesTheLongestSecret(t *testing.T) {
	var r Redactor
	r.Add([]string{"abc", "abcdef"})
	if got := r.String("abcdef abc"); got != "(sensitive value) (sensitive value)" {
		t.Error(got)
	}
}

// However a text is cut into writes, no secret in it comes through.
func TestRedactingWriterSeesAcrossWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[ab]{3,6}`).Draw(t, "secret")
		text := rapid.StringMatching(`([abc]{0,5}`+secret+`[abc]{0,5}){0,4}`).Draw(t, "text")
		var r Redactor
		r.Add([]string{secret})
		var out bytes.Buffer
		w := r.Writer(&out)
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			if _, err := w.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if out.String() != strings.ReplaceAll(text, secret, hidden) {
			t.Fatalf("%q came through as %q", text, out.String())
		}
	})
}
