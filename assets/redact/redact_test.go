package redact

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const (
	quoted = `it's "so" <secret> \o/ 100%`
	pem    = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----"
)

// Of a secret that is made of spaces or marks nothing is left without those at its end, and
// of others too little to look for.
func TestSecretsOfMarks(t *testing.T) {
	for secret, others := range map[string]string{"": "none", "    ": "a b", "\n\n\n\n": "a\nb", "......": "and so on...", "ab!!!!": "6162 ab!"} {
		s := New([]string{secret})
		if got := s.String(others); got != others {
			t.Errorf("with the secret %q: %q", secret, got)
		}
		if got := s.String("<" + secret + ">"); secret != "" && got != "<"+Hidden+">" {
			t.Errorf("of the secret %q: %q", secret, got)
		}
	}
}

// The ways in which a secret might get past whoever looks for it as it stands.
func TestTricks(t *testing.T) {
	s := New([]string{"hunter22hunter", quoted, pem, "pässwörd", "b4ng!?", " spacious\n", "ab", "true"})
	inJSON, _ := json.Marshal(quoted)
	for _, c := range []struct{ trick, text, want string }{
		{"as it is", "dsn=hunter22hunter;", "dsn=(sensitive);"},
		{"in upper case", "column HUNTER22HUNTER", "column (sensitive)"},
		{"in mixed case", "Hunter22Hunter", "(sensitive)"},
		{"beyond ASCII in upper case", "PÄSSWÖRD", "(sensitive)"},
		{"twice in a row", "hunter22hunterhunter22hunter", "(sensitive)(sensitive)"},
		{"overlapping itself", "hunter22hunter22hunter", "(sensitive)"},
		{"in a string of SQL", `x = '` + strings.ReplaceAll(quoted, "'", "''") + `'`, "x = '(sensitive)'"},
		{"in a name of SQL", `"` + strings.ReplaceAll(quoted, `"`, `""`) + `"`, `"(sensitive)"`},
		{"in JSON", string(inJSON), `"(sensitive)"`},
		{"in JSON, as others write it", `"it's \"so\" <secret> \\o/ 100%"`, `"(sensitive)"`},
		{"in SQL in JSON", `"it''s \"so\" \u003Csecret\u003E \\o/ 100%"`, `"(sensitive)"`},
		{"quoted by Go", fmt.Sprintf("%q", quoted), `"(sensitive)"`},
		{"in a shell's word", `'` + strings.ReplaceAll(quoted, "'", `'\''`) + `'`, `'(sensitive)'`},
		{"in a page", "it&#39;s &#34;so&#34; &lt;secret&gt; \\o/ 100%", "(sensitive)"},
		{"in a query of an address", "?token=" + url.QueryEscape(quoted) + "&x", "?token=(sensitive)&x"},
		{"in a path of an address", "/" + url.PathEscape(quoted), "/(sensitive)"},
		{"in the user's part of an address", url.UserPassword("ann", quoted).String() + "@db", "ann:(sensitive)@db"},
		{"in an address, by DuckDB", "it%27s%20%22so%22%20%3Csecret%3E%20%5Co%2F%20100%25", "(sensitive)"},
		{"in an address, by Python", "it%27s%20%22so%22%20%3Csecret%3E%20%5Co/%20100%25", "(sensitive)"},
		{"in an address, by JavaScript", "it's%20%22so%22%20%3Csecret%3E%20%5Co%2F%20100%25", "(sensitive)"},
		{"in a DSN", `password='it\'s "so" <secret> \\o/ 100%'`, "password='(sensitive)'"},
		{"as base64", base64.StdEncoding.EncodeToString([]byte("hunter22hunter")), "(sensitive)="},
		{"as base64 after one byte", base64.StdEncoding.EncodeToString([]byte(":hunter22hunter")), "Om(sensitive)"},
		{"as base64 after two bytes", base64.StdEncoding.EncodeToString([]byte("u:hunter22hunter")), "dTp(sensitive)g=="},
		{"as base64 after three bytes, and before others", base64.StdEncoding.EncodeToString([]byte("me:hunter22hunter:x")), "bWU6(sensitive)6eA=="},
		{"in JSON that is ASCII", `"p\u00E4ssw\u00f6rd"`, `"(sensitive)"`},
		{"in bytes, as DuckDB shows them", `p\xC3\xA4ssw\xC3\xB6rd`, "(sensitive)"},
		{"at the end of a sentence without its end", "Missing ): (b4ng", "Missing ): ((sensitive)"},
		{"as hexadecimal digits", fmt.Sprintf("%X", "hunter22hunter"), "(sensitive)"},
		{"without the space around it", "token=spacious;", "token=(sensitive);"},
		{"all lines in one", strings.ReplaceAll(pem, "\n", " "), "(sensitive)"},
		{"all lines, escaped", strings.ReplaceAll(pem, "\n", `\n`), "(sensitive)"},
		{"cut at its end", "LINE 1: select 'hunter22...", "LINE 1: select '(sensitive)..."},
		{"cut at its beginning", "LINE 1: ...22hunter' as x", "LINE 1: ...(sensitive)' as x"},
		{"cut on both sides", "LINE 1: ...nter22hun...", "LINE 1: ...(sensitive)..."},
		{"cut with one character", "│ hunter22h… │", "│ (sensitive)… │"},
		{"too short to tell", "about", "about"},
		{"a word of everyday", "true", "true"},
		{"the word that hides it", "(sensitive)", "(sensitive)"},
	} {
		if got := s.String(c.text); got != c.want {
			t.Errorf("%s: %s → %s, want %s", c.trick, c.text, got, c.want)
		}
		if s.In(c.text) != (s.String(c.text) != c.text) {
			t.Errorf("%s: In says otherwise than String", c.trick)
		}
	}
}

