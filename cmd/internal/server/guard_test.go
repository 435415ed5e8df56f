package server

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

const secret = "correct-horse-battery"

func TestTokenIsAskedForEverythingButHealth(t *testing.T) {
	var log strings.Builder
	o := options()
	o.Token, _ = NewToken(secret)
	o.Log = zerolog.New(&log)
	d := &fakeDaemon{snapshot: shop()}
	h := New(o).Handler(d)
	for _, c := range []struct {
		method, path string
		headers      []string
		code         int
	}{
		{"GET", "/healthz", nil, 200},
		{"GET", "/readyz", nil, 200},
		{"GET", "/api/v1/status", nil, 401},
		{"GET", "/metrics", nil, 401},
		{"GET", "/nothing", nil, 401},
		{"POST", "/api/v1/events/raw.orders", nil, 401},
		{"GET", "/api/v1/status?token=" + secret, nil, 401},
		{"GET", "/api/v1/status", []string{"Authorization", "Bearer " + secret}, 200},
		{"GET", "/api/v1/status", []string{"Authorization", "bearer  " + secret}, 200},
		{"GET", "/metrics", []string{"Authorization", "Bearer " + secret}, 200},
		{"GET", "/api/v1/status", []string{"Authorization", "Bearer " + secret, "Host", "warehouse.example:80"}, 200},
		{"POST", "/api/v1/events/raw.orders", []string{"Authorization", "Bearer " + secret}, 202},
		{"GET", "/api/v1/status", []string{"Authorization", secret}, 401},
		{"GET", "/api/v1/status", []string{"Authorization", "Basic " + secret}, 401},
		{"GET", "/api/v1/status", []string{"Authorization", "Bearer "}, 401},
		{"GET", "/api/v1/status", []string{"Authorization", "Bearer " + secret[1:]}, 401},
		{"GET", "/api/v1/status", []string{"Authorization", "Bearer " + secret + "x"}, 401},
		{"GET", "/api/v1/status", []string{"Authorization", "Bearer " + strings.ToUpper(secret)}, 401},
	} {
		w := ask(h, c.method, c.path, "", c.headers...)
		if w.Code != c.code {
			t.Errorf("%s %s %q: %d, want %d", c.method, c.path, c.headers, w.Code, c.code)
		}
		if c.code == 401 && (w.Header().Get("WWW-Authenticate") != `Bearer realm="assets"` || !strings.Contains(told(t, w), "Authorization: Bearer")) {
			t.Errorf("%s: does not say what to send: %s", c.path, w.Body)
		}
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("%s tells the token: %s", c.path, w.Body)
		}
	}
	if len(d.pushed) != 1 {
		t.Errorf("pushed %q", d.pushed)
	}
	if strings.Contains(log.String(), secret) {
		t.Errorf("the log tells the token: %s", log.String())
	}
}

