package server

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestEventsAreHandedOn(t *testing.T) {
	for _, c := range []struct{ target, body, pushed, answer string }{
		{"raw.orders", "", "raw.orders ", `{"format_version":"1.0","source":"raw.orders"}`},
		{"raw.orders", "  \n", "raw.orders ", `{"format_version":"1.0","source":"raw.orders"}`},
		{"raw.orders", "{}", "raw.orders ", `{"format_version":"1.0","source":"raw.orders"}`},
		{"RAW.Orders", `{"version": "v 7 ü"}`, "raw.orders v 7 ü", `{"format_version":"1.0","source":"raw.orders","version":"v 7 ü"}`},
		{"raw.orders?version=2026-11-24", "", "raw.orders 2026-11-24", `{"format_version":"1.0","source":"raw.orders","version":"2026-11-24"}`},
		{"raw.orders?version=7", `{"version":"7"}`, "raw.orders 7", `{"format_version":"1.0","source":"raw.orders","version":"7"}`},
	} {
		h, d := open()
		w := ask(h, "POST", "/api/v1/events/"+c.target, c.body)
		if w.Code != 202 || w.Body.String() != c.answer+"\n" || !slices.Equal(d.pushed, []string{c.pushed}) {
			t.Errorf("%s %s: %d %s, pushed %q", c.target, c.body, w.Code, w.Body, d.pushed)
		}
	}
}

func TestEventsAreRefused(t *testing.T) {
	for _, c := range []struct {
		target, body string
		headers      []string
		code         int
		says         string
	}{
		{"raw.order", "", nil, 404, `No source is called "raw.order". Did you mean raw.orders?`},
		{"mart.sales", "", nil, 404, `No source is called "mart.sales".`},
		{"..%2f..%2fetc", "", nil, 404, "No source is called"},
		{"raw.orders?verison=7", "", nil, 400, "Did you mean version?"},
		{"raw.orders?version=%zz", "", nil, 400, "The address cannot be read"},
		{"raw.orders?version=7", `{"version":"8"}`, nil, 400, "different versions"},
		{"raw.orders?version=" + strings.Repeat("v", 257), "", nil, 400, "at most 256 bytes"},
		{"raw.orders?version=a%0Ab", "", nil, 400, "one line"},
		{"raw.orders?version=%FF", "", nil, 400, "can be printed"},
		{"raw.orders?version=%20a", "", nil, 400, "begin or end"},
		{"raw.orders", `{"version":"` + strings.Repeat("v", 5000) + `"}`, nil, 413, "at most 4096 bytes"},
		{"raw.orders", `{"version":7}`, nil, 400, "The body is not an event"},
		{"raw.orders", `{"verzion":"7"}`, nil, 400, "nothing but the version"},
		{"raw.orders", `{"version":"7"} {"version":"8"}`, nil, 400, "one JSON object"},
		{"raw.orders", `{"version":"7"}]`, nil, 400, "one JSON object"},
		{"raw.orders", `["7"]`, nil, 400, "one JSON object"},
		{"raw.orders", strings.Repeat(`{"version":`, 300), nil, 400, "not an event"},
		{"raw.orders", `version=7`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "Content-Type: application/json"},
		{"raw.orders", `{"version":"7"}`, []string{"Content-Type", "text/plain"}, 415, "application/json"},
		{"raw.orders", `{"version":"7"}`, []string{"Content-Encoding", "gzip"}, 415, "not compressed"},
	} {
		h, d := open()
		w := ask(h, "POST", "/api/v1/events/"+c.target, c.body, c.headers...)
		if got := told(t, w); w.Code != c.code || !strings.Contains(got, c.says) || len(d.pushed) > 0 {
			t.Errorf("%.60s %.60s: %d %s, want %d … %s; pushed %q", c.target, c.body, w.Code, got, c.code, c.says, d.pushed)
		}
	}
	for _, c := range []struct {
		err  error
		code int
	}{{fmt.Errorf("raw.orders %w: it is observed by its files", ErrNoEvents), 409}, {fmt.Errorf("stopping: %w", ErrBusy), 503}, {fmt.Errorf("disk full"), 500}} {
		h, d := open()
		d.err = c.err
		if w := ask(h, "POST", "/api/v1/events/raw.orders", ""); w.Code != c.code || !strings.HasPrefix(told(t, w), "The event was not taken: ") {
			t.Errorf("%v: %d %s", c.err, w.Code, w.Body)
		}
	}
}

