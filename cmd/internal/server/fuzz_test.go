package server

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// FuzzRequests: whatever a client sends, it is answered, with JSON where JSON is promised,
// without a panic, and without a secret. Who does not show the token sees nothing but
// health and changes nothing.
func FuzzRequests(f *testing.F) {
	for _, seed := range []struct{ method, target, body, kind, authorization, host string }{
		{"GET", "/api/v1/status", "", "", "Bearer " + strings.Repeat("t", 32), "localhost"},
		{"GET", "/api/v1/plan?x=1&x=2", "", "", "", "127.0.0.1:80"},
		{"GET", "/api/v1/runs?limit=-1", "", "", "bearer  x", "[::1]:80"},
		{"GET", "/api/v1/runs?limit=99999999999999999999", "", "", "", "localhost"},
		{"GET", "/api/v1/runs/01R2", "", "", "", "localhost"},
		{"GET", "/api/v1/assets/mart.sales", "", "", "", "localhost"},
		{"GET", "/api/v1/assets/..%2f..%2fetc%2fpasswd", "", "", "", "evil.example"},
		{"GET", "/api/v1/assets/%00", "", "", "", "localhost"},
		{"POST", "/api/v1/events/raw.orders", `{"version":"1"}`, "application/json", "", "localhost"},
		{"POST", "/api/v1/events/raw.orders?version=a%ffb", "", "", "", "localhost"},
		{"POST", "/api/v1/events/raw.orders?version=2", `{"version":"1"}{`, "application/json;x", "", ""},
		{"POST", "/api/v1/events/RAW.Orders", `{"version":` + strings.Repeat("[", 2000), "application/json", "", "localhost"},
		{"GET", "/api/v1/breaches?since=x&name=&open=1", "", "", "", "localhost"},
		{"GET", "/metrics", "", "", "Basic eDp5", "localhost"},
		{"HEAD", "/readyz", "", "", "", "any"},
		{"PATCH", "//api//v1/../v1/status", "", "", "", "localhost"},
	} {
		f.Add(seed.method, seed.target, seed.body, seed.kind, seed.authorization, seed.host, false)
		f.Add(seed.method, seed.target, seed.body, seed.kind, seed.authorization, seed.host, true)
	}
	token, err := NewToken(strings.Repeat("t", 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, target, body, kind, authorization, host string, asked bool) {
		address, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") {
			t.Skip() // net/http answers that
		}
		r := &http.Request{Method: method, URL: address, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: host, RequestURI: target,
			Header: http.Header{"Content-Type": {kind}, "Authorization": {authorization}}, Body: http.NoBody}
		r.Body = httptest.NewRequest("POST", "http://localhost/", strings.NewReader(body)).Body
		d := &fakeDaemon{snapshot: shop()}
		o := options()
		if asked {
			o.Token = token
		}
		var log bytes.Buffer
		o.Log = zerolog.New(&log)
		o.Breaches = func(_ context.Context, query url.Values) (any, error) { return query, nil }
		s := New(o)
		w := httptest.NewRecorder()
		s.Handler(d).ServeHTTP(w, r)
		text := w.Body.Bytes()
		if bytes.Contains(text, []byte("hunter2hunter2")) {
			t.Errorf("a secret is told: %s", text)
		}
		if strings.Contains(log.String(), "please report") {
			t.Errorf("%s %s panics: %s", method, target, log.String())
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && !json.Valid(text) {
			t.Errorf("%d is answered with no JSON: %s", w.Code, text)
		}
		shown := strings.EqualFold(authorization, "Bearer "+strings.Repeat("t", 32))
		if asked && !shown && w.Code < 300 && address.Path != "/healthz" && address.Path != "/readyz" && !strings.Contains(authorization, strings.Repeat("t", 32)) {
			t.Errorf("%s %s is answered without the token: %d %s", method, target, w.Code, text)
		}
		if len(d.pushed) > 0 && (method != http.MethodPost || w.Code != http.StatusAccepted || asked && !strings.Contains(authorization, strings.Repeat("t", 32))) {
			t.Errorf("%s %s pushed %q and is answered %d", method, target, d.pushed, w.Code)
		}
	})
}