// What was cleaned already, as a record is that is shown later, stays as it is.
func TestCleanTextStaysAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(rapid.StringMatching(`[a-z]{3,8}|sens|sitive`), 1, 4).Draw(t, "secrets")
		s := New(secrets)
		text := rapid.StringMatching(`([a-z]{0,3}`+secrets[0]+`){0,3}`).Draw(t, "text")
		if clean := s.String(text); s.String(clean) != clean {
			t.Fatalf("%q with %q → %q → %q", text, secrets, clean, s.String(clean))
		}
	})
}

// What DuckDB says of SQL in which a secret is no value quotes words of it.
func TestWordsOfSecrets(t *testing.T) {
	s := New([]string{"ab'cdefghij klm", "correct horse battery", "sensitive"})
	for _, c := range []struct{ text, want string }{
		{`Syntax error at or near "cdefghij"`, `Syntax error at or near "(sensitive)"`},
		{`Unterminated quoted string at or near "'cdefghij klm as x"`, `Unterminated quoted string at or near "'(sensitive) (sensitive) as x"`},
		{`Referenced table "Horse" not found in cases`, `Referenced table "(sensitive)" not found in cases`},
		{`no function attery`, `no function (sensitive)`},
		{`near "hor", near "ab"`, `near "hor", near "ab"`},
		{`(sensitive)`, `(sensitive)`},
	} {
		if got := s.Words(c.text); got != c.want {
			t.Errorf("%s → %s, want %s", c.text, got, c.want)
		}
	}
}

func TestTheEmptySetHidesNothing(t *testing.T) {
	var s Set
	if text := "any text…"; s.String(text) != text || s.In(text) || s.Settled(text) != len(text) {
		t.Error("it does")
	}
}

func TestExcerptsThatWereCutAreLeftOut(t *testing.T) {
	for _, c := range []struct{ message, want string }{
		{"Conversion Error: no\n\nLINE 1: CREATE TABLE x AS select 's3cret'::int\n                     ^", "Conversion Error: no\n\nLINE 1: CREATE TABLE x AS select 's3cret'::int\n                     ^"},
		{"Conversion Error: no\n\nLINE 1: ...et'::int as n, 1 as m\n              ^", "Conversion Error: no"},
		{"Conversion Error: no\n\nLINE 12: select 's3c...\n              ^", "Conversion Error: no"},
		{"no excerpt...", "no excerpt..."},
	} {
		if got := WithoutExcerpt(c.message); got != c.want {
			t.Errorf("%q → %q", c.message, got)
		}
	}
}

// A page of a megabyte, and a key of several lines among the secrets.
func BenchmarkString(b *testing.B) {
	secrets := []string{"hunter22hunter", quoted, pem}
	secrets = append(secrets, strings.Split(pem, "\n")...)
	s := New(secrets)
	text := strings.Repeat("select order_id, customer_id, amount / 100 as amount from raw.orders\n", 15000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		_ = s.String(text)
	}
}