// Whatever is sent, the answer is a document with a code that says whose mistake it
// is, and a version that comes through is one that a log and a terminal can show.
func FuzzEvent(f *testing.F) {
	for _, seed := range [][4]string{
		{"raw.orders", "version=7", "", ""}, {"raw.orders", "", `{"version":"7"}`, "application/json"},
		{"raw.orders/../..", "version=%00", `{"version":"\ud800"}`, "application/json; charset=utf-8"},
		{"RAW.ORDERS", "a;b", `[[[[`, "text/html"}, {"", "&&=", `{"version":null}`, "application/json"}, {"mart.sales", "version=x&version=y", `{"a":1}`, `a"`},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, source, query, body, kind string) {
		to, err := url.Parse((&url.URL{Path: "/api/v1/events/" + source, RawQuery: query}).String())
		if err != nil {
			return // the server of net/http does not take it either
		}
		h, d := open()
		r := httptest.NewRequest("POST", "http://localhost/", strings.NewReader(body))
		r.URL = to
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch w.Code {
		case 202, 400, 404, 405, 413, 415:
			if !json.Valid(w.Body.Bytes()) {
				t.Fatalf("%d with no document: %q", w.Code, w.Body)
			}
		case 301, 307: // a path that is not clean is sent to the one it means, on this server
			if to, err := url.Parse(w.Header().Get("Location")); err != nil || to.Host != "" {
				t.Fatalf("sent to %q", w.Header().Get("Location"))
			}
		default:
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if (w.Code == 202) != (len(d.pushed) == 1) {
			t.Fatalf("%d, but pushed %q", w.Code, d.pushed)
		}
		for _, pushed := range d.pushed {
			version, known := strings.CutPrefix(pushed, "raw.orders ")
			if !known || len(version) > 256 || !utf8.ValidString(version) || strings.ContainsFunc(version, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("pushed %q", pushed)
			}
		}
	})
}

// No path shows anything but documents, and none is answered without the token.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/api/v1/assets/mart.sales", "/api/v1/assets/%2e%2e", "//evil.example/..", "/api/v1/runs/a%00b", "/metrics/..", "/healthz/../api/v1/plan", "*", "/api/v1/status;x"} {
		f.Add(seed)
	}
	token, _ := NewToken("0123456789abcdef")
	o := options()
	o.Token = token
	f.Fuzz(func(t *testing.T, path string) {
		to, err := url.Parse("http://localhost" + path)
		if err != nil || to.Host != "localhost" {
			return
		}
		ask := func(h *Server) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", "http://localhost/", nil)
			r.URL, r.RequestURI = to, to.RequestURI()
			w := httptest.NewRecorder()
			h.Handler(&fakeDaemon{snapshot: shop()}).ServeHTTP(w, r)
			return w
		}
		w, without := ask(New(options())), ask(New(o))
		switch {
		case w.Code == 301 || w.Code == 307, to.Path == "/healthz", to.Path == "/readyz", to.Path == "/metrics" && w.Code == 200:
		case !json.Valid(w.Body.Bytes()) || w.Code >= 500:
			t.Fatalf("%d %q", w.Code, w.Body)
		}
		if without.Code == 200 && to.Path != "/healthz" && to.Path != "/readyz" {
			t.Fatalf("answered without a token: %s", without.Body)
		}
	})
}