// On loopback without a token the browser of somebody who works there is what to fear.
func TestPagesOfOtherSitesGetNothing(t *testing.T) {
	for _, c := range []struct {
		method, path string
		headers      []string
		code         int
	}{
		{"GET", "/api/v1/status", []string{"Host", "localhost:8632"}, 200},
		{"GET", "/api/v1/status", []string{"Host", "LOCALHOST"}, 200},
		{"GET", "/api/v1/status", []string{"Host", "127.0.0.1:9999"}, 200}, // through a tunnel
		{"GET", "/api/v1/status", []string{"Host", "[::1]:8632"}, 200},
		{"GET", "/api/v1/status", []string{"Host", "::1"}, 200},
		{"GET", "/api/v1/status", []string{"Host", "evil.example"}, 403},
		{"GET", "/metrics", []string{"Host", "evil.example:8632"}, 403},
		{"GET", "/nothing", []string{"Host", "evil.example"}, 403},
		{"GET", "/api/v1/status", []string{"Host", "localhost.evil.example"}, 403},
		{"GET", "/api/v1/status", []string{"Host", "127.0.0.1.evil.example"}, 403},
		{"GET", "/api/v1/status", []string{"Host", "10.0.0.1"}, 403},
		{"GET", "/api/v1/status", []string{"Host", "0.0.0.0:8632"}, 403},
		{"GET", "/api/v1/status", []string{"Host", "[localhost"}, 200},
		{"GET", "/api/v1/status", []string{"Host", ""}, 403},
		{"GET", "/healthz", []string{"Host", "probe.example"}, 200},
		{"POST", "/api/v1/events/raw.orders", nil, 202},
		{"POST", "/api/v1/events/raw.orders", []string{"Origin", "http://localhost"}, 202},
		{"POST", "/api/v1/events/raw.orders", []string{"Origin", "http://localhost:3000"}, 403},
		{"POST", "/api/v1/events/raw.orders", []string{"Origin", "https://evil.example"}, 403},
		{"POST", "/api/v1/events/raw.orders", []string{"Origin", "null"}, 403},
		{"POST", "/api/v1/events/raw.orders", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "/api/v1/events/raw.orders", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"POST", "/api/v1/events/raw.orders", []string{"Host", "evil.example", "Origin", "http://evil.example"}, 403},
	} {
		h, d := open()
		w := ask(h, c.method, c.path, "", c.headers...)
		if w.Code != c.code {
			t.Errorf("%s %s %q: %d, want %d", c.method, c.path, c.headers, w.Code, c.code)
		}
		if (w.Code == 202) != (len(d.pushed) == 1) {
			t.Errorf("%q: pushed %q", c.headers, d.pushed)
		}
		if w.Code == 403 {
			told(t, w)
		}
	}
}

func TestTokens(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"0123456789abcdef", ""}, {strings.Repeat("~!", 2048), ""},
		{"", "the token is empty"}, {"short", "has 5 characters and must have at least 16. `openssl rand -hex 32`"}, {strings.Repeat("x", 4097), "longer than 4096"},
		{"0123456789 abcdef", "has blanks"}, {"0123456789abcdéf", "has blanks or other characters"}, {"0123456789abcdef\n", "has blanks"},
	} {
		token, err := NewToken(c.text)
		if fmt.Sprint(err) != "<nil>" && (c.says == "" || !strings.Contains(err.Error(), c.says)) || (err == nil) != (c.says == "") || token.Asked() != (err == nil) {
			t.Errorf("%.20q: %v, want %q", c.text, err, c.says)
		}
		if err != nil && c.text != "" && strings.Contains(err.Error(), c.text) {
			t.Errorf("the error tells the token: %v", err)
		}
	}
	if (Token{}).Matches("") {
		t.Error("no token matches none")
	}
	token, _ := NewToken(secret)
	for _, shown := range []string{fmt.Sprint(token), fmt.Sprintf("%+v %#v %s %x", token, token, token, token), fmt.Sprintf("%v", Options{Token: token})} {
		if strings.Contains(shown, secret) || !strings.Contains(shown, "(sensitive)") {
			t.Errorf("shown as %s", shown)
		}
	}
}

func TestTokensComeFromEnvironmentAndFiles(t *testing.T) {
	environ := func(name string) (string, bool) {
		return map[string]string{"GOOD": secret, "BAD": "short"}[name], name != "UNSET"
	}
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		read func() (Token, error)
		says string
	}{
		{"variable", func() (Token, error) { return TokenFromEnv("GOOD", environ) }, ""},
		{"bad variable", func() (Token, error) { return TokenFromEnv("BAD", environ) }, "in the environment variable BAD the token has 5 characters"},
		{"unset variable", func() (Token, error) { return TokenFromEnv("UNSET", environ) }, "the environment variable UNSET, which is to hold the token, is not set"},
		{"file", func() (Token, error) { write("\n" + secret + "\r\n"); return TokenFromFile(path) }, ""},
		{"empty file", func() (Token, error) { write("\n"); return TokenFromFile(path) }, "token the token is empty"},
		{"huge file", func() (Token, error) { write(strings.Repeat("x", 1<<20)); return TokenFromFile(path) }, "longer than 4096"},
		{"no file", func() (Token, error) { return TokenFromFile(path + "x") }, "the token's file cannot be read: open "},
	} {
		token, err := c.read()
		switch {
		case c.says == "" && (err != nil || !token.Matches(secret)):
			t.Errorf("%s: %v", c.name, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || token.Asked()):
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}
