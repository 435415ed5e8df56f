package session

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// However a text is cut into writes, no byte of a secret in it comes through, and
// all else does: also with secrets that overlap or hold one another.
func TestRedactingWriterSeesAcrossWrites(t *testing.T) {
	once := regexp.MustCompile(`(\(sensitive\))+`)
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(rapid.StringMatching(`[ab]{3,6}`), 1, 3).Draw(t, "secrets")
		text := rapid.StringMatching(`([abc]{0,5}`+secrets[0]+`[abc]{0,5}){0,4}`).Draw(t, "text")
		covered := make([]bool, len(text))
		for _, secret := range secrets {
			for at := range text {
				if strings.HasPrefix(text[at:], secret) {
					for i := range secret {
						covered[at+i] = true
					}
				}
			}
		}
		var want strings.Builder
		for i := range text {
			switch {
			case !covered[i]:
				want.WriteByte(text[i])
			case i == 0 || !covered[i-1]:
				want.WriteString("(sensitive)")
			}
		}

		var r Redactor
		r.Add(secrets)
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
		if got := once.ReplaceAllString(out.String(), "(sensitive)"); got != want.String() {
			t.Fatalf("%q with the secrets %q came through as %q, want %q", text, secrets, got, want.String())
		}
	})
}

// A secret that is a number breaks no document.
func TestRedactingWriterKeepsJSON(t *testing.T) {
	var r Redactor
	r.Add([]string{"1234", "12345"})
	var out bytes.Buffer
	w := r.Writer(&out)
	_, err := w.Write([]byte("before 123"))
	if err = errors.Join(err, w.WriteJSON([]byte(`{"rows":1234,"error":"pin 1234"}`))); err != nil || out.String() != `before 123{"rows":1234,"error":"pin (sensitive)"}` {
		t.Errorf("%s, %v", &out, err)
	}
}

func TestRedactorLearnsMore(t *testing.T) {
	var r Redactor
	var out bytes.Buffer
	w := r.Writer(&out)
	r.Add([]string{"hunter22"})
	r.Add([]string{"s3cret"})
	_, err := w.Write([]byte("hunter22 s3cret"))
	if err != nil || w.Flush() != nil || out.String() != "(sensitive) (sensitive)" {
		t.Errorf("%q, %v", out.String(), err)
	}
}
