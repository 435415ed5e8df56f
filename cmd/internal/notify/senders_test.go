package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seed-4311623e/assets/assets"
)

var sentNow = time.Date(2026, 3, 2, 7, 5, 0, 0, time.UTC)

// failing is an alert of which all is known, and whose texts try to be more than that.
func failing() Alert {
	return Alert{ID: "asset mart.daily", Event: assets.AssetFailed, Severity: assets.Error, Status: Firing, Name: assets.MustName("mart.daily"), Kind: "asset",
		Owner: "finance@example.com", Tags: []string{"finance"}, Run: "01RUN", Summary: "mart.daily failed",
		Cause: "Binder Error: <!channel> no column \"a&b\"\nLINE 1: select ```a```", Since: sentNow.Add(-5 * time.Minute), Effect: "It was never built.",
		Affected: []assets.Name{assets.MustName("mart.report")}, AffectedCount: 1, Next: []string{"assets why mart.daily"}}
}

func resolved() Alert {
	a := failing()
	a.Status, a.Until = Resolved, sentNow
	return a
}

func message(alerts ...Alert) Message { return newMessage("shop", "ops", alerts, sentNow) }

// receiver answers one kind of answer, and keeps what it got.
type receiver struct {
	*httptest.Server
	got     []json.RawMessage
	headers []http.Header
}

func receive(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		if q.Method != http.MethodPost || q.Header.Get("Content-Type") != "application/json" || !json.Valid(body) {
			t.Errorf("%s %v %s", q.Method, q.Header, body)
		}
		r.got, r.headers = append(r.got, body), append(r.headers, q.Header)
		answer(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

func answer(code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}
}

func options() senderOptions {
	return senderOptions{project: "shop", zone: time.UTC, transport: ownTransport(), now: func() time.Time { return sentNow }}
}

// What Slack documents of incoming webhooks and of Block Kit: texts, their types and
// lengths, and what has to be escaped.
func TestSlack(t *testing.T) {
	r := receive(t, answer(200, "ok"))
	s := newSender(&assets.Notify{Slack: &assets.Slack{WebhookURL: r.URL + "/services/T0/B0/s3cret"}}, options())
	many := make([]Alert, 30)
	for i := range many {
		many[i] = failing()
		many[i].Cause, many[i].Summary = strings.Repeat("é&<\n", 5000), strings.Repeat("&", 300)
	}
	for _, m := range []Message{message(failing()), message(resolved()), message(many...), testMessage("shop", "ops", sentNow)} {
		if err := s.send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	for _, body := range r.got {
		var doc slackDocument
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Text == "" || len(doc.Blocks) < 3 || len(doc.Blocks) > 50 || doc.Blocks[0].Type != "header" || doc.Blocks[0].Text.Type != "plain_text" {
			t.Errorf("a message like this: %s", body)
		}
		for _, b := range doc.Blocks {
			most := map[string]int{"header": 150, "section": 3000, "context": 2000}[b.Type]
			texts := b.Elements
			if b.Text != nil {
				texts = append(texts, *b.Text)
			}
			for _, text := range texts {
				if n := utf8.RuneCountInString(text.Text); n == 0 || n > most {
					t.Errorf("a %s has %d characters", b.Type, n)
				}
				if strings.Contains(text.Text, "<!") || strings.Count(text.Text, "```")%2 != 0 {
					t.Errorf("not escaped: %s", text.Text)
				}
			}
		}
	}
	var first slackDocument
	_ = json.Unmarshal(r.got[0], &first)
	if header := first.Blocks[0].Text.Text; header != "🔴 mart.daily failed" {
		t.Errorf("the header is %q", header)
	}
	for _, want := range []string{"Since: 2026-03-02 07:00 UTC", "&lt;!channel&gt; no column \"a&amp;b\"", "It was never built.", "Made from it: mart.report", "Owner: finance@example.com", "`assets why mart.daily`"} {
		if !strings.Contains(first.Blocks[1].Text.Text, want) {
			t.Errorf("it does not say %q: %s", want, first.Blocks[1].Text.Text)
		}
	}
}

// Who answers what, and what becomes of that. No error shows the address.
func TestAnswers(t *testing.T) {
	slack := func(url string) *assets.Notify { return &assets.Notify{Slack: &assets.Slack{WebhookURL: url}} }
	pager := func(url string) *assets.Notify {
		return &assets.Notify{PagerDuty: &assets.PagerDuty{URL: url, RoutingKey: "s3cret"}}
	}
	hook := func(url string) *assets.Notify {
		return &assets.Notify{Webhook: &assets.Webhook{URL: url, Secret: "s3cret"}}
	}
	for _, c := range []struct {
		name    string
		target  func(url string) *assets.Notify
		answer  http.HandlerFunc
		want    string // a part of the error; empty: delivered
		refused bool
		after   time.Duration
	}{
		{"Slack takes it", slack, answer(200, "ok"), "", false, 0},
		{"Slack's invalid_payload", slack, answer(400, "invalid_payload"), `it answered 400 Bad Request, "invalid_payload"`, true, 0},
		{"Slack's webhook was revoked", slack, answer(403, "invalid_token"), "the webhook may have been revoked", false, 0},
		{"Slack's channel is gone", slack, answer(404, "channel_not_found"), `404 Not Found, "channel_not_found"`, false, 0},
		{"a page of a proxy", slack, answer(200, "<html>Log in"), "a proxy in between has answered", false, 0},
		{"too many", slack, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(429)
		}, "429 Too Many Requests", false, 30 * time.Second},
		{"too many, for years", slack, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999999999999")
			w.WriteHeader(429)
		}, "429", false, time.Hour},
		{"until a moment", slack, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", "Mon, 02 Mar 2026 07:00:00 GMT")
			w.Header().Set("Retry-After", "Mon, 02 Mar 2026 07:02:00 GMT")
			w.WriteHeader(503)
		}, "503", false, 2 * time.Minute},
		{"out of order", hook, answer(500, "<html>"), "it answered 500 Internal Server Error", false, 0},
		{"ends early", hook, func(w http.ResponseWriter, _ *http.Request) {
			c, _, _ := w.(http.Hijacker).Hijack()
			c.Close()
		}, "EOF", false, 0},
		{"answers no HTTP", hook, func(w http.ResponseWriter, _ *http.Request) {
			c, _, _ := w.(http.Hijacker).Hijack()
			_, _ = io.WriteString(c, "220 mail.example.com ESMTP\r\n")
			c.Close()
		}, "malformed HTTP", false, 0},
		{"another place", hook, http.RedirectHandler("http://127.0.0.1:1/", http.StatusMovedPermanently).ServeHTTP, "a redirect, which is not followed", false, 0},
		{"PagerDuty takes it", pager, answer(202, `{"status":"success","message":"Event processed","dedup_key":"x"}`), "", false, 0},
		{"PagerDuty's invalid event", pager, answer(400, `{"status":"invalid event"}`), "400 Bad Request", true, 0},
		{"no PagerDuty", pager, answer(200, "ok"), "it did not answer as PagerDuty does", false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := receive(t, c.answer)
			err := newSender(c.target(r.URL+"/s3cret"), options()).send(t.Context(), message(failing()))
			var asked later
			if isAsked := errors.As(err, &asked); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) || isRefused(err) != c.refused || asked.after != c.after || isAsked != (c.after > 0) {
				t.Errorf("got %v, refused %v, after %v", err, isRefused(err), asked.after)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

// What PagerDuty documents of Events API v2.
func TestPagerDuty(t *testing.T) {
	r := receive(t, answer(202, `{"status":"success"}`))
	s := newSender(&assets.Notify{PagerDuty: &assets.PagerDuty{URL: r.URL, RoutingKey: "r0uting"}}, options())
	warned, past := failing(), resolved()
	warned.ID, warned.Severity, warned.Summary = "warning "+strings.Repeat("x", 500), assets.Warn, strings.Repeat("é", 2000)
	past.ID, past.Past, past.Name, past.Event = "daemon", true, assets.Name{}, assets.DaemonDown
	for _, m := range []Message{message(failing(), warned), message(resolved()), message(past), testMessage("shop", "ops", sentNow)} {
		if err := s.send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	keys := map[string]int{}
	for _, body := range r.got {
		var e pagerDutyEvent
		if err := json.Unmarshal(body, &e); err != nil {
			t.Fatal(err)
		}
		if e.RoutingKey != "r0uting" || e.DedupKey == "" || len(e.DedupKey) > 255 {
			t.Errorf("%s", body)
		}
		if _, known := keys[e.DedupKey]; !known {
			keys[e.DedupKey] = len(keys) + 1
		}
		severity := ""
		if p := e.Payload; p != nil {
			if severity = " " + p.Severity; utf8.RuneCountInString(p.Summary) > 1024 || p.Summary == "" || p.Source == "" {
				t.Errorf("%s", body)
			}
			if _, err := time.Parse(time.RFC3339, p.Timestamp); err != nil {
				t.Error(err)
			}
		}
		told = append(told, fmt.Sprintf("%s %d%s", e.EventAction, keys[e.DedupKey], severity))
	}
	want := "trigger 1 error; trigger 2 warning; resolve 1; trigger 3 error; resolve 3; trigger 4 info; resolve 4"
	if got := strings.Join(told, "; "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A receiver that does what docs/alerts.md says can rely on it.
func TestSignature(t *testing.T) {
	for secret, key := range map[string]string{"a plain secret": "a plain secret", "whsec_" + base64.StdEncoding.EncodeToString([]byte("k3y")): "k3y"} {
		r := receive(t, answer(204, ""))
		s := newSender(&assets.Notify{Webhook: &assets.Webhook{URL: r.URL, Secret: secret, Headers: map[string]string{"Authorization": "Bearer t0ken"}}}, options())
		if err := s.send(t.Context(), message(failing())); err != nil {
			t.Fatal(err)
		}
		h := r.headers[0]
		mac := hmac.New(sha256.New, []byte(key))
		fmt.Fprintf(mac, "%s.%s.%s", h.Get("Webhook-Id"), h.Get("Webhook-Timestamp"), r.got[0])
		given, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(h.Get("Webhook-Signature"), "v1,"))
		if err != nil || !hmac.Equal(given, mac.Sum(nil)) {
			t.Errorf("%v does not sign %s", h, r.got[0])
		}
		if at, err := strconv.ParseInt(h.Get("Webhook-Timestamp"), 10, 64); err != nil || at != sentNow.Unix() || h.Get("Authorization") != "Bearer t0ken" {
			t.Errorf("%v", h)
		}
		var m Message
		if err := json.Unmarshal(r.got[0], &m); err != nil || m.ID != h.Get("Webhook-Id") || m.Alerts[0].Cause != failing().Cause {
			t.Errorf("%v: %s", err, r.got[0])
		}
	}
	// The example's: computed with OpenSSL.
	if got, want := signature([]byte("secret"), "01H", "1772434800", []byte(`{"a":1}`)), "v1,VBMin/FlYdpOzaFd1JVzd/twobcZ3izLexuSGdnW1LY="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "tell.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ncase \"$1\" in\nfail) echo 'no such\n channel' >&2; exit 3;;\nhang) sleep 60;;\nesac\ncat >\"$1\"\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		argv []string
		want string
	}{
		{[]string{"./tell.sh", "$(touch x); told"}, ""},
		{[]string{"sh", "-c", "cat >told2"}, ""},
		{[]string{"./tell.sh", "fail"}, `it ended with exit status 3, "no such channel"`},
		{[]string{"./tell.sh", "hang"}, "it did not end within 200ms"},
		{[]string{"./missing.sh"}, "missing.sh cannot be run"},
		{[]string{"no-such-program-anywhere"}, "no-such-program-anywhere cannot be run: executable file not found"},
	} {
		s := newSender(&assets.Notify{Command: &assets.Command{Argv: c.argv, Dir: dir, Timeout: 5 * time.Second}}, options())
		if c.argv[len(c.argv)-1] == "hang" {
			s.(*commandSender).Timeout = 200 * time.Millisecond
		}
		err := s.send(t.Context(), message(failing()))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.argv, err)
		}
	}
	for _, name := range []string{"$(touch x); told", "told2"} { // no shell saw it
		var m Message
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || json.Unmarshal(text, &m) != nil || m.Alerts[0].ID != failing().ID {
			t.Errorf("%s: %v %s", name, err, text)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := newSender(&assets.Notify{Command: &assets.Command{Argv: []string{"./tell.sh", "hang"}, Dir: dir, Timeout: time.Minute}}, options())
	if err := s.send(ctx, message(failing())); err == nil || !strings.Contains(err.Error(), "by the end of the run") {
		t.Error(err)
	}
}
